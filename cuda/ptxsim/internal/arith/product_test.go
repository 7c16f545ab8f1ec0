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
