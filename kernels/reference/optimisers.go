package reference

import (
	"math"

	"gzpt/kernels"
)

func (d *device[T]) SGD(p, g, m kernels.Tensor, o kernels.SGD) {
	d.check.Update("SGD", p, g, m)
	ps, gs, ms := d.of(p), d.of(g), d.of(m)
	for i := range ps {
		grad := float64(gs[i]) + o.WeightDecay*float64(ps[i])
		momentum(ps, ms, i, grad, o.Momentum, o.LR)
	}
}

// momentum takes one heavy-ball step of parameter i along grad.
func momentum[T float](ps, ms []T, i int, grad, momentum, lr float64) {
	m := momentum*float64(ms[i]) + grad
	ms[i] = T(m)
	ps[i] = T(float64(ps[i]) - lr*m)
}

func (d *device[T]) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	d.check.AdamW(p, g, m, v, o)
	ps, gs, ms, vs := d.of(p), d.of(g), d.of(m), d.of(v)
	rate := o.LR / (1 - math.Pow(o.Beta1, float64(o.Step)))
	unbias := math.Sqrt(1 - math.Pow(o.Beta2, float64(o.Step)))
	for i := range ps {
		grad := float64(gs[i])
		first := o.Beta1*float64(ms[i]) + (1-o.Beta1)*grad
		second := o.Beta2*float64(vs[i]) + (1-o.Beta2)*grad*grad
		ms[i], vs[i] = T(first), T(second)
		ps[i] = T(float64(ps[i])*(1-o.LR*o.WeightDecay) - rate*first/(math.Sqrt(second)/unbias+o.Eps))
	}
}

func (d *device[T]) LARS(p, g, m kernels.Tensor, o kernels.LARS) {
	d.check.Update("LARS", p, g, m)
	ps, gs, ms := d.of(p), d.of(g), d.of(m)
	pNorm, gNorm := math.Sqrt(dot(ps, ps)), math.Sqrt(dot(gs, gs))
	decay, trust := 0.0, 1.0
	if pNorm > 0 && gNorm > 0 {
		decay, trust = o.WeightDecay, o.Trust*pNorm/(gNorm+o.WeightDecay*pNorm+o.Eps)
	}
	for i := range ps {
		grad := (float64(gs[i]) + decay*float64(ps[i])) * trust
		momentum(ps, ms, i, grad, o.Momentum, o.LR)
	}
}

func (d *device[T]) EMA(t, o kernels.Tensor, momentum float64) {
	d.check.Update("EMA", t, o)
	ts := d.of(t)
	for i, v := range d.of(o) {
		ts[i] = T(momentum*float64(ts[i]) + (1-momentum)*float64(v))
	}
}

func (d *device[T]) SumSquares(out, x kernels.Tensor) {
	d.check.Reduce("SumSquares", out, x)
	xs := d.of(x)
	out.Float64()[0] = dot(xs, xs)
}

func (d *device[T]) CountNonFinite(out, x kernels.Tensor) {
	d.check.Reduce("CountNonFinite", out, x)
	var count float64
	for _, v := range d.of(x) {
		if v-v != 0 { // NaN for a NaN and for an infinity
			count++
		}
	}
	out.Float64()[0] = count
}
