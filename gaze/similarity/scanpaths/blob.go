package scanpaths

import (
	"math"
	"slices"

	"gzpt/gaze"
	"gzpt/gaze/similarity/internal/measure"
)

// blob is the drawing of a cluster on a canvas of width x height pixels: pixels outside the box of cols x rows at
// (left, top) are 0.
type blob struct {
	width, height         int
	left, top, cols, rows int
	pixels                []float64
}

// drawBlob adds for every fixation its weight times a Gaussian patch, centred on its pixel: floor(height/10) pixels wide
// and high, standard deviation a sixth of that. The result is scaled so that its range over the canvas is 0 to 255.
func drawBlob(r gaze.Recording, weights []float64) *blob {
	side := max(int(r.Height)/10, 1)
	b := drawPatches(r, weights, gaussianPatch(side, float64(side)/2, float64(side)/6))
	b.stretch(b.least())
	return b
}

// gaussianPatch is a line of side pixels of a Gaussian around centre.
func gaussianPatch(side int, centre, deviation float64) []float64 {
	patch := make([]float64, side)
	for k := range patch {
		d := (float64(k) - centre) / deviation
		patch[k] = math.Exp(-d * d / 2)
	}
	return patch
}

// drawPatches adds for every fixation its weight times the outer product of patch with itself, the patch's pixel in the
// middle on that of the fixation.
func drawPatches(r gaze.Recording, weights, patch []float64) *blob {
	b := &blob{width: max(int(r.Width), 1), height: max(int(r.Height), 1)}
	side := len(patch)
	b.bound(r, weights, side)
	for i, f := range r.Fixations {
		if weights[i] > 0 {
			b.add(pixel(f.X)-side/2, pixel(f.Y)-side/2, patch, weights[i])
		}
	}
	return b
}

// pixel is the one that a coordinate lies in.
func pixel(v float64) int { return int(measure.Floor(limit(v))) }

// bound lays the box around all patches, within the canvas.
func (b *blob) bound(r gaze.Recording, weights []float64, side int) {
	left, top, right, bottom := b.width, b.height, 0, 0
	for i, f := range r.Fixations {
		if weights[i] > 0 {
			x, y := pixel(f.X)-side/2, pixel(f.Y)-side/2
			left, top = min(left, x), min(top, y)
			right, bottom = max(right, x+side), max(bottom, y+side)
		}
	}
	b.left, b.top = max(left, 0), max(top, 0)
	b.cols, b.rows = max(min(right, b.width)-b.left, 0), max(min(bottom, b.height)-b.top, 0)
	b.pixels = make([]float64, b.cols*b.rows)
}

// add adds the outer product of patch with itself at (x, y).
func (b *blob) add(x, y int, patch []float64, weight float64) {
	x0, x1 := max(x, b.left), min(x+len(patch), b.left+b.cols)
	y0, y1 := max(y, b.top), min(y+len(patch), b.top+b.rows)
	if x0 >= x1 {
		return
	}
	across := patch[x0-x : x1-x]
	for row := y0; row < y1; row++ {
		v := weight * patch[row-y]
		line := b.pixels[(row-b.top)*b.cols+x0-b.left:][:len(across)]
		for k, u := range across {
			line[k] += v * u
		}
	}
}

// least is the smallest pixel of the canvas.
func (b *blob) least() float64 {
	if b.cols < b.width || b.rows < b.height {
		return 0
	}
	return slices.Min(b.pixels)
}

// stretch maps the value low to 0 and the largest pixel to 255. A canvas that has no larger value becomes 0.
func (b *blob) stretch(low float64) {
	high := 0.0
	for _, v := range b.pixels {
		high = max(high, v)
	}
	scale := 0.0
	if high > low {
		scale = 255 / (high - low)
	}
	for i := range b.pixels {
		b.pixels[i] = (b.pixels[i] - low) * scale
	}
}

// reduce is the canvas as momentGrid x momentGrid pixels, row-major: each the mean over its area, or with bilinear the
// value at its centre, interpolated between the four pixels around it.
func (b *blob) reduce(bilinear bool) []float64 {
	weigh := func(size int) []gaze.Weights { return gaze.AreaWeights(size, momentGrid) }
	if bilinear {
		weigh = bilinearTaps
	}
	across, down := weigh(b.width), weigh(b.height)
	out := make([]float64, momentGrid*momentGrid)
	line := make([]float64, momentGrid)
	for i, taps := range down {
		for k, v := range taps.Values {
			row := taps.First + k - b.top
			if row < 0 || row >= b.rows {
				continue
			}
			b.reduceRow(line, b.pixels[row*b.cols:(row+1)*b.cols], across)
			for j, u := range line {
				out[i*momentGrid+j] += v * u
			}
		}
	}
	return out
}

func (b *blob) reduceRow(dst, row []float64, across []gaze.Weights) {
	for j, t := range across {
		sum := 0.0
		for k, u := range t.Values {
			if col := t.First + k - b.left; col >= 0 && col < len(row) {
				sum += u * row[col]
			}
		}
		dst[j] = sum
	}
}

// bilinearTaps interpolates between the two pixels around the cell's centre, as OpenCV's linear resize does.
func bilinearTaps(size int) []gaze.Weights {
	out := make([]gaze.Weights, momentGrid)
	for i := range out {
		at := (float64(i)+0.5)*float64(size)/momentGrid - 0.5
		first := int(math.Floor(at))
		part := at - float64(first)
		switch {
		case first < 0:
			out[i] = gaze.Weights{First: 0, Values: []float64{1}}
		case first >= size-1:
			out[i] = gaze.Weights{First: size - 1, Values: []float64{1}}
		default:
			out[i] = gaze.Weights{First: first, Values: []float64{1 - part, part}}
		}
	}
	return out
}
