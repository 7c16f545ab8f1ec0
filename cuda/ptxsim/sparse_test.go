package ptxsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim/internal/arith"
)

// sparseCase is a shape of mma.sp with its documented fragments: those of A are the ones of a dense product of half the depth.
type sparseCase struct {
	mmaCase
	chunk int  // elements of A of which half are there
	whole bool // numbers of bits, s8 or u8, s4 or u4 times them
	small bool // a thread has the metadata of one row, not of two
}

func sparseCases() []sparseCase {
	octA := func(e, g, t int) (int, int) { return g + 8*(e>>3&1), 8*t + e&7 + 32*(e>>4) }
	octB := func(e, g, t int) (int, int) { return g, 8*t + e&7 + 32*(e>>3) }
	one := func(name string, k int, f *arith.Format, bits int, a, b func(e, g, t int) (int, int), half bool) mmaCase {
		return mmaCase{name: name, m: 16, n: 8, k: k, format: f, bits: bits, a: a, b: b, half: half}
	}
	return []sparseCase{
		{one("m16n8k16.row.col.f32.f16.f16.f32", 16, &arith.F16, 16, pairA, pairB, false), 4, false, false},
		{one("m16n8k32.row.col.f32.f16.f16.f32", 32, &arith.F16, 16, pairA, pairB, false), 4, false, false},
		{one("m16n8k32.row.col.f16.f16.f16.f16", 32, &arith.F16, 16, pairA, pairB, true), 4, false, false},
		{one("m16n8k16.row.col.f32.bf16.bf16.f32", 16, &arith.BF16, 16, pairA, pairB, false), 4, false, false},
		{one("m16n8k32.row.col.f32.bf16.bf16.f32", 32, &arith.BF16, 16, pairA, pairB, false), 4, false, false},
		{one("m16n8k8.row.col.f32.tf32.tf32.f32", 8, &arith.TF32, 32, tf32A, tf32B, false), 2, false, false},
		{one("m16n8k16.row.col.f32.tf32.tf32.f32", 16, &arith.TF32, 32, tf32A, tf32B, false), 2, false, false},
		{one("m16n8k64.row.col.f32.e4m3.e4m3.f32", 64, &arith.E4M3, 8, quadA, quadB, false), 4, false, true},
		{one("m16n8k64.row.col.f32.e5m2.e5m2.f32", 64, &arith.E5M2, 8, quadA, quadB, false), 4, false, true},
		{one("m16n8k32.row.col.s32.s8.u8.s32", 32, nil, 8, quadA, quadB, false), 4, true, true},
		{one("m16n8k64.row.col.satfinite.s32.s8.u8.s32", 64, nil, 8, quadA, quadB, false), 4, true, true},
		{one("m16n8k64.row.col.s32.s4.u4.s32", 64, nil, 4, octA, octB, false), 8, true, true},
		{one("m16n8k128.row.col.s32.s4.u4.s32", 128, nil, 4, octA, octB, false), 8, true, true},
	}
}

// threads is how many of four hold metadata: 4 bits a chunk of each of two rows, 32 bits a thread.
func (c *sparseCase) threads() int { return c.k / c.chunk * 2 * 4 / 32 }

