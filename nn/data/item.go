package data

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Item is one image of a data set.
type Item struct {
	// Name is unique in its list: the path below the folder of images, with slashes, or what the manifest calls it.
	Name string
	// Path is the image file; empty where the pixels are made up.
	Path string
	// Label and Split are the class and the part of the data set (train, val, test, ...), "" where there is none.
	Label, Split string
	// Group is what must stay together in a split, a patient; "" where unknown.
	Group string
	// File and Line say where the item is listed; Line is 0 where it was found in a folder.
	File string
	Line int
}

// Problem is something wrong with the input, at a place.
type Problem struct {
	// File is the file at fault or the one that names it; Line counts from 1, 0 means the whole file.
	File string
	Line int
	// Item is the name of the item that is lost by it, "" where there is none.
	Item string
	// Reason says what was found and what was expected.
	Reason string
	// Err is the cause, nil where there is none; Reason includes it.
	Err error
}

// Error gives "file:line: reason".
func (p Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// Unwrap is the cause.
func (p Problem) Unwrap() error { return p.Err }

// problem is something wrong with the item itself: at its place in the list, or in its file where no list names it.
func (item Item) problem(err error) Problem {
	p := Problem{File: item.File, Line: item.Line, Item: item.Name, Err: err}
	reason := err.Error()
	if p.Line == 0 {
		p.File = item.Path // which the cause need not name once more
		var of *fs.PathError
		if errors.As(err, &of) && of.Path == item.Path {
			reason = of.Err.Error()
		}
		reason = strings.TrimPrefix(reason, item.Path+": ")
	}
	p.Reason = fmt.Sprintf("image %q: %s", item.Name, reason)
	return p
}

// problems decides what a problem does: end the work with an error, or be listed.
type problems struct {
	skipBad bool
	skips   []Problem
}

// pass lists a Problem and returns nil if bad input is to be skipped; any other error comes back as it is.
func (c *problems) pass(err error) error {
	var p Problem
	if !c.skipBad || !errors.As(err, &p) {
		return err
	}
	if len(c.skips) == maxSkips {
		return fmt.Errorf("%w; this is the one after %d others, expected a better list", err, maxSkips)
	}
	c.skips = append(c.skips, p)
	return nil
}

// maxSkips bounds what is listed.
const maxSkips = 100_000

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
