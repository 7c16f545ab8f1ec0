//go:build amd64 && !noasm

package asm

import (
	"slices"

	"gzpt/kernels"
)

// geometry is the sizes of one convolution: x [n,h,w,c], weights [k,r,s,c/Groups], y [n,oh,ow,k].
type geometry struct {
	kernels.Conv
	n, h, w, c int
	k, r, s    int
	oh, ow     int
}

func geometryOf(y, x, w kernels.Tensor, c kernels.Conv) geometry {
	return geometry{
		Conv: c,
		n:    x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3),
		k: w.Dim(0), r: w.Dim(1), s: w.Dim(2),
		oh: y.Dim(1), ow: y.Dim(2),
	}
}

// tap is one row or one column of the kernel, and the input coordinate that it reads relative to tap-independent base.
type tap struct{ index, shift int }

// axis is a progression of output coordinates that read through the same taps: for i < count, coordinate
// out+i*outStep reads input coordinates in+i*inStep+tap.shift.
type axis struct {
	out, outStep int
	in, inStep   int
	count        int
	taps         []tap
}

// axes groups size output coordinates, taken in progressions of the given step, by the taps through which they read the
// image. Taps that fall into the padding are left out, so a region never computes with the padding.
func axes(size, step, inStep int, reads func(out int) (in int, taps []tap)) []axis {
	var groups []axis
	for phase := range min(step, size) {
		fresh := true
		for out := phase; out < size; out += step {
			in, taps := reads(out)
			last := len(groups) - 1
			if fresh || !slices.Equal(groups[last].taps, taps) {
				groups = append(groups, axis{out: out, outStep: step, in: in, inStep: inStep, taps: taps})
				fresh, last = false, last+1
			}
			groups[last].count++
		}
	}
	return groups
}

// forwardAxes groups the outputs of a convolution over size inputs with a kernel of k taps.
func forwardAxes(c kernels.Conv, outs, size, k int) []axis {
	return axes(outs, 1, c.Stride, func(out int) (int, []tap) {
		in := out*c.Stride - c.Pad
		var taps []tap
		for t := range k {
			if i := in + t*c.Dilation; i >= 0 && i < size {
				taps = append(taps, tap{t, t * c.Dilation})
			}
		}
		return in, taps
	})
}

// backwardAxes groups the inputs of a convolution, which are the outputs of its data gradient, by the outputs that read
// them. Neighbours under a stride are read through different taps, so each remainder by the stride is a progression of
// its own: a stride of 2 gives four small convolutions without a wasted tap.
func backwardAxes(c kernels.Conv, ins, size, k int) []axis {
	return axes(ins, c.Stride, 1, func(in int) (int, []tap) {
		base := in / c.Stride
		var taps []tap
		for t := k - 1; t >= 0; t-- { // so that the outputs ascend
			at := in + c.Pad - t*c.Dilation
			if at >= 0 && at%c.Stride == 0 && at/c.Stride < size {
				taps = append(taps, tap{t, at/c.Stride - base})
			}
		}
		return base, taps
	})
}

// region is a grid of output pixels of all images that read through the same taps.
type region struct {
	rows, cols axis
	blocks     [][]run // the sum of one output, cut into stretches of at most blocking.depth steps
}

// chunk is some neighbouring pixels of a region, counted through images, rows, columns.
type chunk struct{ region, first, pixels int }

// strides are the floats from one image, row and pixel of an activation to the next.
type strides struct{ image, row, pixel int }

func stridesOf(h, w, c int) strides { return strides{h * w * c, w * c, c} }

// plan is how a convolution, its data gradient or a matrix product is cut into tiles. It depends on the shape alone, is
// made once and kept.
type plan struct {
	in, out  strides
	groups   int
	inGroup  int // channels of a group that one tap sums over
	outGroup int // output channels of a group
	depth    int // steps of the longest sum: taps times inGroup
	panels   int // panels of weights of a group
	share    int // panels that one item takes
	regions  []region
	chunks   []chunk
	pixels   int // of the largest chunk
}

// planKey names a plan.
type planKey struct {
	geometry
	backward bool
}

// maxPlans bounds the memory of plans where shapes never repeat.
const maxPlans = 256

func (d *device) plan(g geometry, backward bool) *plan {
	key := planKey{g, backward}
	if p := d.conv.plans[key]; p != nil {
		return p
	}
	if d.conv.plans == nil {
		d.conv.plans = make(map[planKey]*plan)
	}
	if len(d.conv.plans) >= maxPlans {
		clear(d.conv.plans)
	}
	p := newPlan(g, backward, d.blocking())
	d.conv.plans[key] = p
	return p
}

