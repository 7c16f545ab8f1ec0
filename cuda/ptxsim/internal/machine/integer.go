package machine

// This file has the arithmetic of whole numbers.

import (
	"math/bits"

	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeAdd, "add", "sub")
	register(decodeAddCarry, "addc", "subc")
	register(decodeMul, "mul")
	register(decodeMad, "mad")
	register(decodeMadCarry, "madc")
	register(decodeBinary, "rem", "and", "or", "xor", "shl", "shr")
	register(decodeDiv, "div")
	register(decodeMinMax, "min", "max")
	register(decodeSign, "neg", "abs")
}

// isInteger says whether the type is of whole numbers or bits and not a pair of halves.
func isInteger(t syntax.Type) bool {
	switch t {
	case "f16", "f32", "f64", "bf16", "f16x2", "bf16x2", "e4m3", "e5m2", "e4m3x2", "e5m2x2":
		return false
	}
	return true
}

// width is how the low bits of a value make a number of 64 bits.
type width struct {
	shift  uint
	signed bool
}

func widthOf(t syntax.Type) width { return width{uint(64 - 8*t.Size()), t.Signed()} }

// extend makes a value of the type from its low bits.
func (w width) extend(value uint64) uint64 {
	if w.signed {
		return uint64(int64(value<<w.shift) >> w.shift)
	}
	return value << w.shift >> w.shift
}

// integerOperation is an operation on values extended to 64 bits, whose result is cut to the type.
type integerOperation func(a, b uint64) uint64

// binaryOf finds the plain operation of a type.
func binaryOf(name string, t syntax.Type) integerOperation {
	size := uint64(8 * t.Size())
	signed := t.Signed()
	switch name {
	case "add":
		return func(a, b uint64) uint64 { return a + b }
	case "sub":
		return func(a, b uint64) uint64 { return a - b }
	case "mul.lo":
		return func(a, b uint64) uint64 { return a * b }
	case "mul.hi":
		return func(a, b uint64) uint64 { return multiplyHigh(a, b, size, signed) }
	case "and":
		return func(a, b uint64) uint64 { return a & b }
	case "or":
		return func(a, b uint64) uint64 { return a | b }
	case "xor":
		return func(a, b uint64) uint64 { return a ^ b }
	case "div":
		return func(a, b uint64) uint64 { q, _ := divide(a, b, signed); return q }
	case "rem":
		return func(a, b uint64) uint64 { _, r := divide(a, b, signed); return r }
	case "min":
		return func(a, b uint64) uint64 { return choose(a, b, less(a, b, signed)) }
	case "max":
		return func(a, b uint64) uint64 { return choose(a, b, less(b, a, signed)) }
	case "shl":
		return func(a, b uint64) uint64 { return a << min(b, 64) }
	case "shr":
		if signed {
			return func(a, b uint64) uint64 { return uint64(int64(a) >> min(b, size-1)) }
		}
		return func(a, b uint64) uint64 { return a >> min(b, 64) }
	}
	return nil
}

func choose(a, b uint64, takeA bool) uint64 {
	if takeA {
		return a
	}
	return b
}

func less(a, b uint64, signed bool) bool {
	if signed {
		return int64(a) < int64(b)
	}
	return a < b
}

// divide gives what GPUs give for a zero divisor: all ones, and the dividend as the rest.
func divide(a, b uint64, signed bool) (quotient, rest uint64) {
	switch {
	case b == 0:
		return ^uint64(0), a
	case signed:
		return uint64(int64(a) / int64(b)), uint64(int64(a) % int64(b))
	}
	return a / b, a % b
}

// multiplyHigh is the upper half of the product of two numbers of size bits.
func multiplyHigh(a, b, size uint64, signed bool) uint64 {
	if size < 64 {
		if signed {
			return uint64(int64(a*b) >> size)
		}
		return a * b >> size
	}
	high, _ := bits.Mul64(a, b)
	if signed {
		if int64(a) < 0 {
			high -= b
		}
		if int64(b) < 0 {
			high -= a
		}
	}
	return high
}

// quickNarrow and quickWide are loops for the operations that fill most kernels.
var quickNarrow = map[string]func(z, x, y *narrowRow){
	"add": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] + y[n]
		}
	},
	"sub": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] - y[n]
		}
	},
	"mul.lo": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] * y[n]
		}
	},
	"and": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] & y[n]
		}
	},
	"or": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] | y[n]
		}
	},
	"xor": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] ^ y[n]
		}
	},
	"shl": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] << y[n]
		}
	},
}

