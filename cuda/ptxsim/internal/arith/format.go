// Package arith is the arithmetic of PTX in plain Go, exact to the bit: every rounding of every floating-point type,
// conversions, and the sums of the tensor cores. Only the approximate functions (approx.go) differ from a GPU's, within
// what the PTX manual promises.
//
// Values of types smaller than float64 are computed in float64 rounded to odd, which a second rounding cannot spoil.
package arith

// This file rounds float64 to the smaller formats and back.

import (
	"math"
)

// Rounding is a rounding mode of PTX.
type Rounding uint8

// The modes .rn, .rz, .rm, .rp, and .rna, to nearest with ties away from zero.
const (
	Nearest Rounding = iota
	Zero
	Down
	Up
	Away
)

// Modes maps the modifiers to modes. Those of conversions to whole numbers end in i.
var Modes = map[string]Rounding{
	"": Nearest, "rn": Nearest, "rz": Zero, "rm": Down, "rp": Up, "rna": Away, "rni": Nearest, "rzi": Zero, "rmi": Down, "rpi": Up,
}

// Format is a binary floating-point format of at most 32 bits.
type Format struct {
	Fraction int    // explicit bits
	Bias     int    // the exponent of 1 as stored
	Inf      uint32 // bits of infinity
	NaN      uint32 // bits of the NaN that operations make
	Sign     uint32 // the sign's bit
	skip     int    // unused low bits, of tf32
}

// The formats.
var (
	F32  = Format{Fraction: 23, Bias: 127, Inf: 0x7f800000, NaN: 0x7fffffff, Sign: 1 << 31}
	F16  = Format{Fraction: 10, Bias: 15, Inf: 0x7c00, NaN: 0x7fff, Sign: 1 << 15}
	BF16 = Format{Fraction: 7, Bias: 127, Inf: 0x7f80, NaN: 0x7fff, Sign: 1 << 15}
	// Those of 8 bits. E4M3 has no infinity: Inf is its NaN, which no number rounds to if it is clamped by Finite.
	E5M2 = Format{Fraction: 2, Bias: 15, Inf: 0x7c, NaN: 0x7f, Sign: 1 << 7}
	E4M3 = Format{Fraction: 3, Bias: 7, Inf: 0x7f, NaN: 0x7f, Sign: 1 << 7}
	TF32 = Format{Fraction: 10, Bias: 127, Inf: 0x7f800000, NaN: 0x7fffffff, Sign: 1 << 31, skip: 13}
)

// Round is the nearest value of the format in the given mode, as bits. x may be rounded to odd.
func (f *Format) Round(x float64, mode Rounding) uint32 {
	if x != x {
		return f.NaN
	}
	if f.Fraction == 23 && mode == Nearest {
		return math.Float32bits(float32(x))
	}
	bits := math.Float64bits(x)
	sign := uint32(0)
	if bits>>63 != 0 {
		sign = f.Sign
		mode = mode.mirrored()
	}
	if math.IsInf(x, 0) {
		return sign | f.Inf
	}
	exponent := int(bits>>52&0x7ff) - 1023
	fraction := bits&(1<<52-1) | 1<<52
	if exponent == -1023 {
		if fraction &^= 1 << 52; fraction == 0 {
			return sign
		}
		exponent = -1022 // far below every format's range
	}
	stored := exponent + f.Bias
	drop := 52 - f.Fraction
	if stored < 1 {
		drop += 1 - stored
		stored = 1
	}
	var kept uint64
	if drop > 63 {
		kept = roundAway(0, 1, 4, mode) // below half of the least value
	} else {
		kept = roundAway(fraction>>drop, fraction&(1<<drop-1), 1<<drop, mode)
	}
	// A fraction that reached 2 carries into the exponent, one below 1 is subnormal: both by plain addition.
	result := uint64(stored-1)<<f.Fraction + kept
	if limit := uint64(f.Inf >> f.skip); result >= limit {
		if mode == Zero || mode == Down {
			return sign | (f.Inf - 1<<f.skip)
		}
		return sign | f.Inf
	}
	return sign | uint32(result)<<f.skip
}

