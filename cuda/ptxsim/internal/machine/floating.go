package machine

// This file has the operations of floating-point numbers.

import (
	"math"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register((*compiler).floating, "fma", "rcp", "sqrt")
	register((*compiler).approximate, "rsqrt", "sin", "cos", "lg2", "ex2", "tanh")
	register(decodeCopySign, "copysign")
	register(decodeTest, "testp")
}

// small is an operation on bits of a format of up to 32 bits.
type small func(f *arith.Format, a, b, c uint32, mode arith.Rounding) uint32

var smallOperations = map[string]small{
	"add": func(f *arith.Format, a, b, _ uint32, mode arith.Rounding) uint32 { return f.Add(a, b, mode) },
	"sub": func(f *arith.Format, a, b, _ uint32, mode arith.Rounding) uint32 { return f.Add(a, b^f.Sign, mode) },
	"mul": func(f *arith.Format, a, b, _ uint32, mode arith.Rounding) uint32 { return f.Mul(a, b, mode) },
	"mad": (*arith.Format).FMA,
	"fma": (*arith.Format).FMA,
	"div": func(f *arith.Format, a, b, _ uint32, mode arith.Rounding) uint32 { return f.Div(a, b, mode) },
	"sqrt": func(f *arith.Format, a, _, _ uint32, mode arith.Rounding) uint32 {
		return f.Sqrt(a, mode)
	},
	"rcp": func(f *arith.Format, a, _, _ uint32, mode arith.Rounding) uint32 {
		return f.Div(uint32(f.Bias)<<f.Fraction, a, mode)
	},
}

// large is an operation of float64.
type large func(a, b, c float64, mode arith.Rounding) float64

var largeOperations = map[string]large{
	"add": func(a, b, _ float64, mode arith.Rounding) float64 { return arith.Add64(a, b, mode) },
	"sub": func(a, b, _ float64, mode arith.Rounding) float64 { return arith.Add64(a, -b, mode) },
	"mul": func(a, b, _ float64, mode arith.Rounding) float64 { return arith.Mul64(a, b, mode) },
	"mad": arith.FMA64, "fma": arith.FMA64,
	"div":  func(a, b, _ float64, mode arith.Rounding) float64 { return arith.Div64(a, b, mode) },
	"sqrt": func(a, _, _ float64, mode arith.Rounding) float64 { return arith.Sqrt64(a, mode) },
	"rcp":  func(a, _, _ float64, mode arith.Rounding) float64 { return arith.Div64(1, a, mode) },
}

// floating makes the work of add, sub, mul, mad, fma, div, rcp and sqrt.
func (c *compiler) floating(i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	rounding := i.With["rnd"]
	if rounding == "approx" || rounding == "full" {
		if t == "f64" || i.Opcode != "div" {
			return c.approximate(i)
		}
		rounding = "rn"
	}
	mode := arith.Modes[rounding]
	count := len(i.Operands) - 1
	if t == "f64" {
		return c.floatingLarge(i, i.Opcode, largeOperations[i.Opcode], mode, count)
	}
	if t == "f32" && mode == arith.Nearest && !i.Has("ftz") && !i.Has("sat") {
		if quick := c.quickFloat(i); quick != nil {
			return quick
		}
	}
	return c.lanes3(i, bitsOf(t), c.smallFunction(i, t, smallOperations[i.Opcode], mode), count)
}

// bitsOf is the type of the register that holds a value, for literals.
func bitsOf(t syntax.Type) syntax.Type {
	if t == "f32" || t == "f64" {
		return t
	}
	if t.Size() == 2 {
		return "b16"
	}
	return "b32"
}

// format finds the format of a type and whether it is a pair.
func format(t syntax.Type) (f *arith.Format, pair bool) {
	switch t {
	case "f32":
		return &arith.F32, false
	case "f16":
		return &arith.F16, false
	case "bf16":
		return &arith.BF16, false
	case "f16x2":
		return &arith.F16, true
	case "e4m3":
		return &arith.E4M3, false
	case "e5m2":
		return &arith.E5M2, false
	}
	return &arith.BF16, true
}

