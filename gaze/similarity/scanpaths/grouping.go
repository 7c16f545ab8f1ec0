package scanpaths

import "math"

// saccades is a scanpath as MultiMatch compares it.
type saccades struct {
	vectors, starts []point // pixels
	// angles are in [0, 2 pi), lengths in pixels; durations are those of the fixations before the saccades, in seconds.
	angles, lengths, durations []float64
	// diagonal is what lengths are measured by.
	diagonal float64
}

// group merges saccades as multimatch_gaze 0.1.3 does (Jarodzka et al., ETRA 2010): a pass by direction and one by
// length, until the number of durations stays the same. A merged saccade keeps the first one's start and duration. The
// thresholds are in degrees, seconds and diagonals.
//
// Two peculiarities of that program, and of the original toolbox, are kept, so that numbers can be compared: a short last
// saccade is added to the one before it as that was before the pass, and where that happens the durations become one more
// than the fixations.
func (s *saccades) group(direction, duration, amplitude float64) {
	duration *= 1 - rounding // a fixation of just the threshold, from differences of times, is not shorter
	amplitude *= 1 - rounding
	for before := 0; before != len(s.durations); {
		before = len(s.durations)
		s.groupByDirection(direction, duration)
		s.groupByLength(amplitude*s.diagonal, duration)
	}
}

// groupByDirection merges a saccade with the next one if they differ by less than direction degrees and the fixation
// between them is short.
func (s *saccades) groupByDirection(direction, duration float64) {
	var out saccades
	n := len(s.vectors)
	for i := 0; i < n; {
		if i < n-1 && degrees(s.vectors[i], s.vectors[i+1]) < direction && s.durations[i+1] < duration {
			out.take(s, i, 2)
			i += 2
		} else {
			out.take(s, i, 1)
			i++
		}
	}
	s.replace(out)
}

// groupByLength merges a short saccade with the next one if a fixation at either of its ends is short; the last one with
// the one before it.
func (s *saccades) groupByLength(length, duration float64) {
	var out saccades
	n := len(s.vectors)
	for i := 0; i < n; {
		short := s.vectors[i].distance(point{}) < length
		if last := len(s.durations) - 1; i == n-1 {
			short = short && n > 1 && (s.durations[last] < duration || s.durations[last-1] < duration)
		} else {
			short = short && (s.durations[i] < duration || s.durations[i+1] < duration)
		}
		switch {
		case short && i == n-1:
			out.vectors[len(out.vectors)-1] = s.vectors[i-1].plus(s.vectors[i])
			out.durations = append(out.durations, s.durations[i-1])
			i++
		case short:
			out.take(s, i, 2)
			i += 2
		default:
			out.take(s, i, 1)
			i++
		}
	}
	s.replace(out)
}

// take appends saccade i of another scanpath, or the sum of two.
func (s *saccades) take(from *saccades, i, count int) {
	v := from.vectors[i]
	if count == 2 {
		v = v.plus(from.vectors[i+1])
	}
	s.vectors = append(s.vectors, v)
	s.starts = append(s.starts, from.starts[i])
	s.durations = append(s.durations, from.durations[i])
}

// replace takes over what a pass has made; the last fixation has no saccade after it.
func (s *saccades) replace(out saccades) {
	out.durations = append(out.durations, s.durations[len(s.durations)-1])
	s.vectors, s.starts, s.durations = out.vectors, out.starts, out.durations
}

func (p point) plus(q point) point { return point{p.x + q.x, p.y + q.y} }

// degrees is the angle between two vectors, NaN where one has no length.
func degrees(p, q point) float64 {
	cosine := (float64(p.x*q.x) + float64(p.y*q.y)) / (p.distance(point{}) * q.distance(point{}))
	return math.Acos(min(max(cosine, -1), 1)) * (180 / math.Pi)
}
