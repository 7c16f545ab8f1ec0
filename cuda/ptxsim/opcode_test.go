package ptxsim

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// opcodeTest is an instruction with a model of it. The letters are the registers of the result and the operands: h, r and d
// of 16, 32 and 64 bits, f and e for floats, p for a predicate. The model is given the operands' bits, zero-extended.
type opcodeTest struct {
	text, letters string
	model         func(x [4]uint64) uint64
}

var letterBits = map[byte]int{'h': 16, 'r': 32, 'd': 64, 'f': 32, 'e': 64}

const opcodeThreads = 256

// kernel loads the operands, runs the instruction and stores the result, a predicate as 0 or 1.
func (o *opcodeTest) kernel() string {
	var s strings.Builder
	s.WriteString(".version 9.1\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out)\n{\n" +
		"\t.reg .pred %p<9>;\n\t.reg .b16 %h<9>;\n\t.reg .b32 %r<9>, %t;\n\t.reg .b64 %d<9>, %in, %out, %at;\n\t.reg .f32 %f<9>;\n\t.reg .f64 %e<9>;\n" +
		"\tld.param.u64 %in, [in];\n\tld.param.u64 %out, [out];\n\tmov.u32 %t, %tid.x;\n\tmul.wide.u32 %at, %t, 8;\n" +
		"\tadd.s64 %in, %in, %at;\n\tadd.s64 %out, %out, %at;\n")
	for n := 1; n < len(o.letters); n++ {
		letter := o.letters[n]
		if letter == 'p' {
			fmt.Fprintf(&s, "\tld.global.b32 %%r8, [%%in+%d];\n\tand.b32 %%r8, %%r8, 1;\n\tsetp.ne.b32 %%p%d, %%r8, 0;\n", 8*opcodeThreads*(n-1), n)
			continue
		}
		fmt.Fprintf(&s, "\tld.global.b%d %%%c%d, [%%in+%d];\n", letterBits[letter], letter, n, 8*opcodeThreads*(n-1))
	}
	text := o.text
	for n := range o.letters {
		text = strings.ReplaceAll(text, fmt.Sprintf("$%d", n), fmt.Sprintf("%%%c%d", o.letters[n], n))
	}
	s.WriteString("\t" + text + "\n")
	if o.letters[0] == 'p' {
		s.WriteString("\tselp.b32 %r0, 1, 0, %p0;\n\tst.global.b32 [%out], %r0;\n")
	} else {
		fmt.Fprintf(&s, "\tst.global.b%d [%%out], %%%c0;\n", letterBits[o.letters[0]], o.letters[0])
	}
	s.WriteString("\tret;\n}\n")
	return s.String()
}

// draw makes operands: any bits, small numbers, the ends of the ranges, special floats.
func draw(random *rand.Rand) uint64 {
	special := []uint64{
		0, 1, 2, 31, 32, 33, 63, 64, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1<<63 - 1, 1 << 63, ^uint64(0),
		0x3f800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x3ff0000000000000, 0x7ff0000000000000, 0xfff8000000000000, 0x00000001, 0x80000001, 0x3c00, 0x7c00, 0x7e00,
	}
	switch random.IntN(4) {
	case 0:
		return special[random.IntN(len(special))]
	case 1:
		return uint64(random.IntN(70))
	case 2:
		return uint64(math.Float32bits(float32(random.NormFloat64()*100))) | uint64(random.Uint32())<<32
	}
	return random.Uint64()
}

// TestOpcodes holds whole-number instructions to models made of big numbers and single bits.
func TestOpcodes(t *testing.T) {
	if testing.Short() {
		t.Skip("one warp has no goroutine beside it; run without -short")
	}
	tests := opcodeTests()
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) { test.check(t) })
	}
	t.Logf("%d instructions", len(tests))
}

