package gaze

import (
	"fmt"
	"math"
	"slices"
)

// collector gathers the rows of a file, one fixation each, into recordings, in order of first appearance.
type collector struct {
	source     *source
	index      map[[2]string]int // image, reader
	recordings []Recording
	orders     [][]float64 // of each recording's rows, the missing ones included: what must be unique
}

func collect(s *source) *collector {
	return &collector{source: s, index: map[[2]string]int{}}
}

// entry is one row of a table of fixations.
type entry struct {
	image, reader string
	width, height float64 // 0 where the file does not say
	// fixation has X = NaN or Y = NaN where the position is missing, Start = NaN where the file has no start times.
	fixation Fixation
	// order is unique within a recording: the number of the fixation, or its start.
	order float64
	// none is a row that only says that the reader saw the image.
	none bool
}

// add adds the fixation of the table's present row.
func (c *collector) add(t *table, e entry) error {
	key := [2]string{e.image, e.reader}
	i, ok := c.index[key]
	if !ok {
		i = len(c.recordings)
		c.index[key] = i
		c.recordings = append(c.recordings, Recording{Image: e.image, Reader: e.reader, Width: e.width, Height: e.height, File: t.file, Line: t.line()})
		c.orders = append(c.orders, nil)
	}
	r := &c.recordings[i]
	if e.width != r.Width || e.height != r.Height {
		return t.problem(fmt.Sprintf("a frame of %g x %g, but %g x %g on line %d of the same recording", e.width, e.height, r.Width, r.Height, r.Line))
	}
	if e.none {
		return nil
	}
	if n := len(c.orders[i]); n > 0 && e.order <= c.orders[i][n-1] {
		return t.problem(fmt.Sprintf("fixation %g of image %q, reader %q, comes twice or after a later one", e.order, e.image, e.reader))
	}
	c.orders[i] = append(c.orders[i], e.order)
	r.Fixations = append(r.Fixations, e.fixation)
	return nil
}

// finish hands the recordings to the set, less the fixations without a position, which are counted.
func (c *collector) finish() error {
	s := c.source
	if len(c.recordings) == 0 && len(s.skips) == 0 {
		return s.pass(Problem{File: s.file, Reason: "no recording after the header"})
	}
	for _, r := range c.recordings {
		chain(r.Fixations)
		all := len(r.Fixations)
		r.Fixations = slices.DeleteFunc(r.Fixations, func(f Fixation) bool { return math.IsNaN(f.X) || math.IsNaN(f.Y) })
		s.set.Missing += all - len(r.Fixations)
		if err := s.set.clip(&r); err != nil {
			if err := s.pass(err); err != nil {
				return err
			}
			continue
		}
		s.set.Recordings = append(s.set.Recordings, r)
	}
	return nil
}

// clip drops the fixations outside a known frame and counts them. A few are usual: eyes wander off the picture. Where
// they are the majority the coordinates are in another frame than the file says, which is a Problem, as is a recording
// without any fixation.
func (set *Set) clip(r *Recording) error {
	all := len(r.Fixations)
	outside := 0
	if r.Width > 0 {
		outside = r.clip()
	}
	switch {
	case all == 0:
		return Problem{r.File, r.Line, 0, fmt.Sprintf("image %q, reader %q: a recording without fixations", r.Image, r.Reader)}
	case 2*outside > all:
		return Problem{r.File, r.Line, 0, fmt.Sprintf("image %q, reader %q: %d of %d fixations lie outside the frame of %g x %g, expected coordinates inside",
			r.Image, r.Reader, outside, all, r.Width, r.Height)}
	}
	set.Outside += outside
	return nil
}

// chain gives fixations without a start time the end of the one before them.
func chain(fixations []Fixation) {
	end := 0.0
	for i := range fixations {
		f := &fixations[i]
		if math.IsNaN(f.Start) {
			f.Start = end
		}
		end = f.Start + f.Duration
	}
}