// quickUnsigned are those of unsigned numbers of 32 bits.
var quickUnsigned = map[string]func(z, x, y *narrowRow){
	"mul.hi": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = uint32(uint64(x[n]) * uint64(y[n]) >> 32)
		}
	},
	"div": func(z, x, y *narrowRow) {
		for n := range z {
			if y[n] == 0 {
				z[n] = all
			} else {
				z[n] = x[n] / y[n]
			}
		}
	},
	"rem": func(z, x, y *narrowRow) {
		for n := range z {
			if y[n] == 0 {
				z[n] = x[n]
			} else {
				z[n] = x[n] % y[n]
			}
		}
	},
	"min": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = min(x[n], y[n])
		}
	},
	"max": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = max(x[n], y[n])
		}
	},
	"shr": func(z, x, y *narrowRow) {
		for n := range z {
			z[n] = x[n] >> y[n]
		}
	},
}

var quickWide = map[string]func(z, x, y *wideRow){
	"add": func(z, x, y *wideRow) {
		for n := range z {
			z[n] = x[n] + y[n]
		}
	},
	"sub": func(z, x, y *wideRow) {
		for n := range z {
			z[n] = x[n] - y[n]
		}
	},
}

// binaryWork makes the work of a binary operation whose second operand may have a type of its own.
func (c *compiler) binaryWork(i *syntax.Instruction, name string, t, second syntax.Type) work {
	o := i.Operands
	f := binaryOf(name, t)
	if t.Size() == 8 {
		return c.binaryWide(o, name, t, second, f)
	}
	target, a, b := c.narrow(o[0], t), c.narrow(o[1], t), c.narrow(o[2], second)
	quick := quickNarrow[name]
	if quick == nil && !t.Signed() {
		quick = quickUnsigned[name]
	}
	if quick != nil && t.Size() == 4 {
		return intoNarrow(target, func(w *warp, z *narrowRow) { quick(z, &w.narrow[a], &w.narrow[b]) })
	}
	cut := uint32(1<<(8*t.Size()) - 1)
	one, other := widthOf(t), widthOf(second)
	return intoNarrow(target, func(w *warp, z *narrowRow) {
		x, y := &w.narrow[a], &w.narrow[b]
		for n := range z {
			z[n] = uint32(f(one.extend(uint64(x[n])), other.extend(uint64(y[n])))) & cut
		}
	})
}

func (c *compiler) binaryWide(o []*syntax.Operand, name string, t, second syntax.Type, f integerOperation) work {
	target, a := c.wide(o[0], t), c.wide(o[1], t)
	if second.Size() < 8 {
		b := c.narrow(o[2], second)
		return intoWide(target, func(w *warp, z *wideRow) {
			x, y := &w.wide[a], &w.narrow[b]
			for n := range z {
				z[n] = f(x[n], uint64(y[n]))
			}
		})
	}
	b := c.wide(o[2], t)
	if quick := quickWide[name]; quick != nil {
		return intoWide(target, func(w *warp, z *wideRow) { quick(z, &w.wide[a], &w.wide[b]) })
	}
	return intoWide(target, func(w *warp, z *wideRow) {
		x, y := &w.wide[a], &w.wide[b]
		for n := range z {
			z[n] = f(x[n], y[n])
		}
	})
}

func decodeBinary(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch {
	case t == "pred":
		return c.predicateLogic(i)
	case i.Opcode == "shl" || i.Opcode == "shr":
		return c.binaryWork(i, i.Opcode, t, "u32")
	}
	return c.binaryWork(i, i.Opcode, t, t)
}

func decodeDiv(c *compiler, i *syntax.Instruction) work {
	if t := syntax.Type(i.With["T"]); isInteger(t) {
		return c.binaryWork(i, "div", t, t)
	}
	return c.floating(i)
}

func decodeMinMax(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch {
	case !isInteger(t):
		return c.floatMinMax(i)
	case t == "u16x2" || t == "s16x2":
		return c.pairMinMax(i, t[:3])
	case i.Has("relu"):
		f := binaryOf(i.Opcode, t)
		return c.lanes3(i, t, func(a, b, _ uint32) uint32 { return uint32(max(0, int32(f(uint64(int32(a)), uint64(int32(b)))))) }, 2)
	}
	return c.binaryWork(i, i.Opcode, t, t)
}

// pairMinMax chooses in both halves of a word.
func (c *compiler) pairMinMax(i *syntax.Instruction, t syntax.Type) work {
	f, kind, relu := binaryOf(i.Opcode, t), widthOf(t), i.Has("relu")
	half := func(a, b uint32) uint32 {
		r := f(kind.extend(uint64(a)), kind.extend(uint64(b)))
		if relu && int64(r) < 0 {
			return 0
		}
		return uint32(r) & 0xffff
	}
	return c.lanes3(i, "b32", func(a, b, _ uint32) uint32 { return half(a, b) | half(a>>16, b>>16)<<16 }, 2)
}

