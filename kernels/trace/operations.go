package trace

import (
	"fmt"

	"gzpt/kernels"
)

// The table of operations: each with its shape and its work, beside the operands that may be parameters of a layer.

func (d *Device) Write(dst kernels.Tensor, src []float32) {
	d.start()
	d.device.Write(dst, src)
	d.stop("Write", dimensions(dst), work(0, dst))
}

func (d *Device) WriteFloat64(dst kernels.Tensor, src []float64) {
	d.start()
	d.device.WriteFloat64(dst, src)
	d.stop("WriteFloat64", dimensions(dst), work(0, dst))
}

func (d *Device) WriteInt32(dst kernels.Tensor, src []int32) {
	d.start()
	d.device.WriteInt32(dst, src)
	d.stop("WriteInt32", dimensions(dst), work(0, dst))
}

func (d *Device) Read(dst []float32, src kernels.Tensor) error {
	d.start()
	err := d.device.Read(dst, src)
	d.stop("Read", dimensions(src), work(0, src))
	return err
}

func (d *Device) ReadFloat64(dst []float64, src kernels.Tensor) error {
	d.start()
	err := d.device.ReadFloat64(dst, src)
	d.stop("ReadFloat64", dimensions(src), work(0, src))
	return err
}

// Elementwise operations.

func (d *Device) Fill(x kernels.Tensor, v float64) {
	d.start()
	d.device.Fill(x, v)
	d.stop("Fill", dimensions(x), work(0, x).writing(x), x)
}

func (d *Device) Copy(y, x kernels.Tensor) {
	d.start()
	d.device.Copy(y, x)
	d.stop("Copy", dimensions(x), work(0, y, x).writing(y), y, x)
}

func (d *Device) Convert(y, x kernels.Tensor) {
	d.start()
	d.device.Convert(y, x)
	d.stop("Convert", dimensions(x), work(0, y, x).writing(y), y, x)
}

func (d *Device) ReLU(y, x kernels.Tensor) {
	d.start()
	d.device.ReLU(y, x)
	d.stop("ReLU", dimensions(x), over(1, x, y, x).writing(y))
}

func (d *Device) ReLUBackward(dx, dy, y kernels.Tensor) {
	d.start()
	d.device.ReLUBackward(dx, dy, y)
	d.stop("ReLUBackward", dimensions(y), over(1, y, dx, dy, y).writing(dx))
}

func (d *Device) AddBias(y, x, b kernels.Tensor) {
	d.start()
	d.device.AddBias(y, x, b)
	d.stop("AddBias", dimensions(x), over(1, x, y, x, b).writing(y), b)
}

func (d *Device) AddBiasBackward(db, dy kernels.Tensor) {
	d.start()
	d.device.AddBiasBackward(db, dy)
	d.stop("AddBiasBackward", dimensions(dy), over(1, dy, db, db, dy).writing(db), db)
}

// Convolutions.

func (d *Device) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	d.start()
	d.device.Conv2D(y, x, w, c)
	d.stop("Conv2D", taps(x, w, c), convolution(y, w, y, x, w).writing(y), w)
}

func (d *Device) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	d.start()
	d.device.Conv2DStats(y, moments, x, w, c)
	d.stop("Conv2DStats", taps(x, w, c), convolution(y, w, y, moments, x, w).writing(y, moments), w)
}

func (d *Device) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.start()
	d.device.Conv2DBackwardData(dx, dy, w, c)
	d.stop("Conv2DBackwardData", taps(dx, w, c), convolution(dy, w, dx, dy, w).writing(dx), w)
}

func (d *Device) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.start()
	d.device.Conv2DBackwardDataAdd(dx, dy, w, c)
	d.stop("Conv2DBackwardDataAdd", taps(dx, w, c), convolution(dy, w, dx, dx, dy, w).writing(dx), w)
}

func (d *Device) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	d.start()
	d.device.Conv2DBackwardWeights(dw, dy, x, c)
	d.stop("Conv2DBackwardWeights", taps(x, dw, c), convolution(dy, dw, dw, dw, dy, x).writing(dw), dw)
}

// Normalisations.

func (d *Device) ChannelMoments(moments, x kernels.Tensor) {
	d.start()
	d.device.ChannelMoments(moments, x)
	d.stop("ChannelMoments", dimensions(x), over(4, x, moments, x).writing(moments))
}

