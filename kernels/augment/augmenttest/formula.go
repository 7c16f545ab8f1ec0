// Package augmenttest is what resizing means, for tests: the defining formula over all pixels, in float64.
package augmenttest

import "math"

// Weights is the weights of the old pixels for new pixel x where a part of an axis, from begin on, is resized to n
// pixels: the defining formula, over all old pixels.
func Weights(x, n, old int, begin, length float64) []float64 {
	scale := length / float64(n)
	centre, reach, sum := begin+(float64(x)+0.5)*scale, max(scale, 1), 0.0
	w := make([]float64, old)
	for k := range w {
		w[k] = max(0, 1-math.Abs((float64(k)+0.5-centre)/reach))
		sum += w[k]
	}
	for k := range w {
		w[k] /= sum
	}
	return w
}

// Average is the sum over all pixels with the weights of the columns and rows.
func Average(columns, rows []float64, value func(x, y int) float64) float64 {
	sum := 0.0
	for y, v := range rows {
		for x, u := range columns {
			if u*v != 0 {
				sum += u * v * value(x, y)
			}
		}
	}
	return sum
}
