//go:build amd64 && !noasm

package asm

import (
	"math"
	"unsafe"

	"gzpt/kernels"
)

// PairwiseMinimum is a matrix product with the transpose of b whose multiply-adds are minimum-adds: it takes the plan, the
// packing and the items of one, with a tile of its own.
func (d *device) PairwiseMinimum(c, a, b kernels.Tensor) {
	m, n, depth := d.check.PairwiseMinimum(c, a, b)
	out, left, right := c.Float32(), a.Float32(), b.Float32()
	g := pixelwise(m, depth, n)
	p := d.plan(g, false)
	d.packWeights(p, right, g, false)
	d.product(p, out, left, nil, productJob{minimum: true})
	d.conv.nans = nanJob{c: out, b: right, m: m, n: n, depth: depth}
	d.pool.run(&d.conv.nans, ceil(n, nanRows))
}

// minimumTile is tile with minima for products: sum += min(a[in[i]+run.a+k], w[run.b+blocking.columns*k+j]), where a NaN in
// w is lost.
//
//go:noinline
func (d *device) minimumTile(a *float32, in *int, runs []run, w, c *float32, out *int, rows, columns int, add bool) {
	first, n := unsafe.SliceData(runs), len(runs)
	switch {
	case d.avx512:
		minimumTileAVX512(a, in, first, n, w, c, out, rows, 1<<columns-1, add, 0, 0)
	case columns == blockingAVX2.columns:
		minimumTileAVX2(a, in, first, n, w, c, out, rows, nil, add, 0, 0)
	default:
		minimumTileAVX2(a, in, first, n, w, c, out, rows, maskOf(columns), add, 0, 0)
	}
}

// nanJob gives NaN to the columns of c whose row of b has one, which the tiles lose. An item is some rows of b.
type nanJob struct {
	c, b        []float32
	m, n, depth int
}

// nanRows is the rows of an item: it looks at 256 KiB of maps of 32 x 32.
const nanRows = 64

func (j *nanJob) do(item, _ int) {
	for row := item * nanRows; row < min((item+1)*nanRows, j.n); row++ {
		if !hasNaN(unsafe.SliceData(j.b[row*j.depth:]), j.depth) {
			continue
		}
		for i := range j.m {
			j.c[i*j.n+row] = float32(math.NaN())
		}
	}
}

// The assembly; the tiles compute the loop of minimumTile for n runs.

//go:noescape
func minimumTileAVX512(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask uint64, add bool, ahead uintptr, lines int)

//go:noescape
func minimumTileAVX2(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask *int32, add bool, ahead uintptr, lines int)

// hasNaN reports whether one of x[0..n-1] is NaN.
//
//go:noescape
func hasNaN(x *float32, n int) bool