func (d *Device) BatchNormStats(n kernels.Norm, runningMean, runningVar, moments kernels.Tensor, rows int, eps, momentum float64) {
	d.start()
	d.device.BatchNormStats(n, runningMean, runningVar, moments, rows, eps, momentum)
	d.stop("BatchNormStats", dimensions(n.Mean), over(10, n.Mean, n.Mean, n.InvStd, runningMean, runningMean, runningVar, runningVar, moments).writing(n.Mean, n.InvStd, runningMean, runningVar), runningMean)
}

func (d *Device) InverseStd(invStd, variance kernels.Tensor, eps float64) {
	d.start()
	d.device.InverseStd(invStd, variance, eps)
	d.stop("InverseStd", dimensions(variance), over(3, variance, invStd, variance).writing(invStd), variance)
}

func (d *Device) BatchNorm(y, x kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNorm(y, x, n)
	d.stop("BatchNorm", dimensions(x), over(normOperations, x, norms(n, y, x)...).writing(y), n.Gamma)
}

func (d *Device) BatchNormReLU(y, x kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNormReLU(y, x, n)
	d.stop("BatchNormReLU", dimensions(x), over(normOperations+1, x, norms(n, y, x)...).writing(y), n.Gamma)
}

func (d *Device) BatchNormAddReLU(y, x, r kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNormAddReLU(y, x, r, n)
	d.stop("BatchNormAddReLU", dimensions(x), over(normOperations+2, x, norms(n, y, x, r)...).writing(y), n.Gamma)
}

func (d *Device) BatchNormBackward(dx, dgamma, dbeta, dy, x kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNormBackward(dx, dgamma, dbeta, dy, x, n)
	d.stop("BatchNormBackward", dimensions(x), over(normBackwardOperations, x, norms(n, dx, dgamma, dgamma, dbeta, dbeta, dy, dy, x, x)...).writing(dx, dgamma, dbeta), n.Gamma)
}

func (d *Device) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x, n)
	d.stop("BatchNormReLUBackward", dimensions(x), over(normBackwardOperations+1, x, norms(n, dx, dgamma, dgamma, dbeta, dbeta, dy, dy, y, y, x, x)...).writing(dx, dgamma, dbeta), n.Gamma)
}

func (d *Device) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.start()
	d.device.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x, n)
	d.stop("BatchNormAddReLUBackward", dimensions(x), over(normBackwardOperations+1, x, norms(n, dx, dr, dgamma, dgamma, dbeta, dbeta, dy, dy, y, y, x, x)...).writing(dx, dr, dgamma, dbeta), n.Gamma)
}

// Pooling.

func (d *Device) MaxPool(y, x kernels.Tensor, p kernels.Pool) {
	d.start()
	d.device.MaxPool(y, x, p)
	d.stop("MaxPool", dimensions(x), over(float64(p.Size*p.Size), y, y, x).writing(y))
}

func (d *Device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	d.start()
	d.device.MaxPoolBackward(dx, dy, y, x, p)
	d.stop("MaxPoolBackward", dimensions(x), over(float64(p.Size*p.Size), y, dx, dy, y, x).writing(dx))
}

func (d *Device) GlobalAveragePool(y, x kernels.Tensor) {
	d.start()
	d.device.GlobalAveragePool(y, x)
	d.stop("GlobalAveragePool", dimensions(x), over(1, x, y, x).writing(y))
}

func (d *Device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	d.start()
	d.device.GlobalAveragePoolBackward(dx, dy)
	d.stop("GlobalAveragePoolBackward", dimensions(dx), over(1, dy, dx, dy).writing(dx))
}

// Algebra.

func (d *Device) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	d.start()
	d.device.MatMul(c, a, b, p)
	d.stop("MatMul", factors(c, a, p), product(c, a, b, p).writing(c), b, c)
}

func (d *Device) PairwiseMinimum(c, a, b kernels.Tensor) {
	d.start()
	d.device.PairwiseMinimum(c, a, b)
	d.stop("PairwiseMinimum", factors(c, a, kernels.Product{}), product(c, a, b, kernels.Product{}).writing(c))
}

func (d *Device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	d.start()
	d.device.NormalizeRows(y, norms, x, eps)
	d.stop("NormalizeRows", dimensions(x), over(3, x, y, norms, x).writing(y, norms))
}