// kernel loads the registers of A, B and C as that of a dense product of half the depth does, and the metadata in the threads alone that a
// selector names, multiplies and stores those of D.
func (c *sparseCase) kernel(variant string, selector int) (text string, words [3]int) {
	words = [3]int{c.m * c.k * c.bits / 2048, c.n * c.k * c.bits / 1024, 4}
	letter := map[bool]string{false: "f", true: "h"}[c.half || c.whole]
	if c.half {
		words[2] = 2
	}
	var s strings.Builder
	s.WriteString(".version 9.1\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 meta, .param .u64 out)\n{\n" +
		".reg .b32 %a<9>, %b<9>, %h<9>, %t, %m, %q;\n.reg .f32 %f<9>;\n.reg .pred %p;\n.reg .b64 %in, %meta, %out, %at;\n" +
		"ld.param.u64 %in, [in];\nld.param.u64 %meta, [meta];\nld.param.u64 %out, [out];\nmov.u32 %t, %tid.x;\nmul.wide.u32 %at, %t, 4;\n" +
		"add.s64 %in, %in, %at;\nadd.s64 %meta, %meta, %at;\nadd.s64 %out, %out, %at;\n")
	at := 0
	for n, name := range []string{"a", "b", letter} {
		for w := range words[n] {
			fmt.Fprintf(&s, "ld.global.b32 %%%s%d, [%%in+%d];\n", name, w, 128*at)
			at++
		}
	}
	sum := registers(letter, words[2])
	fmt.Fprintf(&s, "and.b32 %%q, %%t, 3;\ndiv.u32 %%q, %%q, %d;\nsetp.eq.u32 %%p, %%q, %d;\n@%%p ld.global.b32 %%m, [%%meta];\n", c.threads(), selector)
	fmt.Fprintf(&s, "mma.%s.sync.aligned.%s %s, %s, %s, %s, %%m, %d;\n", variant, c.name, sum, registers("a", words[0]), registers("b", words[1]), sum, selector)
	for w := range words[2] {
		fmt.Fprintf(&s, "st.global.b32 [%%out+%d], %%%s%d;\n", 128*w, letter, w)
	}
	s.WriteString("ret;\n}\n")
	return s.String(), words
}

// places draws, for each chunk of each row, which of its elements are there, and returns their columns and the 4 bits that say so.
func (c *sparseCase) places(random *rand.Rand, ordered bool) (columns [][]int, nibbles [][]uint32) {
	columns, nibbles = make([][]int, c.m), make([][]uint32, c.m)
	for row := range c.m {
		for at := 0; at < c.k; at += c.chunk {
			first, second := random.IntN(4), random.IntN(3)
			if second >= first {
				second++
			}
			if ordered {
				first, second = min(first, second), max(first, second)
			}
			switch c.chunk {
			case 2:
				half := random.IntN(2)
				first, second = 2*half, 2*half+1
				columns[row] = append(columns[row], at+half)
			case 4:
				columns[row] = append(columns[row], at+first, at+second)
			case 8:
				columns[row] = append(columns[row], at+2*first, at+2*first+1, at+2*second, at+2*second+1)
			}
			nibbles[row] = append(nibbles[row], uint32(second<<2|first))
		}
	}
	return columns, nibbles
}

// metadata is a word a lane: of the threads of a group of four that a selector names, bits 4n to 4n+3 are those of chunk n of a row, or of
// the lower half those of a row and of the upper those of the row 8 below it.
func (c *sparseCase) metadata(nibbles [][]uint32, selector int) []uint32 {
	words := make([]uint32, 32)
	for lane := range words {
		thread := lane%4 - selector*c.threads()
		if thread < 0 || thread >= c.threads() {
			continue
		}
		for n := range 8 {
			row, chunk := lane/4+n/4*8, 4*thread+n%4
			if c.small {
				row, chunk = lane/4+thread%2*8, thread/2*8+n
			}
			words[lane] |= nibbles[row][chunk] << (4 * n)
		}
	}
	return words
}

// draw makes an operand's elements: of a format, or whole numbers of so many bits.
func (c *sparseCase) draw(random *rand.Rand, count int) []uint32 {
	list := make([]uint32, count)
	for i := range list {
		if list[i] = random.Uint32() & (1<<c.bits - 1); !c.whole {
			list[i] = c.format.Round(random.NormFloat64()*math.Exp2(float64(random.IntN(9)-4)), arith.Nearest)
		}
	}
	return list
}

// multiply is the product of what is there with what it meets, in the sums of a dense product of half the depth.
func (c *sparseCase) multiply(a, b, acc []uint32, columns [][]int) []uint32 {
	d := make([]uint32, len(acc))
	for i := range d {
		var x, y []uint32
		for n, column := range columns[i/c.n] {
			x, y = append(x, a[i/c.n*c.k/2+n]), append(y, b[i%c.n*c.k+column])
		}
		if !c.whole {
			half := c.mmaCase
			half.k, half.n = c.k/2, 1
			d[i] = half.multiply(x, y, acc[i:i+1])[0]
			continue
		}
		sum := int64(int32(acc[i]))
		for n := range x {
			sum += int64(int32(x[n]<<(32-c.bits))>>(32-c.bits)) * int64(y[n]) // signed times unsigned
		}
		if d[i] = uint32(sum); strings.Contains(c.name, "satfinite") {
			d[i] = uint32(max(math.MinInt32, min(math.MaxInt32, sum)))
		}
	}
	return d
}

