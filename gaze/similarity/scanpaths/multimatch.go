package scanpaths

import (
	"errors"
	"math"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	weight := func(dimension, about string) measure.Parameter {
		return measure.Parameter{Name: dimension, Default: "1", About: "weight of " + about, Least: 0, Most: 1}
	}
	measure.Register(measure.Measure{
		Name:  "multimatch",
		About: "saccades aligned by shape, and how alike they are in vector, direction, length, position and duration",
		Parameters: []measure.Parameter{
			weight("vector", "the saccades' shapes"),
			weight("direction", "their directions"),
			weight("length", "their lengths"),
			weight("position", "the places they start from"),
			weight("duration", "the durations of the fixations before them"),
			{Name: "grouping", Default: "no", About: "merges saccades that are short or of one direction", Choices: []string{"no", "yes"}},
			{Name: "tdir", Default: "45", About: "saccades that differ less are of one direction, degrees", Least: 0, Most: 180},
			{Name: "tdur", Default: "0.3", About: "no merging around longer fixations, seconds", Least: 0, Most: 1e6},
			{Name: "tamp", Default: "0.1", About: "shorter saccades are short, in diagonals of the frame", Least: 0, Most: 1},
			{Name: "width", Default: "0", About: "width in pixels of a screen that all lengths are measured by; 0 takes each frame", Least: 0, Most: 1e6},
			{Name: "height", Default: "0", About: "height of that screen", Least: 0, Most: 1e6},
		},
		Prepare: prepareMultiMatch,
	})
}

// MultiMatchOptions says how MultiMatch compares scanpaths.
type MultiMatchOptions struct {
	// Grouping merges saccades that are shorter than Amplitude diagonals or whose directions differ by less than Direction
	// degrees, where the fixation between them lasts less than Duration seconds.
	Grouping                       bool
	Direction, Duration, Amplitude float64
	// Width and Height are the screen in pixels whose diagonal lengths are measured by; 0 takes the recordings' own
	// frames, the lengths of one being scaled to the diagonal of the other.
	Width, Height float64
	// ShortNaN gives NaN, as the reference implementation does, for scanpaths of fewer than 3 fixations, otherwise 0.
	ShortNaN bool
}

// MultiMatch compares two scanpaths in five dimensions, each 1 for the same: vector, direction, length, position and
// duration (Jarodzka, Holmqvist & Nyström, ETRA 2010; Dewhurst et al., Behavior Research Methods 2012). The order of
// the two plays no part.
//
// Scanpaths are sequences of saccades u_i, v_j, aligned by the cheapest path from the first pair to the last one with
// steps of one along either or both, a pair costing |u_i - v_j|. With med the median along the path and D the diagonal:
//
//	vector    1 - med |u-v| / 2D
//	direction 1 - med angle(u,v) / pi
//	length    1 - med ||u|-|v|| / D
//	position  1 - med |start_u - start_v| / D
//	duration  1 - med |d-e| / max(d,e)
//
// of the fixations before the saccades, which last d and e; two that last no time differ by 0, where multimatch_gaze has no number.
// Numbers, thresholds and the preference among paths of one cost are those of multimatch_gaze 0.1.3, which sees positions from a
// corner of the frame; here they count from its centre, which in one frame makes no difference. Scanpaths of fewer than 3 fixations have no values: all are 0.
func MultiMatch(a, b gaze.Recording, o MultiMatchOptions) [5]float64 {
	if (o.Width > 0) != (o.Height > 0) {
		panic("scanpaths: MultiMatch: a screen needs a width and a height")
	}
	if measure.Compare(a, b) > 0 {
		a, b = b, a
	}
	var m matcher
	values, ok := m.compare(saccadesOf(a, o), saccadesOf(b, o))
	if !ok && o.ShortNaN {
		for k := range values {
			values[k] = math.NaN()
		}
	}
	return values
}

// prepareMultiMatch: R_ij is the weighted mean of the five dimensions of [MultiMatch], each at least 0. The weights are
// divided by their sum: equal ones by default; McGIP (AAAI 2024) released .1, .1, .1, .1 and .6, in this order. Scanpaths
// of fewer than 3 fixations have similarity 0.
func prepareMultiMatch(w *measure.Work) (relation.Blocks, error) {
	s := w.Settings
	weights := [5]float64{s.Number("vector"), s.Number("direction"), s.Number("length"), s.Number("position"), s.Number("duration")}
	sum := 0.0
	for _, v := range weights {
		sum += v
	}
	if sum == 0 {
		return relation.Blocks{}, errors.New("all weights are 0, expected at least one that is not")
	}
	o := MultiMatchOptions{
		Grouping: s["grouping"] == "yes", Direction: s.Number("tdir"), Duration: s.Number("tdur"), Amplitude: s.Number("tamp"),
		Width: s.Number("width"), Height: s.Number("height"),
	}
	if (o.Width > 0) != (o.Height > 0) {
		return relation.Blocks{}, errors.New("a screen needs both width and height")
	}
	paths := make([]*saccades, len(w.Paths))
	for i, r := range w.Paths {
		paths[i] = saccadesOf(r, o)
	}
	return pairs(w, func() func(i, j int) float64 {
		m := &matcher{}
		return func(i, j int) float64 {
			values, _ := m.compare(paths[i], paths[j])
			total := 0.0
			for k, v := range values {
				total += weights[k] * max(v, 0)
			}
			return total / sum
		}
	})
}

