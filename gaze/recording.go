// Package gaze holds what an eye tracker recorded of one person on one image: samples, fixations, heat maps.
//
// The packages below it are the steps from a tracker's file to the relation matrix of a set of images, how alike any two
// of them were looked at: package formats reads recordings from files, package fixations finds the fixations in samples,
// package similarity compares all pairs by a measure, package relation stores the result and makes positives of it by a rule,
// and package examine says what both are worth before anything is trained on them.
package gaze

import (
	"fmt"
	"math"
	"slices"
)

// Fixation is a stretch of time during which the gaze rests on one place.
type Fixation struct {
	// X and Y are pixels of the recording's frame, origin at the top left, x to the right, y down.
	X, Y float64
	// Start is seconds since the reader first saw the image, Duration seconds. Where a file gives no start times, a
	// fixation starts at the end of the one before it.
	Start, Duration float64
	// Resolution is that at the time of the fixation, where it differs from the recording's: under zoom.
	Resolution Resolution
}

// Sample is one reading of a tracker.
type Sample struct {
	// X and Y are pixels of the recording's frame, NaN where the tracker has no valid position: a blink, a lost eye. They
	// may lie outside the frame.
	X, Y float64
	// Time is seconds since the reader first saw the image.
	Time float64
	// Resolution is that at the time of the sample, where it differs from the recording's: under zoom.
	Resolution Resolution
}

// Lost reports whether the sample has no valid position.
func (s Sample) Lost() bool { return math.IsNaN(s.X) || math.IsNaN(s.Y) }

// Resolution is how many pixels of the frame a degree of visual angle covers, along x and y; 0 where that is not known.
type Resolution struct{ X, Y float64 }

// Known reports whether both numbers are there.
func (r Resolution) Known() bool { return r.X > 0 && r.Y > 0 }

// Or is r where it is known, otherwise s.
func (r Resolution) Or(s Resolution) Resolution {
	if r.Known() {
		return r
	}
	return s
}

func (r Resolution) scaled(x, y float64) Resolution { return Resolution{r.X * x, r.Y * y} }

// Map is a heat map that came as a picture: how long each cell of a grid over the frame was looked at, in any unit,
// row-major, never negative.
type Map struct {
	Rows, Cols int
	Values     []float32
}

// Recording is what one reader looked at in one showing of one image: samples, fixations or a heat map, in the order of
// time. An image that was shown to a reader twice has two.
type Recording struct {
	// Image is the image's name as the file gives it; Reader is the person, "" where the file names none.
	Image, Reader string
	// Width and Height are the frame of the coordinates in pixels: usually the original image, which may be larger than
	// the stored one. A frame of 1 x 1 means fractions of an image of unknown size; 0 x 0 means pixels of an image of
	// unknown size, which aligning with the images fills in; so does 0 x h, pixels of an image that was shown h pixels high.
	Width, Height float64
	// Screen says that the frame is the tracker's screen, on which the image was shown: the placement of the image tells
	// which pixel of it was looked at.
	Screen bool
	// Resolution is the pixels of the frame in a degree, where known.
	Resolution Resolution
	Fixations  []Fixation
	// Samples are there where the file has them instead of fixations; a detector of package fixations turns them into
	// some.
	Samples []Sample
	// Map is there where the file has nothing else.
	Map *Map
	// Candidates, where the file does not say which of its texts names the image, are those that may, the likeliest first;
	// Image is the last of them.
	Candidates []string
	// Place is where on the screen the image was, nil where the file does not say.
	Place *Place
	// File and Line say where the recording begins.
	File string
	Line int
}

// Place is where on a screen the image was, as a file states it. A recording with Screen has the image there in its own
// size, a pixel of it on a pixel of the screen; in any other its positions are on the image already.
type Place struct {
	// X and Y are the left upper corner, or with Centre the middle, of the image in pixels of the screen.
	X, Y   float64
	Centre bool
	// Fill says that it was stretched over the whole screen instead, whose size the file does not give.
	Fill bool
}

// Dropped counts what a file has and a recording leaves out, by reason, in rows of the file: samples or fixations.
type Dropped struct {
	Missing int `json:"missing"` // without a position
	Invalid int `json:"invalid"` // marked as invalid by the tracker
	Blinks  int `json:"blinks"`  // marked as a blink
	Outside int `json:"outside"` // off the image
}

// Add adds other counts.
func (d *Dropped) Add(other Dropped) {
	d.Missing += other.Missing
	d.Invalid += other.Invalid
	d.Blinks += other.Blinks
	d.Outside += other.Outside
}

// Any reports whether something was dropped.
func (d Dropped) Any() bool { return d != Dropped{} }

// String names the counts that are not 0: "3 outside the image, 1 blink".
func (d Dropped) String() string {
	text := ""
	for _, c := range []struct {
		n    int
		what string
	}{{d.Outside, "outside the image"}, {d.Missing, "without a position"}, {d.Invalid, "marked invalid"}, {d.Blinks, "in a blink"}} {
		if c.n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", c.n, c.what)
		}
	}
	if text == "" {
		return "nothing"
	}
	return text
}

