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

// Element is a number unpacked for Dot: significand * 2^(exponent - fraction bits of its format). An infinite one has the
// significand of 1 and an exponent beyond all others, a NaN a smaller significand.
type Element struct{ significand, exponent int32 }

// specialExponent is that of infinities and NaN.
const specialExponent = 1 << 16

// Unpack splits bits of a format. Those of F32 lie in the same places as those of TF32, which ignores the last 13.
func (f *Format) Unpack(bits uint32) Element {
	bits >>= f.skip
	sign := f.Sign >> f.skip
	fraction := int32(bits & (1<<f.Fraction - 1))
	stored := int32(bits&^sign) >> f.Fraction
	e := Element{fraction, stored - int32(f.Bias)}
	switch {
	case stored == int32(f.Inf>>f.skip)>>f.Fraction:
		e.exponent = specialExponent
		if fraction == 0 {
			e.significand = 1 << f.Fraction
		}
	case stored == 0 && fraction == 0:
		e.exponent = zeroExponent
	case stored == 0:
		e.exponent++
	default:
		e.significand |= 1 << f.Fraction
	}
	if bits&sign != 0 {
		e.significand = -e.significand
	}
	return e
}

// Dot is the exact sum of c and the products of a and b, elements of format f, as the tensor core cuts it; before it is
// rounded to its type. c is bits of float32. The result is infinite or NaN where an operand is.
func Dot(f *Format, a, b []Element, c uint32) float64 {
	addend := F32.Unpack(c)
	b = b[:len(a)]
	greatest := max(addend.exponent, lowestAlign)
	for k := range a {
		greatest = max(greatest, a[k].exponent+b[k].exponent)
	}
	if greatest >= specialExponent+2*zeroExponent {
		return specialDot(f, a, b, c)
	}
	lift := 23 + extraBits - 2*f.Fraction
	sum := cut(int64(addend.significand)<<extraBits, greatest-addend.exponent)
	for k := range a {
		product := int64(a[k].significand) * int64(b[k].significand) << lift
		sum += cut(product, greatest-a[k].exponent-b[k].exponent)
	}
	return float64(sum) * math.Float64frombits(uint64(greatest-23-extraBits+1023)<<52)
}

// Cut rounds a sum toward zero to float32; what exceeds its range is infinite.
func Cut(sum float64) uint32 {
	nearest := float32(sum)
	bits := math.Float32bits(nearest)
	switch {
	case sum != sum:
		return F32.NaN
	case math.Abs(sum) >= 0x1p128:
		return F32.Inf | bits&F32.Sign
	case math.Abs(float64(nearest)) > math.Abs(sum):
		return bits - 1
	}
	return bits
}

// cut divides by 2^places toward zero.
func cut(value int64, places int32) int64 {
	sign := value >> 63
	return ((value^sign)-sign)>>uint32(places) ^ sign - sign
}

// specialDot handles infinities and NaN, where alignment does not matter.
func specialDot(f *Format, a, b []Element, c uint32) float64 {
	sum := F32.Value(c)
	for k := range a {
		sum += a[k].value(f) * b[k].value(f)
	}
	return sum
}

// value is the element as a float64, good enough where only signs, zeros, infinities and NaN count.
func (e Element) value(f *Format) float64 {
	if e.exponent != specialExponent {
		return float64(e.significand)
	}
	switch e.significand {
	case 1 << f.Fraction:
		return math.Inf(1)
	case -1 << f.Fraction:
		return math.Inf(-1)
	}
	return math.NaN()
}
