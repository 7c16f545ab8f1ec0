package machine

// This file loads and stores, and has the atomic operations.

import (
	"encoding/binary"
	"math"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeLoad, "ld", "ldu")
	register(decodeStore, "st")
	register(decodeAtomic, "atom", "red")
	register(decodePolicy, "createpolicy")
	register(decodePrefetch, "prefetch", "prefetchu", "discard", "applypriority")
}

// addressOf makes the addresses of an operand, into the warp's room for them.
func (c *compiler) addressOf(o *syntax.Operand) func(w *warp) *wideRow {
	if o.Variable != nil {
		row := c.addressRow(o, true)
		return func(w *warp) *wideRow { return &w.wide[row] }
	}
	offset := o.Value
	if o.Register == nil {
		row := c.constant(offset, true)
		return func(w *warp) *wideRow { return &w.wide[row] }
	}
	if o.Register.Type.Size() == 8 {
		row := c.rows[o.Register].row
		if offset == 0 {
			return func(w *warp) *wideRow { return &w.wide[row] }
		}
		return func(w *warp) *wideRow {
			for n, base := range &w.wide[row] {
				w.addresses[n] = base + offset
			}
			return &w.addresses
		}
	}
	row := c.rows[o.Register].row
	return func(w *warp) *wideRow {
		for n, base := range &w.narrow[row] {
			w.addresses[n] = uint64(base + uint32(offset))
		}
		return &w.addresses
	}
}

// spaceFor is the space of a load or store; .param is the block of arguments or a call's variable.
func (c *compiler) spaceFor(i *syntax.Instruction, address *syntax.Operand) space {
	name := i.With["space"]
	switch {
	case name == "param::entry", name == "param" && c.inArguments(address.Variable):
		return argumentSpace
	case name == "" && address.Variable != nil:
		return spaceOf(address.Variable.Space) // a name is an address in its own space
	}
	return spaceOf(name)
}

func elements(o *syntax.Operand) []*syntax.Operand {
	if o.Kind == syntax.VectorOperand {
		return o.List
	}
	return []*syntax.Operand{o}
}

// number reads a little-endian value of 1, 2, 4 or 8 bytes.
func number(p []byte) uint64 {
	switch len(p) {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(p))
	case 4:
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return binary.LittleEndian.Uint64(p)
}

func putNumber(p []byte, value uint64) {
	switch len(p) {
	case 1:
		p[0] = byte(value)
	case 2:
		binary.LittleEndian.PutUint16(p, uint16(value))
	case 4:
		binary.LittleEndian.PutUint32(p, uint32(value))
	default:
		binary.LittleEndian.PutUint64(p, value)
	}
}

func decodeLoad(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	targets := elements(o[0])
	where := c.spaceFor(i, o[1])
	address := c.addressOf(o[1])
	size := t.Size()
	a := access{bytes: size * len(targets), read: true, passes: true}
	if i.Has("strong") {
		a = c.exchanging(i, where, a)
	}
	if where == argumentSpace && o[1].Register == nil && len(targets) == 1 && targets[0].Kind == syntax.RegisterOperand {
		return c.loadArgument(targets[0], t, address)
	}
	if !a.strong {
		if quick := c.loadRows(targets, t, where, address, a); quick != nil {
			return quick
		}
	}
	kind := widthOf(t)
	writes := make([]func(w *warp, lane int, value uint64), len(targets))
	for n, target := range targets {
		writes[n] = c.target(target, t)
	}
	return func(w *warp, mask uint32) {
		w.visit(where, mask, address(w), a, func(lane int, p []byte) {
			for n, write := range writes {
				write(w, lane, kind.extend(number(p[n*size:(n+1)*size])))
			}
		})
	}
}

