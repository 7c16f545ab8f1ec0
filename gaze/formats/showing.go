package formats

import (
	"math"
	"strconv"

	"gzpt/gaze"
)

// showing is an image before a reader, by the clock of the tracker: seconds from begin to, where that is known, end,
// otherwise infinity.
type showing struct {
	begin, end float64
}

// cut is what of a fixation lies within the showing, counted from its begin; nothing where they do not meet. A fixation
// that goes on over the edge of a showing is looked at there no longer.
func (s showing) cut(f gaze.Fixation) (gaze.Fixation, bool) {
	f, ok := during(f, s.begin, s.end)
	if ok {
		f.Start -= s.begin
	}
	return f, ok
}

// during is what of a fixation lies between two times, if anything does.
func during(f gaze.Fixation, from, to float64) (gaze.Fixation, bool) {
	begin, end := max(f.Start, from), min(f.Start+f.Duration, to)
	if begin > end || begin == end && f.Duration > 0 || f.Start >= to {
		return f, false
	}
	if begin > f.Start || end < f.Start+f.Duration { // otherwise it stays as it is, to the last bit
		f.Start, f.Duration = begin, end-begin
	}
	return f, true
}

// screening follows the rows of a tracker, which say what image a reader has before them: where that changes a showing
// ends, and another begins.
type screening struct {
	image, reader, session string
	on                     bool
	begin                  float64
	count                  int
}

// see moves on to a row at a time, and reports whether another showing begins or, with an image of no name, none.
func (s *screening) see(image, reader, session string, on bool, t float64) bool {
	if s.on == on && (!on || s.image == image && s.reader == reader && s.session == session) {
		return false
	}
	s.image, s.reader, s.session, s.on, s.begin = image, reader, session, on, t
	if on {
		s.count++
	}
	return true
}

// part tells the showing from the others.
func (s *screening) part() string { return strconv.Itoa(s.count) }

// open is the end of a showing that nothing ends.
var open = math.Inf(1)
