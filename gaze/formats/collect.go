package formats

import (
	"fmt"
	"math"
	"slices"

	"gzpt/gaze"
)

// collector gathers the entries of a file, one fixation or one sample each, into recordings, in order of first appearance.
type collector struct {
	source     *source
	index      map[[2]string]int // image, reader and part
	recordings []gaze.Recording
	orders     [][]float64 // of each recording's rows, the missing ones included: what must be unique
	counted    []int       // of each recording, the entries without a position whose reason is counted already
	// single says that the file is the fixations of one image, which it does not name: without rows they are none.
	single bool
}

func collect(s *source) *collector {
	return &collector{source: s, index: map[[2]string]int{}}
}

// place is where an entry stands in its file.
type place struct {
	file string
	line int
}

func (p place) problem(reason string) gaze.Problem {
	return gaze.Problem{File: p.file, Line: p.line, Reason: reason}
}

func (t *table) place() place { return place{t.file, t.line()} }

// entry is one row of a table of fixations or samples.
type entry struct {
	image, reader string
	width, height float64 // 0 where the file does not say
	screen        bool    // the frame is the screen, see gaze.Recording
	resolution    gaze.Resolution
	// fixation has X = NaN or Y = NaN where the position is missing, Start = NaN where the file has no start times.
	fixation gaze.Fixation
	// order is unique within a recording: the number of the fixation, or its start.
	order float64
	// none is a row that only says that the reader saw the image.
	none bool
	// sample, if not nil, is there instead of a fixation.
	sample *gaze.Sample
	// part tells apart several recordings of one reader on one image: trials.
	part string
	// reason, if not nil, is the counter of gaze.Dropped that says why an entry without a position has none; otherwise it
	// is Missing.
	reason *int
}

// lose makes a sample of the entry one without a position, for a reason.
func (e *entry) lose(v *gaze.Sample, reason *int) {
	v.X, v.Y, e.reason = math.NaN(), math.NaN(), reason
}

// recording is the index of an entry's recording, which begins with its first entry.
func (c *collector) recording(at place, e entry) (int, error) {
	key := [2]string{e.image, e.reader}
	if e.part != "" {
		key[1] += "\x00" + e.part
	}
	i, ok := c.index[key]
	if !ok {
		i = len(c.recordings)
		c.index[key] = i
		c.recordings = append(c.recordings, gaze.Recording{Image: e.image, Reader: e.reader, Width: e.width, Height: e.height,
			Screen: e.screen, Resolution: e.resolution, File: at.file, Line: at.line})
		c.orders = append(c.orders, nil)
		c.counted = append(c.counted, 0)
	}
	if r := &c.recordings[i]; e.width != r.Width || e.height != r.Height {
		return 0, at.problem(fmt.Sprintf("a frame of %g x %g, but %g x %g on line %d of the same recording", e.width, e.height, r.Width, r.Height, r.Line))
	}
	return i, nil
}

// add adds the fixation or the sample that stands at a place.
func (c *collector) add(at place, e entry) error {
	i, err := c.recording(at, e)
	if err != nil || e.none {
		return err
	}
	r := &c.recordings[i]
	if e.sample != nil {
		if n := len(r.Samples); n > 0 && e.sample.Time < r.Samples[n-1].Time {
			return at.problem(fmt.Sprintf("a sample of image %q, reader %q, at %g s, before the one above it at %g s", e.image, e.reader,
				e.sample.Time, r.Samples[n-1].Time))
		}
		r.Samples = append(r.Samples, *e.sample)
		c.count(i, e)
		return nil
	}
	if n := len(c.orders[i]); n > 0 && e.order <= c.orders[i][n-1] {
		return at.problem(fmt.Sprintf("fixation %g of image %q, reader %q, comes twice or after a later one", e.order, e.image, e.reader))
	}
	if n := len(r.Fixations); n > 0 && e.fixation.Start < r.Fixations[n-1].Start {
		return at.problem(fmt.Sprintf("fixation %g of image %q, reader %q, starts at %g s, before the one above it at %g s", e.order, e.image, e.reader,
			e.fixation.Start, r.Fixations[n-1].Start))
	}
	c.orders[i] = append(c.orders[i], e.order)
	r.Fixations = append(r.Fixations, e.fixation)
	c.count(i, e)
	return nil
}

func (c *collector) count(recording int, e entry) {
	if e.reason != nil {
		*e.reason++
		c.counted[recording]++
	}
}

// finish hands the recordings to the set, less the fixations without a position, which are counted, as are the samples
// without one, which stay.
func (c *collector) finish() error {
	s := c.source
	if none := len(c.recordings) == 0 && len(s.skips) == 0; none && c.single {
		if err := c.add(place{s.file, 1}, entry{none: true}); err != nil {
			return err
		}
	} else if none {
		return s.pass(gaze.Problem{File: s.file, Reason: "no recording after the header"})
	}
	for i, r := range c.recordings {
		if err := s.pass(s.set.keep(r, c.counted[i])); err != nil {
			return err
		}
	}
	return nil
}

// keep adds a recording to the set, less what has no position; of that so many entries are counted already.
func (set *Set) keep(r gaze.Recording, counted int) error {
	chain(r.Fixations)
	all := len(r.Fixations)
	r.Fixations = slices.DeleteFunc(r.Fixations, func(f gaze.Fixation) bool { return math.IsNaN(f.X) || math.IsNaN(f.Y) })
	set.Dropped.Missing += all - len(r.Fixations) - counted
	for _, v := range r.Samples {
		if v.Lost() {
			set.Dropped.Missing++
		}
	}
	if err := set.clip(&r); err != nil {
		return err
	}
	set.Recordings = append(set.Recordings, r)
	return nil
}

// clip drops the fixations outside a known frame and counts them, and the samples outside, which stay. A few are usual:
// eyes wander off the picture. Where they are the majority the coordinates are in another frame than the file says, which
// is a Problem. A recording without anything is none: the reader saw the image and fixated nothing.
func (set *Set) clip(r *gaze.Recording) error {
	if r.Map != nil {
		return nil
	}
	all, outside := len(r.Fixations), 0
	for _, s := range r.Samples {
		if !s.Lost() {
			all++
			if r.Width > 0 && !r.Screen && !r.Inside(s.X, s.Y) { // off a screen is off its image, which Align counts
				outside++
			}
		}
	}
	if r.Width > 0 {
		outside += r.Clip()
	}
	if 2*outside > all {
		return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("image %q, reader %q: %d of %d positions lie outside the frame of %g x %g, expected coordinates inside",
			r.Image, r.Reader, outside, all, r.Width, r.Height)}
	}
	set.Dropped.Outside += outside
	return nil
}

// chain gives fixations without a start time the end of the one before them.
func chain(fixations []gaze.Fixation) {
	end := 0.0
	for i := range fixations {
		f := &fixations[i]
		if math.IsNaN(f.Start) {
			f.Start = end
		}
		end = f.Start + f.Duration
	}
}
