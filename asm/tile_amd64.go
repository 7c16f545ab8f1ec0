//go:build amd64 && !noasm

package asm

import "unsafe"

// run is a stretch of a sum that walks both operands of a tile at once: where it starts in each, in bytes, and how many
// steps it has.
type run struct{ a, b, n int }

// blocking is the sizes that a tier cuts its work into.
type blocking struct {
	rows, columns int // of a tile
	depth         int // steps of a sum after which a tile goes back to memory, so that its panel of weights stays in L2
	panels        int // floats of packed weights that one item walks again and again: they share L2 with the input
	item          int // multiply-adds of one item, about 100 microseconds
}

// The tiles keep 12 and 16 sums in registers, enough to cover the latency of a multiply-add; see the ladder in package
// bench for the sizes that were tried.
var (
	blockingAVX2   = blocking{rows: 6, columns: 16, depth: 2304, panels: 96 << 10, item: 6 << 20}
	blockingAVX512 = blocking{rows: 8, columns: 32, depth: 2304, panels: 96 << 10, item: 6 << 20}
)

// maxRows and maxColumns bound the tiles of all tiers.
const (
	maxRows    = 8
	maxColumns = 32
)

func (d *device) blocking() *blocking {
	if d.avx512 {
		return &blockingAVX512
	}
	return &blockingAVX2
}

// columnMask is maxColumns ones and as many zeros: &columnMask[maxColumns-n] is a mask of n columns.
var columnMask = func() (m [2 * maxColumns]int32) {
	for i := range maxColumns {
		m[i] = -1
	}
	return m
}()

func maskOf(columns int) *int32 { return &columnMask[maxColumns-columns] }

// fetch is what tiles fetch to L1 for later while they compute: so many lines for each, one after the other from an address on,
// or nothing where that is 0. It is no pointer, because the last lines may lie behind what is to be fetched.
type fetch struct {
	from  uintptr
	lines int
}

// tile computes tiles of up to blocking.rows rows, one below the other, of a sum of products, for offsets in bytes and w packed by
// rows of blocking.columns floats:
//
//	for i := range rows { for j := range columns {
//		sum := 0
//		for each run { for k := range run.n { sum += a[in[i]+run.a+k] * w[run.b+blocking.columns*k+j] } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// in and out have whole tiles of entries. The rows are so few that a call takes no longer than an item.
func (d *device) tile(a *float32, in *int, runs []run, w, c *float32, out *int, rows, columns int, add bool) {
	d.tileAhead(a, in, runs, w, c, out, rows, columns, add, fetch{})
}

// tileAhead is tile that fetches something. It is not inlined, so that every call passes a safepoint.
//
//go:noinline
func (d *device) tileAhead(a *float32, in *int, runs []run, w, c *float32, out *int, rows, columns int, add bool, f fetch) {
	first, n := unsafe.SliceData(runs), len(runs)
	switch {
	case d.avx512:
		tileAVX512(a, in, first, n, w, c, out, rows, 1<<columns-1, add, f.from, f.lines)
	case columns == blockingAVX2.columns:
		tileAVX2(a, in, first, n, w, c, out, rows, nil, add, f.from, f.lines)
	default:
		tileAVX2(a, in, first, n, w, c, out, rows, maskOf(columns), add, f.from, f.lines)
	}
}

// gradTile computes tiles of up to blocking.rows rows, one below the other, of a sum of outer products, one for each step of the
// runs, for steps in bytes:
//
//	for i := range rows { for j := range columns {
//		sum := add ? c[i*cStep+j] : 0
//		for each run { for k := range run.n { sum += a[run.a+k*aStep+i] * b[run.b+k*bStep+j] } }
//		c[i*cStep+j] = sum
//	}}
//
// Rows of b have blocking.columns floats, whatever columns is.
func (d *device) gradTile(a *float32, aStep int, b *float32, bStep int, runs []run, c *float32, cStep, rows, columns int, add bool) {
	d.gradTileAhead(a, aStep, b, bStep, runs, c, cStep, rows, columns, add, fetch{})
}

// gradTileAhead is gradTile that fetches something. It is not inlined, so that every call passes a safepoint.
//
//go:noinline
func (d *device) gradTileAhead(a *float32, aStep int, b *float32, bStep int, runs []run, c *float32, cStep, rows, columns int, add bool, f fetch) {
	first, n := unsafe.SliceData(runs), len(runs)
	switch {
	case d.avx512:
		gradTileAVX512(a, aStep, b, bStep, first, n, c, cStep, rows, 1<<columns-1, add, f.from, f.lines)
	case columns == blockingAVX2.columns:
		gradTileAVX2(a, aStep, b, bStep, first, n, c, cStep, rows, nil, add, f.from, f.lines)
	default:
		gradTileAVX2(a, aStep, b, bStep, first, n, c, cStep, rows, maskOf(columns), add, f.from, f.lines)
	}
}

// tileMoments adds the moments of rows rows of tiles to those of earlier rows, as tilemoments_amd64.h says. It is not
// inlined, so that it passes a safepoint.
//
//go:noinline
func (d *device) tileMoments(moments *float64, c *float32, out *int, earlier, rows, columns int) {
	p, near := poolingOf(earlier, rows), min(rows, nearRows)
	if d.avx512 {
		tileMomentsAVX512(moments, c, out, rows, near, columns, 1/float32(near), 1/float64(rows), p.share, p.weight)
		return
	}
	tileMomentsAVX2(moments, c, out, rows, near, columns, 1/float32(near), 1/float64(rows), p.share, p.weight)
}

// The assembly; each computes the loop of the method above that calls it, for n runs.

//go:noescape
func tileAVX512(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask uint64, add bool, ahead uintptr, lines int)

//go:noescape
func tileAVX2(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask *int32, add bool, ahead uintptr, lines int)

//go:noescape
func gradTileAVX512(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask uint64, add bool, ahead uintptr, lines int)

//go:noescape
func gradTileAVX2(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask *int32, add bool, ahead uintptr, lines int)

//go:noescape
func tileMomentsAVX512(moments *float64, c *float32, out *int, rows, near, columns int, nearInverse float32, inverse, share, weight float64)

//go:noescape
func tileMomentsAVX2(moments *float64, c *float32, out *int, rows, near, columns int, nearInverse float32, inverse, share, weight float64)
