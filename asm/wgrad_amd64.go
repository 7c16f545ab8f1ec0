//go:build amd64 && !noasm

package asm

import (
	"unsafe"

	"gzpt/kernels"
)

// The weight gradient is, for every tap, a matrix product that sums over pixels: dw[k, tap, c] += dy[pixel, k] *
// x[pixel under tap, c]. Both operands of a block of pixels are packed once, dy by tiles of output channels and x by panels
// of input channels, and serve all taps: a tap is the list of runs of pixels whose input lies inside the image, so
// padding is neither packed nor computed. Pixels run along image rows, or along the items of the batch where images are
// small. The pixels are cut by shape alone into parts; partial gradients are added in the order of the parts.

// order is the way in which pixels of a block follow each other.
type order uint8

const (
	alongPixels order = iota // all pixels of all images are one run: a single tap without padding or stride
	alongRows                // blocks of output rows of one image
	alongImages              // blocks of whole images, item by item at one position
)

// gradPlan is how a weight gradient is cut; see plan.
type gradPlan struct {
	geometry         // with a single tap, of the pixels that are read
	source   strides // of x
	cgroup   int     // input channels of a group
	kgroup   int     // output channels of a group
	order    order   // of the pixels of a block
	units    int     // pixels, rows or images, by order
	parts    int     // that the units are cut into
	block    int     // units of a block
	cs, ks   int     // channels that one item takes, input and output
	scratch  [2]int  // floats of a packed block of x, of dy
	runs     int     // most runs of a block
}

// Sizes of weight gradients, in pixels and channels; see the ladder in package bench.
const (
	gradBlock       = 512  // pixels of a block: its packed operands and the gradient share L2
	gradImages      = 784  // the same, along images
	gradPart        = 1024 // pixels that pay for adding up one more part
	gradItems       = 48   // enough items for many cores
	gradChannels    = 128  // of an item where there are many taps
	gradChannelsOne = 256  // of an item with one tap, which has less work for each packed float
)

func (d *device) gradPlan(g geometry) *gradPlan {
	if p := d.conv.gradPlans[g]; p != nil {
		return p
	}
	if d.conv.gradPlans == nil {
		d.conv.gradPlans = make(map[geometry]*gradPlan)
	}
	if len(d.conv.gradPlans) >= maxPlans {
		clear(d.conv.gradPlans)
	}
	p := newGradPlan(g, d.blocking())
	d.conv.gradPlans[g] = p
	return p
}

func newGradPlan(g geometry, b *blocking) *gradPlan {
	p := &gradPlan{geometry: g, source: stridesOf(g.h, g.w, g.c), cgroup: g.c / g.Groups, kgroup: g.k / g.Groups}
	channels := gradChannels
	if g.r == 1 && g.s == 1 && g.Pad == 0 { // only the pixels that are read
		p.source.row, p.source.pixel = g.Stride*p.source.row, g.Stride*p.source.pixel
		p.h, p.w, p.Stride = g.oh, g.ow, 1
		channels = gradChannelsOne
	}
	pixels := g.n * g.oh * g.ow
	var inputs int // pixels of x in a block
	switch {
	case g.r == 1 && g.s == 1 && g.Pad == 0 && g.Stride == 1:
		p.order, p.units, p.block, p.runs = alongPixels, pixels, gradBlock, 1
		inputs = p.block
	case g.ow >= g.n || g.ow >= 14:
		p.order, p.units = alongRows, g.n*g.oh
		p.block = min(max(gradBlock/g.ow, 1), g.oh)
		p.runs = p.block
		inputs = min(p.h, (p.block-1)*p.Stride+(p.r-1)*p.Dilation+1) * p.w
	default:
		p.order, p.units = alongImages, g.n
		p.block = min(max(gradImages/(g.oh*g.ow), 1), g.n)
		p.runs = g.oh * g.ow
		inputs = p.block * p.h * p.w
	}
	p.cs, p.ks = evenly(p.cgroup, channels, b.columns), evenly(p.kgroup, channels, b.rows)
	p.parts = max(min(pixels/gradPart, ceil(gradItems, p.items()), p.units), 1) // none without a unit
	outputs := max(pixels/p.units, 1) * p.block
	p.scratch = [2]int{p.cs*inputs + lanes, p.ks*(outputs+lanes) + lanes}
	return p
}

