package machine

// This file has the atomic operations.

import (
	"math"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() { register(decodeAtomic, "atom", "red") }

func decodeAtomic(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	var target func(w *warp, lane int, value uint64)
	if i.Opcode == "atom" {
		target, o = c.target(o[0], bitsOrType(t)), o[1:]
	}
	where, address := c.spaceFor(i, o[0]), c.addressOf(o[0])
	operands := elements(o[1])
	values := make([]func(w *warp, lane int) uint64, len(operands))
	for n, operand := range operands {
		values[n] = c.row(operand, bitsOrType(t))
	}
	swap := values[0]
	if len(o) > 2 {
		swap = c.row(o[2], t)
	}
	update := atomicUpdate(i.With["op"], t)
	order := i.With["order"]
	a := access{bytes: t.Size() * len(operands), read: true, write: true, strong: true, release: order == "release" || order == "acq_rel"}
	size := t.Size()
	return func(w *warp, mask uint32) {
		w.visit(where, mask, address(w), a, func(lane int, p []byte) {
			for n, value := range values {
				q := p[n*size : (n+1)*size]
				old := number(q)
				putNumber(q, update(old, value(w, lane), swap(w, lane)))
				if target != nil {
					target(w, lane, old)
				}
			}
		})
	}
}

// atomicUpdate is the new value of a word from its old one and the operands.
func atomicUpdate(op string, t syntax.Type) func(old, b, c uint64) uint64 {
	switch op {
	case "exch":
		return func(_, b, _ uint64) uint64 { return b }
	case "cas":
		return func(old, b, c uint64) uint64 { return choose(c, old, old == b) }
	case "inc":
		return func(old, b, _ uint64) uint64 { return choose(0, old+1, old >= b) }
	case "dec":
		return func(old, b, _ uint64) uint64 { return choose(b, old-1, old == 0 || old > b) }
	}
	if isInteger(t) {
		f := binaryOf(op, t)
		kind := widthOf(t)
		return func(old, b, _ uint64) uint64 { return f(kind.extend(old), kind.extend(b)) }
	}
	return floatAtomic(t)
}

// floatAtomic is the addition of the type; that of float32 flushes nothing, as on memory beyond shared.
func floatAtomic(t syntax.Type) func(old, b, c uint64) uint64 {
	if t == "f64" {
		return func(old, b, _ uint64) uint64 {
			return math.Float64bits(arith.Add64(math.Float64frombits(old), math.Float64frombits(b), arith.Nearest))
		}
	}
	f, pair := format(t)
	if !pair {
		return func(old, b, _ uint64) uint64 { return uint64(f.Add(uint32(old), uint32(b), arith.Nearest)) }
	}
	return func(old, b, _ uint64) uint64 {
		low := f.Add(uint32(old)&0xffff, uint32(b)&0xffff, arith.Nearest)
		return uint64(low | f.Add(uint32(old)>>16, uint32(b)>>16, arith.Nearest)<<16)
	}
}