func decodeAdd(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch {
	case !isInteger(t):
		return c.floating(i)
	case i.Has("cc"):
		return decodeAddCarry(c, i)
	case t == "u16x2" || t == "s16x2":
		return c.pairAdd(i)
	case i.Has("sat"):
		return c.saturatingAdd(i)
	}
	return c.binaryWork(i, i.Opcode, t, t)
}

func (c *compiler) pairAdd(i *syntax.Instruction) work {
	return c.lanes3(i, "b32", func(a, b, _ uint32) uint32 { return (a+b)&0xffff | (a>>16+b>>16)<<16 }, 2)
}

// saturatingAdd clamps to the range of s32.
func (c *compiler) saturatingAdd(i *syntax.Instruction) work {
	sign := int64(1)
	if i.Opcode == "sub" {
		sign = -1
	}
	return c.lanes3(i, "s32", func(a, b, _ uint32) uint32 { return clamp32(int64(int32(a)) + sign*int64(int32(b))) }, 2)
}

func clamp32(x int64) uint32 { return uint32(min(max(x, -1<<31), 1<<31-1)) }

// lanes3 makes the work of a function of up to three narrow operands, of which it uses count.
func (c *compiler) lanes3(i *syntax.Instruction, t syntax.Type, f func(a, b, c uint32) uint32, count int) work {
	o := i.Operands
	var rows [3]int
	for n := range count {
		rows[n] = c.narrow(o[1+n], t)
	}
	for n := count; n < 3; n++ {
		rows[n] = rows[0]
	}
	return intoNarrow(c.narrow(o[0], t), func(w *warp, z *narrowRow) {
		x, y, v := &w.narrow[rows[0]], &w.narrow[rows[1]], &w.narrow[rows[2]]
		for n := range z {
			z[n] = f(x[n], y[n], v[n])
		}
	})
}

// row reads a value of either file.
func (c *compiler) row(o *syntax.Operand, t syntax.Type) func(w *warp, lane int) uint64 {
	if t.Size() == 8 {
		row := c.wide(o, t)
		return func(w *warp, lane int) uint64 { return w.wide[row][lane] }
	}
	row := c.narrow(o, t)
	return func(w *warp, lane int) uint64 { return uint64(w.narrow[row][lane]) }
}

// target writes a value, of the size of its register, into either file.
func (c *compiler) target(o *syntax.Operand, t syntax.Type) func(w *warp, lane int, value uint64) {
	wide := t.Size() == 8
	if o.Register != nil {
		wide = o.Register.Type.Size() == 8
	}
	if wide {
		row := c.wide(o, t)
		return func(w *warp, lane int, value uint64) { w.wide[row][lane] = value }
	}
	row := c.narrow(o, t)
	cut := uint32(all)
	if o.Register != nil && o.Register.Type.Size() == 2 {
		cut = 0xffff
	}
	return func(w *warp, lane int, value uint64) { w.narrow[row][lane] = uint32(value) & cut }
}

// decodeAddCarry reads add.cc, addc, sub.cc and subc: the carry, or the borrow, goes from one to the next.
func decodeAddCarry(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	target, a, b := c.target(o[0], t), c.row(o[1], t), c.row(o[2], t)
	takes, gives, subtract := i.Opcode == "addc" || i.Opcode == "subc", i.Has("cc"), i.Opcode[:3] == "sub"
	wide := t.Size() == 8
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			value, carry := addCarry(a(w, lane), b(w, lane), w.carryIn(lane, takes), wide, subtract)
			target(w, lane, value)
			w.carryOut(lane, carry, gives)
		}
	}
}

func (w *warp) carryIn(lane int, takes bool) uint64 {
	if !takes {
		return 0
	}
	return uint64(w.carry >> lane & 1)
}

func (w *warp) carryOut(lane int, carry uint64, gives bool) {
	if gives {
		w.carry = w.carry&^(1<<lane) | uint32(carry)<<lane
	}
}

func addCarry(a, b, carry uint64, wide, subtract bool) (uint64, uint64) {
	if wide {
		if subtract {
			return bits.Sub64(a, b, carry)
		}
		return bits.Add64(a, b, carry)
	}
	var value, out uint32
	if subtract {
		value, out = bits.Sub32(uint32(a), uint32(b), uint32(carry))
	} else {
		value, out = bits.Add32(uint32(a), uint32(b), uint32(carry))
	}
	return uint64(value), uint64(out)
}

func decodeMul(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch {
	case !isInteger(t):
		return c.floating(i)
	case i.With["part"] == "wide":
		return c.multiplyWide(i, t)
	}
	return c.binaryWork(i, "mul."+i.With["part"], t, t)
}

