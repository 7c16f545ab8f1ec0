//go:build amd64 && !noasm

package asm

import (
	"math"

	"gzpt/kernels"
)

// The optimisers are streams: each element is read and written once.

// optimiserState is the operations of the optimisers, kept between calls so that none allocates.
type optimiserState struct {
	heavyBall heavyBall
	adamW     adamW
	ema       ema
	reduction reduction
}

// heavyBallFactors are the factors of a step with momentum, in the order that the assembly reads.
type heavyBallFactors struct{ decay, trust, momentum, rate float32 }

// heavyBall is SGD, and LARS once its norms are known.
type heavyBall struct {
	k       *optimiserKernels
	p, g, m []float32
	heavyBallFactors
}

func (u *heavyBall) span(i, n, _ int) {
	u.k.heavyBall(&u.p[i], &u.g[i], &u.m[i], n, &u.heavyBallFactors)
}

func (d *device) heavyBall(p, g, m kernels.Tensor, f heavyBallFactors) {
	u := &d.elem.optimisers.heavyBall
	*u = heavyBall{k: d.optimisers(), p: p.Float32(), g: g.Float32(), m: m.Float32(), heavyBallFactors: f}
	d.stream(u, len(u.p), 1)
}

func (d *device) SGD(p, g, m kernels.Tensor, o kernels.SGD) {
	d.check.Update("SGD", p, g, m)
	d.heavyBall(p, g, m, heavyBallFactors{float32(o.WeightDecay), 1, float32(o.Momentum), float32(o.LR)})
}

func (d *device) LARS(p, g, m kernels.Tensor, o kernels.LARS) {
	d.check.Update("LARS", p, g, m)
	pNorm, gNorm := math.Sqrt(d.sumSquares(p)), math.Sqrt(d.sumSquares(g))
	decay, trust := 0.0, 1.0
	if pNorm > 0 && gNorm > 0 {
		decay, trust = o.WeightDecay, o.Trust*pNorm/(gNorm+o.WeightDecay*pNorm+o.Eps)
	}
	d.heavyBall(p, g, m, heavyBallFactors{float32(decay), float32(trust), float32(o.Momentum), float32(o.LR)})
}

// adamWFactors are the factors of a step of AdamW, in the order that the assembly reads.
type adamWFactors struct {
	decay                      float32 // LR*WeightDecay
	beta1, rest1, beta2, rest2 float32 // Beta1, 1-Beta1, Beta2, 1-Beta2
	rate                       float32 // LR/(1-Beta1^Step)
	correction                 float32 // 1/sqrt(1-Beta2^Step)
	eps                        float32
}

type adamW struct {
	k          *optimiserKernels
	p, g, m, v []float32
	adamWFactors
}

func (u *adamW) span(i, n, _ int) {
	u.k.adamW(&u.p[i], &u.g[i], &u.m[i], &u.v[i], n, &u.adamWFactors)
}

func (d *device) AdamW(p, g, m, v kernels.Tensor, o kernels.AdamW) {
	d.check.AdamW(p, g, m, v, o)
	step := float64(o.Step)
	u := &d.elem.optimisers.adamW
	*u = adamW{k: d.optimisers(), p: p.Float32(), g: g.Float32(), m: m.Float32(), v: v.Float32(), adamWFactors: adamWFactors{
		decay: float32(o.LR * o.WeightDecay),
		beta1: float32(o.Beta1), rest1: float32(1 - o.Beta1), beta2: float32(o.Beta2), rest2: float32(1 - o.Beta2),
		rate:       float32(o.LR / (1 - math.Pow(o.Beta1, step))),
		correction: float32(1 / math.Sqrt(1-math.Pow(o.Beta2, step))),
		eps:        float32(o.Eps),
	}}
	d.stream(u, len(u.p), 1)
}

type ema struct {
	k          *optimiserKernels
	t, o       []float32
	keep, take float64
}

func (u *ema) span(i, n, _ int) { u.k.ema(&u.t[i], &u.o[i], n, u.keep, u.take) }

func (d *device) EMA(t, o kernels.Tensor, momentum float64) {
	d.check.Update("EMA", t, o)
	u := &d.elem.optimisers.ema
	*u = ema{k: d.optimisers(), t: t.Float32(), o: o.Float32(), keep: momentum, take: 1 - momentum}
	d.stream(u, len(u.t), 1)
}

// reduction adds up a number for each span of x, in the order of the spans.
type reduction struct {
	of    func(d *device, x *float32, n int) float64
	d     *device
	x     []float32
	parts []float64
}

func (u *reduction) span(i, n, _ int) { u.parts[i/spanOf(1)] = u.of(u.d, &u.x[i], n) }

func (d *device) reduce(x kernels.Tensor, of func(d *device, x *float32, n int) float64) (sum float64) {
	u := &d.elem.optimisers.reduction
	u.of, u.d, u.x = of, d, x.Float32()
	spans := ceil(len(u.x), spanOf(1))
	u.parts = grow(u.parts, spans)
	d.stream(u, len(u.x), 1)
	for _, part := range u.parts[:spans] {
		sum += part
	}
	return sum
}

func (d *device) sumSquares(x kernels.Tensor) float64 {
	return d.reduce(x, func(d *device, x *float32, n int) float64 { return d.optimisers().squares(x, n) })
}

func (d *device) SumSquares(out, x kernels.Tensor) {
	d.check.Reduce("SumSquares", out, x)
	out.Float64()[0] = d.sumSquares(x)
}

func (d *device) CountNonFinite(out, x kernels.Tensor) {
	d.check.Reduce("CountNonFinite", out, x)
	out.Float64()[0] = d.reduce(x, func(d *device, x *float32, n int) float64 { return float64(d.optimisers().nonFinite(x, n)) })
}
