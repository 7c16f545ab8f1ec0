// Package gaze turns eye-tracking files into the relation matrix of a set of images: how alike any two of them were
// looked at.
//
// A [Recording] is one reader's fixations on one image. [Load] reads recordings from files of any known format,
// [Set.Align] brings them into the order of the images, [Relate] compares all pairs by a [Measure], and
// [Relation.Diagnose] says what the result is worth before anything is trained on it.
//
// A file format is one file of this package that calls registerFormat, a measure one file that calls registerMeasure;
// nothing else has to know of it.
package gaze

import (
	"errors"
	"fmt"
	"math"
)

// Fixation is a stretch of time during which the gaze rests on one place.
type Fixation struct {
	// X and Y are pixels of the recording's frame, origin at the top left, x to the right, y down.
	X, Y float64
	// Start is seconds since the reader first saw the image, Duration seconds. Where a file gives no start times, a
	// fixation starts at the end of the one before it.
	Start, Duration float64
}

// Recording is what one reader looked at in one image: fixations in the order of time.
type Recording struct {
	// Image is the image's name as the file gives it; Reader is the person, "" where the file names none.
	Image, Reader string
	// Width and Height are the frame of the coordinates in pixels: usually the original image, which may be larger than
	// the stored one. A frame of 1 x 1 means fractions of an image of unknown size; 0 x 0 means pixels of an image of
	// unknown size, which Align fills in.
	Width, Height float64
	Fixations     []Fixation
	// File and Line say where the recording begins.
	File string
	Line int
}

// Dwell is the sum of the fixations' durations in seconds.
func (r Recording) Dwell() float64 {
	sum := 0.0
	for _, f := range r.Fixations {
		sum += f.Duration
	}
	return sum
}

// scaled is the recording in a frame of another size.
func (r Recording) scaled(width, height float64) Recording {
	fixations := make([]Fixation, len(r.Fixations))
	for i, f := range r.Fixations {
		f.X, f.Y = f.X*width/r.Width, f.Y*height/r.Height
		fixations[i] = f
	}
	r.Fixations, r.Width, r.Height = fixations, width, height
	return r
}

// clip drops the fixations outside the frame, 0 <= x < Width and 0 <= y < Height, and returns how many there were.
func (r *Recording) clip() (outside int) {
	kept := r.Fixations[:0]
	for _, f := range r.Fixations {
		if f.X >= 0 && f.X < r.Width && f.Y >= 0 && f.Y < r.Height {
			kept = append(kept, f)
		}
	}
	outside = len(r.Fixations) - len(kept)
	r.Fixations = kept
	return outside
}

// merge joins the recordings of several readers into one scanpath, one reader after the other, in the frame of the
// first recording that has fixations.
func merge(recordings []Recording) Recording {
	var all Recording
	for _, r := range recordings {
		if len(r.Fixations) == 0 {
			continue
		}
		if len(all.Fixations) == 0 {
			all = r
			all.Fixations = append([]Fixation(nil), r.Fixations...)
			continue
		}
		last := all.Fixations[len(all.Fixations)-1]
		end := last.Start + last.Duration
		for _, f := range r.scaled(all.Width, all.Height).Fixations {
			f.Start += end
			all.Fixations = append(all.Fixations, f)
		}
	}
	return all
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

// problems decides what a problem does: end the reading with an error, or be listed.
type problems struct {
	skipBad bool
	skips   []Problem
}

// pass lists a Problem and returns nil if bad input is to be skipped. Any other error, and a Problem otherwise, comes
// back as it is.
func (c *problems) pass(err error) error {
	var p Problem
	if !c.skipBad || !errors.As(err, &p) {
		return err
	}
	c.skips = append(c.skips, p)
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
