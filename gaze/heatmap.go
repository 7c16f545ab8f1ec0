package gaze

import "math"

// Spread is how wide a fixation is drawn in a heat map: the standard deviation of its Gaussian.
type Spread struct {
	// Degrees of visual angle, for fixations whose resolution is known; with 0 no use is made of the resolution. One
	// degree is about the part of an image that falls on the fovea, and the field's convention (Le Meur & Baccino,
	// Behavior Research Methods 2013).
	Degrees float64
	// Fraction of the frame's width, for all others.
	Fraction float64
}

// of is the standard deviation along x and y in fractions of the recording's width and height. The resolution is that of
// the fixation where it has its own, for under zoom a degree covers fewer pixels of the image.
func (s Spread) of(r Recording, f Fixation) (x, y float64) {
	if resolution := f.Resolution.Or(r.Resolution); s.Degrees > 0 && resolution.Known() {
		return s.Degrees * resolution.X / r.Width, s.Degrees * resolution.Y / r.Height
	}
	return s.Fraction, s.Fraction * r.Width / r.Height
}

// HeatMap writes the fixation map of a recording to dst, rows x cols, row-major: how long each cell of a grid over the
// frame was looked at. A fixation f adds a Gaussian around its position with the weight of its duration d, and a cell takes
// the integral over its area; this is what area averaging makes of a map of unlimited resolution:
//
//	dst[i,j] = c * sum_f d_f * (P((y_i+1 - y_f)/sy_f) - P((y_i - y_f)/sy_f)) * (P((x_j+1 - x_f)/sx_f) - P((x_j - x_f)/sx_f))
//
// with the cells' edges x_j = j/cols and y_i = i/rows, positions in fractions of the frame, P the normal distribution's
// cumulative function, and c such that the map sums to 1; what falls off the frame is lost. Each difference of P is within
// 1e-9 of its value, and within a few millionths of it up to 9 standard deviations from the fixation, where a Gaussian ends; sums
// are taken in float64. It returns false, and zeros, for a recording without gaze, or with none so near to the frame.
//
// A recording that has a heat map and no fixations gives that map, averaged over the cells' areas; spread plays no part.
//
// Duration weights, and one degree by default, follow the maps of REFLACX (Bigolin Lanfredi et al., Scientific Data 2022).
func HeatMap(dst []float32, r Recording, rows, cols int, spread Spread) bool {
	if len(dst) != rows*cols {
		panic("gaze: HeatMap: the map does not have rows x cols cells")
	}
	if !(spread.Fraction > 0) || !(spread.Degrees >= 0) {
		panic("gaze: HeatMap: the spread is not positive")
	}
	if len(r.Fixations) == 0 && r.Map != nil {
		return r.Map.Average(dst, rows, cols)
	}
	p := painters.Get().(*painter)
	defer painters.Put(p)
	p.begin(rows, cols)
	for _, f := range r.Fixations {
		if f.Duration > 0 {
			sx, sy := spread.of(r, f)
			p.add(f.X/r.Width, f.Y/r.Height, sx, sy, f.Duration)
		}
	}
	return p.finish(dst)
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
