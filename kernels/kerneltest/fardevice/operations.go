package fardevice

import "gzpt/kernels"

// The operations of the far device: each checks its operands as every device does, then holds itself back.

func (f *Device) Fill(x kernels.Tensor, v float64) {
	f.check.Fill(x)
	f.issue("Fill", func(host kernels.Device, t []kernels.Tensor) { host.Fill(t[0], v) }, x)
}

func (f *Device) Copy(y, x kernels.Tensor) {
	f.check.Copy(y, x)
	f.issue("Copy", func(host kernels.Device, t []kernels.Tensor) { host.Copy(t[0], t[1]) }, y, x)
}

func (f *Device) Convert(y, x kernels.Tensor) {
	f.check.Convert(y, x)
	f.issue("Convert", func(host kernels.Device, t []kernels.Tensor) { host.Convert(t[0], t[1]) }, y, x)
}

func (f *Device) ReLU(y, x kernels.Tensor) {
	f.check.Map("ReLU", y, x)
	f.issue("ReLU", func(host kernels.Device, t []kernels.Tensor) { host.ReLU(t[0], t[1]) }, y, x)
}

func (f *Device) ReLUBackward(dx, dy, y kernels.Tensor) {
	f.check.Map("ReLUBackward", dx, dy, y)
	f.issue("ReLUBackward", func(host kernels.Device, t []kernels.Tensor) { host.ReLUBackward(t[0], t[1], t[2]) }, dx, dy, y)
}

func (f *Device) AddBias(y, x, b kernels.Tensor) {
	f.check.AddBias(y, x, b)
	f.issue("AddBias", func(host kernels.Device, t []kernels.Tensor) { host.AddBias(t[0], t[1], t[2]) }, y, x, b)
}

func (f *Device) AddBiasBackward(db, dy kernels.Tensor) {
	f.check.AddBiasBackward(db, dy)
	f.issue("AddBiasBackward", func(host kernels.Device, t []kernels.Tensor) { host.AddBiasBackward(t[0], t[1]) }, db, dy)
}

func (f *Device) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	f.check.Conv2D("Conv2D", y, x, w, c)
	f.issue("Conv2D", func(host kernels.Device, t []kernels.Tensor) { host.Conv2D(t[0], t[1], t[2], c) }, y, x, w)
}

func (f *Device) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	f.check.Conv2D("Conv2DStats", y, x, w, c)
	f.check.ChannelMoments("Conv2DStats", moments, y, x, w)
	f.issue("Conv2DStats", func(host kernels.Device, t []kernels.Tensor) { host.Conv2DStats(t[0], t[1], t[2], t[3], c) }, y, moments, x, w)
}

func (f *Device) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	f.check.Conv2D("Conv2DBackwardData", dy, dx, w, c)
	f.issue("Conv2DBackwardData", func(host kernels.Device, t []kernels.Tensor) { host.Conv2DBackwardData(t[0], t[1], t[2], c) }, dx, dy, w)
}

func (f *Device) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	f.check.Conv2D("Conv2DBackwardDataAdd", dy, dx, w, c)
	f.issue("Conv2DBackwardDataAdd", func(host kernels.Device, t []kernels.Tensor) { host.Conv2DBackwardDataAdd(t[0], t[1], t[2], c) }, dx, dy, w)
}

func (f *Device) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	f.check.Conv2D("Conv2DBackwardWeights", dy, x, dw, c)
	f.issue("Conv2DBackwardWeights", func(host kernels.Device, t []kernels.Tensor) { host.Conv2DBackwardWeights(t[0], t[1], t[2], c) }, dw, dy, x)
}

func (f *Device) ChannelMoments(moments, x kernels.Tensor) {
	f.check.ChannelMoments("ChannelMoments", moments, x)
	f.issue("ChannelMoments", func(host kernels.Device, t []kernels.Tensor) { host.ChannelMoments(t[0], t[1]) }, moments, x)
}

func (f *Device) BatchNormStats(n kernels.Norm, runningMean, runningVar, moments kernels.Tensor, rows int, eps, momentum float64) {
	f.check.BatchNormStats(n, runningMean, runningVar, moments, rows)
	f.issue("BatchNormStats", func(host kernels.Device, t []kernels.Tensor) {
		host.BatchNormStats(normOf(t), t[4], t[5], t[6], rows, eps, momentum)
	}, vectors(n, runningMean, runningVar, moments)...)
}

func (f *Device) InverseStd(invStd, variance kernels.Tensor, eps float64) {
	f.check.InverseStd(invStd, variance)
	f.issue("InverseStd", func(host kernels.Device, t []kernels.Tensor) { host.InverseStd(t[0], t[1], eps) }, invStd, variance)
}

func (f *Device) BatchNorm(y, x kernels.Tensor, n kernels.Norm) {
	f.check.BatchNorm("BatchNorm", y, n, x)
	f.issue("BatchNorm", func(host kernels.Device, t []kernels.Tensor) { host.BatchNorm(t[4], t[5], normOf(t)) }, vectors(n, y, x)...)
}

