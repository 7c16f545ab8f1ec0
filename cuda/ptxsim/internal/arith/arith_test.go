package arith

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The models are exact: sums, products and quotients as rational numbers, rounded to a format by comparison alone.

// modelRound rounds an exact value to a format. It looks for the two neighbours by bisection over the bits, which are in
// the order of the magnitudes, so it shares nothing with Round.
func modelRound(f *Format, exact *big.Rat, negativeZero bool, mode Rounding) uint32 {
	if exact.Sign() == 0 {
		if negativeZero {
			return f.Sign
		}
		return 0
	}
	sign := uint32(0)
	magnitude := new(big.Rat).Abs(exact)
	if exact.Sign() < 0 {
		sign = f.Sign
	}
	step := uint32(1) << f.skip
	low, high := uint32(0), f.Inf // low <= magnitude < high, in value
	for high-low > step {
		middle := low + (high-low)/2/step*step
		if f.rational(middle).Cmp(magnitude) <= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	below, above := f.rational(low), f.rational(high)
	if below.Cmp(magnitude) == 0 {
		return sign | low
	}
	up := false
	switch mode {
	case Up:
		up = sign == 0
	case Down:
		up = sign != 0
	case Nearest, Away:
		middle := new(big.Rat).Add(below, above)
		middle.Quo(middle, big.NewRat(2, 1))
		order := magnitude.Cmp(middle)
		up = order > 0 || order == 0 && (mode == Away || low/step%2 == 1)
	}
	if up {
		return sign | high
	}
	return sign | low
}

// rational is the value of positive bits; infinity counts as the power of two behind the largest number.
func (f *Format) rational(bits uint32) *big.Rat {
	fraction, exponent := int64(bits>>f.skip&(1<<f.Fraction-1)), int(bits>>f.skip>>f.Fraction)
	if exponent == 0 {
		exponent = 1
	} else {
		fraction |= 1 << f.Fraction
	}
	return scaled(fraction, exponent-f.Bias-f.Fraction)
}

func scaled(value int64, exponent int) *big.Rat {
	r := new(big.Rat).SetInt64(value)
	power := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(exponent, -exponent))))
	if exponent < 0 {
		return r.Quo(r, power)
	}
	return r.Mul(r, power)
}

// signed is the exact value of finite bits.
func (f *Format) signed(bits uint32) *big.Rat {
	r := f.rational(bits &^ f.Sign)
	if bits&f.Sign != 0 {
		r.Neg(r)
	}
	return r
}

func (f *Format) finite(bits uint32) bool { return bits&^f.Sign < f.Inf }

// operands draws bits of a format: any, close to others, and the special ones.
func (f *Format) operands(random *rand.Rand) uint32 {
	one := uint32(f.Bias) << f.Fraction << f.skip
	special := []uint32{
		0, f.Sign, 1 << f.skip, f.Sign | 1<<f.skip, 1<<f.Fraction<<f.skip - 1<<f.skip, 1 << f.Fraction << f.skip, one, f.Sign | one, one + 1<<f.skip,
		one - 1<<f.skip, f.Inf - 1<<f.skip, f.Inf, f.Sign | f.Inf, f.NaN, f.Inf + 1<<f.skip, f.Sign | f.NaN, one + 1<<(f.Fraction-1)<<f.skip,
	}
	mask := ^uint32(1<<f.skip - 1)
	switch random.IntN(4) {
	case 0:
		return special[random.IntN(len(special))]
	case 1: // near one, so that sums cancel and ties happen
		return (one+uint32(random.IntN(1<<12)-1<<11)<<f.skip)&mask | f.Sign*uint32(random.IntN(2))
	}
	return random.Uint32() & mask & (f.Sign | (f.Sign - 1))
}

// rounds is how many operands a test draws, fewer in short runs.
func rounds(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

var modes = []Rounding{Nearest, Zero, Down, Up}

// TestFormats holds each operation of each format and rounding to the exact model.
func TestFormats(t *testing.T) {
	for name, f := range map[string]*Format{"f32": &F32, "f16": &F16, "bf16": &BF16} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			for range rounds(1500) {
				a, b, c := f.operands(random), f.operands(random), f.operands(random)
				for _, mode := range modes {
					checkFormat(t, f, a, b, c, mode)
				}
			}
		})
	}
}

func checkFormat(t *testing.T, f *Format, a, b, c uint32, mode Rounding) {
	t.Helper()
	check := func(what string, got, want uint32) {
		if got != want {
			t.Fatalf("%s of %#x, %#x, %#x, mode %d: %#x, expected %#x", what, a, b, c, mode, got, want)
		}
	}
	x, y, z := f.Value(a), f.Value(b), f.Value(c)
	native := func(v float64) uint32 { // for infinities and NaN float64 arithmetic is exact
		if v != v {
			return f.NaN
		}
		return f.Round(v, Nearest)
	}
	if f.finite(a) && f.finite(b) {
		sum := new(big.Rat).Add(f.signed(a), f.signed(b))
		zeros := a&f.Sign != 0 && b&f.Sign != 0 || mode == Down && (a^b)&f.Sign != 0
		check("sum", f.Add(a, b, mode), modelRound(f, sum, zeros, mode))
		check("product", f.Mul(a, b, mode), modelRound(f, new(big.Rat).Mul(f.signed(a), f.signed(b)), (a^b)&f.Sign != 0, mode))
		if y != 0 {
			check("quotient", f.Div(a, b, mode), modelRound(f, new(big.Rat).Quo(f.signed(a), f.signed(b)), (a^b)&f.Sign != 0, mode))
		}
		if f.finite(c) {
			product := new(big.Rat).Mul(f.signed(a), f.signed(b))
			negative := (a^b)&f.Sign != 0
			zeros := negative && c&f.Sign != 0 || mode == Down && negative != (c&f.Sign != 0)
			want := modelRound(f, product.Add(product, f.signed(c)), zeros, mode)
			check("fma", f.FMA(a, b, c, mode), want)
			if f == &F32 && mode == Nearest {
				var row, a, b, c [32]uint32
				a[31], b[31], c[31] = math.Float32bits(float32(x)), math.Float32bits(float32(y)), math.Float32bits(float32(z))
				FMA32(&row, &a, &b, &c)
				check("quick fma", row[31], want)
				eachFMA32(&row, &a, &b, &c)
				check("quick fma by the loop", row[31], want)
			}
		}
		return
	}
	check("sum", f.Add(a, b, mode), native(x+y))
	check("product", f.Mul(a, b, mode), native(x*y))
	check("quotient", f.Div(a, b, mode), native(x/y))
	check("fma", f.FMA(a, b, c, mode), native(x*y+z))
}

// TestSqrt holds the root to the model: the largest number whose square is not above, and what the mode makes of it.
func TestSqrt(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range rounds(1500) {
		a := F32.operands(random)
		if a&F32.Sign != 0 || !F32.finite(a) || a == 0 {
			continue
		}
		exact := new(big.Float).SetPrec(300).SetRat(F32.signed(a))
		root, _ := exact.Sqrt(exact).Rat(nil)
		if new(big.Rat).Mul(root, root).Cmp(F32.signed(a)) != 0 && root.Denom().BitLen() < 40 {
			t.Fatal("the root of the model is not precise")
		}
		for _, mode := range modes {
			if got, want := F32.Sqrt(a, mode), modelRound(&F32, root, false, mode); got != want {
				t.Fatalf("sqrt of %#x, mode %d: %#x, expected %#x", a, mode, got, want)
			}
		}
	}
}

// TestConversions holds Round to the model for float64 of every size, ties included, and whole numbers.
func TestConversions(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for name, f := range map[string]*Format{"f32": &F32, "f16": &F16, "bf16": &BF16, "tf32": &TF32} {
		for range rounds(1500) {
			x := math.Float64frombits(random.Uint64())
			if random.IntN(2) == 0 { // in the middle between two values of the format, or nearly
				low := f.Value(f.operands(random) &^ f.Sign)
				x = (low + f.Value(f.operands(random)&^f.Sign)) / 2
				x = math.Float64frombits(math.Float64bits(x)&^0xfff | uint64(random.IntN(3)))
			}
			if x != x || math.IsInf(x, 0) {
				continue
			}
			exact := new(big.Rat).SetFloat64(x)
			for _, mode := range append(modes, Away) {
				if got, want := f.Round(x, mode), modelRound(f, exact, math.Signbit(x), mode); got != want {
					t.Fatalf("%s of %g, mode %d: %#x, expected %#x", name, x, mode, got, want)
				}
			}
		}
	}
	for range rounds(1500) {
		v := random.Uint64() >> random.IntN(64)
		for _, signed := range []bool{false, true} {
			exact := new(big.Rat).SetInt(new(big.Int).SetUint64(v))
			if signed {
				exact.SetInt64(int64(v))
			}
			for _, mode := range modes {
				if got, want := F32.Round(FromInteger(v, signed), mode), modelRound(&F32, exact, false, mode); got != want {
					t.Fatalf("f32 of %d (%v), mode %d: %#x, expected %#x", v, signed, mode, got, want)
				}
				if got, want := FromInteger64(v, signed, mode), modelRound64(exact, mode); got != want {
					t.Fatalf("f64 of %d (%v), mode %d: %v, expected %v", v, signed, mode, got, want)
				}
			}
		}
	}
}

// modelRound64 rounds an exact value to float64: the two neighbours follow from bisection over the bits.
func modelRound64(exact *big.Rat, mode Rounding) float64 {
	magnitude := new(big.Rat).Abs(exact)
	low, high := uint64(0), uint64(0x7ff0000000000000)
	value := func(bits uint64) *big.Rat {
		if bits == 0x7ff0000000000000 {
			return scaled(1, 1024)
		}
		return new(big.Rat).SetFloat64(math.Float64frombits(bits))
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; value(middle).Cmp(magnitude) <= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	bits := low
	if value(low).Cmp(magnitude) != 0 {
		middle := new(big.Rat).Add(value(low), value(high))
		order := magnitude.Cmp(middle.Quo(middle, big.NewRat(2, 1)))
		negative := exact.Sign() < 0
		if mode == Nearest && (order > 0 || order == 0 && low%2 == 1) || mode == Up && !negative || mode == Down && negative {
			bits = high
		}
	}
	if exact.Sign() < 0 {
		bits |= 1 << 63
	}
	return math.Float64frombits(bits)
}

// TestFloat64 holds the directed roundings of float64 to the model.
func TestFloat64(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	draw := func() float64 {
		switch random.IntN(4) {
		case 0:
			return []float64{0, math.Copysign(0, -1), 1, -1, math.MaxFloat64, 5e-324, -5e-324, 0x1p-1022, 1 + 0x1p-52}[random.IntN(9)]
		case 1:
			return random.NormFloat64()
		}
		return math.Float64frombits(random.Uint64() &^ (1 << 62))
	}
	for range rounds(300) {
		a, b, c := draw(), draw(), draw()
		x, y, z := new(big.Rat), new(big.Rat), new(big.Rat)
		if x.SetFloat64(a) == nil || y.SetFloat64(b) == nil || z.SetFloat64(c) == nil {
			continue
		}
		for _, mode := range modes {
			check := func(what string, got float64, exact *big.Rat) {
				if want := modelRound64(exact, mode); got != want {
					t.Fatalf("%s of %g, %g, %g, mode %d: %g, expected %g", what, a, b, c, mode, got, want)
				}
			}
			check("sum", Add64(a, b, mode), new(big.Rat).Add(x, y))
			product := new(big.Rat).Mul(x, y)
			check("product", Mul64(a, b, mode), product)
			check("fma", FMA64(a, b, c, mode), new(big.Rat).Add(product, z))
			if b != 0 {
				check("quotient", Div64(a, b, mode), new(big.Rat).Quo(x, y))
			}
		}
	}
	for _, x := range [][3]uint64{{0x7ff0000000000123, 0, 0x7ff8000000000123}, {0, 0xfff8000000000456, 0xfff8000000000456}} {
		if got := math.Float64bits(Add64(math.Float64frombits(x[0]), math.Float64frombits(x[1]), Up)); got != x[2] {
			t.Errorf("NaN %#x + %#x = %#x, expected %#x", x[0], x[1], got, x[2])
		}
	}
}

func TestToInteger(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		x            float64
		mode         Rounding
		size         int
		signed, wide bool
		want         uint64
	}{
		{2.5, Nearest, 32, true, false, 2}, {3.5, Nearest, 32, true, false, 4}, {-2.5, Nearest, 32, true, false, ^uint64(0) - 1},
		{2.9, Zero, 32, true, false, 2}, {-2.9, Zero, 32, true, false, ^uint64(0) - 1}, {-2.1, Down, 32, true, false, ^uint64(0) - 2},
		{2.1, Up, 32, false, false, 3}, {-0.5, Zero, 32, false, false, 0}, {-5, Zero, 32, false, false, 0}, {5e9, Zero, 32, false, false, 1<<32 - 1},
		{5e9, Zero, 32, true, false, 1<<31 - 1}, {-5e9, Zero, 32, true, false, 0xffffffff80000000}, {300, Zero, 8, false, false, 255},
		{-300, Zero, 8, true, false, 0xffffffffffffff80}, {nan, Zero, 32, true, false, 0}, {nan, Zero, 32, true, true, 1 << 31},
		{nan, Zero, 64, false, false, 1 << 63}, {inf, Zero, 64, false, false, ^uint64(0)}, {inf, Zero, 64, true, false, 1<<63 - 1},
		{-inf, Zero, 64, true, false, 1 << 63}, {0x1p63, Zero, 64, false, false, 1 << 63}, {0x1p63 + 0x1p12, Zero, 64, false, false, 1<<63 + 1<<12},
		{-0x1p63, Zero, 64, true, false, 1 << 63},
	} {
		if got := ToInteger(test.x, test.mode, test.size, test.signed, test.wide); got != test.want {
			t.Errorf("ToInteger(%v, %d, %d, %v, %v) = %#x, expected %#x", test.x, test.mode, test.size, test.signed, test.wide, got, test.want)
		}
	}
}

