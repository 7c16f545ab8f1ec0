package ptxsim

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim/internal/arith"
)

// The floating-point instructions: package arith has proven the operations against exact models, here each modifier is held
// to the operation that it stands for.

// pick chooses a or b.
func pick(condition bool, a, b uint64) uint64 {
	if condition {
		return a
	}
	return b
}

func flush32(x uint32) uint32 { return uint32(pick(x<<1>>24 == 0, uint64(x>>31<<31), uint64(x))) }

// clamp01 is .sat of float32.
func clamp01(x uint32) uint32 {
	switch v := math.Float32frombits(x); {
	case v > 1:
		return 0x3f800000
	case v > 0:
		return x
	}
	return 0
}

func floatTests() (tests []opcodeTest) {
	add := func(text, letters string, model func(x [4]uint64) uint64) {
		tests = append(tests, opcodeTest{text + ";", letters, model})
	}
	floatArithmeticTests(add)
	doubleTests(add)
	halfTests(add)
	floatChoiceTests(add)
	floatConversionTests(add)
	approximateTests(add)
	return tests
}

func TestFloatOpcodes(t *testing.T) {
	if testing.Short() {
		t.Skip("one warp has no goroutine beside it; run without -short")
	}
	tests := floatTests()
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) { test.check(t) })
	}
	t.Logf("%d instructions", len(tests))
}

func floatArithmeticTests(add adder) {
	f := &arith.F32
	operations := map[string]struct {
		operands int
		model    func(a, b, c uint32, mode arith.Rounding) uint32
	}{
		"add": {2, func(a, b, _ uint32, mode arith.Rounding) uint32 { return f.Add(a, b, mode) }},
		"sub": {2, func(a, b, _ uint32, mode arith.Rounding) uint32 { return f.Add(a, b^1<<31, mode) }},
		"mul": {2, func(a, b, _ uint32, mode arith.Rounding) uint32 { return f.Mul(a, b, mode) }},
		"fma": {3, f.FMA}, "mad": {3, f.FMA},
		"div":  {2, func(a, b, _ uint32, mode arith.Rounding) uint32 { return f.Div(a, b, mode) }},
		"rcp":  {1, func(a, _, _ uint32, mode arith.Rounding) uint32 { return f.Div(0x3f800000, a, mode) }},
		"sqrt": {1, func(a, _, _ uint32, mode arith.Rounding) uint32 { return f.Sqrt(a, mode) }},
	}
	for name, operation := range operations {
		for modeName, mode := range map[string]arith.Rounding{"rn": arith.Nearest, "rz": arith.Zero, "rm": arith.Down, "rp": arith.Up} {
			for _, modifiers := range []string{"", ".ftz", ".sat", ".ftz.sat"} {
				if strings.Contains(modifiers, "sat") && (operation.operands == 1 || name == "div") {
					continue
				}
				text := fmt.Sprintf("%s.%s%s.f32 $0, %s", name, modeName, modifiers, strings.Join([]string{"$1", "$2", "$3"}[:operation.operands], ", "))
				add(text, strings.Repeat("f", 1+operation.operands), func(x [4]uint64) uint64 {
					a, b, c := uint32(x[0]), uint32(x[1]), uint32(x[2])
					if strings.Contains(modifiers, "ftz") {
						a, b, c = flush32(a), flush32(b), flush32(c)
					}
					r := operation.model(a, b, c, mode)
					if strings.Contains(modifiers, "ftz") {
						r = flush32(r)
					}
					if strings.Contains(modifiers, "sat") {
						r = clamp01(r)
					}
					return uint64(r)
				})
			}
		}
	}
}

