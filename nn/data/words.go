package data

import "strings"

// missing reports whether a text of a table stands for a missing value, as spreadsheets, R, pandas and data bases write it.
func missing(text string) bool {
	switch strings.ToLower(text) {
	case "", ".", "nan", "na", "n/a", "null", "-", "<na>", "#n/a", `\n`:
		return true
	}
	return false
}

// SplitWord is the part of a split that a word means: train, val or test, "" where it is blank; false where it means none.
func SplitWord(word string) (part string, ok bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "train", "training":
		return "train", true
	case "val", "validation", "validate", "valid", "dev":
		return "val", true
	case "test", "testing":
		return "test", true
	case "":
		return "", true
	}
	return "", false
}
