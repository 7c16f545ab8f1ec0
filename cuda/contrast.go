package cuda

import (
	"math"

	"gzpt/kernels"
)

// contrast is the operands of a contrastive loss.
type contrast struct {
	kernels.Contrast
	lse, q, keys, queue kernels.Tensor
	labels              kernels.Labels
}

// queued is the number of rows of the queue.
func (c contrast) queued() int {
	if c.queue.Rank() == 0 {
		return 0
	}
	return c.queue.Dim(0)
}

// withLabels is arguments with the labels as the kernels take them, with how many there are.
func (c contrast) withLabels(a []argument) []argument {
	l := c.labels
	return append(a, at(l.Offsets), at(l.Columns), at(l.Weights), size(min(l.Columns.Len(), l.Weights.Len())))
}

// withForm is arguments with those that say which columns an anchor has.
func (c contrast) withForm(a []argument) []argument {
	batch := c.keys.Dim(0)
	return append(a, size(batch), size(batch+c.queued()), size(c.q.Dim(1)), size(int(c.Keys)), number(c.Scale))
}

const (
	contrastTile    = 64  // anchors and columns of a tile
	contrastDepth   = 128 // elements of a row that a block has the gradient of
	contrastThreads = 256 // of a block
	contrastBlocks  = 528 // up to which columns are cut: four for each multiprocessor of an H200
	columnShares    = 4   // in which a block sums up the columns of its tiles
)

// tiles is a kernel of tiles for the products that the device has.
func (d *Device) tiles(kernel string) instance {
	return instance{kernel, variant{tf32: d.settings.Products == TF32}}
}

func tilesOf(rows int) int { return (rows + contrastTile - 1) / contrastTile }

// contrastParts cuts columns into parts of share for blocks that are too few to fill a GPU.
func contrastParts(blocks, columns int) (count, share int) {
	tiles := max(tilesOf(columns), 1)
	count = max(1, min(contrastBlocks/max(blocks, 1), tiles))
	share = (tiles + count - 1) / count * contrastTile
	return (columns + share - 1) / share, share
}

// ContrastiveLoss is PositivesLoss of LogSoftmax of the products of q with its candidates, without their matrix.
func (d *Device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	const op = "ContrastiveLoss"
	d.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c)
	d.fits(op, q, k, queue)
	j := contrast{c, lse, q, k, queue, labels}
	d.columnSums(op, j)
	d.weighLabels(op, loss, j, d.rowSums(op, q.Dim(0)), scale)
}

// columnSums makes lse.
func (d *Device) columnSums(op string, j contrast) {
	anchors, columns := j.q.Dim(0), j.keys.Dim(0)+j.queued()
	if anchors == 0 {
		return
	}
	if columns == 0 {
		d.fill(op, j.lse, math.Inf(-1))
		return
	}
	if depth := j.q.Dim(1); d.settings.Products == TF32 && d.hasHopper() && depth > 0 && depth%4 == 0 {
		d.columnSumsByWarpgroups(op, j)
		return
	}
	tiles := tilesOf(anchors)
	count, share := contrastParts(tiles, columns)
	partial := d.scratch(op, 2*columnShares*count*anchors)
	arguments := j.withForm(d.list(partial.argument(), at(j.q), at(j.keys), at(j.queue), size(anchors)))
	d.launch(op, d.tiles("contrast_lse"), tiles*count, contrastThreads, append(arguments, size(share), size(count))...)
	d.each(op, "contrast_merge", anchors, at(j.lse), partial.argument(), size(columnShares*count))
}

// weighLabels sums up the labels of every anchor in r, weighs them, and adds to loss unless that is the zero Tensor.
func (d *Device) weighLabels(op string, loss kernels.Tensor, j contrast, r rowSums, scale float64) {
	arguments := d.list(r.sums.argument(), r.losses.argument(), at(j.lse), at(j.q), at(j.keys), at(j.queue))
	d.rows(op, "contrast_rows", r.count, j.withForm(j.withLabels(arguments))...)
	d.weigh(op, loss, r, divisor(j.Normaliser), scale)
}

