package ptxsim

import (
	"math"
	"testing"

	"gzpt/cuda/ptxsim/internal/arith"
)

// float8Value is the number of a code of 8 bits with so many bits of exponent and fraction, by the definition of the format.
func float8Value(code uint64, exponents, fractions int) float64 {
	bias := 1<<(exponents-1) - 1
	exponent, fraction := int(code>>fractions)&(1<<exponents-1), float64(code&(1<<fractions-1))
	sign := 1.0
	if code&0x80 != 0 {
		sign = -1
	}
	if exponent == 0 {
		return sign * math.Ldexp(fraction, 1-bias-fractions)
	}
	return sign * math.Ldexp(float64(int(1)<<fractions)+fraction, exponent-bias-fractions)
}

// float8 is a format as the manual of PTX has it: the greatest finite code, and the one of NaN.
type float8 struct {
	name                 string
	exponents, fractions int
	most                 uint64
}

var float8s = []float8{{"e4m3", 4, 3, 0x7e}, {"e5m2", 5, 2, 0x7b}}

// round looks for the nearest of all codes, the even one of two, after clamping.
func (f float8) round(x float64) uint64 {
	if x != x {
		return 0x7f
	}
	sign := uint64(0)
	if math.Signbit(x) {
		sign, x = 0x80, -x
	}
	x = min(x, float8Value(f.most, f.exponents, f.fractions))
	best := uint64(0)
	for code := range f.most + 1 {
		gap, least := math.Abs(float8Value(code, f.exponents, f.fractions)-x), math.Abs(float8Value(best, f.exponents, f.fractions)-x)
		if gap < least || gap == least && code&1 == 0 {
			best = code
		}
	}
	return sign | best
}

// half is the float16 of a code.
func (f float8) half(code uint64) uint64 {
	switch magnitude := code & 0x7f; {
	case magnitude > f.most && (f.exponents == 4 || magnitude > 0x7c):
		return 0x7fff
	case magnitude > f.most:
		return code>>7<<15 | 0x7c00
	}
	return uint64(arith.F16.Round(float8Value(code, f.exponents, f.fractions), arith.Nearest))
}

// positive is .relu.
func positive(code, sign uint64, isNaN bool) uint64 { return pick(code&sign != 0 && !isNaN, 0, code) }

func float8Tests() (tests []opcodeTest) {
	add := func(text, letters string, model func(x [4]uint64) uint64) {
		tests = append(tests, opcodeTest{text + ";", letters, model})
	}
	for _, f := range float8s {
		for _, relu := range []string{"", ".relu"} {
			finish := func(x float64) uint64 { return positive(f.round(x), 0x80*pick(relu != "", 1, 0), x != x) }
			add("cvt.rn.satfinite"+relu+"."+f.name+"x2.f32 $0, $1, $2", "hff", func(x [4]uint64) uint64 {
				return finish(float64(math.Float32frombits(uint32(x[0]))))<<8 | finish(float64(math.Float32frombits(uint32(x[1]))))
			})
			// Numbers of the size of float8, which few bits drawn at random are.
			add("mul.f32 $1, $1, 0f3C800000; cvt.rn.satfinite"+relu+"."+f.name+"x2.f32 $0, $1, $1", "hf", func(x [4]uint64) uint64 {
				return finish(float64(math.Float32frombits(uint32(x[0]))/64)) * 0x101
			})
			add("cvt.rn.satfinite"+relu+"."+f.name+"x2.f16x2 $0, $1", "hr", func(x [4]uint64) uint64 {
				return finish(arith.F16.Value(uint32(x[0]>>16)))<<8 | finish(arith.F16.Value(uint32(x[0]&0xffff)))
			})
			add("cvt.rn"+relu+".f16x2."+f.name+"x2 $0, $1", "rh", func(x [4]uint64) uint64 {
				half := func(code uint64) uint64 {
					v := f.half(code)
					return positive(v, 0x8000*pick(relu != "", 1, 0), v&0x7fff > 0x7c00)
				}
				return half(x[0]>>8)<<16 | half(x[0]&0xff)
			})
		}
	}
	for kind, format := range map[string]*arith.Format{"f16": &arith.F16, "bf16": &arith.BF16} {
		add("cvt.rn.satfinite."+kind+".f32 $0, $1", "hf", func(x [4]uint64) uint64 {
			v := math.Float32frombits(uint32(x[0]))
			bits := format.Round(float64(v), arith.Nearest)
			if bits&0x7fff == format.Inf {
				bits--
			}
			return uint64(bits)
		})
		add("cvt.rz.satfinite.relu."+kind+"x2.f32 $0, $1, $2", "rff", func(x [4]uint64) uint64 {
			half := func(b uint64) uint64 {
				v := math.Float32frombits(uint32(b))
				bits := uint64(format.Round(float64(v), arith.Zero))
				if bits&0x7fff == uint64(format.Inf) {
					bits--
				}
				return positive(bits, 0x8000, v != v)
			}
			return half(x[0])<<16 | half(x[1])
		})
	}
	for name, mode := range map[string]arith.Rounding{"rm": arith.Down, "rp": arith.Up} {
		add("cvt."+name+".bf16.f32 $0, $1", "hf", func(x [4]uint64) uint64 {
			return uint64(arith.BF16.Round(float64(math.Float32frombits(uint32(x[0]))), mode))
		})
	}
	halfPairTests(add)
	return tests
}

