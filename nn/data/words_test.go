package data

import "testing"

func TestSplitWord(t *testing.T) {
	for word, want := range map[string]string{"train": "train", " Training ": "train", "validate": "val", "VAL": "val", "dev": "val", "valid": "val", "validation": "val",
		"test": "test", "Testing": "test", "": "", " ": ""} {
		if got, ok := SplitWord(word); got != want || !ok {
			t.Errorf("%q is %q, %v", word, got, ok)
		}
	}
	for _, word := range []string{"tset", "trainval", "1"} {
		if got, ok := SplitWord(word); ok || got != "" {
			t.Errorf("%q is %q", word, got)
		}
	}
}

func TestMissingWords(t *testing.T) {
	for word, want := range map[string]bool{"": true, "NaN": true, "NA": true, "n/a": true, "N/A": true, "null": true, "NULL": true, "-": true, "<NA>": true, "#N/A": true,
		".": true, `\N`: true, "none": false, "0": false, "nano": false, "--": false, "Na+": false} {
		if got := missing(word); got != want {
			t.Errorf("%q is missing: %v", word, got)
		}
	}
}
