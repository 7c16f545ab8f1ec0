package machine

// This file has the operations on bits: shifts of pairs, fields, permutations, logic of three, predicates, and
// video instructions, which are sums and comparisons of a word, of its halves or of its bytes.

import (
	"math/bits"
	"strconv"

	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeUnary, "not", "cnot", "brev", "popc", "clz", "bfind")
	register(decodeTernary, "sad", "mul24", "mad24", "fns", "shf", "prmt", "lop3", "bfe", "dp4a", "dp2a", "bmsk", "szext")
	register(decodeInsert, "bfi")
	register(decodeVideo, "vadd", "vsub", "vabsdiff", "vmin", "vmax")
	register(decodeVideoParts, "vadd2", "vsub2", "vavrg2", "vabsdiff2", "vmin2", "vmax2", "vset2")
	register(decodeVideoParts, "vadd4", "vsub4", "vavrg4", "vabsdiff4", "vmin4", "vmax4", "vset4")
}

func decodeUnary(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	size := 8 * t.Size()
	to := t
	var f func(a uint64) uint64
	switch i.Opcode {
	case "not":
		if t == "pred" {
			return c.predicateLogic(i)
		}
		f = func(a uint64) uint64 { return ^a }
	case "cnot":
		f = func(a uint64) uint64 { return choose(1, 0, a == 0) }
	case "brev":
		f = func(a uint64) uint64 { return bits.Reverse64(a) >> (64 - size) }
	case "popc":
		to, f = "u32", func(a uint64) uint64 { return uint64(bits.OnesCount64(a)) }
	case "clz":
		to, f = "u32", func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a) - 64 + size) }
	case "bfind":
		to, f = "u32", findLeading(t, i.Has("shiftamt"))
	}
	return c.unaryWork(i, to, t, f)
}

// findLeading is the place of the highest bit that is not the sign.
func findLeading(t syntax.Type, shift bool) func(a uint64) uint64 {
	most, signed := uint64(8*t.Size()-1), t.Signed()
	return func(a uint64) uint64 {
		if int64(a) < 0 && signed {
			a = ^a
		}
		if a == 0 {
			return 0xffffffff
		}
		at := uint64(bits.Len64(a) - 1)
		if shift {
			return most - at
		}
		return at
	}
}

func decodeTernary(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	switch i.Opcode {
	case "bfe":
		return c.extractField(i, t)
	case "sad":
		return c.absoluteDifference(i, t)
	case "lop3":
		return c.logic3(i)
	case "fns":
		return c.lanes3(i, t, findSet, 3)
	case "szext":
		return c.lanes3(i, t, signExtend(t, i.With["mode"]), 2)
	case "bmsk":
		return c.lanes3(i, "b32", bitMask(i.With["mode"]), 2)
	case "mul24":
		return c.lanes3(i, t, multiply24(t, i.With["part"]), 2)
	case "mad24":
		f := multiply24(t, i.With["part"])
		return c.lanes3(i, t, func(a, b, v uint32) uint32 { return f(a, b, 0) + v }, 3)
	case "shf":
		return c.lanes3(i, "b32", funnelShift(i.With["side"], i.With["mode"]), 3)
	case "prmt":
		return c.lanes3(i, "b32", permute(i.With["mode"]), 3)
	}
	return c.lanes3(i, "b32", dotProduct(i), 3)
}

// findSet is the place of the set bit of a mask that lies so many behind the base, or before it, itself counted; all ones if there
// is none.
func findSet(mask, base, offset uint32) uint32 {
	at, step, count := int(base&31), 1, int64(int32(offset))
	if count < 0 {
		step, count = -1, -count
	}
	if count == 0 {
		if mask>>at&1 == 1 {
			return uint32(at)
		}
		return all
	}
	for ; at >= 0 && at < 32; at += step {
		if mask>>at&1 == 1 {
			if count--; count == 0 {
				return uint32(at)
			}
		}
	}
	return all
}

