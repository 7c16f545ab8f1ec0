package cuda

import (
	"math"

	"gzpt/kernels"
)

// SGD: d = g + WeightDecay*p; m = Momentum*m + d; p -= LR*m.
func (d *Device) SGD(p, g, m kernels.Tensor, o kernels.SGD) {
	d.check.Update("SGD", p, g, m)
	d.mapped("SGD", "sgd", p.Len(), at(p), at(g), at(m), number(o.LR), number(o.Momentum), number(o.WeightDecay))
}

// AdamW updates p by Adam with decoupled weight decay.
func (d *Device) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	d.check.AdamW(p, g, m, v, o)
	step := o.LR / (1 - math.Pow(o.Beta1, float64(o.Step)))
	root := 1 / math.Sqrt(1-math.Pow(o.Beta2, float64(o.Step)))
	d.mapped("AdamW", "adamw", p.Len(), at(p), at(g), at(m), at(v),
		number(1-o.LR*o.WeightDecay), number(o.Beta1), number(o.Beta2), number(step), number(root), number(o.Eps))
}

// LARS updates one parameter tensor with layer-wise adaptive rate scaling.
func (d *Device) LARS(p, g, m kernels.Tensor, o kernels.LARS) {
	const op = "LARS"
	d.check.Update(op, p, g, m)
	norms := d.scratch(op, 2+reductionBlocks)
	d.reduce(op, norms.argument(), norms.from(2), p, false)
	d.reduce(op, norms.from(1).argument(), norms.from(2), g, false)
	d.each(op, "lars", p.Len(), at(p), at(g), at(m), norms.argument(),
		number(o.LR), number(o.Momentum), number(o.WeightDecay), number(o.Trust), number(o.Eps))
}

// EMA: t[i] = momentum*t[i] + (1-momentum)*o[i].
func (d *Device) EMA(t, o kernels.Tensor, momentum float64) {
	d.check.Update("EMA", t, o)
	d.mapped("EMA", "ema", t.Len(), at(t), at(o), number(momentum))
}

// SumSquares: out[0] = sum x[i]^2.
func (d *Device) SumSquares(out, x kernels.Tensor) {
	const op = "SumSquares"
	d.check.Reduce(op, out, x)
	d.reduce(op, at(out), d.scratch(op, reductionBlocks), x, false)
}

// CountNonFinite: out[0] = how many x[i] are NaN or infinite.
func (d *Device) CountNonFinite(out, x kernels.Tensor) {
	const op = "CountNonFinite"
	d.check.Reduce(op, out, x)
	d.reduce(op, at(out), d.scratch(op, reductionBlocks), x, true)
}

const (
	// reductionBlocks is how many partial sums a reduction to one number has at most: four for each multiprocessor of an H200.
	reductionBlocks = 528
	// reductionElements is how many elements a block takes at a time.
	reductionElements = 1024
)

// reduce runs both stages of a sum of squares of x, or of a count of what is not finite, to the float64 at out.
func (d *Device) reduce(op string, out argument, partial scratch, x kernels.Tensor, count bool) {
	d.fits(op, x)
	blocks := min((x.Len()+reductionElements-1)/reductionElements, reductionBlocks)
	if blocks > 0 {
		d.launch(op, instance{kernel: "block_sums"}, blocks, blockThreads, partial.argument(), at(x), size(x.Len()), flag(count), flag(at(x).bits%16 == 0))
	}
	d.launch(op, instance{kernel: "total"}, 1, warpThreads, out, partial.argument(), size(blocks))
}
