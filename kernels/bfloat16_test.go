package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// nearest is the bfloat16 nearest to v, by exact arithmetic: of the two around it the one that is less far away, of two
// equally far the one that is even. What lies half a step or more beyond the largest number is infinite.
func nearest(v float64) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign = 0x8000
	}
	exact := new(big.Float).SetPrec(2000).SetFloat64(math.Abs(v))
	at := func(b int) *big.Float { // infinity takes the place of 2^128
		if b == 0x7f80 {
			return new(big.Float).SetPrec(2000).SetMantExp(big.NewFloat(1), 128)
		}
		return new(big.Float).SetPrec(2000).SetFloat64(float64(math.Float32frombits(uint32(b) << 16)))
	}
	if exact.Cmp(at(0x7f80)) >= 0 {
		return sign | 0x7f80
	}
	low, high := 0, 0x7f80 // numbers of one sign sort as their bits do
	for high-low > 1 {
		if middle := (low + high) / 2; at(middle).Cmp(exact) <= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	below, above := new(big.Float).Sub(exact, at(low)), new(big.Float).Sub(at(high), exact)
	if c := below.Cmp(above); c > 0 || c == 0 && low&1 == 1 {
		low = high
	}
	return sign | uint16(low)
}

// TestToBFloat16 compares with the exact model: all halves between neighbours, numbers just beside them in float32 and in
// float64, where rounding to float32 first goes wrong, the ends of the range, and random bits.
func TestToBFloat16(t *testing.T) {
	check := func(v float64) {
		t.Helper()
		if got, want := ToBFloat16(v), nearest(v); got != want {
			t.Fatalf("%v (%#016x) becomes %#04x, want %#04x", v, math.Float64bits(v), got, want)
		}
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	for b := 0; b < 0x7f80; b += step {
		low := float64(math.Float32frombits(uint32(b) << 16))
		half := float64(math.Float32frombits(uint32(b)<<16 | 0x8000))
		for _, v := range []float64{low, half, math.Nextafter(half, 0), math.Nextafter(half, math.Inf(1)), math.Nextafter(low, math.Inf(1)),
			float64(math.Nextafter32(float32(half), 0)), float64(math.Nextafter32(float32(half), float32(math.Inf(1)))), half * (1 + 0x1p-30)} {
			check(v)
			check(-v)
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), math.MaxFloat32, math.MaxFloat64, math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat64,
		0x1p-133, 0x1p-134, math.Nextafter(0x1p-134, 1), 0x1.ffp127, math.Nextafter(0x1.ffp127, 0), math.Nextafter(0x1.ffp127, math.Inf(1)), math.Inf(1)} {
		check(v)
		check(-v)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100000 / step {
		single := math.Float32frombits(random.Uint32())
		if single != single {
			continue
		}
		check(float64(single))
		check(float64(single) * (1 + random.Float64()*0x1p-20))
	}
}

// TestBFloat16NaN: a NaN stays one, with its sign, wherever its payload lies.
func TestBFloat16NaN(t *testing.T) {
	for _, bits := range []uint64{0x7ff8000000000001, 0x7ff0000000000001, 0xfff0000000000001, 0x7ff0000020000000, 0x7ff8000000000000, 0xffffffffffffffff} {
		got := ToBFloat16(math.Float64frombits(bits))
		if got&0x7f80 != 0x7f80 || got&0x7f == 0 || got>>15 != uint16(bits>>63) {
			t.Errorf("the NaN %#x becomes %#04x", bits, got)
		}
	}
}

// TestFromBFloat16: every bfloat16 comes back.
func TestFromBFloat16(t *testing.T) {
	for b := range 1 << 16 {
		v := FromBFloat16(uint16(b))
		if back := ToBFloat16(float64(v)); v == v && back != uint16(b) {
			t.Fatalf("%#04x is %v, which becomes %#04x", b, v, back)
		}
	}
}

// FuzzToBFloat16 compares any float64 with the exact model.
func FuzzToBFloat16(f *testing.F) {
	f.Add(uint64(0x3ff0100000000001))
	f.Fuzz(func(t *testing.T, bits uint64) {
		if v := math.Float64frombits(bits); v == v && ToBFloat16(v) != nearest(v) {
			t.Errorf("%v becomes %#04x, want %#04x", v, ToBFloat16(v), nearest(v))
		}
	})
}
