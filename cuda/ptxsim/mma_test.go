package ptxsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim/internal/arith"
)

// mmaCase is a shape of mma.sync with its documented fragments, g = lane/4, t = lane%4: which row (of B: column) and k element
// e of a lane is.
type mmaCase struct {
	name    string
	m, n, k int
	format  *arith.Format
	bits    int // of an element
	a       func(e, g, t int) (row, k int)
	b       func(e, g, t int) (column, k int)
	half    bool // accumulators are f16
}

// The fragments of elements of 32, 16 and 8 bits.
func tf32A(e, g, t int) (int, int) { return g + 8*(e&1), t + 4*(e>>1) }
func tf32B(e, g, t int) (int, int) { return g, t + 4*e }
func pairA(e, g, t int) (int, int) { return g + 8*(e>>1&1), 2*t + e&1 + 8*(e>>2) }
func pairB(e, g, t int) (int, int) { return g, 2*t + e&1 + 8*(e>>1) }
func quadA(e, g, t int) (int, int) { return g + 8*(e>>2&1), 4*t + e&3 + 16*(e>>3) }
func quadB(e, g, t int) (int, int) { return g, 4*t + e&3 + 16*(e>>2) }

func mmaCases() []mmaCase {
	return []mmaCase{
		{"m16n8k32.row.col.f32.e4m3.e4m3.f32", 16, 8, 32, &arith.E4M3, 8, quadA, quadB, false},
		{"m16n8k32.row.col.f16.e5m2.e5m2.f16", 16, 8, 32, &arith.E5M2, 8, quadA, quadB, true},
		{"m16n8k16.row.col.f32.e5m2.e5m2.f32", 16, 8, 16, &arith.E5M2, 8, quadA, quadB, false},
		{"m16n8k16.row.col.f16.e4m3.e4m3.f16", 16, 8, 16, &arith.E4M3, 8, quadA, quadB, true},
		{"m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 8, &arith.TF32, 32, tf32A, tf32B, false},
		{"m16n8k4.row.col.f32.tf32.tf32.f32", 16, 8, 4, &arith.TF32, 32, tf32A, tf32B, false},
		{"m16n8k16.row.col.f32.bf16.bf16.f32", 16, 8, 16, &arith.BF16, 16, pairA, pairB, false},
		{"m16n8k8.row.col.f32.bf16.bf16.f32", 16, 8, 8, &arith.BF16, 16, pairA, pairB, false},
		{"m16n8k16.row.col.f32.f16.f16.f32", 16, 8, 16, &arith.F16, 16, pairA, pairB, false},
		{"m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 8, &arith.F16, 16, pairA, pairB, false},
		{"m16n8k16.row.col.f16.f16.f16.f16", 16, 8, 16, &arith.F16, 16, pairA, pairB, true},
		{"m16n8k8.row.col.f16.f16.f16.f16", 16, 8, 8, &arith.F16, 16, pairA, pairB, true},
	}
}

// registers names count registers of a letter.
func registers(letter string, count int) string {
	var names []string
	for n := range count {
		names = append(names, fmt.Sprintf("%%%s%d", letter, n))
	}
	return "{" + strings.Join(names, ",") + "}"
}

// kernel loads each lane's registers of A, B and C, one after the other, multiplies and stores those of D.
func (c *mmaCase) kernel() (text string, words [3]int) {
	words = [3]int{c.m * c.k * c.bits / 1024, c.n * c.k * c.bits / 1024, 4}
	letter := "f"
	if c.half {
		words[2], letter = 2, "h"
	}
	var s strings.Builder
	s.WriteString(".version 9.1\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out)\n{\n" +
		".reg .b32 %a<9>, %b<9>, %h<9>, %t;\n.reg .f32 %f<9>;\n.reg .b64 %in, %out, %at;\n" +
		"ld.param.u64 %in, [in];\nld.param.u64 %out, [out];\nmov.u32 %t, %tid.x;\nmul.wide.u32 %at, %t, 4;\nadd.s64 %in, %in, %at;\nadd.s64 %out, %out, %at;\n")
	at := 0
	for n, name := range []string{"a", "b", letter} {
		for w := range words[n] {
			fmt.Fprintf(&s, "ld.global.b32 %%%s%d, [%%in+%d];\n", name, w, 128*at)
			at++
		}
	}
	sum := registers(letter, words[2])
	fmt.Fprintf(&s, "mma.sync.aligned.%s %s, %s, %s, %s;\n", c.name, sum, registers("a", words[0]), registers("b", words[1]), sum)
	for w := range words[2] {
		fmt.Fprintf(&s, "st.global.b32 [%%out+%d], %%%s%d;\n", 128*w, letter, w)
	}
	s.WriteString("ret;\n}\n")
	return s.String(), words
}

// TestMultiplyFragments holds mma to the documented places of the elements and, bit for bit, to the sums of the tensor core.
func TestMultiplyFragments(t *testing.T) {
	for _, c := range mmaCases() {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(31, 32))
			a, b, acc := make([]uint32, c.m*c.k), make([]uint32, c.n*c.k), make([]uint32, c.m*c.n)
			for _, list := range [][]uint32{a, b} {
				for i := range list {
					list[i] = c.format.Round(random.NormFloat64()*math.Exp2(float64(random.IntN(9)-4)), arith.Nearest)
				}
			}
			for k := range c.k { // a row and a column of zeros, which add nothing, but to what is no finite number
				a[3*c.k+k], b[2*c.k+k] = uint32(k%2)*c.format.Sign, 0
			}
			a[7*c.k+1], b[5*c.k] = c.format.NaN, c.format.Inf
			accumulator := &arith.F32
			if c.half {
				accumulator = &arith.F16
			}
			for i := range acc {
				acc[i] = accumulator.Round(random.NormFloat64(), arith.Nearest)
			}
			acc[3*c.n], acc[3*c.n+1], acc[2] = accumulator.Sign, accumulator.Inf, 1 // -0, infinite, subnormal
			text, words := c.kernel()
			r := newRig(t, Options{}, "mma.ptx", text)
			out := r.room(128 * words[2])
			r.launch("k", line(1), line(32), 0, r.in(c.spread(a, b, acc, words)), out)
			got := make([]uint32, 32*words[2])
			r.out(got, out)
			want := c.multiply(a, b, acc)
			for lane := range 32 {
				for e := range 4 {
					row, column := lane/4+8*(e>>1), 2*(lane%4)+e&1
					bits := got[32*e%len(got)+lane]
					if c.half {
						bits = got[32*(e>>1)+lane] >> (16 * (e & 1)) & 0xffff
					}
					if bits != want[row*c.n+column] {
						t.Fatalf("d(%d,%d) = %#x, expected %#x", row, column, bits, want[row*c.n+column])
					}
				}
			}
		})
	}
}

