//go:build amd64 && !noasm

package asm

// optimiserKernels is the kernels of a tier for blocks of n floats, n at least 1.
type optimiserKernels struct {
	// heavyBall: m[i] = momentum*m[i] + trust*(g[i]+decay*p[i]); p[i] -= rate*m[i].
	heavyBall func(p, g, m *float32, n int, o *heavyBallFactors)
	// adamW: m[i] = beta1*m[i] + rest1*g[i]; v[i] = beta2*v[i] + rest2*g[i]^2; p[i] -= decay*p[i] + rate*m[i]/(correction*sqrt(v[i])+eps).
	adamW func(p, g, m, v *float32, n int, o *adamWFactors)
	// ema: t[i] = keep*t[i] + take*o[i], in float64.
	ema func(t, o *float32, n int, keep, take float64)
	// squares: sum_i x[i]^2, in float64.
	squares func(x *float32, n int) float64
	// nonFinite: how many x[i] are NaN or infinite.
	nonFinite func(x *float32, n int) int
}

var (
	optimisersAVX2 = optimiserKernels{
		heavyBall: heavyBallAVX2,
		adamW:     adamWAVX2,
		ema:       emaAVX2,
		squares:   squaresAVX2,
		nonFinite: nonFiniteAVX2,
	}
	optimisersAVX512 = optimiserKernels{
		heavyBall: heavyBallAVX512,
		adamW:     adamWAVX512,
		ema:       emaAVX512,
		squares:   squaresAVX512,
		nonFinite: nonFiniteAVX512,
	}
)

func (d *device) optimisers() *optimiserKernels {
	if d.avx512 {
		return &optimisersAVX512
	}
	return &optimisersAVX2
}

//go:noescape
func heavyBallAVX2(p, gradient, m *float32, n int, o *heavyBallFactors)

//go:noescape
func adamWAVX2(p, gradient, m, v *float32, n int, o *adamWFactors)

//go:noescape
func emaAVX2(t, o *float32, n int, keep, take float64)

//go:noescape
func squaresAVX2(x *float32, n int) float64

//go:noescape
func nonFiniteAVX2(x *float32, n int) int

//go:noescape
func heavyBallAVX512(p, gradient, m *float32, n int, o *heavyBallFactors)

//go:noescape
func adamWAVX512(p, gradient, m, v *float32, n int, o *adamWFactors)

//go:noescape
func emaAVX512(t, o *float32, n int, keep, take float64)

//go:noescape
func squaresAVX512(x *float32, n int) float64

//go:noescape
func nonFiniteAVX512(x *float32, n int) int