// ContrastiveLossBackward is the gradient of ContrastiveLoss for its lse.
func (d *Device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	const op = "ContrastiveLossBackward"
	symmetric := d.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	d.fits(op, q, k, queue)
	j := contrast{c, lse, q, k, queue, labels}
	sums := append(make([]gradient, 0, 3), gradient{out: dq, own: q, other: k})
	if j.queued() > 0 {
		sums = append(sums, gradient{out: dq, own: q, other: queue, first: k.Dim(0), add: true})
	}
	switch {
	case symmetric:
		sums = append(sums, gradient{out: dq, own: k, other: q, keys: true, add: true})
	case dk.Rank() != 0:
		sums = append(sums, gradient{out: dk, own: k, other: q, keys: true})
	}
	anchors, most := q.Dim(0), 0
	for _, g := range sums {
		most = max(most, d.gradientRoom(g))
	}
	room := d.scratch(op, 4*anchors+most)
	r := rowSumsIn(room, anchors)
	d.weighLabels(op, kernels.Tensor{}, j, r, scale)
	f := factors{pushes: room.from(3 * anchors).argument(), partial: room.from(4 * anchors)}
	f.pulls = f.pushes
	f.pulls.bits += uint64(4 * anchors)
	d.each(op, "contrast_factors", anchors, f.pushes, f.pulls, r.weights.argument(), r.sums.argument(), number(scale*j.Scale))
	for _, g := range sums {
		d.contrastGradient(op, g, j, f)
	}
}

// ContrastiveLossAndBackward is both, one after the other.
func (d *Device) ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.check.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue, labels, c)
	d.ContrastiveLoss(loss, lse, q, k, queue, labels, c, scale)
	d.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c, scale)
}

// gradient is one of the sums that the gradient has: out gets the rows of other, by their coefficients with those of own.
type gradient struct {
	out, own, other kernels.Tensor
	first           int  // column of the first row of other
	keys            bool // own are keys and other anchors
	add             bool // to what out holds
}

// blocks are those for a part of other.
func (g gradient) blocks() int {
	return tilesOf(g.own.Dim(0)) * ((g.own.Dim(1) + contrastDepth - 1) / contrastDepth)
}

func (g gradient) parts() (count, share int) { return contrastParts(g.blocks(), g.other.Dim(0)) }

// factors are what the coefficients of an anchor are multiplied with, and room for the parts of a sum.
type factors struct {
	pushes, pulls argument
	partial       scratch
}

// gradientRoom is the scratch memory of contrastGradient, in float64.
func (d *Device) gradientRoom(g gradient) int {
	if d.gradientByWarpgroups(g) {
		return gradientPlaces(g, d.wideBlocks).all
	}
	count, _ := g.parts()
	return (count*g.out.Len() + 1) / 2
}

func (d *Device) contrastGradient(op string, g gradient, j contrast, f factors) {
	others := g.other.Dim(0)
	if g.out.Len() == 0 {
		return
	}
	if others == 0 {
		if !g.add {
			d.fill(op, g.out, 0)
		}
		return
	}
	arguments := j.withLabels(d.list(at(g.out), at(g.own), at(g.other), at(j.lse), f.pushes, f.pulls))
	depth := j.q.Dim(1)
	if j.Keys == kernels.OwnKey && g.first == 0 {
		d.rows(op, "contrast_own", g.own.Dim(0), append(arguments, size(depth), flag(g.add), number(j.Scale))...)
		return
	}
	if d.gradientByWarpgroups(g) {
		d.contrastGradientByWarpgroups(op, g, j, f)
		return
	}
	count, share := g.parts()
	out := at(g.out)
	if count > 1 || g.add {
		out = f.partial.argument()
	}
	arguments[0] = out
	arguments = append(arguments, size(j.keys.Dim(0)), size(g.own.Dim(0)), size(others), size(g.first), size(depth),
		size(int(j.Keys)), flag(g.keys), number(j.Scale), size(share), flag(depth%4 == 0 && out.bits%16 == 0))
	d.launch(op, d.tiles("contrast_gradient"), count*g.blocks(), contrastThreads, arguments...)
	if count > 1 || g.add {
		d.each(op, "product_merge", g.out.Len(), at(g.out), out, size(count), flag(g.add))
	}
}
