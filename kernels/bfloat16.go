package kernels

import "math"

// ToBFloat16 rounds v to the nearest bfloat16, ties to even, once, also from a float64. Values too large become
// infinite; a NaN stays one.
func ToBFloat16(v float64) uint16 {
	if v != v {
		return uint16(math.Float32bits(float32(v))>>16) | 0x40 // a NaN whose payload lies below stays a NaN
	}
	bits := math.Float32bits(oddly(v))
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// oddly is v as a float32, rounded to odd: where v lies between two neighbours it is the one with an odd last bit, so
// that a second rounding, to fewer digits, gives what one rounding of v would.
func oddly(v float64) float32 {
	f := float32(v)
	if float64(f) == v || math.IsInf(float64(f), 0) {
		return f
	}
	bits := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(v) {
		bits-- // towards zero
	}
	return math.Float32frombits(bits | 1)
}

// FromBFloat16 is the value of a bfloat16.
func FromBFloat16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }
