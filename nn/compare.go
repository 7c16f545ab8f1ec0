package nn

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// sameConfig names every setting of a checkpoint that differs from that of the trainer.
func sameConfig(file, here Config) error {
	if file == here {
		return nil
	}
	var faults []error
	a, b := settings(file), settings(here)
	every := maps.Clone(a)
	maps.Copy(every, b)
	for _, key := range slices.Sorted(maps.Keys(every)) {
		if a[key] != b[key] {
			faults = append(faults, fmt.Errorf("nn: checkpoint: of another run: %s is %s in the file, expected %s", key, value(a, key), value(b, key)))
		}
	}
	return errors.Join(faults...)
}

// value is a setting as JSON, or none for one that belongs to a method alone which this is not.
func value(settings map[string]string, key string) string { return cmp.Or(settings[key], "none") }

// settings is every setting as JSON under its name, those of a part of the configuration as "arch.depth".
func settings(c Config) map[string]string {
	flat := map[string]string{}
	var add func(prefix string, text []byte)
	add = func(prefix string, text []byte) {
		var fields map[string]json.RawMessage
		if json.Unmarshal(text, &fields) != nil {
			flat[prefix] = string(text)
			return
		}
		for name, value := range fields {
			if prefix != "" {
				name = prefix + "." + name
			}
			add(name, value)
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic("nn: settings: a configuration that is not JSON")
	}
	add("", text)
	return flat
}
