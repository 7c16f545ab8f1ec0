//go:build amd64 && !noasm

package asm

import (
	"unsafe"

	"gzpt/kernels"
)

// Convolutions, their data gradients and matrix products are one computation: every output pixel is a sum over runs of
// neighbouring input floats times packed weights. The plan groups the output pixels into regions that read through the
// same taps, so that a tile of pixels needs one list of runs, no padded copy of the image and no arithmetic on padding;
// its pixels may lie anywhere, in several rows and images. Winograd's algorithm for 3x3 at stride 1 would be a second
// plan over the same tiles.

// convState is the jobs and the scratch of convolutions and products, kept between calls so that none allocates.
type convState struct {
	plans     map[planKey]*plan
	gradPlans map[geometry]*gradPlan
	pack      packJob
	product   productJob
	grad      gradJob
	window    windowJob
	reduce    reduceJob
	nans      nanJob
	packed    []float32   // weights of the current call, panel by panel
	partial   []float32   // partial weight gradients, or a transposed operand
	moments   []float64   // partial channel moments
	workers   []workspace // one for each worker
}

// workspace is the scratch of one worker.
type workspace struct {
	in, out []int     // offsets of the pixels of a chunk
	x, dy   []float32 // packed blocks of a weight gradient
	runs    []run     // of all taps of a block
	starts  []int     // where the runs of a tap start
}

// grow returns s with at least n elements, new ones only when it is too small.
func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return make([]T, n)
}

// growFloats is grow on a cache-line boundary.
func growFloats(s []float32, n int) []float32 {
	if n <= len(s) {
		return s
	}
	return aligned(n)
}

func (d *device) workspaces() []workspace {
	d.conv.workers = grow(d.conv.workers, d.pool.workers)
	return d.conv.workers
}

func (d *device) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2D", y, x, w, c)
	d.forward(y.Float32(), x.Float32(), w.Float32(), geometryOf(y, x, w, c), nil, false)
}

func (d *device) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DStats", y, x, w, c)
	d.check.ChannelMoments("Conv2DStats", moments, y, x, w)
	d.forward(y.Float32(), x.Float32(), w.Float32(), geometryOf(y, x, w, c), moments.Float64(), false)
}

func (d *device) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardData", dy, dx, w, c)
	d.backward(dx.Float32(), dy.Float32(), w.Float32(), geometryOf(dy, dx, w, c), false)
}

func (d *device) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardDataAdd", dy, dx, w, c)
	d.backward(dx.Float32(), dy.Float32(), w.Float32(), geometryOf(dy, dx, w, c), true)
}

// forward is y = conv(x, w), or += with add; moments, unless nil, takes the moments of y.
func (d *device) forward(y, x, w []float32, g geometry, moments []float64, add bool) {
	p := d.plan(g, false)
	d.packWeights(p, w, g, false)
	d.product(p, y, x, moments, productJob{add: add})
}

// backward is dx = the gradient of conv with respect to x, or += with add.
func (d *device) backward(dx, dy, w []float32, g geometry, add bool) {
	p := d.plan(g, true)
	d.packWeights(p, w, g, true)
	d.product(p, dx, dy, nil, productJob{add: add})
}

// packJob packs weights into panels of blocking.columns output channels: [group][panel][tap][input channel][column].
// An item is one tap of one panel; backward, output and input channels change places.
type packJob struct {
	d        *device
	p        *plan
	g        geometry
	w        *float32
	backward bool
}

func (d *device) packWeights(p *plan, w []float32, g geometry, backward bool) {
	b := d.blocking()
	d.conv.packed = growFloats(d.conv.packed, p.groups*p.panels*p.depth*b.columns)
	d.conv.pack = packJob{d: d, p: p, g: g, w: unsafe.SliceData(w), backward: backward}
	items := p.groups * p.panels * g.r * g.s
	if !backward {
		items = p.groups * p.panels
	}
	d.pool.run(&d.conv.pack, items)
}

func (j *packJob) do(item, _ int) {
	columns, p := j.d.blocking().columns, j.p
	packed := unsafe.SliceData(j.d.conv.packed)
	if !j.backward {
		group, panel := item/p.panels, item%p.panels
		first := panel * columns
		width := min(columns, p.outGroup-first)
		packColumns(at(packed, item*p.depth*columns), columns, at(j.w, (group*p.outGroup+first)*p.depth), p.depth, p.depth, width)
		return
	}
	taps := j.g.r * j.g.s
	tap, panel := item%taps, item/taps
	group, first := panel/p.panels, panel%p.panels*columns
	width := min(columns, p.outGroup-first)
	r, s := tap/j.g.s, tap%j.g.s
	to := (panel*taps + packedTap(j.g, r, s, true)) * p.inGroup * columns
	from := (group*p.inGroup*taps+tap)*p.outGroup + first
	packRows(at(packed, to), columns, at(j.w, from), taps*p.outGroup, p.inGroup, width)
}