// loadRows is a load of 32 or 64 bits as they lie in memory, nil for any other.
func (c *compiler) loadRows(targets []*syntax.Operand, t syntax.Type, where space, address func(w *warp) *wideRow, a access) work {
	narrow, wide := c.plainRows(targets, t, 4), c.plainRows(targets, t, 8)
	at := func(w *warp, lane int, p []byte) {
		for n, row := range narrow {
			w.narrow[row][lane] = binary.LittleEndian.Uint32(p[4*n:])
		}
		for n, row := range wide {
			w.wide[row][lane] = binary.LittleEndian.Uint64(p[8*n:])
		}
	}
	switch {
	case narrow == nil && wide == nil:
		return nil
	case where == sharedSpace:
		return func(w *warp, mask uint32) { w.loadShared(mask, address(w), a, narrow, wide) }
	case where != globalSpace:
		return func(w *warp, mask uint32) {
			w.visit(where, mask, address(w), a, func(lane int, p []byte) { at(w, lane, p) })
		}
	}
	return func(w *warp, mask uint32) {
		addresses := address(w)
		if mask == all && w.stretch(mask, addresses, a, func(data []byte) { w.takeStretch(data, narrow, wide) }) {
			return
		}
		w.visitGlobal(mask, addresses, a, func(lane int, p []byte) { at(w, lane, p) })
	}
}

// takeStretch reads rows of all lanes, which have one word of each behind the other.
func (w *warp) takeStretch(data []byte, narrow, wide []int) {
	for n, row := range narrow {
		z, from := &w.narrow[row], data[4*n:]
		for lane, step := 0, 4*len(narrow); lane < 32; lane++ {
			z[lane] = binary.LittleEndian.Uint32(from[lane*step:])
		}
	}
	for n, row := range wide {
		z, from := &w.wide[row], data[8*n:]
		for lane, step := 0, 8*len(wide); lane < 32; lane++ {
			z[lane] = binary.LittleEndian.Uint64(from[lane*step:])
		}
	}
}

// putStretch writes them.
func (w *warp) putStretch(data []byte, narrow, wide []int) {
	for n, row := range narrow {
		z, to := &w.narrow[row], data[4*n:]
		for lane, step := 0, 4*len(narrow); lane < 32; lane++ {
			binary.LittleEndian.PutUint32(to[lane*step:], z[lane])
		}
	}
	for n, row := range wide {
		z, to := &w.wide[row], data[8*n:]
		for lane, step := 0, 8*len(wide); lane < 32; lane++ {
			binary.LittleEndian.PutUint64(to[lane*step:], z[lane])
		}
	}
}

// loadArgument is the load of one argument by all lanes.
func (c *compiler) loadArgument(target *syntax.Operand, t syntax.Type, address func(w *warp) *wideRow) work {
	kind := widthOf(t)
	load := func(w *warp, mask uint32) (value uint64) {
		lane := uint32(1) << first(mask)
		w.visitArguments(lane, address(w), access{bytes: t.Size(), read: true}, func(_ int, p []byte) { value = kind.extend(number(p)) })
		return value
	}
	row := c.rows[target.Register].row
	if target.Register.Type.Size() == 8 {
		return func(w *warp, mask uint32) {
			value, z := load(w, mask), &w.wide[row]
			for m := mask; m != 0; m &= m - 1 {
				z[first(m)] = value
			}
		}
	}
	cut := uint32(1<<(8*target.Register.Type.Size()) - 1)
	return func(w *warp, mask uint32) {
		value, z := uint32(load(w, mask))&cut, &w.narrow[row]
		for m := mask; m != 0; m &= m - 1 {
			z[first(m)] = value
		}
	}
}

// plainRows are the rows of registers of so many bytes that hold values as they lie in memory, nil if any does not.
func (c *compiler) plainRows(list []*syntax.Operand, t syntax.Type, bytes int) (rows []int) {
	for _, o := range list {
		if t.Size() != bytes || o.Kind != syntax.RegisterOperand || o.Register.Type.Size() != bytes {
			return nil
		}
		rows = append(rows, c.rows[o.Register].row)
	}
	return rows
}

