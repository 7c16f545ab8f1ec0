package machine

// This file compares and selects.

import (
	"cmp"
	"math"
	"strings"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeSetPredicate, "setp")
	register(decodeSet, "set")
	register(decodeSelect, "selp")
	register(decodeSelectSign, "slct")
}

// How two values lie to each other, a bit each.
const (
	below     = 1
	equal     = 2
	above     = 4
	unordered = 8
)

// relations are the ways in which a comparison holds.
var relations = map[string]uint8{
	"eq": equal, "ne": below | above, "lt": below, "le": below | equal, "gt": above, "ge": above | equal,
	"lo": below, "ls": below | equal, "hi": above, "hs": above | equal,
	"equ": equal | unordered, "neu": below | above | unordered, "ltu": below | unordered, "leu": below | equal | unordered,
	"gtu": above | unordered, "geu": above | equal | unordered, "num": below | equal | above, "nan": unordered,
}

func relate[T cmp.Ordered](a, b T) uint8 {
	switch {
	case a < b:
		return below
	case a > b:
		return above
	case a == b:
		return equal
	}
	return unordered
}

// comparison is the bits of the lanes for which a comparison holds.
type comparison func(w *warp) uint32

// compare makes the comparison of operands a and b.
func (c *compiler) compare(i *syntax.Instruction, a, b *syntax.Operand) comparison {
	t := syntax.Type(i.With["T"])
	holds := relations[i.With["cmp"]]
	if t.Size() == 8 {
		return compareWide(c.wide(a, t), c.wide(b, t), t, holds)
	}
	x, y := c.narrow(a, bitsOrType(t)), c.narrow(b, bitsOrType(t))
	switch t {
	case "u32", "b32":
		return compareWhole(x, y, holds, 0)
	case "s32":
		return compareWhole(x, y, holds, 1<<31)
	case "f32":
		if !i.Has("ftz") {
			return compareFloats(x, y, holds)
		}
		return compareRows(x, y, holds, func(v uint32) float32 { return math.Float32frombits(arith.F32.Flush(v)) })
	case "f16", "bf16":
		f, _ := format(t)
		flush := i.Has("ftz")
		return compareRows(x, y, holds, func(v uint32) float64 {
			if flush {
				v = f.Flush(v)
			}
			return f.Value(v)
		})
	}
	kind := widthOf(t)
	if t.Signed() {
		return compareRows(x, y, holds, func(v uint32) int64 { return int64(kind.extend(uint64(v))) })
	}
	return compareRows(x, y, holds, func(v uint32) uint64 { return kind.extend(uint64(v)) })
}

func bitsOrType(t syntax.Type) syntax.Type {
	if isInteger(t) {
		return t
	}
	return bitsOf(t)
}

// compareWhole compares 32-bit numbers; flip turns the order of signed ones into that of unsigned ones.
func compareWhole(a, b int, holds uint8, flip uint32) comparison {
	least := holds == below || holds == below|equal
	if holds == equal || holds == below|above {
		return func(w *warp) (result uint32) {
			x, y := &w.narrow[a], &w.narrow[b]
			for n := range x {
				if x[n] == y[n] {
					result |= 1 << n
				}
			}
			if holds != equal {
				return ^result
			}
			return result
		}
	}
	if least == (holds&equal != 0) { // a <= b and a > b are told by b < a
		a, b = b, a
	}
	negate := holds&equal != 0
	return func(w *warp) (result uint32) {
		x, y := &w.narrow[a], &w.narrow[b]
		for n := range x {
			if x[n]^flip < y[n]^flip {
				result |= 1 << n
			}
		}
		if negate {
			return ^result
		}
		return result
	}
}

func compareFloats(a, b int, holds uint8) comparison {
	return func(w *warp) (result uint32) {
		x, y := &w.narrow[a], &w.narrow[b]
		for n := range x {
			if relate(math.Float32frombits(x[n]), math.Float32frombits(y[n]))&holds != 0 {
				result |= 1 << n
			}
		}
		return result
	}
}

func compareRows[T cmp.Ordered](a, b int, holds uint8, value func(uint32) T) comparison {
	return func(w *warp) (result uint32) {
		x, y := &w.narrow[a], &w.narrow[b]
		for n := range x {
			if relate(value(x[n]), value(y[n]))&holds != 0 {
				result |= 1 << n
			}
		}
		return result
	}
}

func compareWide(a, b int, t syntax.Type, holds uint8) comparison {
	relation := func(x, y uint64) uint8 { return relate(x, y) }
	if t == "f64" {
		relation = func(x, y uint64) uint8 { return relate(math.Float64frombits(x), math.Float64frombits(y)) }
	} else if t.Signed() {
		relation = func(x, y uint64) uint8 { return relate(int64(x), int64(y)) }
	}
	return func(w *warp) (result uint32) {
		x, y := &w.wide[a], &w.wide[b]
		for n := range x {
			if relation(x[n], y[n])&holds != 0 {
				result |= 1 << n
			}
		}
		return result
	}
}

func decodeSetPredicate(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	if strings.HasSuffix(i.With["T"], "x2") {
		return c.setPair(i)
	}
	compare := c.compare(i, o[1], o[2])
	with, combine := c.combination(i, 3)
	target := c.predTarget(o[0].Register)
	second := -1
	if o[0].Kind == syntax.PairOperand && o[0].Second != nil {
		second = c.predTarget(o[0].Second)
	}
	return func(w *warp, mask uint32) {
		bits := compare(w)
		other := with(w)
		w.pred[target] = w.pred[target]&^mask | combine(bits, other)&mask
		if second >= 0 {
			w.pred[second] = w.pred[second]&^mask | combine(^bits, other)&mask
		}
	}
}