func (o *opcodeTest) check(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	in := make([]uint64, 4*opcodeThreads)
	for i := range in {
		in[i] = draw(random)
	}
	r := newRig(t, Options{Workers: 1}, "one.ptx", o.kernel())
	out := r.in(make([]uint64, opcodeThreads))
	r.launch("k", line(1), line(opcodeThreads), 0, r.in(in), out)
	got := make([]uint64, opcodeThreads)
	r.out(got, out)
	for i := range got {
		var x [4]uint64
		for n := 1; n < len(o.letters); n++ {
			x[n-1] = in[(n-1)*opcodeThreads+i]
			if bits := letterBits[o.letters[n]]; bits > 0 && bits < 64 {
				x[n-1] &= 1<<bits - 1
			} else if bits == 0 {
				x[n-1] &= 1
			}
		}
		want := o.model(x)
		if bits := letterBits[o.letters[0]]; bits > 0 && bits < 64 {
			want &= 1<<bits - 1
		}
		if got[i] != want {
			t.Fatalf("operands %#x: %#x, expected %#x", x[:len(o.letters)-1], got[i], want)
		}
	}
}

// whole is a value of a type such as s16 as a big number.
func whole(kind string, bits uint64) *big.Int {
	size := sizeOfKind(kind)
	v := new(big.Int).SetUint64(bits)
	if kind[0] == 's' && bits>>(size-1)&1 == 1 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(size)))
	}
	return v
}

func sizeOfKind(kind string) int {
	var size int
	fmt.Sscanf(kind[1:], "%d", &size)
	return size
}

// low is the low 64 bits of a big number in two's complement.
func low(v *big.Int) uint64 {
	return new(big.Int).And(v, new(big.Int).SetUint64(^uint64(0))).Uint64()
}

func letterOf(kind string) string {
	return map[int]string{8: "h", 16: "h", 32: "r", 64: "d"}[sizeOfKind(kind)]
}

func opcodeTests() (tests []opcodeTest) {
	add := func(text, letters string, model func(x [4]uint64) uint64) {
		tests = append(tests, opcodeTest{text + ";", letters, model})
	}
	for _, kind := range []string{"u16", "u32", "u64", "s16", "s32", "s64"} {
		arithmeticTests(kind, add)
		compareTests(kind, add)
	}
	for _, kind := range []string{"b16", "b32", "b64"} {
		bitTests(kind, add)
	}
	fieldTests(add)
	mixedTests(add)
	integerConversionTests(add)
	return tests
}

type adder func(text, letters string, model func(x [4]uint64) uint64)

func arithmeticTests(kind string, add adder) {
	l, size := letterOf(kind), sizeOfKind(kind)
	two := func(name string, f func(a, b *big.Int) *big.Int) {
		add(name+"."+kind+" $0, $1, $2", l+l+l, func(x [4]uint64) uint64 { return low(f(whole(kind, x[0]), whole(kind, x[1]))) })
	}
	high := func(a, b *big.Int) *big.Int { return new(big.Int).Rsh(new(big.Int).Mul(a, b), uint(size)) }
	two("add", func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) })
	two("sub", func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) })
	two("mul.lo", func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) })
	two("mul.hi", high)
	two("div", func(a, b *big.Int) *big.Int {
		if b.Sign() == 0 {
			return big.NewInt(-1)
		}
		return new(big.Int).Quo(a, b)
	})
	two("rem", func(a, b *big.Int) *big.Int {
		if b.Sign() == 0 {
			return a
		}
		return new(big.Int).Rem(a, b)
	})
	two("min", func(a, b *big.Int) *big.Int {
		if a.Cmp(b) < 0 {
			return a
		}
		return b
	})
	two("max", func(a, b *big.Int) *big.Int {
		if a.Cmp(b) > 0 {
			return a
		}
		return b
	})
	for name, f := range map[string]func(a, b *big.Int) *big.Int{"lo": func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }, "hi": high} {
		add("mad."+name+"."+kind+" $0, $1, $2, $3", l+l+l+l, func(x [4]uint64) uint64 {
			return low(f(whole(kind, x[0]), whole(kind, x[1]))) + x[2]
		})
	}
	add("sad."+kind+" $0, $1, $2, $3", l+l+l+l, func(x [4]uint64) uint64 {
		return low(new(big.Int).Abs(new(big.Int).Sub(whole(kind, x[0]), whole(kind, x[1])))) + x[2]
	})
	if size < 64 {
		wide := map[int]string{16: "r", 32: "d"}[size]
		add("mul.wide."+kind+" $0, $1, $2", wide+l+l, func(x [4]uint64) uint64 {
			return low(new(big.Int).Mul(whole(kind, x[0]), whole(kind, x[1])))
		})
		add("mad.wide."+kind+" $0, $1, $2, $3", wide+l+l+wide, func(x [4]uint64) uint64 {
			return low(new(big.Int).Mul(whole(kind, x[0]), whole(kind, x[1]))) + x[2]
		})
	}
	if kind[0] == 's' {
		add("abs."+kind+" $0, $1", l+l, func(x [4]uint64) uint64 { return low(new(big.Int).Abs(whole(kind, x[0]))) })
		add("neg."+kind+" $0, $1", l+l, func(x [4]uint64) uint64 { return -x[0] })
	}
	add("shr."+kind+" $0, $1, $2", l+l+"r", func(x [4]uint64) uint64 { return low(new(big.Int).Rsh(whole(kind, x[0]), uint(x[1]))) })
}