// saccadesOf gives nil for a scanpath that has no values.
func saccadesOf(r gaze.Recording, o MultiMatchOptions) *saccades {
	if len(r.Fixations) < 3 {
		return nil
	}
	s := &saccades{diagonal: diagonal(r)}
	if o.Width > 0 && o.Height > 0 {
		s.diagonal = math.Hypot(o.Width, o.Height)
	}
	s.starts = places(r, 1)
	for i, f := range r.Fixations {
		if i > 0 {
			before := r.Fixations[i-1]
			s.vectors = append(s.vectors, point{limit(f.X - before.X), limit(f.Y - before.Y)})
		}
		s.durations = append(s.durations, f.Duration)
	}
	s.starts = s.starts[:len(s.vectors)]
	if o.Grouping {
		s.group(o.Direction, o.Duration, o.Amplitude)
	}
	for _, v := range s.vectors {
		angle := math.Atan2(v.y, v.x)
		if angle < 0 {
			angle = math.Pi + (math.Pi + angle)
		}
		s.angles = append(s.angles, angle)
		s.lengths = append(s.lengths, v.distance(point{}))
	}
	return s
}

// matcher is the scratch memory of one goroutine.
type matcher struct {
	warping
	scaled saccades
	// differences are those along the path, as [bits]: of vectors and positions squared.
	differences [5][]int64
}

// compare returns false where there is nothing to compare.
func (m *matcher) compare(a, b *saccades) (values [5]float64, ok bool) {
	if a == nil || b == nil || len(a.vectors) == 0 || len(b.vectors) == 0 {
		return values, false
	}
	if a.diagonal != b.diagonal {
		a = m.scaled.scale(a, b.diagonal)
	}
	// The first pair costs nothing: it is where every path starts.
	m.distances(a.vectors, b.vectors, -a.vectors[0].distance(b.vectors[0]))
	m.trace(a, b)
	same := func(v float64) float64 { return v }
	d := b.diagonal
	return [5]float64{
		1 - median(m.differences[0], math.Sqrt)/(2*d),
		1 - median(m.differences[1], same)/math.Pi,
		1 - median(m.differences[2], same)/d,
		1 - median(m.differences[3], math.Sqrt)/d,
		1 - median(m.differences[4], same),
	}, true
}

// trace walks the path back and collects the differences of its pairs. Where pairs before one cost the same, the
// reference prefers a step along the second scanpath to one along the first to one along both, except that it steps
// along both where the pair between adds nothing to the sum: the order in which its heap gives up equal distances.
func (m *matcher) trace(a, b *saccades) {
	n, k := len(a.vectors), len(b.vectors)
	for d := range m.differences {
		if cap(m.differences[d]) < n+k {
			m.differences[d] = make([]int64, n+k)
		}
		m.differences[d] = m.differences[d][:n+k]
	}
	i, j, count := n-1, k-1, 0
	stride := k + 1
	for at := len(m.costs) - 1; ; count++ {
		m.collect(count, a, b, i, j)
		if i == 0 && j == 0 {
			break
		}
		diagonal, up, left := m.costs[at-stride-1], m.costs[at-stride], m.costs[at-1]
		least := min(min(diagonal, up), left)
		switch {
		case i == 0 || left == least && !(left == diagonal && !adds(left, a.vectors[i], b.vectors[j-1])):
			j, at = j-1, at-1
		case j == 0 || up == least && !(up == diagonal && !adds(up, a.vectors[i-1], b.vectors[j])):
			i, at = i-1, at-stride
		default:
			i, j, at = i-1, j-1, at-stride-1
		}
	}
	for d := range m.differences {
		m.differences[d] = m.differences[d][:count+1]
	}
}

// adds reports whether a pair adds anything to a sum.
func adds(sum int64, u, v point) bool { return fromBits(sum)+u.distance(v) != fromBits(sum) }

// collect notes the differences of saccades i and j.
func (m *matcher) collect(at int, a, b *saccades, i, j int) {
	angle := math.Abs(a.angles[i] - b.angles[j])
	angle = min(angle, 2*math.Pi-angle)
	m.differences[0][at] = bits(a.vectors[i].squared(b.vectors[j]))
	m.differences[1][at] = bits(angle)
	m.differences[2][at] = bits(math.Abs(a.lengths[i] - b.lengths[j]))
	m.differences[3][at] = bits(a.starts[i].squared(b.starts[j]))
	m.differences[4][at] = bits(relativeDifference(a.durations[i], b.durations[j]))
}

// scale makes s the scanpath from in a frame of another diagonal.
func (s *saccades) scale(from *saccades, diagonal float64) *saccades {
	by := diagonal / from.diagonal
	s.diagonal, s.angles, s.durations = diagonal, from.angles, from.durations
	s.vectors, s.starts, s.lengths = s.vectors[:0], s.starts[:0], s.lengths[:0]
	for i, v := range from.vectors {
		s.vectors = append(s.vectors, point{v.x * by, v.y * by})
		s.starts = append(s.starts, point{from.starts[i].x * by, from.starts[i].y * by})
		s.lengths = append(s.lengths, from.lengths[i]*by)
	}
	return s
}
