//go:build amd64 && !noasm

package asm

import (
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// elemState is the scratch of the operations outside convolutions and products.
type elemState struct {
	portable kernels.Device
	stream   streamJob
	rows     rowsJob
	sums     sumsJob
	fill     fillJob
	copy     copyJob
	params   []float32 // parameters of the current kernel
	scale    []float32 // of the channels of a normalisation
	slopes   []float32 // of its gradient, after the offsets
}

func (d *device) MaxPool(y, x kernels.Tensor, p kernels.Pool) { d.portable().MaxPool(y, x, p) }
func (d *device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	d.portable().MaxPoolBackward(dx, dy, y, x, p)
}
func (d *device) GlobalAveragePool(y, x kernels.Tensor) { d.portable().GlobalAveragePool(y, x) }
func (d *device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	d.portable().GlobalAveragePoolBackward(dx, dy)
}
func (d *device) LogSoftmax(y, x kernels.Tensor) { d.portable().LogSoftmax(y, x) }
func (d *device) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	d.portable().LogSoftmaxBackward(dx, dy, y)
}
func (d *device) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.portable().PositivesLoss(loss, logp, labels, normaliser, scale)
}
func (d *device) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.portable().PositivesLossBackward(dx, logp, labels, normaliser, scale)
}
func (d *device) AlignmentLoss(loss, o, t, a kernels.Tensor, scale float64) {
	d.portable().AlignmentLoss(loss, o, t, a, scale)
}
func (d *device) AlignmentLossBackward(do, t, a kernels.Tensor, scale float64) {
	d.portable().AlignmentLossBackward(do, t, a, scale)
}
func (d *device) SGD(p, g, m kernels.Tensor, o kernels.SGD)        { d.portable().SGD(p, g, m, o) }
func (d *device) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) { d.portable().AdamW(p, g, m, v, o) }
func (d *device) LARS(p, g, m kernels.Tensor, o kernels.LARS)      { d.portable().LARS(p, g, m, o) }
func (d *device) EMA(t, o kernels.Tensor, momentum float64)        { d.portable().EMA(t, o, momentum) }
func (d *device) SumSquares(out, x kernels.Tensor)                 { d.portable().SumSquares(out, x) }
func (d *device) CountNonFinite(out, x kernels.Tensor)             { d.portable().CountNonFinite(out, x) }
func (d *device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	d.portable().NormalizeRows(y, norms, x, eps)
}
func (d *device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	d.portable().NormalizeRowsBackward(dx, dy, y, norms)
}

func (d *device) portable() kernels.Device {
	if d.elem.portable == nil {
		d.elem.portable = reference.New(kernels.Float32)
	}
	return d.elem.portable
}