func TestMinMax(t *testing.T) {
	for _, test := range []struct{ a, b, least, most, leastNaN uint32 }{
		{0, 0x80000000, 0x80000000, 0, 0x80000000}, {0x80000000, 0, 0x80000000, 0, 0x80000000}, {0x7fc00001, 0x3f800000, 0x3f800000, 0x3f800000, 0x7fffffff},
		{0x3f800000, 0xffc00001, 0x3f800000, 0x3f800000, 0x7fffffff}, {0x7fc00001, 0x7fc00002, 0x7fffffff, 0x7fffffff, 0x7fffffff},
		{0xff800000, 0x7f800000, 0xff800000, 0x7f800000, 0xff800000}, {1, 0x80000001, 0x80000001, 1, 0x80000001},
	} {
		got := fmt.Sprintf("%#x %#x %#x", F32.Min(test.a, test.b, false), F32.Max(test.a, test.b, false), F32.Min(test.a, test.b, true))
		if want := fmt.Sprintf("%#x %#x %#x", test.least, test.most, test.leastNaN); got != want {
			t.Errorf("%#x, %#x: %s, expected %s", test.a, test.b, got, want)
		}
	}
}

// modelDot is the published sum as rational numbers: every term cut toward zero to a multiple of 2^(E-25), E the greatest
// exponent of factors and addend.
func modelDot(f *Format, a, b []uint32, c uint32) uint32 {
	greatest := lowestAlign
	exponent := func(f *Format, bits uint32) int { return max(1, int(bits&^f.Sign>>f.skip>>f.Fraction)) - f.Bias }
	var terms []*big.Rat
	add := func(value *big.Rat, e int) {
		if value.Sign() != 0 {
			terms = append(terms, value)
			greatest = max(greatest, e)
		}
	}
	add(F32.signed(c), exponent(&F32, c))
	for k := range a {
		add(new(big.Rat).Mul(f.signed(a[k]), f.signed(b[k])), exponent(f, a[k])+exponent(f, b[k]))
	}
	unit := scaled(1, greatest-25)
	sum := new(big.Rat)
	for _, term := range terms {
		ratio := new(big.Rat).Quo(term, unit)
		whole := new(big.Int).Quo(ratio.Num(), ratio.Denom()) // toward zero
		sum.Add(sum, new(big.Rat).Mul(new(big.Rat).SetInt(whole), unit))
	}
	if sum.Cmp(scaled(1, 128)) >= 0 {
		return F32.Inf
	}
	if sum.Cmp(scaled(-1, 128)) <= 0 {
		return F32.Inf | F32.Sign
	}
	return modelRound(&F32, sum, false, Zero)
}

// TestDot holds the sum of the tensor cores to the model, with cancellation, subnormals and large differences of size.
func TestDot(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for name, f := range map[string]*Format{"tf32": &TF32, "bf16": &BF16, "f16": &F16} {
		for range rounds(1000) {
			terms := []int{4, 8, 16}[random.IntN(3)]
			a, b := make([]uint32, terms), make([]uint32, terms)
			x, y := make([]Element, terms), make([]Element, terms)
			draw := func(f *Format) uint32 {
				for {
					if bits := f.operands(random); f.finite(bits) {
						return bits
					}
				}
			}
			for k := range terms {
				a[k], b[k] = draw(f), draw(f)
				x[k], y[k] = f.Unpack(a[k]), f.Unpack(b[k])
			}
			c := draw(&F32)
			got := Cut(Dot(x, y, c))
			if want := modelDot(f, a, b, c); got != want {
				t.Fatalf("%s: %x . %x + %#x = %#x, expected %#x", name, a, b, c, got, want)
			}
		}
	}
	inf, nan := BF16.Unpack(BF16.Inf), BF16.Unpack(BF16.NaN)
	one, zero := BF16.Unpack(0x3f80), BF16.Unpack(0)
	minus := BF16.Unpack(BF16.Inf | BF16.Sign)
	for _, test := range []struct {
		a, b []Element
		c    uint32
		want float64
	}{
		{[]Element{inf, one}, []Element{one, one}, 0, math.Inf(1)}, {[]Element{inf}, []Element{zero}, 0, math.NaN()}, {[]Element{nan}, []Element{one}, 0, math.NaN()},
		{[]Element{inf, minus}, []Element{one, one}, 0, math.NaN()}, {[]Element{one}, []Element{one}, F32.Inf | F32.Sign, math.Inf(-1)},
		{[]Element{minus}, []Element{minus}, 0, math.Inf(1)}, {[]Element{one}, []Element{one}, 0x7fc00000, math.NaN()},
	} {
		if got := Dot(test.a, test.b, test.c); got != test.want && (got == got || test.want == test.want) {
			t.Errorf("%v . %v + %#x = %v, expected %v", test.a, test.b, test.c, got, test.want)
		}
	}
}