// RoundFloat32 is Round of a float32, given as bits, to BF16 or TF32, whose exponents are the same, to nearest or away from zero: a carry
// out of the fraction goes where it belongs.
func (f *Format) RoundFloat32(bits uint32, mode Rounding) uint32 {
	if F32.IsNaN(bits) {
		return f.NaN
	}
	drop := F32.Fraction - f.Fraction
	half := uint32(1) << (drop - 1)
	if mode == Nearest {
		half += bits>>drop&1 - 1
	}
	return (bits + half) >> drop << f.skip
}

// mirrored is the mode for the magnitude of a negative number.
func (r Rounding) mirrored() Rounding {
	switch r {
	case Down:
		return Up
	case Up:
		return Down
	}
	return r
}

// roundAway rounds a magnitude whole + rest/unit, which is not negative.
func roundAway(whole, rest, unit uint64, mode Rounding) uint64 {
	half := unit / 2
	switch mode {
	case Nearest:
		if rest > half || rest == half && whole&1 == 1 {
			return whole + 1
		}
	case Away:
		if rest >= half {
			return whole + 1
		}
	case Up:
		if rest > 0 {
			return whole + 1
		}
	}
	return whole
}

// Value is the number that bits stand for, NaN for any NaN.
func (f *Format) Value(bits uint32) float64 {
	switch f.Fraction {
	case 23:
		return float64(math.Float32frombits(bits))
	case 7:
		return float64(math.Float32frombits(bits << 16))
	case 2:
		return F16.Value(bits << 8)
	case 3:
		return valueE4M3(bits)
	}
	if f.Bias == 127 {
		return float64(math.Float32frombits(bits &^ 0x1fff))
	}
	fraction, exponent := uint64(bits&0x3ff), uint64(bits>>10&31)
	sign := uint64(bits&0x8000) << 48
	switch exponent {
	case 0:
		return math.Copysign(float64(fraction)*0x1p-24, math.Float64frombits(sign|1))
	case 31:
		return math.Float64frombits(sign | 0x7ff<<52 | fraction<<42)
	}
	return math.Float64frombits(sign | (exponent-15+1023)<<52 | fraction<<42)
}

func valueE4M3(bits uint32) float64 {
	magnitude := bits & 0x7f
	exponent, fraction := int(magnitude>>3), float64(magnitude&7)
	var x float64
	switch {
	case magnitude == 0x7f:
		return math.NaN()
	case exponent == 0:
		x = math.Ldexp(fraction, -9)
	default:
		x = math.Ldexp(8+fraction, exponent-10)
	}
	if bits&0x80 != 0 {
		return -x
	}
	return x
}

// RoundFinite is Round with what exceeds the range clamped to the largest number.
func (f *Format) RoundFinite(x float64, mode Rounding) uint32 {
	bits := f.Round(x, mode)
	if x == x && bits&^f.Sign >= f.Inf {
		return bits&f.Sign | (f.Inf - 1<<f.skip)
	}
	return bits
}

// IsNaN says whether bits are a NaN of the format.
func (f *Format) IsNaN(bits uint32) bool { return bits&^f.Sign > f.Inf }

// Flush replaces a subnormal number by a zero of its sign.
func (f *Format) Flush(bits uint32) uint32 {
	if bits&f.Inf == 0 {
		return bits & f.Sign
	}
	return bits
}

// Saturate clamps to [0, 1]; NaN becomes 0.
func (f *Format) Saturate(bits uint32) uint32 {
	switch {
	case f.IsNaN(bits) || bits&f.Sign != 0:
		return 0
	case bits > uint32(f.Bias)<<f.Fraction:
		return uint32(f.Bias) << f.Fraction
	}
	return bits
}

// odd makes of s, the nearest float64 to a sum s + rest, the one rounded to odd.
func odd(s, rest float64) float64 {
	if rest == 0 || rest != rest || math.IsInf(s, 0) {
		return s
	}
	bits := math.Float64bits(s)
	if (rest < 0) != (s < 0) {
		bits--
	}
	return math.Float64frombits(bits | 1)
}

// addOdd is a + b rounded to odd, with the sign of a zero that the mode asks for.
func addOdd(a, b float64, mode Rounding) float64 {
	s := a + b
	if s == 0 {
		if mode == Down && math.Signbit(a) != math.Signbit(b) {
			return math.Copysign(0, -1)
		}
		return s
	}
	t := s - a
	return odd(s, (a-(s-t))+(b-t))
}
