package arith

// This file is the arithmetic of the tensor cores of H100 and H200, after the published bit-accurate model (arXiv
// 2512.07004): the exact products of one instruction and the addend are aligned to the greatest exponent, each cut to
// two bits below the last of float32, summed exactly, and the sum is cut to float32.

import "math"

// The exponent that stands for a zero, far below all others, and the lowest one that terms are aligned to.
const (
	zeroExponent = -1 << 14
	lowestAlign  = -133
	extraBits    = 2
)

// Element is a number unpacked for Dot: its value and the exponent that it is stored with, of a subnormal the least one. That
// of infinities and NaN is beyond all others.
type Element struct {
	value    float64
	exponent int32
}

// specialExponent is that of infinities and NaN.
const specialExponent = 1 << 16

// Unpack reads bits of a format. Those of F32 lie in the same places as those of TF32, which ignores the last 13.
func (f *Format) Unpack(bits uint32) Element {
	magnitude := bits &^ f.Sign >> f.skip
	e := Element{f.Value(bits), int32(magnitude>>f.Fraction) - int32(f.Bias)}
	switch {
	case magnitude >= f.Inf>>f.skip:
		e.exponent = specialExponent
	case magnitude == 0:
		e.exponent = zeroExponent
	case magnitude>>f.Fraction == 0:
		e.exponent++
	}
	return e
}

// Dot is the exact sum of c and the products of a and b, as the tensor core cuts it; before it is rounded to its type. c is
// bits of float32. The result is infinite or NaN where an operand is.
func Dot(a, b []Element, c uint32) float64 {
	addend := F32.Unpack(c)
	b = b[:len(a)]
	greatest := max(addend.exponent, lowestAlign)
	for k := range a {
		greatest = max(greatest, a[k].exponent+b[k].exponent)
	}
	if greatest >= specialExponent+zeroExponent {
		sum := addend.value
		for k := range a {
			sum += a[k].value * b[k].value
		}
		return sum
	}
	// Products of two such numbers are exact in float64, the conversion to a whole number cuts toward zero.
	places := greatest - 23 - extraBits
	scale := math.Float64frombits(uint64(1023-places) << 52)
	sum := int64(addend.value * scale)
	for k := range a {
		sum += int64(a[k].value * b[k].value * scale)
	}
	return float64(sum) * math.Float64frombits(uint64(1023+places)<<52)
}

// Cut rounds a sum toward zero to float32; what exceeds its range is infinite.
func Cut(sum float64) uint32 {
	const dropped = 1<<29 - 1 // bits of the fraction that float32 lacks
	bits := math.Float64bits(sum)
	switch exponent := bits >> 52 & 0x7ff; {
	case exponent > 1023-127 && exponent < 1023+128 || bits == 0:
		return math.Float32bits(float32(math.Float64frombits(bits &^ dropped)))
	case sum != sum:
		return F32.NaN
	case exponent >= 1023+128:
		return F32.Inf | uint32(bits>>32)&F32.Sign
	}
	nearest := float32(sum)
	if math.Abs(float64(nearest)) > math.Abs(sum) {
		return math.Float32bits(nearest) - 1
	}
	return math.Float32bits(nearest)
}
