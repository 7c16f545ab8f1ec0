package gaze

import "math"

// HeatMap writes the fixation map of a recording to dst, rows x cols, row-major: how long each cell of a grid over the
// frame was looked at. Every fixation adds a Gaussian of its duration's weight around its position, with standard
// deviation sigma times the frame's width in both directions, and a cell takes the integral over its area; this is what
// area averaging makes of a map of unlimited resolution. The map sums to 1; what falls off the frame is lost. It returns
// false, and zeros, for a recording without gaze.
//
// A recording that has a heat map and no fixations gives that map, averaged over the cells' areas; sigma plays no part.
//
// Duration weights and a Gaussian of the eye's fovea are the field's convention (Le Meur & Baccino, Behavior Research
// Methods 2013).
func HeatMap(dst []float32, r Recording, rows, cols int, sigma float64) bool {
	if len(dst) != rows*cols {
		panic("gaze: HeatMap: the map does not have rows x cols cells")
	}
	if len(r.Fixations) == 0 && r.Map != nil {
		return r.Map.Average(dst, rows, cols)
	}
	cells := make([]float64, rows*cols)
	down, across := make([]float64, rows), make([]float64, cols)
	for _, f := range r.Fixations {
		gaussian(across, f.X/r.Width, sigma)
		gaussian(down, f.Y/r.Height, sigma*r.Width/r.Height)
		for i, v := range down {
			v *= f.Duration
			for j, u := range across {
				cells[i*cols+j] += v * u
			}
		}
	}
	sum := 0.0
	for _, v := range cells {
		sum += v
	}
	scale := 0.0
	if sum > 0 {
		scale = 1 / sum
	}
	for i, v := range cells {
		dst[i] = float32(v * scale)
	}
	return sum > 0
}

// gaussian fills dst with the integrals of a normal density over the cells [k/n, (k+1)/n] of the unit interval.
func gaussian(dst []float64, centre, sigma float64) {
	n := float64(len(dst))
	before := math.Erf((0 - centre) / (sigma * math.Sqrt2))
	for k := range dst {
		after := math.Erf((float64(k+1)/n - centre) / (sigma * math.Sqrt2))
		dst[k] = (after - before) / 2
		before = after
	}
}

// Average writes the heat map on another grid to dst, rows x cols, row-major: every cell takes the mean over its area,
// and the result sums to 1. It returns false, and zeros, for a map of zeros.
func (m *Map) Average(dst []float32, rows, cols int) bool {
	across, down := AreaWeights(m.Cols, cols), AreaWeights(m.Rows, rows)
	cells, sum := make([]float64, rows*cols), 0.0
	for i, vertical := range down {
		for k, v := range vertical.Values {
			line := m.Values[(vertical.First+k)*m.Cols:][:m.Cols]
			for j, horizontal := range across {
				for l, u := range horizontal.Values {
					cells[i*cols+j] += v * u * float64(line[horizontal.First+l])
				}
			}
		}
	}
	for _, v := range cells {
		sum += v
	}
	scale := 0.0
	if sum > 0 {
		scale = 1 / sum
	}
	for i, v := range cells {
		dst[i] = float32(v * scale)
	}
	return sum > 0
}

// Weights are the shares of the pixels First, First+1, ... in one pixel of a reduced image; they sum to 1.
type Weights struct {
	First  int
	Values []float64
}

// AreaWeights reduces a line of from pixels to to: every pixel of the result covers from/to pixels of the line, and takes
// of each the share that it covers.
func AreaWeights(from, to int) []Weights {
	out := make([]Weights, to)
	step := float64(from) / float64(to)
	for i := range out {
		begin, end := float64(i)*step, float64(i+1)*step
		first, last := int(begin), min(int(math.Ceil(end)), from)
		out[i].First = first
		for p := first; p < last; p++ {
			covered := math.Min(end, float64(p+1)) - math.Max(begin, float64(p))
			out[i].Values = append(out[i].Values, covered/step)
		}
	}
	return out
}
