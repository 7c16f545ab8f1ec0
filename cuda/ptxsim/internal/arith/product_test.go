package arith

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSums holds the sums of matrices to Dot: with operands of all sizes, of similar sizes, with zeros for most, with infinities and NaN.
func TestSums(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	draws := map[string]func(f *Format) uint32{
		"all":     func(f *Format) uint32 { return f.operands(random) },
		"similar": func(f *Format) uint32 { return f.Round(random.NormFloat64(), Nearest) },
		"spread": func(f *Format) uint32 {
			return f.Round(random.NormFloat64()*math.Exp2(float64(random.IntN(200)-100)), Nearest)
		},
		"zeros": func(f *Format) uint32 {
			if random.IntN(8) == 0 {
				return f.operands(random)
			}
			return uint32(random.IntN(2)) * f.Sign
		},
	}
	for name, draw := range draws {
		for format, f := range map[string]*Format{"tf32": &TF32, "bf16": &BF16, "f16": &F16} {
			for range rounds(100) {
				const rows, columns = 3, 16
				k := []int{4, 8, 16}[random.IntN(3)]
				var a, b Lines
				x, y := fill(&a, f, rows, k, draw), fill(&b, f, columns, k, draw)
				a.Rows()
				b.Columns()
				for row := range rows {
					for column := 0; column < columns; column += 8 {
						var c [8]uint32
						for n := range c {
							c[n] = draw(&F32)
						}
						for n, got := range Sums(&a, row, &b, column, &c) {
							want := Dot(x[row*k:][:k], y[(column+n)*k:][:k], c[n])
							if math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
								t.Fatalf("%s of %s: %v . %v + %#x = %v, expected %v", name, format, x[row*k:][:k], y[(column+n)*k:][:k], c[n], got, want)
							}
						}
					}
				}
			}
		}
	}
}

// fill puts what draw gives into lines, and unpacks it one by one too.
func fill(l *Lines, f *Format, lines, k int, draw func(*Format) uint32) (elements []Element) {
	l.Reset(lines, k)
	var all []uint32
	for range lines * k {
		bits := draw(f)
		all, elements = append(all, bits), append(elements, f.Unpack(bits))
	}
	l.Fill(f, all)
	return elements
}

// TestRows holds rows of multiply-adds to those one by one, with NaN, infinities and subnormal numbers in any lane and z in place of any operand.
func TestRows(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	for name, rows := range map[string]func(z, a, b, c *[32]uint32){"FMA32": FMA32, "eachFMA32": eachFMA32} {
		for range rounds(2000) {
			var z, want [32]uint32
			var x [3][32]uint32
			for n := range want {
				for i := range x {
					x[i][n] = F32.operands(random)
				}
				want[n] = F32.FMA(x[0][n], x[1][n], x[2][n], Nearest)
			}
			rows(&z, &x[0], &x[1], &x[2])
			if z != want {
				t.Fatalf("%s of %#x: %#x, expected %#x", name, x, z, want)
			}
			for i := range x {
				y := x
				rows(&y[i], &y[0], &y[1], &y[2])
				if y[i] != want {
					t.Fatalf("%s of %#x in place of operand %d: %#x, expected %#x", name, x, i, y[i], want)
				}
			}
		}
	}
}

// TestLoops holds what is computed for many at once to the operations one by one.
func TestLoops(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	draw64 := func() uint64 {
		special := []uint64{0, 1 << 63, 1, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0xfff0000000000002, 0x3ff0000000000000}
		if n := random.IntN(16); n < len(special) {
			return special[n]
		}
		return random.Uint64()
	}
	one := map[string]func(a, b, c float64) float64{
		"add": func(a, b, _ float64) float64 { return Add64(a, b, Nearest) }, "sub": func(a, b, _ float64) float64 { return Add64(a, -b, Nearest) },
		"mul": func(a, b, _ float64) float64 { return Mul64(a, b, Nearest) }, "fma": func(a, b, c float64) float64 { return FMA64(a, b, c, Nearest) },
	}
	for range rounds(3000) {
		for name, loop := range Loops64 {
			var z, a, b, c [32]uint64
			for n := range z {
				a[n], b[n], c[n] = draw64(), draw64(), draw64()
			}
			loop(&z, &a, &b, &c)
			for n, got := range z {
				if want := math.Float64bits(one[name](math.Float64frombits(a[n]), math.Float64frombits(b[n]), math.Float64frombits(c[n]))); got != want {
					t.Fatalf("%s of %#x, %#x and %#x: %#x, expected %#x", name, a[n], b[n], c[n], got, want)
				}
			}
		}
		for range 100 {
			bits := F32.operands(random)
			for _, mode := range []Rounding{Nearest, Away} {
				for _, f := range []*Format{&TF32, &BF16} {
					if got, want := f.RoundFloat32(bits, mode), f.Round(F32.Value(bits), mode); got != want {
						t.Fatalf("%#x with a fraction of %d bits, mode %d: %#x, expected %#x", bits, f.Fraction, mode, got, want)
					}
				}
			}
		}
	}
}
