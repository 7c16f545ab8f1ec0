package formats

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "gazesearch",
		about: "JSON of GazeSearch, searches for findings in chest X-rays",
		sniff: sniffGazeSearch, read: readGazeSearch, extensions: []string{".json"},
	})
}

// sniffGazeSearch recognises the scanpaths of GazeSearch (Pham et al., WACV 2025), searches for a finding in chest X-rays
// made from REFLACX and EGD-CXR, a list of objects:
//
//	[{"name": "a3e1945f-....jpg", "subject": 1, "task": "lung opacity", "condition": "present", "bbox": [0, 0, 0, 0],
//	  "X": [18, 12], "Y": [182, 144], "T": [0.76, 0.36], "length": 2, "fixOnTarget": true, "correct": 1, "split": "test"}, ...]
//
// X and Y are pixels of the image after it was squeezed to 224 x 224, T durations in seconds; there are no start times.
// An image has a recording for each object: several findings are several recordings.
func sniffGazeSearch(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	return gazeSearchStart.Match(head) && jsonKeys(head, "name", "subject", "X", "Y", "T")
}

var gazeSearchStart = regexp.MustCompile(`^\s*\[\s*\{`)

// jsonKeys reports whether each of the names is a key in the beginning of a JSON text.
func jsonKeys(head []byte, names ...string) bool {
	for _, name := range names {
		if !regexp.MustCompile(`"` + regexp.QuoteMeta(name) + `"\s*:`).Match(head) {
			return false
		}
	}
	return true
}

// gazeSearchFrame is the sides of the squeezed image.
const gazeSearchFrame = 224

func readGazeSearch(s *source) error {
	j := openJSON(s.file, s.reader)
	found := 0
	err := j.array("the file", "a list of objects", func() error {
		depth := j.depth
		found++
		err := s.gazeSearch(j)
		var p gaze.Problem
		if j.broken || err == nil || !errors.As(err, &p) {
			return err
		}
		if err := s.pass(err); err != nil {
			return err
		}
		return j.leave(depth)
	})
	if err == nil {
		err = j.end()
	}
	if err == nil && found == 0 {
		err = gaze.Problem{File: s.file, Reason: "an empty list, expected objects with name, subject, X, Y, T"}
	}
	return s.pass(err)
}

// gazeSearch reads one object.
func (s *source) gazeSearch(j *jsonReader) error {
	// The frame is in fractions: a squeezed image has lost the shape that the images are compared by.
	r := gaze.Recording{Width: 1, Height: 1, File: s.file}
	begins := 0
	var x, y, durations []float64
	err := j.object("an element of the list", func(key string) (err error) {
		if begins == 0 {
			begins = j.began
		}
		switch key {
		case "name":
			r.Image, err = j.text(key, "the name of an image")
		case "subject":
			r.Reader, err = j.text(key, "a subject")
		case "X":
			x, err = j.numbers(key, "a pixel of 224, not negative", 0)
		case "Y":
			y, err = j.numbers(key, "a pixel of 224, not negative", 0)
		case "T":
			durations, err = j.numbers(key, "a time in seconds that is not negative", 0)
		default:
			err = j.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	r.Line = max(begins, 1)
	at := place{s.file, r.Line}
	if r.Image == "" {
		return at.problem("an object without a name, expected the name of an image")
	}
	if len(x) != len(y) || len(x) != len(durations) {
		return at.problem(fmt.Sprintf("image %q: %d values of X, %d of Y and %d of T, expected as many of each", r.Image, len(x), len(y), len(durations)))
	}
	start := 0.0
	for i := range x {
		if x[i] > gazeSearchFrame || y[i] > gazeSearchFrame {
			return at.problem(fmt.Sprintf("image %q: fixation %d at (%g, %g), expected pixels of a frame of 224 x 224", r.Image, i+1, x[i], y[i]))
		}
		r.Fixations = append(r.Fixations, gaze.Fixation{X: x[i] / gazeSearchFrame, Y: y[i] / gazeSearchFrame, Start: start, Duration: durations[i]})
		start += durations[i]
	}
	if !finite(start) {
		return at.problem(fmt.Sprintf("image %q: durations without a finite sum, expected seconds", r.Image))
	}
	return s.set.keep(r, 0)
}