func doubleTests(add adder) {
	value := math.Float64frombits
	for modeName, mode := range map[string]arith.Rounding{"rn": arith.Nearest, "rz": arith.Zero, "rm": arith.Down, "rp": arith.Up} {
		two := func(name string, f func(a, b float64, mode arith.Rounding) float64) {
			add(name+"."+modeName+".f64 $0, $1, $2", "eee", func(x [4]uint64) uint64 { return math.Float64bits(f(value(x[0]), value(x[1]), mode)) })
		}
		two("add", arith.Add64)
		two("sub", func(a, b float64, mode arith.Rounding) float64 { return arith.Add64(a, -b, mode) })
		two("mul", arith.Mul64)
		two("div", arith.Div64)
		add("fma."+modeName+".f64 $0, $1, $2, $3", "eeee", func(x [4]uint64) uint64 {
			return math.Float64bits(arith.FMA64(value(x[0]), value(x[1]), value(x[2]), mode))
		})
		add("sqrt."+modeName+".f64 $0, $1", "ee", func(x [4]uint64) uint64 { return math.Float64bits(arith.Sqrt64(value(x[0]), mode)) })
		add("rcp."+modeName+".f64 $0, $1", "ee", func(x [4]uint64) uint64 { return math.Float64bits(arith.Div64(1, value(x[0]), mode)) })
	}
	add("neg.f64 $0, $1", "ee", func(x [4]uint64) uint64 { return x[0] ^ 1<<63 })
	add("abs.f64 $0, $1", "ee", func(x [4]uint64) uint64 { return x[0] &^ (1 << 63) })
	add("copysign.f64 $0, $1, $2", "eee", func(x [4]uint64) uint64 { return x[0]>>63<<63 | x[1]<<1>>1 })
	add("min.f64 $0, $1, $2", "eee", func(x [4]uint64) uint64 { return math.Float64bits(arith.Min64(value(x[0]), value(x[1]))) })
	add("max.f64 $0, $1, $2", "eee", func(x [4]uint64) uint64 { return math.Float64bits(arith.Max64(value(x[0]), value(x[1]))) })
}

func halfTests(add adder) {
	for kind, f := range map[string]*arith.Format{"f16": &arith.F16, "bf16": &arith.BF16} {
		operations := map[string]func(a, b, c uint32) uint32{
			"add.rn": func(a, b, _ uint32) uint32 { return f.Add(a, b, arith.Nearest) },
			"sub.rn": func(a, b, _ uint32) uint32 { return f.Add(a, b^0x8000, arith.Nearest) },
			"mul.rn": func(a, b, _ uint32) uint32 { return f.Mul(a, b, arith.Nearest) },
			"min":    func(a, b, _ uint32) uint32 { return f.Min(a, b, false) },
			"max":    func(a, b, _ uint32) uint32 { return f.Max(a, b, false) },
			"min.NaN": func(a, b, _ uint32) uint32 {
				return f.Min(a, b, true)
			},
			"fma.rn": func(a, b, c uint32) uint32 { return f.FMA(a, b, c, arith.Nearest) },
			"fma.rn.relu": func(a, b, c uint32) uint32 {
				r := f.FMA(a, b, c, arith.Nearest)
				return uint32(pick(r > 0x8000 && !f.IsNaN(r) || r == 0x8000, 0, uint64(r)))
			},
			"neg": func(a, _, _ uint32) uint32 { return a ^ 0x8000 },
			"abs": func(a, _, _ uint32) uint32 { return a & 0x7fff },
		}
		for name, model := range operations {
			operands := map[bool]int{true: 3, false: 2}[strings.HasPrefix(name, "fma")]
			if name == "neg" || name == "abs" {
				operands = 1
			}
			list := strings.Join([]string{"$1", "$2", "$3"}[:operands], ", ")
			add(name+"."+kind+" $0, "+list, strings.Repeat("h", 1+operands), func(x [4]uint64) uint64 {
				return uint64(model(uint32(x[0]), uint32(x[1]), uint32(x[2])))
			})
			add(name+"."+kind+"x2 $0, "+list, strings.Repeat("r", 1+operands), func(x [4]uint64) uint64 {
				one := model(uint32(x[0]&0xffff), uint32(x[1]&0xffff), uint32(x[2]&0xffff))
				two := model(uint32(x[0]>>16), uint32(x[1]>>16), uint32(x[2]>>16))
				return uint64(one | two<<16)
			})
		}
	}
}