// signExtend keeps the lowest bits of a, as many as b says, and fills the rest with zeros or their sign.
func signExtend(t syntax.Type, mode string) func(a, b, _ uint32) uint32 {
	signed := t.Signed()
	return func(a, b, _ uint32) uint32 {
		if mode == "wrap" {
			b &= 31
		}
		shift := 32 - min(b, 32)
		if signed && shift < 32 {
			return uint32(int32(a<<shift) >> shift)
		}
		return a << shift >> shift
	}
}

func bitMask(mode string) func(a, b, _ uint32) uint32 {
	return func(a, b, _ uint32) uint32 {
		if mode == "wrap" {
			a, b = a&31, b&31
		}
		return uint32((1<<min(b, 32) - 1) << min(a, 32))
	}
}

func multiply24(t syntax.Type, part string) func(a, b, _ uint32) uint32 {
	signed := t.Signed()
	return func(a, b, _ uint32) uint32 {
		x, y := int64(a&0xffffff), int64(b&0xffffff)
		if signed {
			x, y = int64(int32(a<<8)>>8), int64(int32(b<<8)>>8)
		}
		if part == "hi" {
			return uint32(x * y >> 16)
		}
		return uint32(x * y)
	}
}

func funnelShift(side, mode string) func(a, b, n uint32) uint32 {
	return func(a, b, n uint32) uint32 {
		if mode == "wrap" {
			n &= 31
		}
		n = min(n, 32)
		both := uint64(b)<<32 | uint64(a)
		if side == "l" {
			return uint32(both << n >> 32)
		}
		return uint32(both >> n)
	}
}

// permute picks four bytes of eight.
func permute(mode string) func(a, b, selector uint32) uint32 {
	return func(a, b, selector uint32) uint32 {
		both := uint64(b)<<32 | uint64(a)
		result := uint32(0)
		for n := range uint32(4) {
			at := permuted(mode, n, selector)
			value := uint32(both >> (8 * (at & 7)) & 0xff)
			if at&8 != 0 { // the sign of the byte, eight times
				value = uint32(int32(value<<24)>>31) & 0xff
			}
			result |= value << (8 * n)
		}
		return result
	}
}

// permuted is the selector of byte n.
func permuted(mode string, n, selector uint32) uint32 {
	s := selector & 3
	switch mode {
	case "f4e":
		return s + n
	case "b4e":
		return (s - n) & 7
	case "rc8":
		return s
	case "ecl":
		return max(s, n)
	case "ecr":
		return min(s, n)
	case "rc16":
		return s&1*2 + n&1
	}
	return selector >> (4 * n) & 15
}

// dotProduct is dp4a and dp2a.
func dotProduct(i *syntax.Instruction) func(a, b, v uint32) uint32 {
	signedA, signedB := i.With["T"] == "s32", i.With["U"] == "s32"
	part := func(value uint32, at, size uint32, signed bool) int64 {
		value = value << (32 - size - at) >> (32 - size)
		if signed {
			return int64(int32(value<<(32-size)) >> (32 - size))
		}
		return int64(value)
	}
	if i.Opcode == "dp4a" {
		return func(a, b, v uint32) uint32 {
			for n := range uint32(4) {
				v += uint32(part(a, 8*n, 8, signedA) * part(b, 8*n, 8, signedB))
			}
			return v
		}
	}
	base := uint32(0)
	if i.With["part"] == "hi" {
		base = 16
	}
	return func(a, b, v uint32) uint32 {
		for n := range uint32(2) {
			v += uint32(part(a, 16*n, 16, signedA) * part(b, base+8*n, 8, signedB))
		}
		return v
	}
}

func (c *compiler) logic3(i *syntax.Instruction) work {
	f := logicTable(uint32(i.Operands[4].Value))
	if i.Has("bool") {
		return c.logicPredicate(i, f)
	}
	return c.lanes3(i, "b32", f, 3)
}