// spread puts the elements where the lanes' registers have them.
func (c *sparseCase) spread(a, b, acc []uint32, words [3]int) []uint32 {
	half, dense := c.mmaCase, c.mmaCase
	half.k = c.k / 2
	in := half.spread(a, make([]uint32, c.n*c.k), acc, [3]int{words[0], 0, words[2]})[:32*words[0]]
	return append(in, dense.spread(nil, b, acc, [3]int{0, words[1], words[2]})...)
}

// TestSparseProducts holds mma.sp to the documented places of elements and metadata, whichever threads hold these, and bit for bit to the
// sums of what is there.
func TestSparseProducts(t *testing.T) {
	for _, c := range sparseCases() {
		for _, variant := range []string{"sp", "sp::ordered_metadata"} {
			t.Run(c.name+"/"+variant, func(t *testing.T) {
				random := rand.New(rand.NewPCG(33, 34))
				for selector := range 4 / c.threads() {
					a, b, acc := c.draw(random, c.m*c.k/2), c.draw(random, c.n*c.k), make([]uint32, c.m*c.n)
					columns, nibbles := c.places(random, variant != "sp")
					for i := range acc {
						if acc[i] = math.Float32bits(float32(random.NormFloat64())); c.half {
							acc[i] = arith.F16.Round(random.NormFloat64(), arith.Nearest)
						}
					}
					if c.whole {
						acc[5], acc[9] = math.MaxInt32, 1<<31
					}
					text, words := c.kernel(variant, selector)
					r := newRig(t, Options{}, "sparse.ptx", text)
					out := r.room(128 * words[2])
					r.launch("k", line(1), line(32), 0, r.in(c.spread(a, b, acc, words)), r.in(c.metadata(nibbles, selector)), out)
					got, want := make([]uint32, 32*words[2]), c.multiply(a, b, acc, columns)
					r.out(got, out)
					for lane := range 32 {
						for e := range 4 {
							row, column := lane/4+8*(e>>1), 2*(lane%4)+e&1
							bits := got[32*e%len(got)+lane]
							if c.half {
								bits = got[32*(e>>1)+lane] >> (16 * (e & 1)) & 0xffff
							}
							if bits != want[row*c.n+column] {
								t.Fatalf("selector %d: d(%d,%d) = %#x, expected %#x", selector, row, column, bits, want[row*c.n+column])
							}
						}
					}
				}
			})
		}
	}
}

// TestSparseZeros demands that what B has beside the elements of A does not matter, were it infinite, and what it has there does.
func TestSparseZeros(t *testing.T) {
	c := sparseCases()[1]
	for _, there := range []bool{false, true} {
		a, b, acc := make([]uint32, c.m*c.k/2), make([]uint32, c.n*c.k), make([]uint32, c.m*c.n)
		nibbles := make([][]uint32, c.m)
		for row := range nibbles {
			for range c.k / c.chunk {
				nibbles[row] = append(nibbles[row], 0b1001) // elements 1 and 2 of each 4
			}
		}
		for i := range a {
			a[i] = arith.F16.Round(1, arith.Nearest)
		}
		for i := range b {
			if i%4 == 0 && !there || i == 6*c.k+2 && there {
				b[i] = arith.F16.Inf
			}
		}
		text, words := c.kernel("sp::ordered_metadata", 0)
		r := newRig(t, Options{}, "sparse.ptx", text)
		out := r.room(128 * words[2])
		r.launch("k", line(1), line(32), 0, r.in(c.spread(a, b, acc, words)), r.in(c.metadata(nibbles, 0)), out)
		got := make([]float32, 32*words[2])
		r.out(got, out)
		for i, v := range got {
			column := 2*(i%32%4) + i/32%2
			if infinite := there && column == 6; infinite != math.IsInf(float64(v), 1) || !infinite && v != 0 {
				t.Fatalf("there %t: column %d has %v", there, column, v)
			}
		}
	}
}
