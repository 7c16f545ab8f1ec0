package cuda

import "gzpt/kernels"

// LogSoftmax: y[r,c] = x[r,c] - log(sum_j exp(x[r,j])).
func (d *Device) LogSoftmax(y, x kernels.Tensor) {
	d.check.LogSoftmax(y, x)
	d.fits("LogSoftmax", x)
	d.rows("LogSoftmax", "log_softmax", x.Rows(), at(y), at(x), period(x.Channels()))
}

// LogSoftmaxBackward: dx[r,c] = dy[r,c] - exp(y[r,c]) * sum_j dy[r,j].
func (d *Device) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	d.check.LogSoftmaxBackward(dx, dy, y)
	d.fits("LogSoftmaxBackward", y)
	d.rows("LogSoftmaxBackward", "log_softmax_backward", y.Rows(), at(dx), at(dy), at(y), period(y.Channels()))
}

// rowSums is what a loss needs of every row, in scratch: the sum of its labels, its share of the loss, and its weight.
type rowSums struct {
	count                 int
	sums, losses, weights scratch
}

func (d *Device) rowSums(op string, rows int) rowSums { return rowSumsIn(d.scratch(op, 3*rows), rows) }

func rowSumsIn(s scratch, rows int) rowSums {
	return rowSums{rows, s, s.from(rows), s.from(2 * rows)}
}

// What a loss divides by, as row_weights names it.
var (
	byAll    = size(0) // the sum of all labels, unless it is 0
	byAnchor = size(1) // that of the row, and the number of rows, unless it is 0
	byAny    = size(2) // the sum of all labels
)

func divisor(n kernels.Normaliser) argument {
	if n == kernels.Anchor {
		return byAnchor
	}
	return byAll
}

// weigh makes the weights of the rows from their sums, and adds scale times the weighted losses of the rows, negated, to
// loss unless that is the zero Tensor.
func (d *Device) weigh(op string, loss kernels.Tensor, r rowSums, divisor argument, scale float64) {
	d.launch(op, instance{kernel: "row_weights"}, 1, warpThreads,
		at(loss), r.weights.argument(), r.sums.argument(), r.losses.argument(), size(r.count), divisor, number(scale))
}

// positives sums up the rows of a loss and weighs them.
func (d *Device) positives(op string, loss, logp, labels kernels.Tensor, n kernels.Normaliser, scale float64) rowSums {
	d.fits(op, logp)
	r := d.rowSums(op, logp.Rows())
	d.rows(op, "positives_rows", r.count, r.sums.argument(), r.losses.argument(), at(logp), at(labels), size(logp.Channels()))
	d.weigh(op, loss, r, divisor(n), scale)
	return r
}

// PositivesLoss is the cross-entropy with several positives.
func (d *Device) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.check.PositivesLoss(loss, logp, labels, normaliser)
	d.positives("PositivesLoss", loss, logp, labels, normaliser, scale)
}

// PositivesLossBackward is its gradient with respect to the input of LogSoftmax.
func (d *Device) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	const op = "PositivesLossBackward"
	d.check.PositivesLossBackward(dx, logp, labels, normaliser)
	r := d.positives(op, kernels.Tensor{}, logp, labels, normaliser, scale)
	d.each(op, "positives_backward", dx.Len(), at(dx), at(logp), at(labels), r.weights.argument(), r.sums.argument(),
		size(dx.Channels()), number(scale))
}

// alignmentThreads are those of a row of an alignment loss: 16 warps, each for a part of the targets.
const alignmentThreads = 512

// AlignmentLoss: loss += -scale * sum_{i,j} a[i,j] <o_i,t_j> / sum(a).
func (d *Device) AlignmentLoss(loss, o, t, a kernels.Tensor, scale float64) {
	const op = "AlignmentLoss"
	d.check.Loss(op, loss, o, t, a)
	d.check.Alignment(op, o, t, a)
	d.fits(op, o, a)
	r := d.rowSums(op, o.Dim(0))
	d.rowsOf(op, "alignment_rows", r.count, alignmentThreads, word(uint64(r.sums)), word(uint64(r.losses)), at(o), at(t), at(a), size(o.Dim(0)), period(o.Dim(1)))
	d.weigh(op, loss, r, byAny, scale)
}

// AlignmentLossBackward: do[i,:] = -scale/sum(a) * sum_j a[i,j]*t[j,:].
func (d *Device) AlignmentLossBackward(do, t, a kernels.Tensor, scale float64) {
	const op = "AlignmentLossBackward"
	d.check.Alignment(op, do, t, a)
	d.fits(op, t, a)
	r := d.rowSums(op, do.Dim(0))
	// The sums of the rows of a are wanted alone: a depth of 0 leaves the products out.
	d.rowsOf(op, "alignment_rows", r.count, alignmentThreads, word(uint64(r.sums)), word(uint64(r.losses)), at(t), at(t), at(a), size(do.Dim(0)), size(0))
	d.weigh(op, kernels.Tensor{}, r, byAny, scale)
	d.each(op, "alignment_backward", do.Len(), at(do), at(t), at(a), word(uint64(r.weights)), size(do.Dim(0)), period(do.Dim(1)), number(scale))
}
