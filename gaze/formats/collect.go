package formats

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gzpt/gaze"
)

// collector gathers the entries of a file, one fixation or one sample each, into recordings, in order of first appearance.
type collector struct {
	source     *source
	index      map[[3]string]int // image, reader and part
	recordings []gaze.Recording
	last       []lastFixation // of each recording
	counted    []int          // of each recording, the entries without a position whose reason is counted already
	repeats    int            // rows that repeat the fixation above them
	// alone, if not nil, is the recording of a file of one image that has no rows: a header alone is an empty recording then.
	alone *entry
	// ofOne says that the file is of one image, however often that was shown.
	ofOne bool
	// naming is what can name the images of a file with several trials that names none.
	naming string
}

// lastFixation is where the last fixation of a recording stands, the missing ones included.
type lastFixation struct {
	order    float64
	line     int
	fixation gaze.Fixation
}

func collect(s *source) *collector {
	return &collector{source: s, index: map[[3]string]int{}, naming: "a column with the image"}
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
	// order is unique within a recording: the number of the fixation, or its start; NaN where there is neither.
	order float64
	// none is a row that only says that the reader saw the image.
	none bool
	// sample, if not nil, is there instead of a fixation.
	sample *gaze.Sample
	// part tells apart several recordings of one reader on one image: trials, showings.
	part string
	// candidates and place are those of gaze.Recording.
	candidates []string
	place      *gaze.Place
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
	key := [3]string{e.image, e.reader, e.part}
	i, ok := c.index[key]
	if !ok {
		i = len(c.recordings)
		c.index[key] = i
		c.recordings = append(c.recordings, gaze.Recording{Image: e.image, Reader: e.reader, Width: e.width, Height: e.height,
			Screen: e.screen, Resolution: e.resolution, Candidates: e.candidates, Place: e.place, File: at.file, Line: at.line})
		c.last = append(c.last, lastFixation{})
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
	if n := len(r.Fixations); n > 0 {
		if c.last[i].repeatedBy(e) {
			c.repeats++
			return nil
		}
		if err := c.last[i].before(at, e); err != nil {
			return err
		}
		follow(&r.Fixations[n-1], &e.fixation)
	} else if math.IsNaN(e.fixation.Start) {
		e.fixation.Start = 0
	}
	c.last[i] = lastFixation{e.order, at.line, e.fixation}
	r.Fixations = append(r.Fixations, e.fixation)
	c.count(i, e)
	return nil
}

// follow makes a fixation begin where the one before it ends, if it has no start, and that one end where it begins, if by no
// more than times are rounded it ends later.
func follow(before, f *gaze.Fixation) {
	switch end := before.Start + before.Duration; {
	case math.IsNaN(f.Start):
		f.Start = end
	case end > f.Start:
		before.Duration = f.Start - before.Start
	}
}

// repeatedBy reports whether an entry is the same fixation once more, as a table with a row a sample has it: of the same
// place and duration, and begun while it lasts, or, where nothing tells when, at once after it. Fixations with numbers of
// their own are not.
func (l lastFixation) repeatedBy(e entry) bool {
	a, b := l.fixation, e.fixation
	if a.X != b.X || a.Y != b.Y || a.Duration != b.Duration {
		return false
	}
	if math.IsNaN(b.Start) {
		return math.IsNaN(e.order)
	}
	return e.order == b.Start && (b.Start == a.Start || b.Start > a.Start && b.Start <= a.Start+a.Duration)
}

// maxRounding is by how much the fixation after one may begin before that ends: a sample of a slow tracker, by which times
// and durations that were rounded apart may differ.
func maxRounding(f gaze.Fixation) float64 { return min(1./30, f.Duration/2) }

// before finds what is wrong with an entry that comes after a fixation: two fixations of one eye follow each other.
func (l lastFixation) before(at place, e entry) error {
	a, b := l.fixation, e.fixation
	switch {
	case e.order <= l.order:
		return at.problem(fmt.Sprintf("fixation %g of image %q, reader %q, comes twice or after a later one, that on line %d", e.order, e.image, e.reader, l.line))
	case b.Start < a.Start:
		return at.problem(fmt.Sprintf("fixation %g of image %q, reader %q, starts at %g s, before the one above it on line %d at %g s", e.order, e.image, e.reader,
			b.Start, l.line, a.Start))
	case b.Start < a.Start+a.Duration-maxRounding(a):
		return at.problem(fmt.Sprintf("a fixation of image %q, reader %q, starts at %.6g s, before the one on line %d ends at %.6g s; expected fixations of one eye, one after the other",
			e.image, e.reader, b.Start, l.line, a.Start+a.Duration))
	}
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
	if none := len(c.recordings) == 0 && len(s.skips) == 0; none && c.alone != nil {
		c.alone.none = true
		if err := c.add(place{s.file, 1}, *c.alone); err != nil {
			return err
		}
	} else if none {
		return s.pass(gaze.Problem{File: s.file, Reason: "no recording after the header"})
	}
	if c.repeats > 0 {
		s.set.note("%s: %d rows repeat the fixation above them, as a table with a row a sample does; they are taken as one", filepath.Base(s.file), c.repeats)
	}
	nameless, err := c.nameless()
	if err := s.pass(err); err != nil {
		return err
	}
	for i, r := range c.recordings {
		if nameless[i] {
			continue
		}
		if err := s.pass(s.set.keep(r, c.counted[i])); err != nil {
			return err
		}
	}
	return nil
}

// nameless is the recordings without an image that the file's own name cannot tell, as their reader has others in the
// file. Those with gaze are an error; those without are nothing.
func (c *collector) nameless() (map[int]bool, error) {
	if c.ofOne {
		return nil, nil
	}
	trials, without := map[string]int{}, map[string]int{} // by reader
	for _, r := range c.recordings {
		if !blank(r) {
			trials[r.Reader]++
		}
		if !blank(r) && r.Image == "" && len(r.Candidates) == 0 {
			without[r.Reader]++
		}
	}
	found, problem := map[int]bool{}, error(nil)
	for i, r := range c.recordings {
		if r.Image != "" || trials[r.Reader] == 0 || trials[r.Reader] == 1 && !blank(r) {
			continue
		}
		if n := len(r.Candidates); n > 0 { // of which one may be an image, but the file's name is not
			c.recordings[i].Image = fmt.Sprintf("trial on line %d", r.Line)
			c.recordings[i].Candidates = append(r.Candidates[:n-1:n-1], c.recordings[i].Image)
			continue
		}
		found[i] = true
		if problem == nil && !blank(r) {
			problem = gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("%d of %d trials of reader %q name no image; expected %s, or a manifest with a file for each image",
				without[r.Reader], trials[r.Reader], r.Reader, c.naming)}
		}
	}
	return found, problem
}

// blank reports whether a recording has no row of gaze, not even a lost one.
func blank(r gaze.Recording) bool { return len(r.Fixations) == 0 && len(r.Samples) == 0 }

// keep adds a recording to the set, less what has no position; of that so many entries are counted already.
func (set *Set) keep(r gaze.Recording, counted int) error {
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
	set.clipped.add(tally{r.File, all, outside})
	if 2*outside > all {
		return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("image %q, reader %q: %d of %d positions lie outside the frame of %g x %g, expected coordinates inside",
			r.Image, r.Reader, outside, all, r.Width, r.Height)}
	}
	set.Dropped.Outside += outside
	return nil
}