// logicPredicate is lop3 that also says whether the result has a bit set, combined with a predicate.
func (c *compiler) logicPredicate(i *syntax.Instruction, f func(a, b, v uint32) uint32) work {
	o := i.Operands
	target, combine, with := c.pairTarget(o[0]), logicOf(i.With["bool"]), c.pred(o[5])
	var rows [3]int
	for n := range rows {
		rows[n] = c.narrow(o[1+n], "b32")
	}
	return func(w *warp, mask uint32) {
		x, y, v, other := w.narrow[rows[0]], w.narrow[rows[1]], w.narrow[rows[2]], with(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			value, set := f(x[lane], y[lane], v[lane]), uint32(0)
			if value != 0 {
				set = 1
			}
			target.set(w, lane, value, combine(set, other>>lane)&1 == 1, true)
		}
	}
}

// logicTable is the function of three bits that a table gives.
func logicTable(table uint32) func(a, b, v uint32) uint32 {
	return func(a, b, v uint32) uint32 {
		result := uint32(0)
		for n := uint32(0); n < 8; n++ {
			if table>>n&1 != 0 {
				// a where bit 2 of n is set, its complement otherwise, and so on.
				result |= (a ^ (n>>2&1 - 1)) & (b ^ (n>>1&1 - 1)) & (v ^ (n&1 - 1))
			}
		}
		return result
	}
}

func (c *compiler) absoluteDifference(i *syntax.Instruction, t syntax.Type) work {
	o := i.Operands
	target, a, b, addend := c.target(o[0], t), c.row(o[1], t), c.row(o[2], t), c.row(o[3], t)
	kind := widthOf(t)
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			x, y := kind.extend(a(w, lane)), kind.extend(b(w, lane))
			if less(x, y, kind.signed) {
				x, y = y, x
			}
			target(w, lane, x-y+addend(w, lane))
		}
	}
}

func (c *compiler) extractField(i *syntax.Instruction, t syntax.Type) work {
	o := i.Operands
	target, a, at, length := c.target(o[0], t), c.row(o[1], t), c.narrow(o[2], "u32"), c.narrow(o[3], "u32")
	kind := widthOf(t)
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			target(w, lane, kind.field(a(w, lane), w.narrow[at][lane]&0xff, w.narrow[length][lane]&0xff))
		}
	}
}

// field is length bits from a place, filled with the sign of the highest.
func (w width) field(value uint64, at, length uint32) uint64 {
	size := 64 - uint32(w.shift)
	value = w.extend(value)
	if length == 0 {
		return 0
	}
	if !w.signed {
		return value >> min(at, 64) & (1<<min(length, 64) - 1)
	}
	sign := uint64(int64(value<<(63-min(at+length-1, size-1))) >> 63)
	kept := min(length, size-min(at, size))
	return value>>min(at, 63)&(1<<kept-1) | sign<<kept
}

func decodeInsert(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	target, a, b := c.target(o[0], t), c.row(o[1], t), c.row(o[2], t)
	at, length := c.narrow(o[3], "u32"), c.narrow(o[4], "u32")
	size := uint32(8 * t.Size())
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			from, bits := w.narrow[at][lane]&0xff, w.narrow[length][lane]&0xff
			field := uint64(0)
			if from < size {
				field = (1<<min(bits, 64) - 1) << from
			}
			target(w, lane, b(w, lane)&^field|a(w, lane)<<min(from, 64)&field)
		}
	}
}

// predicateLogic is and, or, xor, not and mov of predicates.
func (c *compiler) predicateLogic(i *syntax.Instruction) work {
	target := c.predTarget(i.Operands[0].Register)
	a := c.pred(i.Operands[1])
	b := a
	if len(i.Operands) > 2 {
		b = c.pred(i.Operands[2])
	}
	f := logicOf(i.Opcode)
	if f == nil {
		c.refuse("%s of predicates", strconv.Quote(i.Opcode))
	}
	return func(w *warp, mask uint32) {
		w.pred[target] = w.pred[target]&^mask | f(a(w), b(w))&mask
	}
}