// Dwell is the sum of the fixations' durations in seconds.
func (r Recording) Dwell() float64 {
	sum := 0.0
	for _, f := range r.Fixations {
		sum += f.Duration
	}
	return sum
}

// HasGaze reports whether the recording says anything: a fixation that lasts, or a heat map that is not all zeros.
// Samples alone say nothing before fixations were found in them.
func (r Recording) HasGaze() bool {
	if r.Dwell() > 0 {
		return true
	}
	if r.Map != nil {
		for _, v := range r.Map.Values {
			if v > 0 {
				return true
			}
		}
	}
	return false
}

// Scaled is the recording in a frame of another size.
func (r Recording) Scaled(width, height float64) Recording {
	x, y := width/r.Width, height/r.Height
	fixations := make([]Fixation, len(r.Fixations))
	for i, f := range r.Fixations {
		f.X, f.Y, f.Resolution = f.X*x, f.Y*y, f.Resolution.scaled(x, y)
		fixations[i] = f
	}
	var samples []Sample
	for _, s := range r.Samples {
		s.X, s.Y, s.Resolution = s.X*x, s.Y*y, s.Resolution.scaled(x, y)
		samples = append(samples, s)
	}
	r.Fixations, r.Samples, r.Width, r.Height, r.Resolution = fixations, samples, width, height, r.Resolution.scaled(x, y)
	return r
}

// Inside reports whether a position lies in the frame: 0 <= x < Width and 0 <= y < Height.
func (r Recording) Inside(x, y float64) bool { return x >= 0 && x < r.Width && y >= 0 && y < r.Height }

// Clip drops the fixations outside the frame and returns how many there were. Samples stay: a detector needs them.
func (r *Recording) Clip() (outside int) {
	kept := r.Fixations[:0]
	for _, f := range r.Fixations {
		if r.Inside(f.X, f.Y) {
			kept = append(kept, f)
		}
	}
	outside = len(r.Fixations) - len(kept)
	r.Fixations = kept
	return outside
}

// Merge joins the recordings of several readers into one scanpath, one reader after the other, in the frame of the
// first recording that has gaze; heat maps are added up, each with a sum of 1.
func Merge(recordings []Recording) Recording {
	var all Recording
	begun := false
	for _, r := range recordings {
		if !r.HasGaze() {
			continue
		}
		if !begun {
			begun = true
			all = r
			all.Fixations = append([]Fixation(nil), r.Fixations...)
			all.Samples = nil
			continue
		}
		end := 0.0
		if n := len(all.Fixations); n > 0 {
			end = all.Fixations[n-1].Start + all.Fixations[n-1].Duration
		}
		r = r.Scaled(all.Width, all.Height)
		for _, f := range r.Fixations {
			f.Start += end
			f.Resolution = f.Resolution.Or(r.Resolution)
			all.Fixations = append(all.Fixations, f)
		}
		if r.Map != nil {
			all.Map = all.Map.plus(r.Map)
		}
	}
	return all
}

// plus is the sum of two heat maps after each was scaled to a sum of 1, on the grid of the first.
func (m *Map) plus(other *Map) *Map {
	if m == nil {
		return other
	}
	sum := &Map{m.Rows, m.Cols, make([]float32, len(m.Values))}
	a, b := make([]float32, len(m.Values)), make([]float32, len(m.Values))
	m.Average(a, m.Rows, m.Cols)
	other.Average(b, m.Rows, m.Cols)
	for i := range sum.Values {
		sum.Values[i] = a[i] + b[i]
	}
	return sum
}

// Problem is something wrong in a file, at a place.
type Problem struct {
	File string
	// Line and Column count from 1; Column is in bytes. 0 means the whole file or the whole line.
	Line, Column int
	// Reason says what was found and what was expected.
	Reason string
}

// Error gives "file:line:column: reason".
func (p Problem) Error() string {
	switch {
	case p.File == "":
		return p.Reason
	case p.Line == 0:
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	case p.Column == 0:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Reason)
}

// ByReader is the recordings of one image, those of one named reader joined by [Merge]: a reader who was shown an image
// several times is one reader. Who has no name is somebody else each time. The order is that of the first showings.
func ByReader(recordings []Recording) []Recording {
	var readers []Recording
	for i, r := range recordings {
		same := func(other Recording) bool { return r.Reader != "" && other.Reader == r.Reader }
		if slices.ContainsFunc(recordings[:i], same) {
			continue
		}
		showings := []Recording{r}
		for _, other := range recordings[i+1:] {
			if same(other) {
				showings = append(showings, other)
			}
		}
		if len(showings) > 1 {
			if merged := Merge(showings); merged.HasGaze() {
				r = merged
			}
		}
		readers = append(readers, r)
	}
	return readers
}
