package formats

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"gzpt/gaze"
)

// What eyes and trackers do, with room to either side: the middle fixation of a set lasts 0.2 to 0.4 s, and samples come 25
// to 2000 times a second. A wrong unit is off by 1000.
const (
	shortestMedian, longestMedian = 0.01, 10
	shortestStep, longestStep     = 1. / 20_000, 1.
)

// median is the middle of some values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// assume says what the file being read was taken for, for the error that finds it implausible.
func (s *source) assume(format string, a ...any) {
	s.set.assumptions()[s.file] = fmt.Sprintf(format, a...)
}

func (set *Set) assumptions() map[string]string {
	if set.assumed == nil {
		set.assumed = map[string]string{}
	}
	return set.assumed
}

// measured is what all files of a format say of their units.
type measured struct {
	file             string
	durations, steps []float64
	// pixels is the positions in frames of pixels, small those of them that could be fractions.
	pixels, small int
}

// implausible is an error where the recordings of a format, taken together, are in other units than they were read in:
// whatever is wrong with single ones, this is wrong with all.
func (set *Set) implausible() error {
	format := map[string]string{}
	for i, file := range set.Files {
		format[file] = set.Formats[i]
	}
	all := map[string]*measured{}
	var order []string
	for _, r := range set.Recordings {
		name := cmp.Or(format[r.File], "gaze")
		m := all[name]
		if m == nil {
			m = &measured{file: r.File}
			all[name] = m
			order = append(order, name)
		}
		m.take(r)
	}
	for _, name := range order {
		m := all[name]
		if what := m.wrong(); what != "" {
			assumed := set.assumed[m.file]
			if assumed != "" {
				assumed = " (" + assumed + ")"
			}
			return gaze.Problem{File: m.file, Reason: fmt.Sprintf("read as %s%s, %s", name, assumed, what)}
		}
	}
	return nil
}

func (m *measured) take(r gaze.Recording) {
	position := func(x, y float64) {
		if r.Width > 1 || r.Width == 0 {
			m.pixels++
			if x >= 0 && x <= 1 && y >= 0 && y <= 1 {
				m.small++
			}
		}
	}
	for _, f := range r.Fixations {
		m.durations = append(m.durations, f.Duration)
		position(f.X, f.Y)
	}
	for i, s := range r.Samples {
		if i > 0 && s.Time > r.Samples[i-1].Time {
			m.steps = append(m.steps, s.Time-r.Samples[i-1].Time)
		}
		if !s.Lost() {
			position(s.X, s.Y)
		}
	}
}

// wrong says what no eye and no tracker does, "" where nothing is.
func (m *measured) wrong() string {
	if n := len(m.durations); n > 0 {
		switch middle := median(m.durations); {
		case middle > longestMedian, middle < shortestMedian && n > 1:
			return fmt.Sprintf("the middle one of %d fixations lasts %.3g s, expected %g s to %d s: their unit is another", n, middle, shortestMedian, longestMedian)
		}
	}
	if n := len(m.steps); n > 1 {
		if middle := median(m.steps); middle > longestStep || middle < shortestStep {
			return fmt.Sprintf("samples are %.3g s apart, expected %g s to %g s: the unit of their times is another", middle, shortestStep, longestStep)
		}
	}
	if m.pixels > 1 && m.small == m.pixels {
		return fmt.Sprintf("all of %d positions in pixels lie between 0 and 1: they are fractions", m.pixels)
	}
	return ""
}

// allOff is an error where nine of ten positions lie off their images: then the frame is wrong, not the eye.
func (t tally) allOff(assumed string) error {
	if t.all < 10 || 10*t.outside < 9*t.all {
		return nil
	}
	return gaze.Problem{File: t.file, Reason: fmt.Sprintf("%d of %d positions lie off their images%s; expected other units, or another screen or placement", t.outside, t.all, assumed)}
}

// What is all in the upper left of a frame may have been recorded in a smaller one. Few positions may be there by chance.
const (
	cornerShare     = 0.4 // of the width and of the height
	cornerPositions = 50
	cornerImages    = 5
)

// noteCorner says where all gaze on the images lies in their upper left.
func (set *Set) noteCorner(perItem [][]gaze.Recording) {
	positions, images, first := 0, 0, gaze.Recording{}
	for _, recordings := range perItem {
		before := positions
		for _, r := range recordings {
			if r.Map != nil {
				continue
			}
			inside := func(x, y float64) bool {
				positions++
				return x < cornerShare*r.Width && y < cornerShare*r.Height
			}
			for _, f := range r.Fixations {
				if !inside(f.X, f.Y) {
					return
				}
			}
			for _, s := range r.Samples {
				if !s.Lost() && !inside(s.X, s.Y) {
					return
				}
			}
			if first.File == "" {
				first = r
			}
		}
		if positions > before {
			images++
		}
	}
	if positions < cornerPositions || images < cornerImages {
		return
	}
	set.note("all of %d positions on %d images lie in the upper left %g %% of the width and height, the first in a frame of %g x %g (%s): is the frame too large?",
		positions, images, 100*cornerShare, first.Width, first.Height, filepath.Base(first.File))
}

// tally counts positions, and those of them off their images.
type tally struct {
	file         string
	all, outside int
}

func (t *tally) add(other tally) {
	t.file = cmp.Or(t.file, other.file)
	t.all += other.all
	t.outside += other.outside
}

// noteShowings says where images were shown to a reader more than once, where two files may be, or are, the same gaze, and where
// none has the samples that were asked for.
func (set *Set) noteShowings(o ReadOptions) {
	type seen struct {
		file string
		kind bool // fixations, otherwise samples
		at   int  // among the recordings
	}
	first := map[[2]string]seen{} // by image and reader
	again, both := map[[2]string]bool{}, map[[2]string]bool{}
	copies := map[[2]string]int{} // by the two files
	var without []string
	for i, r := range set.Recordings {
		key, now := [2]string{r.Image, r.Reader}, seen{r.File, len(r.Fixations) > 0, i}
		before, ok := first[key]
		switch {
		case !ok:
			first[key] = now
		case before.file == r.File:
			again[key] = true
		case r.Image != "" && r.Reader != "" && before.kind != now.kind:
			both[key] = true
		case same(r, set.Recordings[before.at]):
			copies[[2]string{before.file, r.File}]++
		}
		if o.Samples && len(r.Fixations) > 0 && !slices.Contains(without, r.File) {
			without = append(without, r.File)
		}
	}
	if len(again) > 0 {
		set.note("%d times an image was shown to a reader more than once: each showing is a recording of its own", len(again))
	}
	if len(both) > 0 {
		set.note("%d times a reader has fixations on an image in one file and samples in another: if they are the same gaze it counts twice", len(both))
	}
	var lines []string
	for files, n := range copies {
		text := "%d recordings of %s are those of %s: the same gaze counts twice"
		lines = append(lines, fmt.Sprintf(text, n, filepath.Base(files[1]), filepath.Base(files[0])))
	}
	slices.Sort(lines)
	set.Notes = append(set.Notes, lines...)
	switch len(without) {
	case 0:
	case 1:
		set.note("%s holds fixations and no samples: the tracker's own fixations are kept", filepath.Base(without[0]))
	default:
		set.note("%d files hold fixations and no samples, as %s: the tracker's own fixations are kept", len(without), filepath.Base(without[0]))
	}
}

// same reports whether two recordings hold the same gaze.
func same(a, b gaze.Recording) bool {
	return len(a.Fixations)+len(a.Samples) > 0 && slices.Equal(a.Fixations, b.Fixations) && slices.Equal(a.Samples, b.Samples)
}
