//go:build amd64 && !noasm

package asm

import (
	"math"
	"slices"
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

// TestExponentialSums demands one unit in the last place of what the contrastive loss keeps, on every 97th float on both sides
// of 0 and of -Inf, and sums of what it has made.
func TestExponentialSums(t *testing.T) {
	const rows, n, stride = 16, 128, 128 + tilePadding
	step := uint32(97)
	if testing.Short() {
		step = 7001
	}
	infinity := float32(math.Inf(-1))
	for _, tier := range assemblyTiers() {
		k := (&device{avx512: tier == "avx512"}).contrastKernels()
		x, given, lanes := make([]float32, rows*stride), make([]float32, rows*stride), make([]float32, rows*maxLanes)
		var worst float64
		var at float32
		for _, ends := range [][2]float32{{0, 88.6}, {float32(math.Copysign(0, -1)), -83}} {
			for bits, last := math.Float32bits(ends[0]), math.Float32bits(ends[1]); bits <= last; {
				for i := range x {
					x[i] = untouched
					if i%stride < n {
						x[i] = math.Float32frombits(min(bits, last))
						bits += step
					}
				}
				x[3*stride+5] = infinity
				copy(given, x)
				sums, columns, want := make([]float64, rows), make([]float32, n), make([]float64, n)
				k.exponentialSums(&x[0], 4*stride, rows, n, &sums[0], &columns[0], &lanes[0])
				twice := slices.Clone(given)
				k.exponentialSums(&twice[0], 4*stride, rows, n, &make([]float64, rows)[0], nil, &lanes[0])
				if !slices.Equal(twice, x) {
					t.Fatalf("%s: from %g on: without sums of columns there are other exponentials", tier, given[0])
				}
				for r := range rows {
					var sum float64
					for i, got := range x[r*stride:][:n] {
						sum, want[i] = sum+float64(got), want[i]+float64(got)
						if off := unitsOff(got, math.Exp(float64(given[r*stride+i]))); !(off <= worst) && given[r*stride+i] != infinity {
							worst, at = off, given[r*stride+i]
						}
					}
					if sum < math.MaxFloat32 && !(math.Abs(sums[r]-sum) <= 1e-6*sum) {
						t.Fatalf("%s: row %d from %g on: sum %g, want %g", tier, r, given[r*stride], sums[r], sum)
					}
				}
				for i, sum := range want {
					if sum < math.MaxFloat32 && !(math.Abs(float64(columns[i])-sum) <= 1e-6*sum) {
						t.Fatalf("%s: column %d from %g on: sum %g, want %g", tier, i, given[i], columns[i], sum)
					}
				}
				if x[3*stride+5] != 0 {
					t.Fatalf("%s: exp(-Inf) = %g", tier, x[3*stride+5])
				}
			}
		}
		t.Logf("%s: at most %.4f units in the last place, at %g", tier, worst, at)
		if !(worst <= 1) {
			t.Errorf("%s: %.4f units in the last place at %g", tier, worst, at)
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
