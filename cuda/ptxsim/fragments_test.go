package ptxsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// productCase is a product of whole numbers, bits or float64 with the fragments of the manual, as mmaCase.
type productCase struct {
	name      string
	m, n, k   int
	registers [3]int // of A, B and C in a lane
	per       int    // elements in a register of A and B, 0 for float64
	value     func(word uint32, e int, ofA bool) int64
	both      func(a, b int64) int64
}

func productCases() (list []productCase) {
	times := func(a, b int64) int64 { return a * b }
	fours := func(signedA, signedB bool) func(word uint32, e int, ofA bool) int64 {
		return func(word uint32, e int, ofA bool) int64 {
			v := int64(word >> (4 * e) & 15)
			if (signedA && ofA || signedB && !ofA) && v > 7 {
				v -= 16
			}
			return v
		}
	}
	for n, a := range []string{"u4", "s4"} {
		for l, b := range []string{"u4", "s4"} {
			types := ".row.col.s32." + a + "." + b + ".s32"
			value := fours(n == 1, l == 1)
			list = append(list, productCase{"m8n8k32" + types, 8, 8, 32, [3]int{1, 1, 2}, 8, value, times},
				productCase{"m16n8k32" + types, 16, 8, 32, [3]int{2, 1, 4}, 8, value, times},
				productCase{"m16n8k64" + types, 16, 8, 64, [3]int{4, 2, 4}, 8, value, times})
		}
	}
	single := func(word uint32, e int, _ bool) int64 { return int64(word >> e & 1) }
	for name, both := range map[string]func(a, b int64) int64{"xor": func(a, b int64) int64 { return a ^ b }, "and": times} {
		types := ".row.col.s32.b1.b1.s32." + name + ".popc"
		list = append(list, productCase{"m8n8k128" + types, 8, 8, 128, [3]int{1, 1, 2}, 32, single, both},
			productCase{"m16n8k128" + types, 16, 8, 128, [3]int{2, 1, 4}, 32, single, both},
			productCase{"m16n8k256" + types, 16, 8, 256, [3]int{4, 2, 4}, 32, single, both})
	}
	for _, shape := range []productCase{
		{"m8n8k4", 8, 8, 4, [3]int{1, 1, 2}, 0, nil, nil}, {"m16n8k4", 16, 8, 4, [3]int{2, 1, 4}, 0, nil, nil},
		{"m16n8k8", 16, 8, 8, [3]int{4, 2, 4}, 0, nil, nil}, {"m16n8k16", 16, 8, 16, [3]int{8, 4, 4}, 0, nil, nil},
	} {
		shape.name += ".row.col.f64.f64.f64.f64"
		list = append(list, shape)
	}
	return list
}

// kernel loads each lane's registers, multiplies and stores those of D.
func (c *productCase) kernel() string {
	letter, size := "r", 4
	if c.per == 0 {
		letter, size = "e", 8
	}
	var s strings.Builder
	fmt.Fprintf(&s, ".version 9.1\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out)\n{\n"+
		".reg .b32 %%t, %%r<32>;\n.reg .f64 %%e<32>;\n.reg .b64 %%in, %%out, %%at;\n"+
		"ld.param.u64 %%in, [in];\nld.param.u64 %%out, [out];\nmov.u32 %%t, %%tid.x;\nmul.wide.u32 %%at, %%t, %d;\n"+
		"add.s64 %%in, %%in, %%at;\nadd.s64 %%out, %%out, %%at;\n", size)
	var vectors []string
	at := 0
	for _, count := range c.registers {
		var names []string
		for range count {
			fmt.Fprintf(&s, "ld.global.b%d %%%s%d, [%%in+%d];\n", 8*size, letter, at, 32*size*at)
			names = append(names, fmt.Sprintf("%%%s%d", letter, at))
			at++
		}
		vectors = append(vectors, "{"+strings.Join(names, ",")+"}")
	}
	fmt.Fprintf(&s, "mma.sync.aligned.%s %s, %s, %s, %s;\n", c.name, vectors[2], vectors[0], vectors[1], vectors[2])
	for n := range c.registers[2] {
		fmt.Fprintf(&s, "st.global.b%d [%%out+%d], %%%s%d;\n", 8*size, 32*size*n, letter, at-c.registers[2]+n)
	}
	s.WriteString("ret;\n}\n")
	return s.String()
}