// combination is the predicate that a comparison is combined with, and how.
func (c *compiler) combination(i *syntax.Instruction, operand int) (with func(w *warp) uint32, combine func(a, b uint32) uint32) {
	if !i.Has("bool") {
		return func(*warp) uint32 { return 0 }, func(a, _ uint32) uint32 { return a }
	}
	return c.pred(i.Operands[operand]), logicOf(i.With["bool"])
}

// setPair compares pairs of halves: the first predicate is of the low ones, the second of the high ones.
func (c *compiler) setPair(i *syntax.Instruction) work {
	o := i.Operands
	t := syntax.Type(i.With["T"])
	f, _ := format(t)
	a, b := c.narrow(o[1], "b32"), c.narrow(o[2], "b32")
	value, holds := halfValue(f, i.Has("ftz")), relations[i.With["cmp"]]
	with, combine := c.combination(i, 3)
	targets := []int{c.predTarget(o[0].Register)}
	if o[0].Kind == syntax.PairOperand {
		targets = append(targets, c.predTarget(o[0].Second))
	}
	return func(w *warp, mask uint32) {
		for half, target := range targets {
			bits := compareRows(a, b, holds, func(v uint32) float64 { return value(v, half) })(w)
			w.pred[target] = w.pred[target]&^mask | combine(bits, with(w))&mask
		}
	}
}

// decodeSet is set: all ones, or 1.0, where the comparison holds.
func decodeSet(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	u := syntax.Type(i.With["U"])
	if strings.HasSuffix(i.With["T"], "x2") {
		return c.setHalves(i)
	}
	compare := c.compare(i, o[1], o[2])
	with, combine := c.combination(i, 3)
	yes := uint32(1<<(8*u.Size()) - 1)
	if !isInteger(u) {
		f, _ := format(u)
		yes = uint32(f.Bias) << f.Fraction
	}
	return intoNarrow(c.narrow(o[0], u), func(w *warp, z *narrowRow) {
		bits := combine(compare(w), with(w))
		for n := range z {
			z[n] = yes & -(bits >> n & 1)
		}
	})
}

// setHalves is set of pairs: all ones, or 1.0, in each half.
func (c *compiler) setHalves(i *syntax.Instruction) work {
	f, _ := format(syntax.Type(i.With["T"]))
	yes := uint32(0xffff)
	if !isInteger(syntax.Type(i.With["U"])) {
		yes = uint32(f.Bias) << f.Fraction
	}
	a, b := c.narrow(i.Operands[1], "b32"), c.narrow(i.Operands[2], "b32")
	value, holds := halfValue(f, i.Has("ftz")), relations[i.With["cmp"]]
	with, combine := c.combination(i, 3)
	return intoNarrow(c.narrow(i.Operands[0], "b32"), func(w *warp, z *narrowRow) {
		x, y, other := w.narrow[a], w.narrow[b], with(w)
		*z = narrowRow{}
		for half := range 2 {
			for n := range z {
				bit := uint32(0)
				if relate(value(x[n], half), value(y[n], half))&holds != 0 {
					bit = 1
				}
				z[n] |= yes & -(combine(bit, other>>n) & 1) << (16 * half)
			}
		}
	})
}

// halfValue is the number in one half of a pair.
func halfValue(f *arith.Format, flush bool) func(pair uint32, half int) float64 {
	return func(pair uint32, half int) float64 {
		bits := pair >> (16 * half) & 0xffff
		if flush {
			bits = f.Flush(bits)
		}
		return f.Value(bits)
	}
}

func decodeSelect(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	t := syntax.Type(i.With["T"])
	return c.selectWork(o, t, c.pred(o[3]))
}

func (c *compiler) selectWork(o []*syntax.Operand, t syntax.Type, condition func(w *warp) uint32) work {
	if t.Size() == 8 {
		target, a, b := c.wide(o[0], t), c.wide(o[1], t), c.wide(o[2], t)
		return intoWide(target, func(w *warp, z *wideRow) {
			x, y, bits := &w.wide[a], &w.wide[b], condition(w)
			for n := range z {
				if bits>>n&1 != 0 {
					z[n] = x[n]
				} else {
					z[n] = y[n]
				}
			}
		})
	}
	target, a, b := c.narrow(o[0], t), c.narrow(o[1], t), c.narrow(o[2], t)
	return intoNarrow(target, func(w *warp, z *narrowRow) {
		x, y, bits := &w.narrow[a], &w.narrow[b], condition(w)
		for n := range z {
			if bits>>n&1 != 0 {
				z[n] = x[n]
			} else {
				z[n] = y[n]
			}
		}
	})
}

// decodeSelectSign is slct: a where c is not negative, b otherwise; NaN counts as negative.
func decodeSelectSign(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	row := c.narrow(o[3], syntax.Type(i.With["U"]))
	float, flush := i.With["U"] == "f32", i.Has("ftz")
	return c.selectWork(o, syntax.Type(i.With["T"]), func(w *warp) (bits uint32) {
		for n, value := range &w.narrow[row] {
			if flush {
				value = arith.F32.Flush(value)
			}
			if float && math.Float32frombits(value) >= 0 || !float && int32(value) >= 0 {
				bits |= 1 << n
			}
		}
		return bits
	})
}