// evenly is the size of shares of n, about most each or less, in whole tiles.
func evenly(n, most, tile int) int { return max(ceil(ceil(n, ceil(max(n, 1), most)), tile)*tile, tile) }

// items is the number of items of one part.
func (p *gradPlan) items() int { return p.Groups * ceil(p.cgroup, p.cs) * ceil(p.kgroup, p.ks) }

func (d *device) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardWeights", dy, x, dw, c)
	d.weightGradient(dw.Float32(), dy.Float32(), x.Float32(), geometryOf(dy, x, dw, c), true)
}

// gradJob computes the tiles of a gradPlan. An item is the channels of one share of x and one of dy, over one part of the
// pixels. The first part goes to dw, the others to partial gradients.
type gradJob struct {
	d         *device
	p         *gradPlan
	dw, dy, x *float32
	size      int // floats of dw
	add       bool
}

// weightGradient is dw = the gradient of conv with respect to w, or += with add.
func (d *device) weightGradient(dw, dy, x []float32, g geometry, add bool) {
	if len(dy) == 0 || len(x) == 0 { // a sum over no pixel
		if !add {
			clear(dw)
		}
		return
	}
	if g.narrow(d.blocking()) {
		d.narrowGradient(dw, dy, x, g, add)
		return
	}
	p := d.gradPlan(g)
	ws := d.workspaces()
	for i := range ws {
		ws[i].x, ws[i].dy = growFloats(ws[i].x, p.scratch[0]), growFloats(ws[i].dy, p.scratch[1])
		ws[i].runs = grow(ws[i].runs, p.runs*p.r*p.s)
		ws[i].starts = grow(ws[i].starts, p.r*p.s+1)
	}
	d.conv.partial = growFloats(d.conv.partial, (p.parts-1)*len(dw))
	d.conv.grad = gradJob{
		d: d, p: p, dw: unsafe.SliceData(dw), dy: unsafe.SliceData(dy), x: unsafe.SliceData(x), size: len(dw), add: add,
	}
	d.pool.run(&d.conv.grad, p.parts*p.items())
	if p.parts > 1 {
		d.conv.reduce = reduceJob{dst: dw, parts: d.conv.partial[:(p.parts-1)*len(dw)]}
		d.pool.run(&d.conv.reduce, ceil(len(dw), reduceItem))
	}
}

func (j *gradJob) do(item, worker int) {
	p, ws := j.p, &j.d.conv.workers[worker]
	part, item := item/p.items(), item%p.items()
	cshares, kshares := ceil(p.cgroup, p.cs), ceil(p.kgroup, p.ks)
	t := gradShare{
		group: item / (cshares * kshares),
		c0:    item / kshares % cshares * p.cs,
		k0:    item % kshares * p.ks,
		dw:    j.dw,
		add:   j.add,
	}
	t.c1, t.k1 = min(t.c0+p.cs, p.cgroup), min(t.k0+p.ks, p.kgroup)
	if part > 0 {
		t.dw, t.add = at(unsafe.SliceData(j.d.conv.partial), (part-1)*j.size), false
	}
	end := p.units * (part + 1) / p.parts
	for first := p.units * part / p.parts; first < end; {
		n := min(p.block, end-first)
		if p.order == alongRows {
			n = min(n, p.oh-first%p.oh)
		}
		j.block(ws, t, first, n)
		first, t.add = first+n, true
	}
}

