package arith

// This file has the operations of float64 and of the formats below it.

import (
	"math"
	"math/big"
)

// Add, Mul, FMA, Div and Sqrt compute in the format, correctly rounded. Operands are bits of the format.

// Add is a + b.
func (f *Format) Add(a, b uint32, mode Rounding) uint32 {
	return f.Round(addOdd(f.Value(a), f.Value(b), mode), mode)
}

// Mul is a * b.
func (f *Format) Mul(a, b uint32, mode Rounding) uint32 {
	return f.Round(f.Value(a)*f.Value(b), mode)
}

// FMA is a * b + c, rounded once.
func (f *Format) FMA(a, b, c uint32, mode Rounding) uint32 {
	product := float64(f.Value(a) * f.Value(b))
	return f.Round(addOdd(product, f.Value(c), mode), mode)
}

// Div is a / b.
func (f *Format) Div(a, b uint32, mode Rounding) uint32 {
	x, y := f.Value(a), f.Value(b)
	q := x / y
	if y != 0 && !math.IsInf(y, 0) {
		rest := math.FMA(-q, y, x)
		if y < 0 {
			rest = -rest
		}
		q = odd(q, rest)
	}
	return f.Round(q, mode)
}

// Sqrt is the square root of a.
func (f *Format) Sqrt(a uint32, mode Rounding) uint32 {
	x := f.Value(a)
	s := math.Sqrt(x)
	return f.Round(odd(s, math.FMA(-s, s, x)), mode)
}

// eachFMA32 is the loop of FMA32.
func eachFMA32(z, a, b, c *[32]uint32) {
	value := func(bits uint32) float64 { return float64(math.Float32frombits(bits)) }
	for n := range z {
		product, addend := value(a[n])*value(b[n]), value(c[n])
		s := product + addend
		// Two roundings differ from one only where the first lands on the middle between two float32, or where these are subnormal.
		bits := math.Float64bits(s)
		if exponent := bits >> 52 & 0x7ff; bits&0x1fffffff != 0x10000000 && exponent > 1023-126 && exponent < 0x7ff || s == 0 {
			z[n] = math.Float32bits(float32(s))
		} else {
			z[n] = F32.Round(addOdd(product, addend, Nearest), Nearest)
		}
	}
}

// quiet is the NaN that an operation of float64 gives for its operands: the first NaN among them made quiet, else the
// default one.
func quiet(operands ...float64) float64 {
	for _, x := range operands {
		if x != x {
			return math.Float64frombits(math.Float64bits(x) | 1<<51)
		}
	}
	return math.Float64frombits(0xfff8000000000000)
}

// Loops64 are operations to nearest of rows of float64, by their names in PTX.
var Loops64 = map[string]func(z, a, b, c *[32]uint64){
	"add": func(z, a, b, _ *[32]uint64) {
		for n := range z {
			x, y := math.Float64frombits(a[n]), math.Float64frombits(b[n])
			s := x + y
			if s != s {
				s = quiet(x, y)
			}
			z[n] = math.Float64bits(s)
		}
	},
	"sub": func(z, a, b, _ *[32]uint64) {
		for n := range z {
			x, y := math.Float64frombits(a[n]), math.Float64frombits(b[n])
			s := x - y
			if s != s {
				s = quiet(x, -y)
			}
			z[n] = math.Float64bits(s)
		}
	},
	"mul": func(z, a, b, _ *[32]uint64) {
		for n := range z {
			x, y := math.Float64frombits(a[n]), math.Float64frombits(b[n])
			p := x * y
			if p != p {
				p = quiet(x, y)
			}
			z[n] = math.Float64bits(p)
		}
	},
	"fma": func(z, a, b, c *[32]uint64) {
		for n := range z {
			x, y, v := math.Float64frombits(a[n]), math.Float64frombits(b[n]), math.Float64frombits(c[n])
			s := math.FMA(x, y, v)
			if s != s {
				s = quiet(x, y, v)
			}
			z[n] = math.Float64bits(s)
		}
	},
}

// Add64 is a + b.
func Add64(a, b float64, mode Rounding) float64 {
	s := a + b
	switch {
	case s != s:
		return quiet(a, b)
	case mode == Nearest || math.IsInf(a, 0) || math.IsInf(b, 0):
		return s
	case a == 0 && b == 0 || a == -b:
		return addOdd(a, b, mode)
	}
	return directed(new(big.Float).SetPrec(2200).Add(big.NewFloat(a), big.NewFloat(b)), s, mode)
}