// smallFunction puts flushing, clamping and pairs around an operation.
func (c *compiler) smallFunction(i *syntax.Instruction, t syntax.Type, operation small, mode arith.Rounding) func(a, b, v uint32) uint32 {
	f, pair := format(t)
	flush, saturate, relu, oob := i.Has("ftz"), i.Has("sat"), i.Has("relu"), i.Has("oob")
	one := func(a, b, v uint32) uint32 {
		if oob && (a == outOfBounds || b == outOfBounds) {
			return 0
		}
		if flush {
			a, b, v = f.Flush(a), f.Flush(b), f.Flush(v)
		}
		r := operation(f, a, b, v, mode)
		if flush {
			r = f.Flush(r)
		}
		if saturate {
			r = f.Saturate(r)
		}
		if relu && r&f.Sign != 0 && !f.IsNaN(r) {
			r = 0
		}
		return r
	}
	if !pair {
		return one
	}
	return func(a, b, v uint32) uint32 {
		return one(a&0xffff, b&0xffff, v&0xffff) | one(a>>16, b>>16, v>>16)<<16
	}
}

// outOfBounds is the NaN with which .oob marks what lies beyond a tensor: a product with it is 0.
const outOfBounds = 0xffff

func (c *compiler) floatingLarge(i *syntax.Instruction, name string, operation large, mode arith.Rounding, count int) work {
	o := i.Operands
	var rows [3]int
	for n := range rows {
		rows[n] = c.wide(o[1+min(n, count-1)], "f64")
	}
	target, quick := c.wide(o[0], "f64"), arith.Loops64[name]
	if quick != nil && mode == arith.Nearest {
		return intoWide(target, func(w *warp, z *wideRow) { quick(z, &w.wide[rows[0]], &w.wide[rows[1]], &w.wide[rows[2]]) })
	}
	return intoWide(target, func(w *warp, z *wideRow) {
		x, y, v := &w.wide[rows[0]], &w.wide[rows[1]], &w.wide[rows[2]]
		for n := range z {
			a, b, d := math.Float64frombits(x[n]), math.Float64frombits(y[n]), math.Float64frombits(v[n])
			z[n] = math.Float64bits(operation(a, b, d, mode))
		}
	})
}

// bits32 are the bits of a result, with the one NaN that float32 operations make.
func bits32(x float32) uint32 {
	if x != x {
		return arith.F32.NaN
	}
	return math.Float32bits(x)
}

// quickFloat are the loops of plain float32 arithmetic.
func (c *compiler) quickFloat(i *syntax.Instruction) work {
	o := i.Operands
	var rows [3]int
	for n := range rows {
		rows[n] = c.narrow(o[1+min(n, len(o)-2)], "f32")
	}
	value := math.Float32frombits
	var loop func(z, x, y, v *narrowRow)
	switch i.Opcode {
	case "add":
		loop = func(z, x, y, _ *narrowRow) {
			for n := range z {
				z[n] = bits32(value(x[n]) + value(y[n]))
			}
		}
	case "sub":
		loop = func(z, x, y, _ *narrowRow) {
			for n := range z {
				z[n] = bits32(value(x[n]) - value(y[n]))
			}
		}
	case "mul":
		loop = func(z, x, y, _ *narrowRow) {
			for n := range z {
				z[n] = bits32(value(x[n]) * value(y[n]))
			}
		}
	case "fma", "mad":
		loop = arith.FMA32
	default:
		return nil
	}
	return intoNarrow(c.narrow(o[0], "f32"), func(w *warp, z *narrowRow) {
		loop(z, &w.narrow[rows[0]], &w.narrow[rows[1]], &w.narrow[rows[2]])
	})
}

// approximate makes the work of the .approx functions of one operand.
func (c *compiler) approximate(i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	name := i.Opcode
	function := arith.Approximate[name]
	if t == "f64" {
		return c.unaryWork(i, t, t, func(a uint64) uint64 {
			return math.Float64bits(arith.HighHalf(math.Float64frombits(a), function))
		})
	}
	operation := func(f *arith.Format, a, _, _ uint32, mode arith.Rounding) uint32 {
		return f.Round(function(f.Value(a)), mode)
	}
	return c.lanes3(i, bitsOf(t), c.smallFunction(i, t, operation, arith.Nearest), 1)
}

