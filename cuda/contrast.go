package cuda

import "gzpt/kernels"

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

// labelArguments are the labels as the kernels take them, with how many there are.
func (c contrast) labelArguments() []argument {
	l := c.labels
	return []argument{at(l.Offsets), at(l.Columns), at(l.Weights), size(min(l.Columns.Len(), l.Weights.Len()))}
}

// form is the arguments that say which columns an anchor has.
func (c contrast) form() []argument {
	batch := c.keys.Dim(0)
	return []argument{size(batch), size(batch + c.queued()), size(c.q.Dim(1)), argument(c.Keys), number(c.Scale)}
}

// ContrastiveLoss is PositivesLoss of LogSoftmax of the products of q with its candidates, without their matrix.
func (d *Device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	const op = "ContrastiveLoss"
	d.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c)
	d.fits(op, q, k, queue)
	j := contrast{c, lse, q, k, queue, labels}
	d.rows(op, "contrast_lse", q.Dim(0), append([]argument{at(lse), at(q), at(k), at(queue)}, j.form()...)...)
	d.weighLabels(op, loss, j, scale)
}

// weighLabels sums up the labels of every anchor, weighs them, and adds to loss unless that is the zero Tensor.
func (d *Device) weighLabels(op string, loss kernels.Tensor, j contrast, scale float64) rowSums {
	r := d.rowSums(op, j.q.Dim(0))
	arguments := []argument{argument(r.sums), argument(r.losses), at(j.lse), at(j.q), at(j.keys), at(j.queue)}
	d.rows(op, "contrast_rows", r.count, append(append(arguments, j.labelArguments()...), j.form()...)...)
	d.weigh(op, loss, r, divisor(j.Normaliser), scale)
	return r
}

// ContrastiveLossBackward is the gradient of ContrastiveLoss for its lse.
func (d *Device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	const op = "ContrastiveLossBackward"
	symmetric := d.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	d.fits(op, q, k, queue)
	j := contrast{c, lse, q, k, queue, labels}
	r := d.weighLabels(op, kernels.Tensor{}, j, scale)
	anchors := gradient{out: dq, own: q, other: k}
	d.contrastGradient(op, anchors, j, r, scale)
	if j.queued() > 0 {
		anchors.other, anchors.first, anchors.add = queue, k.Dim(0), true
		d.contrastGradient(op, anchors, j, r, scale)
	}
	switch keys := (gradient{out: dk, own: k, other: q, keys: true}); {
	case symmetric:
		keys.out, keys.add = dq, true
		d.contrastGradient(op, keys, j, r, scale)
	case dk.Rank() != 0:
		d.contrastGradient(op, keys, j, r, scale)
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

func (d *Device) contrastGradient(op string, g gradient, j contrast, r rowSums, scale float64) {
	others := g.other.Dim(0)
	if others == 0 {
		if !g.add {
			d.fill(op, g.out, 0)
		}
		return
	}
	arguments := []argument{at(g.out), at(g.own), at(g.other), at(j.lse), argument(r.weights), argument(r.sums)}
	arguments = append(arguments, j.labelArguments()...)
	d.rows(op, "contrast_gradient", g.own.Dim(0), append(arguments, size(j.keys.Dim(0)), size(others), size(g.first), size(j.q.Dim(1)),
		argument(j.Keys), flag(g.keys), flag(g.add), number(j.Scale), number(scale*j.Scale))...)
}
