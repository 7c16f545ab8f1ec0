package arith

// This file converts between whole numbers and floats.

import (
	"math"
	"math/bits"
)

// integral rounds to a whole number.
func integral(x float64, mode Rounding) float64 {
	switch mode {
	case Zero:
		return math.Trunc(x)
	case Down:
		return math.Floor(x)
	case Up:
		return math.Ceil(x)
	}
	return math.RoundToEven(x)
}

// Integral rounds a float64 to a whole number in its own type; a NaN becomes quiet.
func Integral(x float64, mode Rounding) float64 {
	if x != x {
		return quiet(x)
	}
	return integral(x, mode)
}

// ToInteger rounds a value to a whole number of size bits, clamped to the range of its type. NaN is 0, but 1<<(size-1)
// where the value or the result has 64 bits.
func ToInteger(x float64, mode Rounding, size int, signed, wide bool) uint64 {
	if x != x {
		if wide || size == 64 {
			return 1 << (size - 1)
		}
		return 0
	}
	x = integral(x, mode)
	if signed {
		limit := math.Ldexp(1, size-1)
		switch {
		case x >= limit:
			return 1<<(size-1) - 1
		case x < -limit:
			return -(uint64(1) << (size - 1))
		}
		return uint64(int64(x))
	}
	switch {
	case x <= 0:
		return 0
	case x >= math.Ldexp(1, size):
		return 1<<size - 1
	}
	return wholeBits(x)
}

// wholeBits is a positive whole number below 2^64 as an integer.
func wholeBits(x float64) uint64 {
	if x < 1<<63 {
		return uint64(int64(x))
	}
	return uint64(int64(x-1<<63)) | 1<<63
}

// FromInteger is a whole number as a float64 rounded to odd, for Round.
func FromInteger(value uint64, signed bool) float64 {
	negative, magnitude := magnitude(value, signed)
	var x float64
	if magnitude < 1<<53 {
		x = float64(magnitude)
	} else {
		shift := bits.Len64(magnitude) - 53
		kept := magnitude >> shift
		if magnitude&(1<<shift-1) != 0 {
			kept |= 1
		}
		x = math.Ldexp(float64(kept), shift)
	}
	if negative {
		return -x
	}
	return x
}

// FromInteger64 is a whole number as the float64 that the mode asks for.
func FromInteger64(value uint64, signed bool, mode Rounding) float64 {
	negative, magnitude := magnitude(value, signed)
	if negative {
		mode = mode.mirrored()
	}
	shift := max(0, bits.Len64(magnitude)-53)
	kept := roundAway(magnitude>>shift, magnitude&(1<<shift-1), 1<<shift, mode)
	if shift == 0 {
		kept = magnitude
	}
	x := math.Ldexp(float64(kept), shift)
	if negative {
		return -x
	}
	return x
}

func magnitude(value uint64, signed bool) (bool, uint64) {
	if signed && int64(value) < 0 {
		return true, -value
	}
	return false, value
}
