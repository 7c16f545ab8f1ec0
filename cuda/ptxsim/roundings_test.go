package ptxsim

import (
	"math"
	"math/big"
)

// exactRoundings is kernel roundings, by exact arithmetic.
func exactRoundings(x, y float32) []float32 {
	a, b := new(big.Float).SetPrec(400).SetFloat64(float64(x)), new(big.Float).SetPrec(400).SetFloat64(float64(y))
	new400 := func() *big.Float { return new(big.Float).SetPrec(400) }
	one := new400().SetInt64(1)
	return []float32{
		round32(new400().Add(a, b), big.ToZero),
		round32(new400().Mul(a, b), big.ToPositiveInf),
		round32(new400().Quo(a, b), big.ToNegativeInf),
		round32(new400().Sqrt(new400().Abs(a)), big.ToZero),
		round32(new400().Add(new400().Mul(a, b), a), big.ToNegativeInf),
		round32(new400().Quo(one, b), big.ToPositiveInf),
		float32(math.Floor(float64(x * 1000))),
		max(0, min(1, x)),
	}
}

// round32 rounds a number in the range of normal float32.
func round32(x *big.Float, mode big.RoundingMode) float32 {
	value, _ := new(big.Float).SetPrec(24).SetMode(mode).Set(x).Float32()
	return value
}
