//go:build amd64 && !noasm

package asm

import (
	"math"
	"testing"
)

// exp is e to the power of each x by the assembly of a tier: the gradient of LogSoftmax where dy is 0 and adds up to -1.
func exp(k *lossKernels, y, x []float32) {
	clear(y)
	k.softmaxGradient(&y[0], &y[0], &x[0], len(x), -1)
}

// TestExponential demands one unit in the last place on every 7th float from -87.3 to 0.
func TestExponential(t *testing.T) {
	step := uint32(7)
	if testing.Short() {
		step = 7001
	}
	x, y, want := make([]float32, 4096), make([]float32, 4096), make([]float64, 4096)
	worst, at := map[string]float64{}, map[string]float32{}
	for bits := math.Float32bits(float32(math.Copysign(0, -1))); bits <= math.Float32bits(-87.3); {
		for i := range x {
			x[i] = math.Float32frombits(min(bits, math.Float32bits(-87.3)))
			want[i] = math.Exp(float64(x[i]))
			bits += step
		}
		for _, tier := range assemblyTiers() {
			exp(lossesOf(tier), y, x)
			for i, got := range y {
				if off := unitsOff(got, want[i]); !(off <= worst[tier]) {
					worst[tier], at[tier] = off, x[i]
				}
			}
		}
	}
	for _, tier := range assemblyTiers() {
		t.Logf("%s: at most %.4f units in the last place, at %g", tier, worst[tier], at[tier])
		if !(worst[tier] <= 1) {
			t.Errorf("%s: %.4f units in the last place at %g", tier, worst[tier], at[tier])
		}
	}
}

// unitsOff is how many units in the last place of a float32 got is off.
func unitsOff(got float32, want float64) float64 {
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) * math.Ldexp(1, 24-exponent)
}

func lossesOf(tier string) *lossKernels {
	return (&device{avx512: tier == "avx512"}).losses()
}

// TestExponentialEnds looks at what the losses may meet outside the range, in whole vectors and tails.
func TestExponentialEnds(t *testing.T) {
	inf := float32(math.Inf(1))
	x := []float32{0, float32(math.NaN()), -inf, inf, -87.4, -1e30, -math.MaxFloat32, 88.8, 1e30, math.MaxFloat32, 88.7, 1e-40, -87.33}
	want := []float32{1, float32(math.NaN()), 0, inf, 0, 0, 0, inf, inf, inf, 3.3265e38, 1, 1.1829e-38}
	for _, tier := range assemblyTiers() {
		y := make([]float32, len(x))
		for range 3 {
			exp(lossesOf(tier), y, x)
			for i, got := range y {
				same := got == want[i] || got != got && want[i] != want[i]
				if close := math.Abs(float64(got/want[i]-1)) < 1e-3; !same && !close {
					t.Errorf("%s: exp(%g) = %g, want %g", tier, x[i], got, want[i])
				}
			}
			x, want, y = append(x, x...), append(want, want...), append(y, y...)
		}
		x, want = x[:13], want[:13]
	}
}