func newPlan(g geometry, backward bool, b *blocking) *plan {
	x, y := stridesOf(g.h, g.w, g.c), stridesOf(g.oh, g.ow, g.k)
	p := &plan{in: x, out: y, groups: g.Groups, inGroup: g.c / g.Groups, outGroup: g.k / g.Groups}
	rows, cols := forwardAxes(g.Conv, g.oh, g.h, g.r), forwardAxes(g.Conv, g.ow, g.w, g.s)
	if backward {
		p.in, p.out, p.inGroup, p.outGroup = y, x, p.outGroup, p.inGroup
		rows, cols = backwardAxes(g.Conv, g.h, g.oh, g.r), backwardAxes(g.Conv, g.w, g.ow, g.s)
	}
	p.depth = g.r * g.s * p.inGroup
	p.panels = ceil(p.outGroup, b.columns)
	p.share = max(min(b.panels/max(p.depth*b.columns, 1), p.panels), 1)
	all := 0 // multiply-adds
	for _, r := range rows {
		for _, c := range cols {
			all += g.n * r.count * c.count * len(r.taps) * len(c.taps) * p.inGroup * p.outGroup * p.groups
		}
	}
	item := min(b.item, max(all/minItems, b.item/minItems))
	for _, r := range rows {
		for _, c := range cols {
			p.regions = append(p.regions, region{rows: r, cols: c, blocks: p.blocks(r.taps, c.taps, g, backward, b)})
			p.cut(len(p.regions)-1, g.n*r.count*c.count, item, b)
		}
	}
	return p
}

// blocks lists the runs of a sum over the taps of a region. Neighbouring taps are neighbours in the input and in the
// packed weights too, so with one group and no dilation a whole kernel row is one run.
func (p *plan) blocks(rows, cols []tap, g geometry, backward bool, b *blocking) [][]run {
	var runs []run
	for _, r := range rows {
		for _, s := range cols {
			next := run{4 * (r.shift*p.in.row + s.shift*p.in.pixel), 4 * b.columns * p.inGroup * packedTap(g, r.index, s.index, backward), p.inGroup}
			if last := len(runs) - 1; last >= 0 && runs[last].a+4*runs[last].n == next.a && runs[last].b+4*b.columns*runs[last].n == next.b {
				runs[last].n += next.n
				continue
			}
			runs = append(runs, next)
		}
	}
	blocks, free := [][]run{nil}, b.depth
	for _, r := range runs {
		for parts := ceil(r.n, runSteps); r.n > 0; parts-- {
			if free == 0 {
				blocks, free = append(blocks, nil), b.depth
			}
			last := len(blocks) - 1
			n := min(ceil(ceil(r.n, max(parts, 1)), 4)*4, r.n, free)
			blocks[last] = append(blocks[last], run{r.a, r.b, n})
			r.a, r.b, r.n, free = r.a+4*n, r.b+4*b.columns*n, r.n-n, free-n
		}
	}
	return blocks
}

// packedTap is the place of tap (r, s) in a panel of packed weights. The data gradient reads the taps of a row backwards.
func packedTap(g geometry, r, s int, backward bool) int {
	if backward {
		s = g.s - 1 - s
	}
	return r*g.s + s
}

// cut appends the chunks of a region.
func (p *plan) cut(region, pixels, item int, b *blocking) {
	size := item / max(p.depth*b.columns*p.share, 1) / b.rows * b.rows
	size = min(max(size, b.rows), maxChunk)
	for first := 0; first < pixels; first += size {
		p.chunks = append(p.chunks, chunk{region, first, min(size, pixels-first)})
	}
	p.pixels = max(p.pixels, min(size, pixels))
}

// minItems is how many items small work is cut into, so that all cores have a share, but none gets next to nothing.
const minItems = 16

// maxChunk bounds the pixels of a chunk where sums are short; a multiple of the rows of all tiles.
const maxChunk = 480

func ceil(a, b int) int { return (a + b - 1) / b }

// runSteps is the most steps of a run: between runs, the tiles move sums of as many steps to totals.
const runSteps = 96

// offsets fills in and out with where the pixels of a chunk start in the operands, in bytes, and repeats the last one up
// to a whole tile.
func (p *plan) offsets(c chunk, in, out []int, rows int) {
	r := &p.regions[c.region]
	j := c.first % r.cols.count
	i := c.first / r.cols.count % r.rows.count
	n := c.first / (r.cols.count * r.rows.count)
	for q := range c.pixels {
		in[q] = 4 * (n*p.in.image + (r.rows.in+i*r.rows.inStep)*p.in.row + (r.cols.in+j*r.cols.inStep)*p.in.pixel)
		out[q] = 4 * (n*p.out.image + (r.rows.out+i*r.rows.outStep)*p.out.row + (r.cols.out+j*r.cols.outStep)*p.out.pixel)
		if j++; j == r.cols.count {
			if j, i = 0, i+1; i == r.rows.count {
				i, n = 0, n+1
			}
		}
	}
	for q := c.pixels; q%rows != 0; q++ {
		in[q], out[q] = in[q-1], out[q-1]
	}
}