func (f *Device) BatchNormReLU(y, x kernels.Tensor, n kernels.Norm) {
	f.check.BatchNorm("BatchNormReLU", y, n, x)
	f.issue("BatchNormReLU", func(host kernels.Device, t []kernels.Tensor) { host.BatchNormReLU(t[4], t[5], normOf(t)) }, vectors(n, y, x)...)
}

func (f *Device) BatchNormAddReLU(y, x, r kernels.Tensor, n kernels.Norm) {
	f.check.BatchNorm("BatchNormAddReLU", y, n, x, r)
	f.issue("BatchNormAddReLU", func(host kernels.Device, t []kernels.Tensor) { host.BatchNormAddReLU(t[4], t[5], t[6], normOf(t)) }, vectors(n, y, x, r)...)
}

func (f *Device) BatchNormBackward(dx, dgamma, dbeta, dy, x kernels.Tensor, n kernels.Norm) {
	f.check.BatchNormBackward("BatchNormBackward", dx, dgamma, dbeta, n, dy, x)
	f.issue("BatchNormBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.BatchNormBackward(t[4], t[5], t[6], t[7], t[8], normOf(t))
	}, vectors(n, dx, dgamma, dbeta, dy, x)...)
}

func (f *Device) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	f.check.BatchNormBackward("BatchNormReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	f.issue("BatchNormReLUBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.BatchNormReLUBackward(t[4], t[5], t[6], t[7], t[8], t[9], normOf(t))
	}, vectors(n, dx, dgamma, dbeta, dy, y, x)...)
}

func (f *Device) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	f.check.BatchNormBackward("BatchNormAddReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	f.check.BatchNormResidual(dr, dx, dy, y, x, dgamma, dbeta, n.Gamma, n.Beta, n.Mean, n.InvStd)
	f.issue("BatchNormAddReLUBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.BatchNormAddReLUBackward(t[4], t[5], t[6], t[7], t[8], t[9], t[10], normOf(t))
	}, vectors(n, dx, dr, dgamma, dbeta, dy, y, x)...)
}

func (f *Device) MaxPool(y, x kernels.Tensor, p kernels.Pool) {
	f.check.MaxPool("MaxPool", y, x, p)
	f.issue("MaxPool", func(host kernels.Device, t []kernels.Tensor) { host.MaxPool(t[0], t[1], p) }, y, x)
}

func (f *Device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	f.check.MaxPoolBackward(dx, dy, y, x, p)
	f.issue("MaxPoolBackward", func(host kernels.Device, t []kernels.Tensor) { host.MaxPoolBackward(t[0], t[1], t[2], t[3], p) }, dx, dy, y, x)
}

func (f *Device) GlobalAveragePool(y, x kernels.Tensor) {
	f.check.GlobalAveragePool("GlobalAveragePool", y, x)
	f.issue("GlobalAveragePool", func(host kernels.Device, t []kernels.Tensor) { host.GlobalAveragePool(t[0], t[1]) }, y, x)
}

func (f *Device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	f.check.GlobalAveragePool("GlobalAveragePoolBackward", dy, dx)
	f.issue("GlobalAveragePoolBackward", func(host kernels.Device, t []kernels.Tensor) { host.GlobalAveragePoolBackward(t[0], t[1]) }, dx, dy)
}

func (f *Device) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	f.check.MatMul(c, a, b, p)
	f.issue("MatMul", func(host kernels.Device, t []kernels.Tensor) { host.MatMul(t[0], t[1], t[2], p) }, c, a, b)
}

func (f *Device) PairwiseMinimum(c, a, b kernels.Tensor) {
	f.check.PairwiseMinimum(c, a, b)
	f.issue("PairwiseMinimum", func(host kernels.Device, t []kernels.Tensor) { host.PairwiseMinimum(t[0], t[1], t[2]) }, c, a, b)
}

func (f *Device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	f.check.NormalizeRows(y, norms, x)
	f.issue("NormalizeRows", func(host kernels.Device, t []kernels.Tensor) { host.NormalizeRows(t[0], t[1], t[2], eps) }, y, norms, x)
}

func (f *Device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	f.check.NormalizeRowsBackward(dx, dy, y, norms)
	f.issue("NormalizeRowsBackward", func(host kernels.Device, t []kernels.Tensor) { host.NormalizeRowsBackward(t[0], t[1], t[2], t[3]) }, dx, dy, y, norms)
}

func (f *Device) LogSoftmax(y, x kernels.Tensor) {
	f.check.LogSoftmax(y, x)
	f.issue("LogSoftmax", func(host kernels.Device, t []kernels.Tensor) { host.LogSoftmax(t[0], t[1]) }, y, x)
}

func (f *Device) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	f.check.LogSoftmaxBackward(dx, dy, y)
	f.issue("LogSoftmaxBackward", func(host kernels.Device, t []kernels.Tensor) { host.LogSoftmaxBackward(t[0], t[1], t[2]) }, dx, dy, y)
}