// spread puts the elements where the lanes' registers have them.
func (c *mmaCase) spread(a, b, acc []uint32, words [3]int) []uint32 {
	in := make([]uint32, 32*(words[0]+words[1]+words[2]))
	per := 32 / c.bits
	for lane := range 32 {
		g, t := lane/4, lane%4
		for e := range words[0] * per {
			row, k := c.a(e, g, t)
			in[32*(e/per)+lane] |= a[row*c.k+k] << (e % per * c.bits)
		}
		for e := range words[1] * per {
			column, k := c.b(e, g, t)
			in[32*(words[0]+e/per)+lane] |= b[column*c.k+k] << (e % per * c.bits)
		}
		for e := range 4 {
			bits := acc[(g+8*(e>>1))*c.n+2*t+e&1]
			if c.half {
				in[32*(words[0]+words[1]+e>>1)+lane] |= bits << (16 * (e & 1))
			} else {
				in[32*(words[0]+words[1]+e)+lane] = bits
			}
		}
	}
	return in
}

func (c *mmaCase) multiply(a, b, acc []uint32) []uint32 {
	d := make([]uint32, len(acc))
	for i := range d {
		var x, y []arith.Element
		for k := range c.k {
			x = append(x, c.format.Unpack(a[i/c.n*c.k+k]))
			y = append(y, c.format.Unpack(b[i%c.n*c.k+k]))
		}
		if c.half {
			addend := math.Float32bits(float32(arith.F16.Value(acc[i])))
			d[i] = arith.F16.Round(arith.Dot(x, y, addend), arith.Nearest)
		} else {
			d[i] = arith.Cut(arith.Dot(x, y, acc[i]))
		}
	}
	return d
}