func (c *compiler) floatMinMax(i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	if t == "f64" {
		operation := func(a, b, _ float64, _ arith.Rounding) float64 { return arith.Min64(a, b) }
		if i.Opcode == "max" {
			operation = func(a, b, _ float64, _ arith.Rounding) float64 { return arith.Max64(a, b) }
		}
		return c.floatingLarge(i, i.Opcode, operation, arith.Nearest, 2)
	}
	propagate := i.Has("nan")
	if i.Has("xorsign") {
		return c.lanes3(i, bitsOf(t), c.smallFunction(i, t, magnitudeMinMax(i.Opcode == "max", propagate), arith.Nearest), 2)
	}
	operation := func(f *arith.Format, a, b, _ uint32, _ arith.Rounding) uint32 { return f.Min(a, b, propagate) }
	if i.Opcode == "max" {
		operation = func(f *arith.Format, a, b, _ uint32, _ arith.Rounding) uint32 { return f.Max(a, b, propagate) }
	}
	return c.lanes3(i, bitsOf(t), c.smallFunction(i, t, operation, arith.Nearest), 2)
}

// magnitudeMinMax is .xorsign.abs: the lesser or greater of the magnitudes with the sign of the product.
func magnitudeMinMax(greater, propagate bool) small {
	return func(f *arith.Format, a, b, _ uint32, _ arith.Rounding) uint32 {
		sign := (a ^ b) & f.Sign
		choose := f.Min
		if greater {
			choose = f.Max
		}
		magnitude := choose(a&^f.Sign, b&^f.Sign, propagate)
		if f.IsNaN(magnitude) {
			return f.NaN
		}
		return magnitude | sign
	}
}

// floatSign is neg and abs: the sign's bit and nothing else.
func (c *compiler) floatSign(i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	negate := i.Opcode == "neg"
	if t == "f64" {
		return c.unaryWork(i, t, "b64", func(a uint64) uint64 {
			if negate {
				return a ^ 1<<63
			}
			return a &^ (1 << 63)
		})
	}
	operation := func(f *arith.Format, a, _, _ uint32, _ arith.Rounding) uint32 {
		if negate {
			return a ^ f.Sign
		}
		return a &^ f.Sign
	}
	return c.lanes3(i, bitsOf(t), c.smallFunction(i, t, operation, arith.Nearest), 1)
}

// decodeCopySign is copysign: the magnitude of b with the sign of a.
func decodeCopySign(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	sign := uint64(1) << (8*t.Size() - 1)
	o := i.Operands
	target, a, b := c.target(o[0], t), c.row(o[1], t), c.row(o[2], t)
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			target(w, lane, b(w, lane)&^sign|a(w, lane)&sign)
		}
	}
}

// decodeTest is testp.
func decodeTest(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	target, a := c.predTarget(i.Operands[0].Register), c.row(i.Operands[1], t)
	fraction := 23
	if t == "f64" {
		fraction = 52
	}
	test := i.With["test"]
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			w.pred[target] &^= 1 << lane
			if kindOf(a(w, lane), fraction, 8*t.Size()).is(test) {
				w.pred[target] |= 1 << lane
			}
		}
	}
}

// floatKind is the kind of number that bits hold.
type floatKind uint8

const (
	zeroKind floatKind = iota
	subnormalKind
	normalKind
	infiniteKind
	nanKind
)

func kindOf(bits uint64, fraction, size int) floatKind {
	bits &= 1<<(size-1) - 1
	most := uint64(1<<(size-1-fraction) - 1)
	switch exponent, rest := bits>>fraction, bits&(1<<fraction-1); {
	case exponent == most && rest != 0:
		return nanKind
	case exponent == most:
		return infiniteKind
	case exponent != 0:
		return normalKind
	case rest != 0:
		return subnormalKind
	}
	return zeroKind
}

func (k floatKind) is(test string) bool {
	switch test {
	case "finite":
		return k < infiniteKind
	case "infinite":
		return k == infiniteKind
	case "number":
		return k != nanKind
	case "notanumber":
		return k == nanKind
	case "normal":
		return k == normalKind
	}
	return k == subnormalKind
}