// productJob computes the tiles of a plan. An item is one chunk of pixels for some panels of weights; neighbouring
// items have the same panels, which stay in L2.
type productJob struct {
	d       *device
	p       *plan
	in, out *float32
	moments []float64 // nil, or partial channel moments [chunk][panel], those of a panel in the order of interleaved
	add     bool      // to out
	minimum bool      // sums of minima instead of products
}

// product carries out plan p on in and the packed weights. Of options, add and minimum count; moments, unless nil, takes the
// moments of out.
func (d *device) product(p *plan, out, in []float32, moments []float64, options productJob) {
	b := d.blocking()
	ws := d.workspaces()
	for i := range ws {
		ws[i].in, ws[i].out = grow(ws[i].in, p.pixels+b.rows), grow(ws[i].out, p.pixels+b.rows)
	}
	d.conv.product = options
	d.conv.product.d, d.conv.product.p = d, p
	d.conv.product.in, d.conv.product.out = unsafe.SliceData(in), unsafe.SliceData(out)
	if moments != nil {
		d.conv.moments = grow(d.conv.moments, len(p.chunks)*p.groups*p.panels*2*b.columns)
		d.conv.product.moments = d.conv.moments
	}
	d.pool.run(&d.conv.product, len(p.chunks)*p.groups*ceil(p.panels, p.share))
	if moments != nil {
		p.poolChunks(moments, d.conv.moments, b.columns, d.rows().lanes)
	}
}

func (j *productJob) do(item, worker int) {
	p, ws := j.p, &j.d.conv.workers[worker]
	index := item % len(p.chunks)
	c := p.chunks[index]
	if j.add && len(p.regions[c.region].blocks[0]) == 0 {
		return // nothing to add: between the pixels of a stride
	}
	p.offsets(c, ws.in, ws.out, j.d.blocking().rows)
	shares := ceil(p.panels, p.share)
	group, first := item/len(p.chunks)/shares, item/len(p.chunks)%shares*p.share
	for panel := first; panel < min(first+p.share, p.panels); panel++ {
		j.panel(ws, c, index, group, panel)
	}
}

// panel computes the pixels of one chunk for one panel of weights.
func (j *productJob) panel(ws *workspace, c chunk, index, group, panel int) {
	p, b := j.p, j.d.blocking()
	w := at(unsafe.SliceData(j.d.conv.packed), (group*p.panels+panel)*p.depth*b.columns)
	in := at(j.in, group*p.inGroup)
	out := at(j.out, group*p.outGroup+panel*b.columns)
	columns := min(b.columns, p.outGroup-panel*b.columns)
	var moments []float64
	if j.moments != nil {
		moments = j.moments[((index*p.groups+group)*p.panels+panel)*2*b.columns:][:2*b.columns]
		clear(moments)
	}
	blocks := p.regions[c.region].blocks
	last, done := len(blocks)-1, 0
	for i, runs := range blocks {
		for q := 0; q < c.pixels; q += b.rows {
			rows := min(b.rows, c.pixels-q)
			if j.minimum {
				j.d.minimumTile(in, &ws.in[q], runs, w, out, &ws.out[q], rows, columns, i > 0)
				continue
			}
			j.d.tile(in, &ws.in[q], runs, w, out, &ws.out[q], rows, columns, j.add || i > 0)
			if few := q + rows - done; moments != nil && i == last && (few >= momentRows || q+rows == c.pixels) {
				j.d.tileMoments(&moments[0], out, &ws.out[done], done, few, columns)
				done += few
			}
		}
	}
}

// poolChunks sets moments to those of all chunks, pooled in the order of the chunks.
func (p *plan) poolChunks(moments, partial []float64, columns, lanes int) {
	clear(moments)
	means, squares := moments[:len(moments)/2], moments[len(moments)/2:]
	earlier := 0
	for _, c := range p.chunks {
		pooling := poolingOf(earlier, c.pixels)
		for panel := range p.groups * p.panels {
			first := panel/p.panels*p.outGroup + panel%p.panels*columns
			end := first + min(columns, p.outGroup-panel%p.panels*columns)
			pooling.addInterleaved(means[first:end], squares[first:end], partial, 0, lanes)
			partial = partial[2*columns:]
		}
		earlier += c.pixels
	}
}