func compareTests(kind string, add adder) {
	l := letterOf(kind)
	holds := map[string]func(order int) bool{
		"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 }, "lt": func(o int) bool { return o < 0 },
		"le": func(o int) bool { return o <= 0 }, "gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
	}
	truth := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	for name, f := range holds {
		compare := func(x [4]uint64) bool { return f(whole(kind, x[0]).Cmp(whole(kind, x[1]))) }
		add("setp."+name+"."+kind+" $0, $1, $2", "p"+l+l, func(x [4]uint64) uint64 { return truth(compare(x)) })
		add("setp."+name+".and."+kind+" $0, $1, $2, $3", "p"+l+l+"p", func(x [4]uint64) uint64 { return truth(compare(x)) & x[2] })
		add("setp."+name+".or."+kind+" $0, $1, $2, !$3", "p"+l+l+"p", func(x [4]uint64) uint64 { return truth(compare(x)) | (x[2] ^ 1) })
		add("setp."+name+".xor."+kind+" %p7|$0, $1, $2, $3", "p"+l+l+"p", func(x [4]uint64) uint64 { return truth(!compare(x)) ^ x[2] })
		add("set."+name+".u32."+kind+" $0, $1, $2", "r"+l+l, func(x [4]uint64) uint64 { return -truth(compare(x)) })
		add("set."+name+".f32."+kind+" $0, $1, $2", "f"+l+l, func(x [4]uint64) uint64 { return truth(compare(x)) * 0x3f800000 })
	}
	add("selp."+kind+" $0, $1, $2, $3", l+l+l+"p", func(x [4]uint64) uint64 { return map[bool]uint64{true: x[0], false: x[1]}[x[2] == 1] })
	add("slct."+kind+".s32 $0, $1, $2, $3", l+l+l+"r", func(x [4]uint64) uint64 { return map[bool]uint64{true: x[0], false: x[1]}[int32(x[2]) >= 0] })
}

// bit is one bit of a number.
func bit(x uint64, n int) uint64 {
	if n < 0 || n > 63 {
		return 0
	}
	return x >> n & 1
}

// fromBits makes a number of size bits from a function of the place.
func fromBits(size int, f func(n int) uint64) (value uint64) {
	for n := range size {
		value |= f(n) << n
	}
	return value
}