func logicOf(name string) func(a, b uint32) uint32 {
	switch name {
	case "and":
		return func(a, b uint32) uint32 { return a & b }
	case "or":
		return func(a, b uint32) uint32 { return a | b }
	case "xor":
		return func(a, b uint32) uint32 { return a ^ b }
	case "not":
		return func(a, _ uint32) uint32 { return ^a }
	case "mov":
		return func(a, _ uint32) uint32 { return a }
	}
	return nil
}

// videoOperations are those of two numbers that fit 33 bits.
var videoOperations = map[string]func(a, b int64) int64{
	"vadd": func(a, b int64) int64 { return a + b },
	"vsub": func(a, b int64) int64 { return a - b },
	"vabsdiff": func(a, b int64) int64 {
		return max(a-b, b-a)
	},
	"vmin": func(a, b int64) int64 { return min(a, b) },
	"vmax": func(a, b int64) int64 { return max(a, b) },
	"vavrg": func(a, b int64) int64 { // rounds away from zero
		if a+b >= 0 {
			return (a + b + 1) >> 1
		}
		return (a + b) >> 1
	},
}

// videoPart is the number in some bits of a word.
func videoPart(word uint32, from, size int, signed bool) int64 {
	if signed {
		return int64(int32(word<<(32-from-size)) >> (32 - size))
	}
	return int64(word << (32 - from - size) >> (32 - size))
}

// clampVideo limits a number to so many bits.
func clampVideo(x int64, size int, signed bool) int64 {
	if signed {
		return min(max(x, -1<<(size-1)), 1<<(size-1)-1)
	}
	return min(max(x, 0), 1<<size-1)
}

// decodeVideo is an operation on whole words: z = (x op y), perhaps clamped, perhaps combined with a third operand.
func decodeVideo(c *compiler, i *syntax.Instruction) work {
	operation, saturate, second := videoOperations[i.Opcode], i.Has("sat"), i.With["second"]
	signed, signedA, signedB := i.With["T"] == "s32", i.With["U"] == "s32", i.With["V"] == "s32"
	return c.lanes3(i, "b32", func(a, b, v uint32) uint32 {
		x := operation(videoPart(a, 0, 32, signedA), videoPart(b, 0, 32, signedB))
		if saturate {
			x = clampVideo(x, 32, signed)
		}
		switch r := videoPart(uint32(x), 0, 32, signed); second {
		case "add":
			return uint32(x) + v
		case "min":
			return uint32(min(r, videoPart(v, 0, 32, signed)))
		case "max":
			return uint32(max(r, videoPart(v, 0, 32, signed)))
		}
		return uint32(x)
	}, len(i.Operands)-1)
}

// decodeVideoParts is an operation on each half or byte. The results take the places of their operands or are added to a third one.
func decodeVideoParts(c *compiler, i *syntax.Instruction) work {
	last := len(i.Opcode) - 1
	size := 32 / int(i.Opcode[last]-'0')
	operation := videoOperations[i.Opcode[:last]]
	if holds := relations[i.With["cmp"]]; i.Has("cmp") {
		operation = func(a, b int64) int64 { return int64(choose(1, 0, relate(a, b)&holds != 0)) }
	}
	saturate, sums := i.Has("sat"), i.Has("second")
	signed, signedA, signedB := i.With["T"] == "s32", i.With["U"] == "s32", i.With["V"] == "s32"
	return c.lanes3(i, "b32", func(a, b, v uint32) (result uint32) {
		for from := 0; from < 32; from += size {
			x := operation(videoPart(a, from, size, signedA), videoPart(b, from, size, signedB))
			if saturate {
				x = clampVideo(x, size, signed)
			}
			if sums {
				v += uint32(x)
			}
			result |= uint32(x) & (1<<size - 1) << from
		}
		if sums {
			return v
		}
		return result
	}, 3)
}