// halfPairTests compare pairs, with flushing and a predicate, and choose by magnitude.
func halfPairTests(add adder) {
	less := func(a, b float64) bool { return a < b }
	for kind, f := range map[string]*arith.Format{"f16": &arith.F16, "bf16": &arith.BF16} {
		one := uint64(f.Bias) << f.Fraction
		compare := func(x [4]uint64, yes uint64, join func(holds bool) bool) (result uint64) {
			for n := range 2 {
				a, b := f.Value(uint32(x[0]>>(16*n)&0xffff)), f.Value(uint32(x[1]>>(16*n)&0xffff))
				result |= pick(join(less(a, b)), yes, 0) << (16 * n)
			}
			return result
		}
		plain := func(holds bool) bool { return holds }
		add("set.lt.u32."+kind+"x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return compare(x, 0xffff, plain) })
		add("set.lt."+kind+"x2."+kind+"x2 $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return compare(x, one, plain) })
		add("set.lt.xor.s32."+kind+"x2 $0, $1, $2, $3", "rrrp", func(x [4]uint64) uint64 {
			return compare(x, 0xffff, func(holds bool) bool { return holds != (x[2] == 1) })
		})
		add("set.lt.and."+kind+"."+kind+" $0, $1, $2, $3", "hhhp", func(x [4]uint64) uint64 {
			return pick(less(f.Value(uint32(x[0])), f.Value(uint32(x[1]))) && x[2] == 1, one, 0)
		})
		add("max.xorsign.abs."+kind+" $0, $1, $2", "hhh", func(x [4]uint64) uint64 {
			a, b := f.Value(uint32(x[0])), f.Value(uint32(x[1]))
			switch {
			case a != a && b != b:
				return uint64(f.NaN)
			case b != b || math.Abs(a) >= math.Abs(b):
				return x[0]&0x7fff | (x[0]^x[1])&0x8000
			}
			return x[1]&0x7fff | (x[0]^x[1])&0x8000
		})
		add("fma.rn.oob."+kind+" $0, $1, $2, $3", "hhhh", func(x [4]uint64) uint64 {
			if x[0] == 0xffff || x[1] == 0xffff {
				return 0
			}
			return uint64(f.FMA(uint32(x[0]), uint32(x[1]), uint32(x[2]), arith.Nearest))
		})
	}
	flushed := func(b uint64) float64 { return arith.F16.Value(arith.F16.Flush(uint32(b & 0xffff))) }
	add("and.b32 $1, $1, 0x83ff8fff; and.b32 $2, $2, 0x83ff8fff; set.lt.ftz.u32.f16x2 $0, $1, $2", "rrr", func(x [4]uint64) (result uint64) {
		for n := range 2 {
			a, b := x[0]&0x83ff8fff>>(16*n), x[1]&0x83ff8fff>>(16*n)
			result |= pick(flushed(a) < flushed(b), 0xffff, 0) << (16 * n)
		}
		return result
	})
	add("and.b32 $1, $1, 0x83ff8fff; and.b32 $2, $2, 0x83ff8fff; setp.lt.ftz.f16x2 $0|%p8, $1, $2", "prr", func(x [4]uint64) uint64 {
		return pick(flushed(x[0]&0x8fff) < flushed(x[1]&0x8fff), 1, 0)
	})
}

// TestFloat8Opcodes holds the conversions of 8-bit numbers to a search through all of them.
func TestFloat8Opcodes(t *testing.T) {
	tests := float8Tests()
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) { test.check(t) })
	}
	t.Logf("%d instructions", len(tests))
}
