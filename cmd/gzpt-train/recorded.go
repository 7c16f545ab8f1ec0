package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/nn/data"
)

// freeGroup is the title of the flags that may differ when a run is resumed: they change no bit of its result.
const freeGroup = "Run"

// movable is the flags that say where the data lie: what is found there is compared with what the run began with, item by item.
var movable = []string{"data", "gaze-files", "labels", "split", "group", "image-column", "cache", "allow-outside"}

// settings is the value of every flag by name, as config.json holds them.
type settings map[string]json.RawMessage

// settings is what the flags are set to now.
func (f *flags) settings() settings {
	s := settings{}
	f.all.VisitAll(func(flag *pflag.Flag) { s[flag.Name] = encodeFlag(flag) })
	return s
}

// encodeFlag is the value of a flag as JSON: a number or a truth value where it is one, otherwise text.
func encodeFlag(flag *pflag.Flag) json.RawMessage {
	text := flag.Value.String()
	switch flag.Value.Type() {
	case "int", "uint64", "float64", "bool":
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("gzpt-train: encodeFlag: a string has no JSON: " + err.Error()) // cannot happen
	}
	return quoted
}

// restore sets the flags to what a run recorded. A flag on the command line must agree with the record, unless it is one
// of those that change no bit of the result.
func (f *flags) restore(recorded settings) error {
	free := map[string]bool{}
	for _, g := range f.groups {
		if g.title == freeGroup || g.title == commonGroup {
			g.set.VisitAll(func(flag *pflag.Flag) { free[flag.Name] = true })
		}
	}
	var contradictions []string
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		flag := f.all.Lookup(name)
		if flag == nil {
			return fmt.Errorf("the run records a setting %q that this version does not have", name)
		}
		switch {
		case free[name], flag.Changed && slices.Contains(movable, name):
		case flag.Changed && name == "window" && flag.Value.String() == data.AutoWindow: // which the run has resolved
			if err := flag.Value.Set(decodeFlag(recorded[name])); err != nil {
				return err
			}
		case flag.Changed && string(encodeFlag(flag)) != string(recorded[name]):
			contradictions = append(contradictions, fmt.Sprintf("--%s %s, but the run has %s", name, flag.Value, decodeFlag(recorded[name])))
		default:
			if err := flag.Value.Set(decodeFlag(recorded[name])); err != nil {
				return fmt.Errorf("the run's setting %s: %w", name, err)
			}
		}
	}
	if len(contradictions) > 0 {
		return usagef("--resume continues a run as it is: %s", strings.Join(contradictions, "; "))
	}
	return nil
}

// inherit takes from a run's settings the flags of a group that are not on the command line.
func (f *flags) inherit(recorded settings, title string) error {
	for _, g := range f.groups {
		if g.title != title {
			continue
		}
		var failed error
		g.set.VisitAll(func(flag *pflag.Flag) {
			value, ok := recorded[flag.Name]
			if !ok || flag.Changed || failed != nil {
				return
			}
			if err := flag.Value.Set(decodeFlag(value)); err != nil {
				failed = fmt.Errorf("setting %s: %w", flag.Name, err)
			}
		})
		return failed
	}
	panic("gzpt-train: inherit: no such group of flags")
}

// decodeFlag is the text of a recorded value.
func decodeFlag(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil { // a number or a truth value
		return string(value)
	}
	return text
}