func decodeStore(c *compiler, i *syntax.Instruction) work {
	if i.Has("async") {
		return c.storeAsync(i)
	}
	t := syntax.Type(i.With["T"])
	o := i.Operands
	sources := elements(o[1])
	where := c.spaceFor(i, o[0])
	address := c.addressOf(o[0])
	size := t.Size()
	a := access{bytes: size * len(sources), write: true, plain: true}
	if i.Has("strong") {
		a = c.exchanging(i, where, a)
	}
	if where == argumentSpace {
		c.refuse("store to the arguments of the kernel")
	}
	narrow, wide := c.plainRows(sources, t, 4), c.plainRows(sources, t, 8)
	plain := (narrow != nil || wide != nil) && !a.strong
	reads := make([]func(w *warp, lane int) uint64, len(sources))
	for n, source := range sources {
		if r := source.Register; r != nil && r.Type.Size() == 8 {
			reads[n] = c.row(source, "b64")
		} else {
			reads[n] = c.row(source, t)
		}
	}
	same := func(w *warp, lane int, p []byte) bool {
		for n, read := range reads {
			if number(p[n*size:(n+1)*size]) != read(w, lane)<<(64-8*size)>>(64-8*size) {
				return false
			}
		}
		return true
	}
	put := func(w *warp, mask uint32, at *wideRow) {
		w.same = same
		switch {
		case plain && where == sharedSpace:
			w.storeShared(mask, at, a, narrow, wide)
			return
		case plain && where == globalSpace && mask == all && w.stretch(mask, at, a, func(data []byte) { w.putStretch(data, narrow, wide) }):
			return
		}
		w.visit(where, mask, at, a, func(lane int, p []byte) {
			for n, read := range reads {
				putNumber(p[n*size:(n+1)*size], read(w, lane))
			}
		})
	}
	s := c.at
	return func(w *warp, mask uint32) {
		at := address(w)
		if w.lost == 0 {
			put(w, mask, at)
			return
		}
		w.storeLost(&w.program.code[s], where, at)
		put(w, mask, at)
		w.forgetStored(where, at)
	}
}

// decodePolicy makes a cache policy, which says nothing here.
func decodePolicy(c *compiler, i *syntax.Instruction) work {
	target := c.target(i.Operands[0], "b64")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			target(w, first(m), 0)
		}
	}
}

// decodePrefetch does nothing: caches are not modelled.
func decodePrefetch(*compiler, *syntax.Instruction) work { return func(*warp, uint32) {} }

func decodeAtomic(c *compiler, i *syntax.Instruction) work {
	if i.Has("async") {
		return c.storeAsync(i)
	}
	t := syntax.Type(i.With["T"])
	o := i.Operands
	var targets []func(w *warp, lane int, value uint64)
	if i.Opcode == "atom" {
		for _, element := range elements(o[0]) {
			targets = append(targets, c.target(element, bitsOrType(t)))
		}
		o = o[1:]
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
	a := c.exchanging(i, where, access{bytes: t.Size() * len(operands), read: true, write: true, atomic: true})
	size := t.Size()
	return func(w *warp, mask uint32) {
		w.visit(where, mask, address(w), a, func(lane int, p []byte) {
			for n, value := range values {
				q := p[n*size : (n+1)*size]
				old := number(q)
				putNumber(q, update(old, value(w, lane), swap(w, lane)))
				if targets != nil {
					targets[n](w, lane, old)
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
	if op == "min" || op == "max" {
		return halfAtomic(op == "max", t)
	}
	return floatAtomic(t)
}

// halfAtomic is min or max of 16-bit numbers, or of pairs of them.
func halfAtomic(greater bool, t syntax.Type) func(old, b, c uint64) uint64 {
	f, pair := format(t)
	choose := f.Min
	if greater {
		choose = f.Max
	}
	return func(old, b, _ uint64) uint64 {
		low := choose(uint32(old)&0xffff, uint32(b)&0xffff, false)
		if !pair {
			return uint64(low)
		}
		return uint64(low | choose(uint32(old)>>16, uint32(b)>>16, false)<<16)
	}
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