// TestProductFragments holds products to sums over the documented places of the elements: of a lane, g its number / 4 and t its
// number % 4, register r of A holds row g + 8 (r&1) from column per*t + 4*per (r>>1) on, that of B column g from row
// per*t + 4*per*r on, that of C row g + 8 (r>>1) and column 2t + (r&1).
func TestProductFragments(t *testing.T) {
	for _, c := range productCases() {
		t.Run(c.name, func(t *testing.T) {
			if c.per == 0 {
				c.checkDoubles(t)
				return
			}
			random := rand.New(rand.NewPCG(41, 42))
			in := make([]uint32, 32*(c.registers[0]+c.registers[1]+c.registers[2]))
			for n := range in {
				in[n] = random.Uint32()
			}
			r := newRig(t, Options{}, "product.ptx", c.kernel())
			out := r.room(128 * c.registers[2])
			r.launch("k", line(1), line(32), 0, r.in(in), out)
			got := make([]uint32, 32*c.registers[2])
			r.out(got, out)
			b, acc := in[32*c.registers[0]:], in[32*(c.registers[0]+c.registers[1]):]
			for n := range got {
				row, column := n%32/4+8*(n/64), n%4*2+n/32%2
				want := int64(int32(acc[n]))
				for k := range c.k {
					lane, register, e := k/c.per%4, k/(4*c.per), k%c.per
					x := c.value(in[32*(row/8+2*register)+row%8*4+lane], e, true)
					if c.m == 8 {
						x = c.value(in[32*register+row*4+lane], e, true)
					}
					want += c.both(x, c.value(b[32*register+column*4+lane], e, false))
				}
				if got[n] != uint32(want) {
					t.Fatalf("d(%d,%d) = %d, expected %d", row, column, int32(got[n]), int32(want))
				}
			}
		})
	}
}

// checkDoubles compares with sums in the order of k, each step rounded once.
func (c *productCase) checkDoubles(t *testing.T) {
	random := rand.New(rand.NewPCG(43, 44))
	in := make([]float64, 32*(c.registers[0]+c.registers[1]+c.registers[2]))
	for n := range in {
		in[n] = random.NormFloat64()
	}
	r := newRig(t, Options{}, "product.ptx", c.kernel())
	out := r.room(256 * c.registers[2])
	r.launch("k", line(1), line(32), 0, r.in(in), out)
	got := make([]float64, 32*c.registers[2])
	r.out(got, out)
	b, acc := in[32*c.registers[0]:], in[32*(c.registers[0]+c.registers[1]):]
	for n := range got {
		row, column := n%32/4+8*(n/64), n%4*2+n/32%2
		want := acc[n]
		for k := range c.k {
			register := row/8 + 2*(k/4)
			if c.m == 8 {
				register = 0
			}
			want = math.FMA(in[32*register+row%8*4+k%4], b[32*(k/4)+column*4+k%4], want)
		}
		if math.Float64bits(got[n]) != math.Float64bits(want) {
			t.Fatalf("d(%d,%d) = %v, expected %v", row, column, got[n], want)
		}
	}
}

// TestFindSet holds fns to the manual's loop, and lop3 with a predicate to its table.
func TestFindSet(t *testing.T) {
	fns := opcodeTest{"and.b32 $2, $2, 31; rem.s32 $3, $3, 9; fns.b32 $0, $1, $2, $3;", "rrrr", func(x [4]uint64) uint64 {
		offset, pos, step := int(int32(x[2])%9), int(x[1]&31), 1
		if offset == 0 {
			return pick(x[0]>>pos&1 == 1, uint64(pos), math.MaxUint32)
		}
		count := offset - 1
		if offset < 0 {
			count, step = -offset-1, -1
		}
		for ; pos >= 0 && pos < 32; pos += step {
			if x[0]>>pos&1 == 1 {
				if count == 0 {
					return uint64(pos)
				}
				count--
			}
		}
		return math.MaxUint32
	}}
	fns.check(t)
	majority := func(x [4]uint64) uint64 { return x[0]&x[1] | x[1]&x[2] | x[0]&x[2] }
	for name, join := range map[string]func(set, p bool) bool{"and": func(set, p bool) bool { return set && p }, "or": func(set, p bool) bool { return set || p }} {
		both := opcodeTest{"lop3." + name + ".b32 $0|%p7, $1, $2, $3, 0xe8, $4; @%p7 add.u32 $0, $0, 1;", "rrrrp", func(x [4]uint64) uint64 {
			m := majority(x)
			return m + pick(join(m != 0, x[3] == 1), 1, 0)
		}}
		both.check(t)
	}
}