// gradShare is the channels of one item, and where its sums go.
type gradShare struct {
	group          int
	c0, c1, k0, k1 int
	dw             *float32
	add            bool
}

// block adds the pixels of n units to the gradient of a share.
func (j *gradJob) block(ws *workspace, t gradShare, first, n int) {
	p, b := j.p, j.d.blocking()
	xs, dys := j.pack(ws, t, first, n)
	p.taps(ws, first, n, b)
	taps := p.r * p.s
	for c := t.c0; c < t.c1; c += b.columns {
		x := at(xs.to, (c-t.c0)/b.columns*xs.panel())
		for tap := range taps {
			runs := ws.runs[ws.starts[tap]:ws.starts[tap+1]]
			if len(runs) == 0 && t.add {
				continue
			}
			for k := t.k0; k < t.k1; k += b.rows {
				dw := at(t.dw, ((t.group*p.kgroup+k)*taps+tap)*p.cgroup+c)
				dy := at(dys.to, (k-t.k0)/b.rows*dys.panel())
				j.d.gradTile(dy, 4*b.rows, x, 4*b.columns*p.step(), runs, dw,
					4*taps*p.cgroup, min(b.rows, t.k1-k), min(b.columns, t.c1-c), t.add)
			}
		}
	}
}

// step is the pixels of packed x from one pixel of a run to the next.
func (p *gradPlan) step() int {
	if p.order == alongRows {
		return p.Stride
	}
	return 1
}

// rowsOf is the input rows [lo, hi) that output rows [first, first+n) of an image read.
func (p *gradPlan) rowsOf(first, n int) (lo, hi int) {
	lo = max(first*p.Stride-p.Pad, 0)
	hi = min((first+n-1)*p.Stride-p.Pad+(p.r-1)*p.Dilation+1, p.h)
	return min(lo, p.h), max(hi, min(lo, p.h))
}

// pack packs the pixels of n units of x and of dy.
func (j *gradJob) pack(ws *workspace, t gradShare, first, n int) (xs, dys packing) {
	p, b := j.p, j.d.blocking()
	xs = packing{from: at(j.x, t.group*p.cgroup), to: unsafe.SliceData(ws.x), lo: t.c0, hi: t.c1, width: b.columns}
	dys = packing{from: at(j.dy, t.group*p.kgroup), to: unsafe.SliceData(ws.dy), lo: t.k0, hi: t.k1, width: b.rows}
	switch p.order {
	case alongPixels:
		xs.total, dys.total = n, n
		xs.rows(first*p.c, p.source.pixel, 0, n)
		dys.rows(first*p.k, p.k, 0, n)
	case alongRows:
		image, row := first/p.oh, first%p.oh
		lo, hi := p.rowsOf(row, n)
		xs.total, dys.total = (hi-lo)*p.w, n*p.ow
		for h := lo; h < hi; h++ {
			xs.rows(image*p.source.image+h*p.source.row, p.source.pixel, (h-lo)*p.w, p.w)
		}
		dys.rows(first*p.ow*p.k, p.k, 0, dys.total)
	case alongImages:
		xs.total, dys.total = n*p.h*p.w, n*p.oh*p.ow
		for i := range p.h * p.w {
			xs.rows(first*p.source.image+i/p.w*p.source.row+i%p.w*p.source.pixel, p.source.image, i*n, n)
		}
		for i := range p.oh * p.ow {
			dys.rows((first*p.oh*p.ow+i)*p.k, p.oh*p.ow*p.k, i*n, n)
		}
	}
	return xs, dys
}

// packing copies channels [lo, hi) of total pixels to panels [panel][pixel][width].
type packing struct {
	from, to      *float32
	lo, hi, width int
	total         int
}

