// Package named gives settings as values under their names. Records and comparisons that outlive a version go by names, not
// by the fields that a type has today.
package named

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Values is every setting of v as JSON under the name that its JSON has: those of a part as "arch.depth", those of a list
// as "crop_scale.0". It panics if v has no JSON.
func Values(v any) map[string]string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("named: Values: settings that have no JSON")
	}
	flat := map[string]string{}
	flatten(flat, "", text)
	return flat
}

func flatten(flat map[string]string, name string, text json.RawMessage) {
	inside := func(key any) string {
		if name == "" {
			return fmt.Sprint(key)
		}
		return fmt.Sprintf("%s.%v", name, key)
	}
	switch text[0] {
	case '{':
		var fields map[string]json.RawMessage
		mustDecode(text, &fields)
		for key, value := range fields {
			flatten(flat, inside(key), value)
		}
	case '[':
		var elements []json.RawMessage
		mustDecode(text, &elements)
		for i, value := range elements {
			flatten(flat, inside(i), value)
		}
	default:
		flat[name] = string(text)
	}
}

func mustDecode(text []byte, v any) {
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(v); err != nil {
		panic("named: Values: JSON that cannot be read again: " + err.Error())
	}
}

// Difference is a setting that has two values, "" where it is missing.
type Difference struct{ Name, A, B string }

// Differences is the settings that two maps of Values do not share, by name.
func Differences(a, b map[string]string) []Difference {
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != b[name] {
			all = append(all, Difference{name, a[name], b[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, both := a[name]; !both {
			all = append(all, Difference{name, "", b[name]})
		}
	}
	return all
}