func bitTests(kind string, add adder) {
	l, size := letterOf(kind), sizeOfKind(kind)
	two := func(name string, f func(a, b uint64) uint64) {
		add(name+"."+kind+" $0, $1, $2", l+l+l, func(x [4]uint64) uint64 {
			return fromBits(size, func(n int) uint64 { return f(bit(x[0], n), bit(x[1], n)) })
		})
	}
	two("and", func(a, b uint64) uint64 { return a * b })
	two("or", func(a, b uint64) uint64 { return max(a, b) })
	two("xor", func(a, b uint64) uint64 { return (a + b) % 2 })
	add("not."+kind+" $0, $1", l+l, func(x [4]uint64) uint64 { return fromBits(size, func(n int) uint64 { return 1 - bit(x[0], n) }) })
	add("cnot."+kind+" $0, $1", l+l, func(x [4]uint64) uint64 { return map[bool]uint64{true: 1}[x[0] == 0] })
	add("shl."+kind+" $0, $1, $2", l+l+"r", func(x [4]uint64) uint64 {
		return fromBits(size, func(n int) uint64 { return bit(x[0], n-int(min(x[1], 64))) })
	})
	if size == 16 {
		return
	}
	count := func(x uint64) (ones uint64) {
		for n := range size {
			ones += bit(x, n)
		}
		return ones
	}
	add("popc."+kind+" $0, $1", "r"+l, func(x [4]uint64) uint64 { return count(x[0]) })
	add("clz."+kind+" $0, $1", "r"+l, func(x [4]uint64) uint64 {
		for n := range size {
			if bit(x[0], size-1-n) == 1 {
				return uint64(n)
			}
		}
		return uint64(size)
	})
	add("brev."+kind+" $0, $1", l+l, func(x [4]uint64) uint64 { return fromBits(size, func(n int) uint64 { return bit(x[0], size-1-n) }) })
	add("bfi."+kind+" $0, $1, $2, $3, $4", l+l+l+"rr", func(x [4]uint64) uint64 { // the loop of the manual
		at, length := int(x[2]&0xff), int(x[3]&0xff)
		return fromBits(size, func(n int) uint64 {
			if n >= at && n < at+length {
				return bit(x[0], n-at)
			}
			return bit(x[1], n)
		})
	})
}

func fieldTests(add adder) {
	for _, kind := range []string{"u32", "u64", "s32", "s64"} {
		l, size := letterOf(kind), sizeOfKind(kind)
		add("bfe."+kind+" $0, $1, $2, $3", l+l+"rr", func(x [4]uint64) uint64 { // the loop of the manual
			at, length := int(x[1]&0xff), int(x[2]&0xff)
			sign := uint64(0)
			if kind[0] == 's' && length > 0 {
				sign = bit(x[0], min(at+length-1, size-1))
			}
			return fromBits(size, func(n int) uint64 {
				if n < length && at+n < size {
					return bit(x[0], at+n)
				}
				return sign
			})
		})
		for _, shift := range []string{"", ".shiftamt"} {
			add("bfind"+shift+"."+kind+" $0, $1", "r"+l, func(x [4]uint64) uint64 {
				sign := uint64(0)
				if kind[0] == 's' {
					sign = bit(x[0], size-1)
				}
				for n := size - 1; n >= 0; n-- {
					if bit(x[0], n) != sign {
						return map[bool]uint64{true: uint64(n), false: uint64(size - 1 - n)}[shift == ""]
					}
				}
				return 0xffffffff
			})
		}
	}
	for _, table := range []uint64{0, 0x80, 0xfe, 0x96, 0xe8, 0xca, 0x3c, 0xff, 0x6b} {
		add(fmt.Sprintf("lop3.b32 $0, $1, $2, $3, %d", table), "rrrr", func(x [4]uint64) uint64 {
			return fromBits(32, func(n int) uint64 { return bit(table, int(4*bit(x[0], n)+2*bit(x[1], n)+bit(x[2], n))) })
		})
	}
	for _, mode := range []string{"clamp", "wrap"} {
		amount := func(x uint64) int { return map[bool]int{true: int(min(x, 32)), false: int(x & 31)}[mode == "clamp"] }
		pair := func(x [4]uint64, n int) uint64 { return bit(x[1]<<32|x[0], n) }
		add("shf.l."+mode+".b32 $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
			return fromBits(32, func(n int) uint64 { return pair(x, 32+n-amount(x[2])) })
		})
		add("shf.r."+mode+".b32 $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
			return fromBits(32, func(n int) uint64 { return pair(x, n+amount(x[2])) })
		})
		add("bmsk."+mode+".b32 $0, $1, $2", "rrr", func(x [4]uint64) uint64 {
			from, length := x[0], x[1]
			if mode == "wrap" {
				from, length = from&31, length&31
			}
			return fromBits(32, func(n int) uint64 {
				return map[bool]uint64{true: 1}[uint64(n) >= from && uint64(n) < from+min(length, 64)]
			})
		})
	}
	permuteTests(add)
}

