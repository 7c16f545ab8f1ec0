//go:build amd64 && !noasm

package asm

import (
	"math"

	"gzpt/kernels"
)

// PairwiseCosine and PairwiseCorrelation make unit rows first, so that the rest is a matrix product with its transpose.

func (d *device) PairwiseCosine(r, x kernels.Tensor) {
	d.check.Pairwise("PairwiseCosine", r, x)
	d.pairwise(r.Float32(), x.Float32(), x.Dim(0), x.Dim(1), false)
}

func (d *device) PairwiseCorrelation(r, x kernels.Tensor) {
	d.check.Pairwise("PairwiseCorrelation", r, x)
	d.pairwise(r.Float32(), x.Float32(), x.Dim(0), x.Dim(1), true)
}

func (d *device) pairwise(r, x []float32, n, depth int, centred bool) {
	d.conv.partial = growFloats(d.conv.partial, n*depth)
	rows := d.conv.partial[:n*depth]
	d.conv.unit = unitJob{dst: rows, src: x, depth: depth, centred: centred}
	d.pool.run(&d.conv.unit, n)
	d.forward(r, rows, rows, pixelwise(n, depth, n), nil, false)
	d.conv.mirror = mirrorJob{r: r, n: n}
	bands := ceil(n, mirrorBand)
	d.pool.run(&d.conv.mirror, bands*(bands+1)/2)
}

// unitJob scales rows to length 1, after taking out their mean if centred. An item is a row.
type unitJob struct {
	dst, src []float32
	depth    int
	centred  bool
}

func (j *unitJob) do(item, _ int) {
	dst, src := j.dst[item*j.depth:][:j.depth], j.src[item*j.depth:][:j.depth]
	var mean float64
	if j.centred && !constant(src) {
		for _, v := range src {
			mean += float64(v)
		}
		mean /= float64(j.depth)
	} else if j.centred && j.depth > 0 {
		mean = float64(src[0]) // exactly, so that a constant row becomes zero
	}
	var squares float64
	for _, v := range src {
		c := float64(v) - mean
		squares += c * c
	}
	if squares == 0 {
		clear(dst)
		return
	}
	norm := math.Sqrt(squares)
	for i, v := range src {
		dst[i] = float32((float64(v) - mean) / norm)
	}
}

// constant reports whether all of x is one finite number.
func constant(x []float32) bool {
	for _, v := range x {
		if v-x[0] != 0 { // also for NaN and infinities
			return false
		}
	}
	return true
}

// mirrorJob clamps r to [-1, 1], sets its diagonal to 1 and copies the lower triangle to the upper. An item is a square
// block of the lower triangle with its mirror image.
type mirrorJob struct {
	r []float32
	n int
}

const mirrorBand = 64

func (j *mirrorJob) do(item, _ int) {
	band := int((math.Sqrt(float64(8*item+1)) - 1) / 2)
	r0, c0 := band*mirrorBand, (item-band*(band+1)/2)*mirrorBand
	for i := r0; i < min(r0+mirrorBand, j.n); i++ {
		for k := c0; k < min(c0+mirrorBand, i+1); k++ {
			v := min(max(j.r[i*j.n+k], -1), 1)
			if i == k && v > 0 { // neither a zero row nor NaN
				v = 1
			}
			j.r[i*j.n+k], j.r[k*j.n+i] = v, v
		}
	}
}