// multiplyWide is mul.wide and mad.wide: the whole product, plus the third operand of mad.
func (c *compiler) multiplyWide(i *syntax.Instruction, t syntax.Type) work {
	o := i.Operands
	a, b := c.narrow(o[1], t), c.narrow(o[2], t)
	kind := widthOf(t)
	if t.Size() == 2 {
		target, addend := c.narrow(o[0], "b32"), c.constant(0, false)
		if len(o) > 3 {
			addend = c.narrow(o[3], "b32")
		}
		return intoNarrow(target, func(w *warp, z *narrowRow) {
			x, y, v := &w.narrow[a], &w.narrow[b], &w.narrow[addend]
			for n := range z {
				z[n] = uint32(kind.extend(uint64(x[n]))*kind.extend(uint64(y[n]))) + v[n]
			}
		})
	}
	target, addend := c.wide(o[0], "b64"), c.constant(0, true)
	if len(o) > 3 {
		addend = c.wide(o[3], "b64")
	}
	if t.Signed() {
		return intoWide(target, func(w *warp, z *wideRow) {
			x, y, v := &w.narrow[a], &w.narrow[b], &w.wide[addend]
			for n := range z {
				z[n] = uint64(int64(int32(x[n]))*int64(int32(y[n]))) + v[n]
			}
		})
	}
	return intoWide(target, func(w *warp, z *wideRow) {
		x, y, v := &w.narrow[a], &w.narrow[b], &w.wide[addend]
		for n := range z {
			z[n] = uint64(x[n])*uint64(y[n]) + v[n]
		}
	})
}

func decodeMad(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch {
	case !isInteger(t):
		return c.floating(i)
	case i.Has("cc"):
		return decodeMadCarry(c, i)
	case i.With["part"] == "wide":
		return c.multiplyWide(i, t)
	}
	multiply := binaryOf("mul."+i.With["part"], t)
	o := i.Operands
	if t.Size() == 8 {
		target, a, b, addend := c.wide(o[0], t), c.wide(o[1], t), c.wide(o[2], t), c.wide(o[3], t)
		return intoWide(target, func(w *warp, z *wideRow) {
			x, y, v := &w.wide[a], &w.wide[b], &w.wide[addend]
			for n := range z {
				z[n] = multiply(x[n], y[n]) + v[n]
			}
		})
	}
	if t.Size() == 4 && i.With["part"] == "lo" {
		target, a, b, addend := c.narrow(o[0], t), c.narrow(o[1], t), c.narrow(o[2], t), c.narrow(o[3], t)
		return intoNarrow(target, func(w *warp, z *narrowRow) {
			x, y, v := &w.narrow[a], &w.narrow[b], &w.narrow[addend]
			for n := range z {
				z[n] = x[n]*y[n] + v[n]
			}
		})
	}
	cut := uint32(1<<(8*t.Size()) - 1)
	saturate, kind := i.Has("sat"), widthOf(t)
	return c.lanes3(i, t, func(a, b, v uint32) uint32 {
		product := multiply(kind.extend(uint64(a)), kind.extend(uint64(b)))
		if saturate {
			return clamp32(int64(int32(product)) + int64(int32(v)))
		}
		return (uint32(product) + v) & cut
	}, 3)
}

// decodeMadCarry reads mad.cc and madc: the carry of the addition goes from one to the next.
func decodeMadCarry(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	multiply := binaryOf("mul."+i.With["part"], t)
	o := i.Operands
	target, a, b, addend := c.target(o[0], t), c.row(o[1], t), c.row(o[2], t), c.row(o[3], t)
	takes, gives, kind := i.Opcode == "madc", i.Has("cc"), widthOf(t)
	wide := t.Size() == 8
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			product := multiply(kind.extend(a(w, lane)), kind.extend(b(w, lane)))
			value, carry := addCarry(product, addend(w, lane), w.carryIn(lane, takes), wide, false)
			target(w, lane, value)
			w.carryOut(lane, carry, gives)
		}
	}
}

func decodeSign(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	if !isInteger(t) {
		return c.floatSign(i)
	}
	absolute := i.Opcode == "abs"
	return c.unaryWork(i, t, t, func(a uint64) uint64 {
		if absolute && int64(a) >= 0 {
			return a
		}
		return -a
	})
}

// unaryWork makes the work of a function of one value of type from.
func (c *compiler) unaryWork(i *syntax.Instruction, to, from syntax.Type, f func(a uint64) uint64) work {
	target, a := c.target(i.Operands[0], to), c.row(i.Operands[1], from)
	kind := widthOf(from)
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			target(w, lane, f(kind.extend(a(w, lane))))
		}
	}
}