func floatChoiceTests(add adder) {
	f := &arith.F32
	add("min.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 { return uint64(f.Min(uint32(x[0]), uint32(x[1]), false)) })
	add("max.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 { return uint64(f.Max(uint32(x[0]), uint32(x[1]), false)) })
	add("max.NaN.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 { return uint64(f.Max(uint32(x[0]), uint32(x[1]), true)) })
	add("min.ftz.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 {
		return uint64(f.Min(flush32(uint32(x[0])), flush32(uint32(x[1])), false))
	})
	add("neg.f32 $0, $1", "ff", func(x [4]uint64) uint64 { return x[0] ^ 1<<31 })
	add("abs.ftz.f32 $0, $1", "ff", func(x [4]uint64) uint64 { return uint64(flush32(uint32(x[0])) &^ (1 << 31)) })
	add("copysign.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 { return x[0]>>31<<31 | x[1]&0x7fffffff })
	compare := map[string]func(a, b float64) bool{
		"eq": func(a, b float64) bool { return a == b }, "ne": func(a, b float64) bool { return a < b || a > b }, "lt": func(a, b float64) bool { return a < b },
		"le": func(a, b float64) bool { return a <= b }, "gt": func(a, b float64) bool { return a > b }, "ge": func(a, b float64) bool { return a >= b },
		"num": func(a, b float64) bool { return a == a && b == b },
	}
	for _, name := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		ordered := compare[name]
		compare[name+"u"] = func(a, b float64) bool { return ordered(a, b) || a != a || b != b }
	}
	compare["nan"] = func(a, b float64) bool { return a != a || b != b }
	kinds := map[string]func(x uint64) float64{
		"f32": func(x uint64) float64 { return float64(math.Float32frombits(uint32(x))) }, "f64": math.Float64frombits,
		"f16":  func(x uint64) float64 { return arith.F16.Value(uint32(x)) },
		"bf16": func(x uint64) float64 { return float64(math.Float32frombits(uint32(x) << 16)) },
		"ftz":  func(x uint64) float64 { return float64(math.Float32frombits(flush32(uint32(x)))) },
	}
	letters := map[string]string{"f32": "f", "f64": "e", "f16": "h", "bf16": "h", "ftz": "f"}
	for name, holds := range compare {
		for kind, value := range kinds {
			text, l := "setp."+name+"."+kind, letters[kind]
			if kind == "ftz" {
				text += ".f32"
			}
			add(text+" $0, $1, $2", "p"+l+l, func(x [4]uint64) uint64 { return pick(holds(value(x[0]), value(x[1])), 1, 0) })
		}
		add("set."+name+".u32.f32 $0, $1, $2", "rff", func(x [4]uint64) uint64 {
			return pick(holds(kinds["f32"](x[0]), kinds["f32"](x[1])), 0xffffffff, 0)
		})
	}
	for name, holds := range map[string]func(v float64) bool{
		"finite": func(v float64) bool { return v-v == 0 }, "infinite": func(v float64) bool { return math.IsInf(v, 0) }, "number": func(v float64) bool { return v == v },
		"notanumber": func(v float64) bool { return v != v }, "normal": func(v float64) bool { return v-v == 0 && math.Abs(v) >= 0x1p-126 },
		"subnormal": func(v float64) bool { return v != 0 && math.Abs(v) < 0x1p-126 },
	} {
		add("testp."+name+".f32 $0, $1", "pf", func(x [4]uint64) uint64 { return pick(holds(kinds["f32"](x[0])), 1, 0) })
	}
	add("slct.f32.f32 $0, $1, $2, $3", "ffff", func(x [4]uint64) uint64 { return pick(math.Float32frombits(uint32(x[2])) >= 0, x[0], x[1]) })
}

// formats are the floating-point types with their registers and how their bits are read and made.
var formats = map[string]struct {
	letter string
	value  func(x uint64) float64
	round  func(v float64, mode arith.Rounding) uint64
}{
	"f16":  {"h", func(x uint64) float64 { return arith.F16.Value(uint32(x)) }, func(v float64, mode arith.Rounding) uint64 { return uint64(arith.F16.Round(v, mode)) }},
	"bf16": {"h", func(x uint64) float64 { return arith.BF16.Value(uint32(x)) }, func(v float64, mode arith.Rounding) uint64 { return uint64(arith.BF16.Round(v, mode)) }},
	"f32":  {"f", func(x uint64) float64 { return arith.F32.Value(uint32(x)) }, func(v float64, mode arith.Rounding) uint64 { return uint64(arith.F32.Round(v, mode)) }},
	"f64": {"e", math.Float64frombits, func(v float64, _ arith.Rounding) uint64 {
		return pick(v != v, math.Float64bits(v)|1<<51, math.Float64bits(v))
	}},
}

func floatConversionTests(add adder) {
	rounding := map[string]arith.Rounding{"rn": arith.Nearest, "rz": arith.Zero, "rm": arith.Down, "rp": arith.Up}
	for mode, m := range rounding {
		for _, pair := range [][2]string{{"f32", "f64"}, {"f16", "f64"}, {"f16", "f32"}, {"bf16", "f32"}} {
			if pair[0] == "bf16" && mode != "rn" && mode != "rz" {
				continue
			}
			to, from := formats[pair[0]], formats[pair[1]]
			add("cvt."+mode+"."+pair[0]+"."+pair[1]+" $0, $1", to.letter+from.letter, func(x [4]uint64) uint64 { return to.round(from.value(x[0]), m) })
		}
		for _, kind := range []string{"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"} {
			for _, name := range []string{"f16", "f32", "f64"} {
				float := formats[name]
				add("cvt."+mode+"i."+kind+"."+name+" $0, $1", letterOf(kind)+float.letter, func(x [4]uint64) uint64 {
					return arith.ToInteger(float.value(x[0]), m, sizeOfKind(kind), kind[0] == 's', name == "f64")
				})
				add("cvt."+mode+"."+name+"."+kind+" $0, $1", float.letter+letterOf(kind), func(x [4]uint64) uint64 {
					v := whole(kind, cutTo(kind, x[0]))
					if name == "f64" {
						return math.Float64bits(arith.FromInteger64(low(v), kind[0] == 's', m))
					}
					return float.round(arith.FromInteger(low(v), kind[0] == 's'), m)
				})
			}
		}
		for _, name := range []string{"f32", "f64"} {
			float := formats[name]
			round := map[string]func(float64) float64{"rn": math.RoundToEven, "rz": math.Trunc, "rm": math.Floor, "rp": math.Ceil}[mode]
			add("cvt."+mode+"i."+name+"."+name+" $0, $1", float.letter+float.letter, func(x [4]uint64) uint64 {
				return float.round(round(float.value(x[0])), arith.Nearest)
			})
		}
	}
	for _, pair := range [][2]string{{"f32", "f16"}, {"f64", "f32"}, {"f64", "f16"}, {"f32", "bf16"}} {
		to, from := formats[pair[0]], formats[pair[1]]
		add("cvt."+pair[0]+"."+pair[1]+" $0, $1", to.letter+from.letter, func(x [4]uint64) uint64 { return to.round(from.value(x[0]), arith.Nearest) })
	}
	add("cvt.rna.tf32.f32 $0, $1", "rf", func(x [4]uint64) uint64 { return uint64(arith.TF32.Round(arith.F32.Value(uint32(x[0])), arith.Away)) })
	add("cvt.sat.f32.f32 $0, $1", "ff", func(x [4]uint64) uint64 { return uint64(clamp01(uint32(x[0]))) })
	add("cvt.ftz.f32.f32 $0, $1", "ff", func(x [4]uint64) uint64 {
		return formats["f32"].round(arith.F32.Value(flush32(uint32(x[0]))), arith.Nearest)
	})
	for name, f := range map[string]*arith.Format{"f16x2": &arith.F16, "bf16x2": &arith.BF16} {
		half := func(x uint64) uint64 { return uint64(f.Round(arith.F32.Value(uint32(x)), arith.Nearest)) }
		add("cvt.rn."+name+".f32 $0, $1, $2", "rff", func(x [4]uint64) uint64 { return half(x[0])<<16 | half(x[1]) })
		relu := func(x uint64) uint64 { return pick(half(x)&0x8000 != 0 && half(x) <= 0x8000|uint64(f.Inf), 0, half(x)) }
		add("cvt.rn.relu."+name+".f32 $0, $1, $2", "rff", func(x [4]uint64) uint64 { return relu(x[0])<<16 | relu(x[1]) })
	}
}

func approximateTests(add adder) {
	functions := map[string]func(float64) float64{
		"ex2": math.Exp2, "lg2": math.Log2, "sin": math.Sin, "cos": math.Cos, "rcp": func(x float64) float64 { return 1 / x },
		"sqrt": math.Sqrt, "rsqrt": func(x float64) float64 { return 1 / math.Sqrt(x) },
	}
	for name, f := range functions {
		add(name+".approx.ftz.f32 $0, $1", "ff", func(x [4]uint64) uint64 {
			return uint64(flush32(arith.F32.Round(f(float64(math.Float32frombits(flush32(uint32(x[0]))))), arith.Nearest)))
		})
	}
	add("tanh.approx.f32 $0, $1", "ff", func(x [4]uint64) uint64 {
		return uint64(arith.F32.Round(math.Tanh(arith.F32.Value(uint32(x[0]))), arith.Nearest))
	})
	add("div.approx.f32 $0, $1, $2", "fff", func(x [4]uint64) uint64 { return uint64(arith.F32.Div(uint32(x[0]), uint32(x[1]), arith.Nearest)) })
}