func (f *Device) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	f.check.PositivesLoss(loss, logp, labels, normaliser)
	f.issue("PositivesLoss", func(host kernels.Device, t []kernels.Tensor) { host.PositivesLoss(t[0], t[1], t[2], normaliser, scale) }, loss, logp, labels)
}

func (f *Device) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	f.check.PositivesLossBackward(dx, logp, labels, normaliser)
	f.issue("PositivesLossBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.PositivesLossBackward(t[0], t[1], t[2], normaliser, scale)
	}, dx, logp, labels)
}

func (f *Device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	f.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c)
	f.issue("ContrastiveLoss", func(host kernels.Device, t []kernels.Tensor) {
		host.ContrastiveLoss(t[0], t[1], t[2], t[3], t[4], kernels.Labels{Offsets: t[5], Columns: t[6], Weights: t[7]}, c, scale)
	}, loss, lse, q, k, queue, labels.Offsets, labels.Columns, labels.Weights)
}

func (f *Device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	f.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	f.issue("ContrastiveLossBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.ContrastiveLossBackward(t[0], t[1], t[2], t[3], t[4], t[5], kernels.Labels{Offsets: t[6], Columns: t[7], Weights: t[8]}, c, scale)
	}, dq, dk, lse, q, k, queue, labels.Offsets, labels.Columns, labels.Weights)
}

func (f *Device) ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	f.check.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue, labels, c)
	f.issue("ContrastiveLossAndBackward", func(host kernels.Device, t []kernels.Tensor) {
		host.ContrastiveLossAndBackward(t[0], t[1], t[2], t[3], t[4], t[5], t[6], kernels.Labels{Offsets: t[7], Columns: t[8], Weights: t[9]}, c, scale)
	}, loss, lse, dq, dk, q, k, queue, labels.Offsets, labels.Columns, labels.Weights)
}

func (f *Device) AlignmentLoss(loss, online, target, positives kernels.Tensor, scale float64) {
	f.check.Loss("AlignmentLoss", loss, online, target, positives)
	f.check.Alignment("AlignmentLoss", online, target, positives)
	f.issue("AlignmentLoss", func(host kernels.Device, t []kernels.Tensor) { host.AlignmentLoss(t[0], t[1], t[2], t[3], scale) }, loss, online, target, positives)
}

func (f *Device) AlignmentLossBackward(do, target, positives kernels.Tensor, scale float64) {
	f.check.Alignment("AlignmentLossBackward", do, target, positives)
	f.issue("AlignmentLossBackward", func(host kernels.Device, t []kernels.Tensor) { host.AlignmentLossBackward(t[0], t[1], t[2], scale) }, do, target, positives)
}

func (f *Device) SGD(p, g, m kernels.Tensor, o kernels.SGD) {
	f.check.Update("SGD", p, g, m)
	f.issue("SGD", func(host kernels.Device, t []kernels.Tensor) { host.SGD(t[0], t[1], t[2], o) }, p, g, m)
}

func (f *Device) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	f.check.AdamW(p, g, m, v, o)
	f.issue("AdamW", func(host kernels.Device, t []kernels.Tensor) { host.AdamW(t[0], t[1], t[2], t[3], o) }, p, g, m, v)
}

func (f *Device) LARS(p, g, m kernels.Tensor, o kernels.LARS) {
	f.check.Update("LARS", p, g, m)
	f.issue("LARS", func(host kernels.Device, t []kernels.Tensor) { host.LARS(t[0], t[1], t[2], o) }, p, g, m)
}

func (f *Device) EMA(target, online kernels.Tensor, momentum float64) {
	f.check.Update("EMA", target, online)
	f.issue("EMA", func(host kernels.Device, t []kernels.Tensor) { host.EMA(t[0], t[1], momentum) }, target, online)
}

func (f *Device) SumSquares(out, x kernels.Tensor) {
	f.check.Reduce("SumSquares", out, x)
	f.issue("SumSquares", func(host kernels.Device, t []kernels.Tensor) { host.SumSquares(t[0], t[1]) }, out, x)
}

func (f *Device) CountNonFinite(out, x kernels.Tensor) {
	f.check.Reduce("CountNonFinite", out, x)
	f.issue("CountNonFinite", func(host kernels.Device, t []kernels.Tensor) { host.CountNonFinite(t[0], t[1]) }, out, x)
}

func (f *Device) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	f.check.Augment(y, images, table, v)
	f.issue("Augment", func(host kernels.Device, t []kernels.Tensor) { host.Augment(t[0], t[1], t[2], v) }, y, images, table)
}

// vectors is the tensors of a normalisation, in the order of normOf, and others behind them.
func vectors(n kernels.Norm, others ...kernels.Tensor) []kernels.Tensor {
	return append([]kernels.Tensor{n.Gamma, n.Beta, n.Mean, n.InvStd}, others...)
}

// normOf is the normalisation whose vectors are t[0], ..., t[3].
func normOf(t []kernels.Tensor) kernels.Norm {
	return kernels.Norm{Gamma: t[0], Beta: t[1], Mean: t[2], InvStd: t[3]}
}