// Mul64 is a * b.
func Mul64(a, b float64, mode Rounding) float64 {
	p := a * b
	switch {
	case p != p:
		return quiet(a, b)
	case mode == Nearest || a == 0 || b == 0 || math.IsInf(a, 0) || math.IsInf(b, 0):
		return p
	}
	return directed(new(big.Float).SetPrec(106).Mul(big.NewFloat(a), big.NewFloat(b)), p, mode)
}

// FMA64 is a * b + c, rounded once.
func FMA64(a, b, c float64, mode Rounding) float64 {
	s := math.FMA(a, b, c)
	switch {
	case s != s:
		return quiet(a, b, c)
	case mode == Nearest || math.IsInf(a, 0) || math.IsInf(b, 0) || math.IsInf(c, 0):
		return s
	}
	product := new(big.Float).SetPrec(106).Mul(big.NewFloat(a), big.NewFloat(b))
	sum := new(big.Float).SetPrec(4400).Add(product, big.NewFloat(c))
	if sum.Sign() == 0 {
		return addOdd(a*b, c, mode)
	}
	return directed(sum, s, mode)
}

// Div64 is a / b.
func Div64(a, b float64, mode Rounding) float64 {
	q := a / b
	switch {
	case q != q:
		return quiet(a, b)
	case mode == Nearest || a == 0 || b == 0 || math.IsInf(a, 0) || math.IsInf(b, 0):
		return q
	}
	// The quotient to 2200 bits lies on the same side of q as the true one, or is it.
	return directed(new(big.Float).SetPrec(2200).Quo(big.NewFloat(a), big.NewFloat(b)), q, mode)
}

// Sqrt64 is the square root of a.
func Sqrt64(a float64, mode Rounding) float64 {
	s := math.Sqrt(a)
	switch {
	case s != s:
		return quiet(a)
	case mode == Nearest || a == 0 || math.IsInf(a, 0):
		return s
	}
	return directed(new(big.Float).SetPrec(2200).Sqrt(big.NewFloat(a)), s, mode)
}

// directed moves the float64 nearest to an exact value to the one that the mode asks for.
func directed(exact *big.Float, nearest float64, mode Rounding) float64 {
	sign := 0
	if math.IsInf(nearest, 0) {
		sign = -1
		if nearest < 0 {
			sign = 1
		}
	} else {
		sign = exact.Cmp(big.NewFloat(nearest)) // is the exact value above?
	}
	positive := exact.Sign() > 0
	switch {
	case sign > 0 && (mode == Up || mode == Zero && !positive):
		return signedZero(math.Nextafter(nearest, math.Inf(1)), positive)
	case sign < 0 && (mode == Down || mode == Zero && positive):
		return signedZero(math.Nextafter(nearest, math.Inf(-1)), positive)
	}
	return nearest
}

func signedZero(x float64, positive bool) float64 {
	if x == 0 && !positive {
		return math.Copysign(0, -1)
	}
	return x
}

// Min and Max choose among bits of the format: -0 is below +0, a NaN gives way to a number, or wins where propagate.

// Min is the lesser of a and b.
func (f *Format) Min(a, b uint32, propagate bool) uint32 { return f.choose(a, b, propagate, true) }

// Max is the greater of a and b.
func (f *Format) Max(a, b uint32, propagate bool) uint32 { return f.choose(a, b, propagate, false) }

func (f *Format) choose(a, b uint32, propagate, least bool) uint32 {
	switch nanA, nanB := f.IsNaN(a), f.IsNaN(b); {
	case nanA && nanB || propagate && (nanA || nanB):
		return f.NaN
	case nanA:
		return b
	case nanB:
		return a
	}
	if (f.ordered(a) < f.ordered(b)) == least {
		return a
	}
	return b
}

// ordered maps bits to whole numbers in the order of the values.
func (f *Format) ordered(bits uint32) int64 {
	if bits&f.Sign != 0 {
		return -int64(bits&^f.Sign) - 1
	}
	return int64(bits)
}

// Min64 and Max64 are those of float64.
func Min64(a, b float64) float64 { return choose64(a, b, true) }

// Max64 is the greater of a and b; a NaN gives way to a number.
func Max64(a, b float64) float64 { return choose64(a, b, false) }

func choose64(a, b float64, least bool) float64 {
	switch {
	case a != a && b != b:
		return quiet(a, b)
	case a != a:
		return b
	case b != b:
		return a
	case least:
		return math.Min(a, b)
	}
	return math.Max(a, b)
}