func permuteTests(add adder) {
	modes := map[string]func(s, n int) int{ // byte n of the result, selector s; the manual's tables
		"f4e": func(s, n int) int { return s + n }, "b4e": func(s, n int) int { return (8 + s - n) % 8 }, "rc8": func(s, n int) int { return s },
		"ecl": func(s, n int) int { return max(s, n) }, "ecr": func(s, n int) int { return min(s, n) }, "rc16": func(s, n int) int { return s%2*2 + n%2 },
	}
	eight := func(x [4]uint64, n int) uint64 { return (x[1]<<32 | x[0]) >> (8 * n) & 255 }
	for mode, f := range modes {
		add("prmt.b32."+mode+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) (result uint64) {
			for n := range 4 {
				result |= eight(x, f(int(x[2]&3), n)) << (8 * n)
			}
			return result
		})
	}
	add("prmt.b32 $0, $1, $2, $3", "rrrr", func(x [4]uint64) (result uint64) {
		for n := range 4 {
			s := int(x[2] >> (4 * n) & 15)
			value := eight(x, s&7)
			if s&8 != 0 {
				value = 255 * (value >> 7)
			}
			result |= value << (8 * n)
		}
		return result
	})
}

// mixedTests are dot products, 24 bits, saturation, and chains of carries held to sums of 128 bits.
func mixedTests(add adder) {
	part := func(x uint64, n, size int, kind string) int64 {
		value := x >> (n * size) & (1<<size - 1)
		if kind == "s32" && value>>(size-1) == 1 {
			return int64(value) - 1<<size
		}
		return int64(value)
	}
	for _, a := range []string{"u32", "s32"} {
		for _, b := range []string{"u32", "s32"} {
			add("dp4a."+a+"."+b+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
				sum := int64(x[2])
				for n := range 4 {
					sum += part(x[0], n, 8, a) * part(x[1], n, 8, b)
				}
				return uint64(sum)
			})
			for half, name := range []string{"lo", "hi"} {
				add("dp2a."+name+"."+a+"."+b+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
					return uint64(int64(x[2]) + part(x[0], 0, 16, a)*part(x[1], 2*half, 8, b) + part(x[0], 1, 16, a)*part(x[1], 2*half+1, 8, b))
				})
			}
		}
		add("mul24.lo."+a+" $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return uint64(part(x[0], 0, 24, a) * part(x[1], 0, 24, a)) })
		add("mul24.hi."+a+" $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return uint64(part(x[0], 0, 24, a) * part(x[1], 0, 24, a) >> 16) })
		add("mad24.lo."+a+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
			return uint64(part(x[0], 0, 24, a)*part(x[1], 0, 24, a)) + x[2]
		})
	}
	clamp := func(v int64) uint64 { return uint64(max(-1<<31, min(1<<31-1, v))) }
	add("add.sat.s32 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return clamp(int64(int32(x[0])) + int64(int32(x[1]))) })
	add("sub.sat.s32 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return clamp(int64(int32(x[0])) - int64(int32(x[1]))) })
	add("mad.hi.sat.s32 $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
		return clamp(int64(int32(x[0]))*int64(int32(x[1]))>>32 + int64(int32(x[2])))
	})
	for _, kind := range []string{"u16", "s16"} {
		half := func(x uint64, n int) int64 { return whole(kind, x>>(16*n)&0xffff).Int64() }
		add("min."+kind+"x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 {
			return uint64(min(half(x[0], 0), half(x[1], 0)))&0xffff | uint64(min(half(x[0], 1), half(x[1], 1)))&0xffff<<16
		})
		add("max."+kind+"x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 {
			return uint64(max(half(x[0], 0), half(x[1], 0)))&0xffff | uint64(max(half(x[0], 1), half(x[1], 1)))&0xffff<<16
		})
	}
	add("min.relu.s32 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return uint64(max(0, min(int32(x[0]), int32(x[1])))) })
	add("max.relu.s16x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 {
		half := func(n int) uint64 { return uint64(max(0, int16(x[0]>>(16*n)), int16(x[1]>>(16*n)))) }
		return half(0) | half(1)<<16
	})
	for _, mode := range []string{"clamp", "wrap"} {
		for _, kind := range []string{"u32", "s32"} {
			add("szext."+mode+"."+kind+" $0, $1, $2", "rrr", func(x [4]uint64) uint64 {
				length := map[bool]int{true: int(min(x[1], 32)), false: int(x[1] & 31)}[mode == "clamp"]
				return fromBits(32, func(n int) uint64 {
					if n < length {
						return bit(x[0], n)
					}
					return map[bool]uint64{true: bit(x[0], length-1)}[kind == "s32"]
				})
			})
		}
	}
	add("add.u16x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return (x[0]+x[1])&0xffff | (x[0]>>16+x[1]>>16)&0xffff<<16 })
	high := func(v *big.Int) uint64 { return low(new(big.Int).Rsh(v, 64)) }
	both := func(h, l uint64) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(new(big.Int).SetUint64(h), 64), new(big.Int).SetUint64(l))
	}
	add("add.cc.u64 %d7, $1, $2; addc.u64 $0, $3, $4", "ddddd", func(x [4]uint64) uint64 {
		return high(new(big.Int).Add(both(x[2], x[0]), both(x[3], x[1])))
	})
	add("sub.cc.u64 %d7, $1, $2; subc.u64 $0, $3, $4", "ddddd", func(x [4]uint64) uint64 {
		return high(new(big.Int).Sub(both(x[2], x[0]), both(x[3], x[1])))
	})
	add("add.cc.u32 %r7, $1, $2; addc.cc.u32 %r6, $3, $4; addc.u32 $0, 0, 0", "rrrrr", func(x [4]uint64) uint64 {
		return (x[2] + x[3] + (x[0]+x[1])>>32) >> 32
	})
	add("mad.lo.cc.u32 %r7, $1, $2, $3; madc.hi.u32 $0, $1, $2, $4", "rrrrr", func(x [4]uint64) uint64 {
		return (x[0]*x[1]+x[2])>>32 + x[3] // the product and an addend fit 64 bits
	})
}

