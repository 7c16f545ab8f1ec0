package cuda

import (
	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/ring"
	"gzpt/kernels"
)

// Products by warpgroups, on GPUs that have sm_90a. Their operands are copied by tensor maps, which need the elements along the sum
// side by side, rows of a multiple of 16 bytes, and an address that is one. An operand that lies the other way is turned first, one
// at an odd address copied. Sums whose length is no multiple of four, and those too small to be worth turning for, go to the kernels
// that every GPU has: which takes a call follows from its shape alone. The order of sums is the same in both. What is not is a tie in
// the rounding of an operand: copies round it to the even neighbour, the conversions of the portable kernels away from zero.

const (
	ringDepth = 32 // of a stage
	// leastTurned is the fewest multiply-adds of a product whose operands are worth turning: they take what two launches do.
	leastTurned = 1 << 28
)

// ringKernel is a kernel with the ring that its operands go through.
type ringKernel struct {
	ring.Ring
	kernel instance
}

var (
	wideProduct   = ringKernel{ring.Wide, instance{kernel: "product_wgmma_128x256"}}
	narrowProduct = ringKernel{ring.Narrow, instance{kernel: "product_wgmma_128x128"}}
)

// ringFor is the kernel for a product in parts: the one with wide tiles, which read less, where the narrower ones are not done
// before.
func (d *Device) ringFor(rows, columns, parts int) ringKernel {
	waves := func(r ringKernel) int {
		return divideUp(parts*divideUp(rows, r.M)*divideUp(columns, r.N), d.wideBlocks)
	}
	if 2*waves(wideProduct) <= waves(narrowProduct) {
		return wideProduct
	}
	return narrowProduct
}

// byWarpgroups reports whether a product of so many multiply-adds is one for warpgroups.
func (d *Device) byWarpgroups(a, b matrix, depth, work int) bool {
	turns := a.along != 1 || b.along != 1
	return d.hasHopper() && depth%4 == 0 && work > 0 && (!turns || work >= d.leastTurned)
}

// productByWarpgroups is product by warpgroups.
func (d *Device) productByWarpgroups(op string, c kernels.Tensor, a, b matrix, depth int, add bool) {
	rows, columns := c.Dim(0), c.Dim(1)
	count, share := cut(divideUp(rows, productTile)*divideUp(columns, productTile), depth)
	merged, left, right := 0, a.room(rows, depth), b.room(columns, depth)
	if count > 1 || add {
		merged = 2 * divideUp(count*c.Len(), 4)
	}
	out, room := at(c), scratch(0)
	if merged+left+right > 0 {
		room = d.scratch(op, merged+left+right)
	}
	if merged > 0 {
		out = room.argument()
	}
	r := d.ringFor(rows, columns, count)
	maps := [...]driver.TensorMap{
		d.operandMap(op, a, rows, depth, r.M, room.from(merged)),
		d.operandMap(op, b, columns, depth, r.N, room.from(merged+left)),
	}
	blocks := count * divideUp(rows, r.M) * divideUp(columns, r.N)
	d.launchMapped(op, r.kernel, blocks, r.Threads(), r.Bytes(), maps[:], out, size(rows), size(columns), size(depth), size(share),
		flag(columns%2 == 0 && out.bits%8 == 0))
	if merged > 0 {
		d.each(op, "product_merge", c.Len(), at(c), out, size(count), flag(add))
	}
}

// mappable reports whether a tensor map can show the operand as it lies.
func (m matrix) mappable() bool { return m.along == 1 && aligned(address(m.x)) }

// room is the scratch memory, in float64, for a copy of the operand that a tensor map can show.
func (m matrix) room(rows, depth int) int {
	if m.mappable() {
		return 0
	}
	return rows * turnedRow(depth) / 2
}

// operandMap is boxes of so many rows of the operand, or of its copy in room.
func (d *Device) operandMap(op string, m matrix, rows, depth, boxRows int, room scratch) driver.TensorMap {
	from, row := address(m.x), depth
	switch {
	case m.mappable():
	case m.along == 1:
		from = uint64(room)
		d.move(op, from, address(m.x), m.x.Bytes())
	default:
		from, row = uint64(room), turnedRow(depth)
		d.turn(op, from, m.x, false)
	}
	return d.tensorMap(op, matrixMapping(kernels.Float32, from, rows, depth, 4*row, boxRows, ringDepth))
}

// move copies bytes unless they are there.
func (d *Device) move(op string, to, from uint64, bytes int) {
	if to != from {
		d.do(op, driver.Work{Kind: driver.Copy, To: driver.Pointer(to), From: driver.Pointer(from), Bytes: bytes})
	}
}

// turn makes the transpose of a matrix at an address, with rows of turnedRow of its rows; in pairs for factors in registers.
func (d *Device) turn(op string, to uint64, x kernels.Tensor, pairs bool) {
	rows, columns := x.Dim(0), x.Dim(1)
	d.launch(op, instance{kernel: "turn_wgmma"}, divideUp(rows, 32)*divideUp(columns, 32), 256, word(to), at(x), size(rows), size(columns), flag(pairs))
}

// turnedRow is how many elements a row of a turned matrix has: whole groups of eight.
func turnedRow(rows int) int { return divideUp(rows, 8) * 8 }

