package arith

// This file has the approximate functions, computed in float64 and rounded. A GPU's differ from these within the error
// that the PTX manual states, so kernels that use them are compared with a tolerance.

import "math"

// Approximate are the .approx functions of one float32.
var Approximate = map[string]func(float64) float64{
	"ex2":   math.Exp2,
	"lg2":   math.Log2,
	"sin":   math.Sin,
	"cos":   math.Cos,
	"tanh":  math.Tanh,
	"rcp":   func(x float64) float64 { return 1 / x },
	"sqrt":  math.Sqrt,
	"rsqrt": func(x float64) float64 { return 1 / math.Sqrt(x) },
}

// HighHalf computes rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64: only the high 32 bits of operand and result count, and
// subnormals are zeros.
func HighHalf(x float64, function func(float64) float64) float64 {
	x = function(flush64(math.Float64frombits(math.Float64bits(x) &^ 0xffffffff)))
	return flush64(math.Float64frombits(math.Float64bits(x) &^ 0xffffffff))
}

func flush64(x float64) float64 {
	if math.Abs(x) < 0x1p-1022 {
		return math.Copysign(0, x)
	}
	return x
}
