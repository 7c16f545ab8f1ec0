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
	g := pixelwise(n, depth, n)
	p := d.plan(g, false)
	d.packWeights(p, rows, g, false)
	d.product(p, r, rows, nil, productJob{lower: true})
	d.conv.mirror = mirrorJob{r: r, n: n}
	bands := ceil(n, mirrorBlock)
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
	switch {
	case !j.centred || j.depth == 0:
	case constant(src):
		mean = float64(src[0]) // exactly, so that a constant row becomes zero
	default:
		mean = sum64(src) / float64(j.depth)
	}
	squares := squares64(src, mean)
	if squares == 0 {
		clear(dst)
		return
	}
	scale := 1 / math.Sqrt(squares)
	for i, v := range src {
		dst[i] = float32((float64(v) - mean) * scale)
	}
}

// sum64 is the sum of x. Four sums side by side hide the latency of the additions.
func sum64(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		s0, s1, s2, s3 = s0+float64(x[0]), s1+float64(x[1]), s2+float64(x[2]), s3+float64(x[3])
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return s0 + s1 + (s2 + s3)
}

// squares64 is the sum of (x[i] - mean)^2.
func squares64(x []float32, mean float64) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		v0, v1, v2, v3 := float64(x[0])-mean, float64(x[1])-mean, float64(x[2])-mean, float64(x[3])-mean
		s0, s1, s2, s3 = s0+v0*v0, s1+v1*v1, s2+v2*v2, s3+v3*v3
	}
	for _, v := range x {
		s0 += (float64(v) - mean) * (float64(v) - mean)
	}
	return s0 + s1 + (s2 + s3)
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

// mirrorJob finishes a symmetric matrix from its lower triangle: it limits the values to [-1, 1], sets the diagonal to 1
// and copies them to the upper triangle. An item is a square block with its mirror image.
type mirrorJob struct {
	r []float32
	n int
}

const mirrorBlock = 64

func (j *mirrorJob) do(item, _ int) {
	band := int((math.Sqrt(float64(8*item+1)) - 1) / 2) // item counts the blocks of the lower triangle row by row
	r0, c0 := band*mirrorBlock, (item-band*(band+1)/2)*mirrorBlock
	rows, columns := min(mirrorBlock, j.n-r0), min(mirrorBlock, j.n-c0)
	for i := range rows {
		clampFloats(&j.r[(r0+i)*j.n+c0], columns)
	}
	if r0 > c0 {
		transpose(&j.r[c0*j.n+r0], j.n, &j.r[r0*j.n+c0], j.n, columns, rows)
		return
	}
	for i := r0; i < r0+rows; i++ {
		for k := r0; k < i; k++ {
			j.r[k*j.n+i] = j.r[i*j.n+k]
		}
		if j.r[i*j.n+i] > 0 { // neither a zero row nor NaN
			j.r[i*j.n+i] = 1
		}
	}
}