// rows packs n pixels that start at float first, stride floats apart, as pixels pixel, pixel+1, ... of every panel.
//
//go:noinline
func (k *packing) rows(first, stride, pixel, n int) {
	channels := k.hi - k.lo
	blocks := ceil(k.width, lanes)
	whole := (channels - blocks*lanes + k.width) / k.width // panels that may be read in whole registers
	to, from := at(k.to, pixel*k.width), at(k.from, first+k.lo)
	packPanels(to, 4*k.panel(), 4*k.width, from, 4*stride, n, whole, blocks)
	for i := max(whole, 0); i*k.width < channels; i++ {
		packRows(at(to, i*k.panel()), k.width, at(from, i*k.width), stride, n, min(k.width, channels-i*k.width))
	}
}

// panel is the floats of a packed panel. Whole registers are stored, so a panel of less than that has some floats of slack
// behind its last pixel.
func (k *packing) panel() int { return k.total*k.width + ceil(k.width, lanes)*lanes - k.width }

// taps lists the runs of every tap over the n units of a block, as they lie packed.
func (p *gradPlan) taps(ws *workspace, first, n int, b *blocking) {
	at := 0
	for tap := range p.r * p.s {
		ws.starts[tap] = at
		r, s := tap/p.s, tap%p.s
		switch p.order {
		case alongPixels:
			ws.runs[at], at = run{0, 0, n}, at+1
		case alongRows:
			at = p.rowRuns(ws.runs, at, first%p.oh, n, r, s, b)
		case alongImages:
			at = p.imageRuns(ws.runs, at, n, r, s, b)
		}
	}
	ws.starts[p.r*p.s] = at
}

// rowRuns appends the runs of tap (r, s) over n output rows: the pixels of each whose input lies inside the image.
func (p *gradPlan) rowRuns(runs []run, at, first, n, r, s int, b *blocking) int {
	lo, _ := p.rowsOf(first, n)
	start := at
	left := s*p.Dilation - p.Pad
	from, to := inside(left, p.Stride, p.ow, p.w)
	if from >= to {
		return at
	}
	for i := range n {
		h := (first+i)*p.Stride - p.Pad + r*p.Dilation
		if h < 0 || h >= p.h {
			continue
		}
		runs[at] = run{4 * b.rows * (i*p.ow + from), 4 * b.columns * ((h-lo)*p.w + from*p.Stride + left), to - from}
		if i > 0 && at > start && from == 0 && to == p.ow && p.w == p.ow && p.Stride == 1 {
			runs[at-1].n += p.ow // whole rows follow each other
			continue
		}
		at++
	}
	return at
}

// imageRuns appends the runs of tap (r, s) over n images: one for each output position whose input lies inside the image.
func (p *gradPlan) imageRuns(runs []run, at, n, r, s int, b *blocking) int {
	for i := range p.oh {
		h := i*p.Stride - p.Pad + r*p.Dilation
		if h < 0 || h >= p.h {
			continue
		}
		for j := range p.ow {
			w := j*p.Stride - p.Pad + s*p.Dilation
			if w < 0 || w >= p.w {
				continue
			}
			runs[at] = run{4 * b.rows * n * (i*p.ow + j), 4 * b.columns * n * (h*p.w + w), n}
			at++
		}
	}
	return at
}

// inside is the range [from, to) of o in [0, outs) with 0 <= left+o*stride < size.
func inside(left, stride, outs, size int) (from, to int) {
	if left < 0 {
		from = ceil(-left, stride)
	}
	if left < size {
		to = min((size-1-left)/stride+1, outs)
	}
	return from, to
}

// reduceJob adds blocks to another of the same length, in their order. An item is some floats of it.
type reduceJob struct{ dst, parts []float32 }

// reduceItem is floats: with a few dozen parts, some 50 microseconds.
const reduceItem = 4096

func (j *reduceJob) do(item, _ int) {
	first := item * reduceItem
	n := min(reduceItem, len(j.dst)-first)
	for part := first; part < len(j.parts); part += len(j.dst) {
		addFloats(&j.dst[first], &j.parts[part], n)
	}
}
