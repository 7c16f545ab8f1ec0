package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ofTheStep is what a line of metrics has that follows from the run; the rest is speed.
var ofTheStep = []string{"step", "epoch", "loss", "loss_chance", "lr", "grad_norm", "embedding_std", "positives_per_anchor"}

// ofTheMoment is what a result in JSON has that follows from the clock, and the checksum over that.
var ofTheMoment = []string{"date", "timing", "crc32c"}

// lasting is a result without what is of the moment or the place.
func lasting(name string, text []byte, folder string) string {
	switch filepath.Ext(name) {
	case ".jsonl":
		var lines []string
		for line := range strings.Lines(string(text)) {
			lines = append(lines, lastingStep(line))
		}
		return strings.Join(lines, "\n")
	case ".json":
		var v any
		if json.Unmarshal(text, &v) != nil {
			return string(text)
		}
		again, _ := json.Marshal(withoutMoment(v)) // came from JSON
		// The input is that of all trials, or the trial's own copy.
		return strings.NewReplacer(filepath.Join(folder, "input"), "INPUT", folder, "FOLDER", filepath.Dir(filepath.Dir(folder)), "INPUT").Replace(string(again))
	}
	return string(text)
}

func lastingStep(line string) string {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &m) != nil {
		return line
	}
	var parts []string
	for _, key := range ofTheStep {
		parts = append(parts, string(m[key]))
	}
	return strings.Join(parts, " ")
}

func withoutMoment(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if slices.Contains(ofTheMoment, key) {
				delete(v, key)
			} else {
				v[key] = withoutMoment(value)
			}
		}
	case []any:
		for i, value := range v {
			v[i] = withoutMoment(value)
		}
	}
	return v
}

// litter is the name of what a call has left that belongs to its work, not to its result: nobody needs it after success.
var litter = regexp.MustCompile(`\.part$|\.new-|\.blocks$|compare\.json`)

// left is the first piece of litter in a folder, "" for none.
func left(folder string) (found string) {
	filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && found == "" && litter.MatchString(filepath.Base(path)) {
			found, _ = filepath.Rel(folder, path)
		}
		return nil
	})
	return found
}

// files is the plain files in a folder, relative to it.
func files(folder string) (names []string) {
	filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			name, _ := filepath.Rel(folder, path)
			names = append(names, name)
		}
		return nil
	})
	return names
}

// listing is the files in a folder and when they were written.
func listing(folder string) string {
	var b strings.Builder
	for _, name := range files(folder) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil {
			b.WriteString(name + " " + info.ModTime().String() + "\n")
		}
	}
	return b.String()
}