func (d *Device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	d.start()
	d.device.NormalizeRowsBackward(dx, dy, y, norms)
	d.stop("NormalizeRowsBackward", dimensions(y), over(5, y, dx, dy, y, norms).writing(dx))
}

// Losses.

func (d *Device) LogSoftmax(y, x kernels.Tensor) {
	d.start()
	d.device.LogSoftmax(y, x)
	d.stop("LogSoftmax", dimensions(x), over(softmaxOperations, x, y, x).writing(y))
}

func (d *Device) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	d.start()
	d.device.LogSoftmaxBackward(dx, dy, y)
	d.stop("LogSoftmaxBackward", dimensions(y), over(4, y, dx, dy, y).writing(dx))
}

func (d *Device) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.start()
	d.device.PositivesLoss(loss, logp, labels, normaliser, scale)
	d.stop("PositivesLoss", dimensions(logp), over(3, logp, logp, labels))
}

func (d *Device) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.start()
	d.device.PositivesLossBackward(dx, logp, labels, normaliser, scale)
	d.stop("PositivesLossBackward", dimensions(logp), over(5, logp, dx, logp, labels).writing(dx))
}

func (d *Device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.start()
	d.device.ContrastiveLoss(loss, lse, q, k, queue, labels, c, scale)
	d.stop("ContrastiveLoss", anchors(q, k, queue), contrastive(false, false, q, k, queue, c, labels, lse).writing(lse))
}

func (d *Device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.start()
	d.device.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c, scale)
	d.stop("ContrastiveLossBackward", anchors(q, k, queue), contrastive(true, dk.Rank() > 0, q, k, queue, c, labels, dq, dk, lse).writing(dq, dk))
}

func (d *Device) ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.start()
	d.device.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue, labels, c, scale)
	d.stop("ContrastiveLossAndBackward", anchors(q, k, queue), contrastive(true, dk.Rank() > 0, q, k, queue, c, labels, dq, dk, lse).writing(dq, dk, lse))
}

func (d *Device) AlignmentLoss(loss, o, t, a kernels.Tensor, scale float64) {
	d.start()
	d.device.AlignmentLoss(loss, o, t, a, scale)
	d.stop("AlignmentLoss", dimensions(o), product(a, o, t, kernels.Product{TransB: true}))
}

func (d *Device) AlignmentLossBackward(do, t, a kernels.Tensor, scale float64) {
	d.start()
	d.device.AlignmentLossBackward(do, t, a, scale)
	d.stop("AlignmentLossBackward", dimensions(do), product(do, a, t, kernels.Product{}).writing(do))
}

// Optimisers.

func (d *Device) SGD(p, g, m kernels.Tensor, o kernels.SGD) {
	d.start()
	d.device.SGD(p, g, m, o)
	d.stop("SGD", dimensions(p), over(6, p, p, p, g, m, m).writing(p, m), p)
}

func (d *Device) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	d.start()
	d.device.AdamW(p, g, m, v, o)
	d.stop("AdamW", dimensions(p), over(14, p, p, p, g, m, m, v, v).writing(p, m, v), p)
}

func (d *Device) LARS(p, g, m kernels.Tensor, o kernels.LARS) {
	d.start()
	d.device.LARS(p, g, m, o)
	d.stop("LARS", dimensions(p), over(12, p, p, p, p, g, g, m, m).writing(p, m), p)
}

func (d *Device) EMA(t, o kernels.Tensor, momentum float64) {
	d.start()
	d.device.EMA(t, o, momentum)
	d.stop("EMA", dimensions(t), over(3, t, t, t, o).writing(t), t)
}

func (d *Device) SumSquares(out, x kernels.Tensor) {
	d.start()
	d.device.SumSquares(out, x)
	d.stop("SumSquares", dimensions(x), over(2, x, x), x)
}

func (d *Device) CountNonFinite(out, x kernels.Tensor) {
	d.start()
	d.device.CountNonFinite(out, x)
	d.stop("CountNonFinite", dimensions(x), over(1, x, x), x)
}

// Augmentation.

func (d *Device) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	d.start()
	d.device.Augment(y, images, table, v)
	d.stop("Augment", fmt.Sprintf("%s of %d at %d bits", dimensions(y), v.Side, v.Bits), augmented(y, images, table).writing(y))
}