func integerConversionTests(add adder) {
	kinds := []string{"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"}
	for _, to := range kinds {
		for _, from := range kinds {
			add("cvt."+to+"."+from+" $0, $1", letterOf(to)+letterOf(from), func(x [4]uint64) uint64 {
				return low(whole(to, low(whole(from, cutTo(from, x[0])))&maskOf(to)))
			})
			if !saturates(to, from) {
				continue
			}
			add("cvt.sat."+to+"."+from+" $0, $1", letterOf(to)+letterOf(from), func(x [4]uint64) uint64 {
				v := whole(from, cutTo(from, x[0]))
				least, most := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(sizeOfKind(to)))
				if to[0] == 's' {
					most.Rsh(most, 1)
					least.Neg(most)
				}
				most.Sub(most, big.NewInt(1))
				if v.Cmp(least) < 0 {
					v = least
				}
				if v.Cmp(most) > 0 {
					v = most
				}
				return low(v)
			})
		}
	}
}

func maskOf(kind string) uint64 { return 1<<sizeOfKind(kind) - 1 }

func cutTo(kind string, x uint64) uint64 { return x & maskOf(kind) }

// saturates says whether .sat has a meaning, which is where the range of the source is not inside that of the target.
func saturates(to, from string) bool {
	t, f := sizeOfKind(to), sizeOfKind(from)
	if from[0] == 's' && to[0] == 'u' {
		return true
	}
	if from[0] == 'u' && to[0] == 's' {
		return f >= t
	}
	return f > t
}