// contrastLSE is the first stage of the contrastive softmax by warpgroups.
var contrastLSE = ringKernel{ring.Tall, instance{kernel: "contrast_lse_wgmma"}}

// columnSumsByWarpgroups is columnSums where there are anchors, columns, and a depth that is a multiple of four.
func (d *Device) columnSumsByWarpgroups(op string, j contrast) {
	r := contrastLSE
	anchors, columns, depth := j.q.Dim(0), j.keys.Dim(0)+j.queued(), j.q.Dim(1)
	blocks := divideUp(anchors, r.M)
	count, share := r.parts(blocks, columns, d.wideBlocks)
	q, keys, queue := operand(j.q, false), operand(j.keys, false), operand(j.keys, false)
	if j.queued() > 0 {
		queue = operand(j.queue, false)
	}
	if keys.x.Len() == 0 {
		keys = queue
	}
	sums, ofQ, ofKeys := 2*divideUp(columnShares*count*anchors, 2)*2, q.room(anchors, depth), keys.room(keys.x.Dim(0), depth)
	room := d.scratch(op, sums+ofQ+ofKeys+queue.room(queue.x.Dim(0), depth))
	maps := [...]driver.TensorMap{
		d.operandMap(op, q, anchors, depth, r.M, room.from(sums)),
		d.operandMap(op, keys, keys.x.Dim(0), depth, r.N, room.from(sums+ofQ)),
		d.operandMap(op, queue, queue.x.Dim(0), depth, r.N, room.from(sums+ofQ+ofKeys)),
	}
	a := j.withForm(d.list(room.argument(), size(anchors)))
	d.launchMapped(op, r.kernel, blocks*count, r.Threads(), r.Bytes(), maps[:], append(a, size(share), size(count))...)
	d.each(op, "contrast_merge", anchors, at(j.lse), room.argument(), size(columnShares*count))
}

// parts cuts columns into parts of share for blocks that are too few for so many multiprocessors.
func (r ringKernel) parts(blocks, columns, multiprocessors int) (count, share int) {
	all := divideUp(columns, r.N)
	count = max(1, min(multiprocessors/blocks, all))
	share = divideUp(all, count) * r.N
	return divideUp(columns, share), share
}

// contrastSums is the gradient of the contrastive softmax by warpgroups.
var contrastSums = ringKernel{ring.Narrow, instance{kernel: "contrast_gradient_wgmma"}}

// gradientByWarpgroups reports whether a sum of the gradient is one for warpgroups: other has to be turned for it.
func (d *Device) gradientByWarpgroups(g gradient) bool {
	rows, others, depth := g.own.Dim(0), g.other.Dim(0), g.own.Dim(1)
	return d.settings.Products == TF32 && d.hasHopper() && depth%4 == 0 && g.out.Len() > 0 && others > 0 && rows*others*depth >= d.leastTurned
}

// places is how a sum of the gradient is cut, and where in scratch memory, in float64, its parts, and the copies of own and other and
// the turned other lie.
type places struct{ blocks, count, share, own, other, turned, all int }

func gradientPlaces(g gradient, multiprocessors int) (p places) {
	r, rows, others, depth := contrastSums, g.own.Dim(0), g.other.Dim(0), g.own.Dim(1)
	p.blocks = divideUp(rows, r.M) * divideUp(depth, contrastDepth)
	p.count, p.share = r.parts(p.blocks, others, multiprocessors)
	p.own = 2 * divideUp(p.count*g.out.Len(), 4)
	p.other = p.own + operand(g.own, false).room(rows, depth)
	p.turned = p.other + operand(g.other, false).room(others, depth)
	p.all = p.turned + depth*turnedRow(others)/2
	return p
}

// contrastGradientByWarpgroups is contrastGradient by warpgroups.
func (d *Device) contrastGradientByWarpgroups(op string, g gradient, j contrast, f factors) {
	r, rows, others, depth := contrastSums, g.own.Dim(0), g.other.Dim(0), g.own.Dim(1)
	p := gradientPlaces(g, d.wideBlocks)
	turned := f.partial.from(p.turned).argument()
	d.turn(op, turned.bits, g.other, true)
	maps := [...]driver.TensorMap{
		d.operandMap(op, operand(g.own, false), rows, depth, r.M, f.partial.from(p.own)),
		d.operandMap(op, operand(g.other, false), others, depth, r.N, f.partial.from(p.other)),
		d.tensorMap(op, matrixMapping(kernels.Float32, turned.bits, depth, turnedRow(others), 4*turnedRow(others), contrastDepth, ringDepth)),
	}
	out := at(g.out)
	merged := p.count > 1 || g.add
	if merged {
		out = f.partial.argument()
	}
	a := j.withLabels(d.list(out, at(j.lse), f.pushes, f.pulls))
	a = append(a, size(j.keys.Dim(0)), size(rows), size(others), size(g.first), size(depth), size(int(j.Keys)), flag(g.keys), number(j.Scale),
		size(p.share), flag(out.bits%8 == 0))
	d.launchMapped(op, r.kernel, p.count*p.blocks, r.GroupThreads(), r.Bytes(), maps[:], a...)
	if merged {
		d.each(op, "product_merge", g.out.Len(), at(g.out), out, size(p.count), flag(g.add))
	}
}