// TestLoadMatrix holds ldmatrix, plain and transposed, to the places that the manual gives, and movmatrix and stmatrix to it.
func TestLoadMatrix(t *testing.T) {
	const text = `.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 out)
{
	.reg .b32 %r<16>;
	.reg .b64 %d<4>;
	.shared .align 16 .b8 s[1024];
	ld.param.u64 %d0, [out];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, s;
	mad.lo.u32 %r2, %r0, 16, %r1; // row %tid of 32, its words 4*tid ... 4*tid+3
	shl.b32 %r3, %r0, 2;
	add.u32 %r4, %r3, 1;
	add.u32 %r5, %r3, 2;
	add.u32 %r6, %r3, 3;
	prmt.b32 %r3, %r3, %r3, 0x4440; // word w holds the halves w and w+256
	prmt.b32 %r4, %r4, %r4, 0x4440;
	prmt.b32 %r5, %r5, %r5, 0x4440;
	prmt.b32 %r6, %r6, %r6, 0x4440;
	and.b32 %r3, %r3, 255;
	and.b32 %r4, %r4, 255;
	and.b32 %r5, %r5, 255;
	and.b32 %r6, %r6, 255;
	mad.lo.u32 %r3, %r3, 0x10001, 0x1000000;
	mad.lo.u32 %r4, %r4, 0x10001, 0x1000000;
	mad.lo.u32 %r5, %r5, 0x10001, 0x1000000;
	mad.lo.u32 %r6, %r6, 0x10001, 0x1000000;
	st.shared.v4.u32 [%r2], {%r3, %r4, %r5, %r6};
	bar.warp.sync 0xffffffff;
	ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r3, %r4, %r5, %r6}, [%r2];
	ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r7, %r8}, [%r2];
	movmatrix.sync.aligned.m8n8.trans.b16 %r9, %r3;
	bar.warp.sync 0xffffffff;
	stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r2], {%r3};
	bar.warp.sync 0xffffffff;
	shl.b32 %r11, %r0, 2;
	add.u32 %r11, %r1, %r11;
	ld.shared.u32 %r10, [%r11];
	mul.wide.u32 %d1, %r0, 4;
	add.s64 %d0, %d0, %d1;
	st.global.u32 [%d0], %r3;
	st.global.u32 [%d0+128], %r4;
	st.global.u32 [%d0+256], %r5;
	st.global.u32 [%d0+384], %r6;
	st.global.u32 [%d0+512], %r7;
	st.global.u32 [%d0+640], %r8;
	st.global.u32 [%d0+768], %r9;
	st.global.u32 [%d0+896], %r10;
	ret;
}
`
	r := newRig(t, Options{}, "ldmatrix.ptx", text)
	out := r.room(1024)
	r.launch("k", line(1), line(32), 0, out)
	got := make([]uint32, 256)
	r.out(got, out)
	half := func(matrix, row, column int) uint32 { // what the store put there
		word := uint32(matrix*32 + row*4 + column/2)
		return word + uint32(column%2)<<8
	}
	for lane := range 32 {
		row, column := lane/4, lane%4*2
		pair := func(matrix int) uint32 { return half(matrix, row, column) | half(matrix, row, column+1)<<16 }
		turned := func(matrix int) uint32 { return half(matrix, column, row) | half(matrix, column+1, row)<<16 }
		for n, want := range []uint32{pair(0), pair(1), pair(2), pair(3), turned(0), turned(1), turned(0), turned(0)} {
			if got[32*n+lane] != want {
				t.Fatalf("result %d of lane %d: %#x, expected %#x", n, lane, got[32*n+lane], want)
			}
		}
	}
}
