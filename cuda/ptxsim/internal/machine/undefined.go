package machine

// This file follows values that nobody has defined. A register without a value may be moved, computed with, shuffled and kept in
// shared or local memory, as compilers do in lanes that do not need it and with the padding of structs; what follows from it has
// no value either, of a product by mma the rows and columns that it is in. It may not decide anything: no branch, address, vote, product
// by wgmma or wmma, and nothing that global memory keeps.

import (
	"fmt"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// passing is what a step may do with an operand without a value.
type passing uint8

const (
	passNothing passing = iota // the use is a fault
	passValue                  // the results have no value either
	passStore                  // the memory has none
	passMatrix                 // of the registers that hold the results those lanes have none that w.lostLanes says
)

// passingOpcodes are the instructions whose results follow from registers alone.
var passingOpcodes = map[string]passing{"st": passStore, "shfl": passValue}

func init() {
	for _, opcode := range []string{
		"add", "sub", "mul", "mad", "mul24", "mad24", "addc", "subc", "madc", "fma", "div", "rem", "sad", "abs", "neg", "min", "max", "rcp",
		"sqrt", "rsqrt", "sin", "cos", "lg2", "ex2", "tanh", "copysign", "testp", "and", "or", "xor", "not", "cnot", "shl", "shr", "shf", "lop3",
		"prmt", "bfe", "bfi", "bfind", "szext", "bmsk", "brev", "popc", "clz", "dp4a", "dp2a", "selp", "slct", "setp", "set", "mov", "cvt", "fns",
		"vadd", "vsub", "vabsdiff", "vmin", "vmax", "vadd2", "vsub2", "vavrg2", "vabsdiff2", "vmin2", "vmax2", "vset2", "vadd4", "vsub4", "vavrg4",
		"vabsdiff4", "vmin4", "vmax4", "vset4",
	} {
		passingOpcodes[opcode] = passValue
	}
}

// lost is what a step knows of undefined values.
type lost struct {
	passes   passing
	strict   []int                             // of the registers that it reads, in warp.ready, those that must have a value
	refine   func(w *warp, mask uint32) uint32 // the lanes whose result has a value although an operand has none
	elements []int                             // of a load or store, the registers in warp.ready, -1 for others
	bytes    int                               // of each of them in memory
	copies   bool                              // the only operand as it is
	named    []int                             // the register that says which lanes must take part, of .sync
	judges   bool                              // it compares with what memory holds at last
}

// origin is where a value got lost.
type origin struct {
	pc        int
	reason    string
	unsettled bool // the value was that of a moment, while others change it by atomics
	local     bool // it was loaded from local memory
}

// noCopy is the mark of lanes in warp.copied whose register holds no part of memory.
const noCopy = 0xff

// passOn decides what a step may do with undefined operands.
func (c *compiler) passOn(i *syntax.Instruction) {
	s := c.step()
	s.lost = &lost{passes: passingOpcodes[i.Opcode]}
	o := i.Operands
	switch {
	case i.Has("async") && i.Opcode == "st":
		s.lost.passes = passNothing
	case i.Opcode == "st":
		c.collectOperand(&s.lost.strict, o[0])
		s.lost.elements, s.lost.bytes = c.elementMarks(o[1]), syntax.Type(i.With["T"]).Size()
		for _, policy := range o[2:] {
			c.collectOperand(&s.lost.strict, policy)
		}
	case i.Opcode == "ld" || i.Opcode == "ldu":
		s.lost.elements, s.lost.bytes = c.elementMarks(o[0]), syntax.Type(i.With["T"]).Size()
	case i.Opcode == "ldmatrix":
		s.lost.passes, s.lost.strict = passMatrix, s.reads
	case i.Opcode == "mma" && i.With["A"] != "f64" && i.With["A"] != "b1":
		s.lost.passes = passMatrix
	case i.Opcode == "atom" && i.With["op"] == "cas":
		s.lost.judges = true
	case i.Opcode == "shfl":
		for _, operand := range o[2:] {
			c.collectOperand(&s.lost.strict, operand)
		}
	case i.Opcode == "mov" && len(s.reads) == 1 && o[0].Kind == syntax.RegisterOperand && o[1].Kind == syntax.RegisterOperand:
		s.lost.copies = true
	case i.Opcode == "and" && o[1].Kind == syntax.RegisterOperand && o[2].Kind == syntax.IntegerOperand:
		mark := c.rows[o[1].Register].mark
		s.lost.refine = func(w *warp, mask uint32) uint32 { return w.maskedFields(mark, mask) }
	case i.Opcode == "selp":
		s.lost.refine = c.refineSelect(o)
	case (i.Opcode == "and" || i.Opcode == "or") && i.With["T"] == "pred":
		s.lost.refine = c.refineLogic(i.Opcode, o[1:])
	case i.Opcode == "setp" && (i.With["bool"] == "and" || i.With["bool"] == "or"):
		s.lost.refine = c.refineLogic(i.With["bool"], o[3:])
	}
}

// elementMarks are the registers of a vector in warp.ready.
func (c *compiler) elementMarks(o *syntax.Operand) (marks []int) {
	for _, element := range elements(o) {
		mark := -1
		if element.Register != nil {
			mark = c.rows[element.Register].mark
		}
		marks = append(marks, mark)
	}
	return marks
}

// defined are the lanes in which an operand has a value.
func (c *compiler) defined(o *syntax.Operand) func(w *warp) uint32 {
	if o.Register == nil {
		return func(*warp) uint32 { return all }
	}
	mark := c.rows[o.Register].mark
	return func(w *warp) uint32 { return w.ready[mark] }
}

// readyOf are the lanes in which a register of elementMarks has a value.
func (w *warp) readyOf(mark int) uint32 {
	if mark < 0 {
		return all
	}
	return w.ready[mark]
}

// refineSelect knows that selp needs the operand alone that it takes.
func (c *compiler) refineSelect(o []*syntax.Operand) func(w *warp, mask uint32) uint32 {
	a, b, known, choice := c.defined(o[1]), c.defined(o[2]), c.defined(o[3]), c.pred(o[3])
	return func(w *warp, mask uint32) uint32 {
		takes := choice(w)
		return known(w) & (takes&a(w) | ^takes&b(w)) & mask
	}
}

// maskedFields are the lanes that clear bits of what they loaded from local memory before it had a value: code that is not optimised so
// sets the first of the bit-fields that share a word. The others are not told apart from it.
func (w *warp) maskedFields(mark int, mask uint32) uint32 {
	if from := w.origins[mark]; from != nil && from.local {
		return mask
	}
	return w.ready[mark]
}

// refineLogic knows that false and anything is false, true or anything is true.
func (c *compiler) refineLogic(opcode string, o []*syntax.Operand) func(w *warp, mask uint32) uint32 {
	var known, value []func(w *warp) uint32
	for _, operand := range o {
		known, value = append(known, c.defined(operand)), append(value, c.pred(operand))
	}
	return func(w *warp, mask uint32) (decided uint32) {
		for n := range known {
			if opcode == "and" {
				decided |= known[n](w) &^ value[n](w)
			} else {
				decided |= known[n](w) & value[n](w)
			}
		}
		return decided & mask
	}
}

// undefined notes in w.lost, before a step runs, the lanes that read a register without a value. It faults if the step may not
// pass that on.
func (w *warp) undefined(s *step, mask uint32) {
	strict := s.lost.strict
	if s.lost.passes == passNothing {
		strict = s.reads
	}
	for _, r := range strict {
		if !s.lost.judges || !w.unsettled(r) {
			w.demand(r, mask)
		}
	}
	if s.lost.passes == passNothing {
		return
	}
	for _, r := range s.reads {
		w.lost |= mask &^ w.ready[r]
	}
	if s.lost.refine != nil {
		w.lost &^= s.lost.refine(w, mask)
	}
	w.lostOrigin = w.originOf(s, mask)
}

// lose takes, behind a step, the value from what follows from undefined operands or memory.
func (w *warp) lose(s *step) {
	lanes := w.lost
	w.lost = 0
	if s.lost.passes == passMatrix {
		for r, lanes := range w.lostLanes {
			w.ready[r] &^= lanes
			w.setOrigin(r, w.lostOrigin)
			w.setCopied(r, lanes, func(int) uint8 { return noCopy })
		}
		w.lostLanes = nil
		return
	}
	if s.lost.elements != nil {
		if s.lost.passes == passNothing {
			w.loseLoaded(s, lanes)
		}
		return
	}
	for _, r := range s.writes {
		w.ready[r] &^= lanes
		w.setOrigin(r, w.lostOrigin)
		source := -1
		if s.lost.copies {
			source = s.reads[0]
		}
		w.setCopied(r, lanes, func(lane int) uint8 { return w.copiedBytes(source, lane) })
	}
}

// loseLoaded takes the value from registers that were loaded from memory that has none, in w.lostBytes.
func (w *warp) loseLoaded(s *step, lanes uint32) {
	size := s.lost.bytes
	cut := uint16(1<<size - 1)
	for n, r := range s.lost.elements {
		if r < 0 {
			continue
		}
		missing := uint32(0)
		for m := lanes; m != 0; m &= m - 1 {
			if w.lostBytes[first(m)]>>(n*size)&cut != 0 {
				missing |= 1 << first(m)
			}
		}
		if missing == 0 {
			continue
		}
		w.ready[r] &^= missing
		w.setOrigin(r, w.lostOrigin)
		w.setCopied(r, missing, func(lane int) uint8 {
			if count := size * len(s.lost.elements); size > 1 && w.lostBytes[lane] == uint16(1<<count-1) {
				return noCopy
			}
			return uint8(^w.lostBytes[lane] >> (n * size) & cut)
		})
	}
	w.lostBytes = [32]uint16{}
}

func (w *warp) setOrigin(r int, from *origin) {
	if w.origins == nil {
		w.origins = map[int]*origin{}
	}
	w.origins[r] = from
}

// originOf is where the undefined operand of a step comes from.
func (w *warp) originOf(s *step, mask uint32) *origin {
	for _, r := range s.reads {
		if missing := mask &^ w.ready[r]; missing != 0 {
			if from := w.origins[r]; from != nil {
				return from
			}
			return &origin{pc: w.pc, reason: "uninitialised register " + w.program.registerName(r)}
		}
	}
	return nil
}

// setCopied notes which bytes of a register without a value are those of memory that has one: of a struct with padding. What was
// loaded without any is no copy, but for single bytes, of which padding is made.
func (w *warp) setCopied(r int, lanes uint32, bytes func(lane int) uint8) {
	for m := lanes; m != 0; m &= m - 1 {
		lane := first(m)
		value := bytes(lane)
		if w.copied[r] == nil {
			if value == noCopy {
				continue
			}
			if w.copied == nil {
				w.copied = map[int]*[32]uint8{}
			}
			w.copied[r] = new([32]uint8)
			for n := range w.copied[r] {
				w.copied[r][n] = noCopy
			}
		}
		w.copied[r][lane] = value
	}
}

func (w *warp) copiedBytes(r, lane int) uint8 {
	if known := w.copied[r]; known != nil {
		return known[lane]
	}
	return noCopy
}

// missed notes that a lane loads bytes that have no value.
func (w *warp) missed(lane int, bytes uint16, format string, at uint64) {
	if w.lost == 0 {
		w.lostOrigin = &origin{pc: w.pc, reason: fmt.Sprintf(format, at), local: format == uninitialisedLocal}
	}
	w.lost |= 1 << lane
	w.lostBytes[lane] |= bytes
}

// unsettle notes that a lane loads what others change by atomics at the same time. It may ask what it has loaded, as a loop around a
// compare-and-swap does before it begins; it may not keep it.
func (w *warp) unsettle(lane int, a access, format string, values ...any) {
	if w.lost == 0 {
		w.lostOrigin = &origin{pc: w.pc, reason: fmt.Sprintf(format, values...), unsettled: true}
	}
	w.lost |= 1 << lane
	w.lostBytes[lane] = 1<<a.bytes - 1
}

// unsettled says whether a register without a value holds that of a moment.
func (w *warp) unsettled(r int) bool { return w.origins[r] != nil && w.origins[r].unsettled }

// demandGuard is demand for a predicate that decides whether to do something.
func (w *warp) demandGuard(r int, mask uint32) {
	if !w.unsettled(r) {
		w.demand(r, mask)
	}
}

// storeLost prepares a store of undefined registers: in w.lostBytes the bytes that memory will not have. Global memory takes those alone
// that are parts of a struct that was copied.
func (w *warp) storeLost(s *step, where space, address *wideRow) {
	size := s.lost.bytes
	for m := w.lost; m != 0; m &= m - 1 {
		lane := first(m)
		missing, made := uint16(0), -1
		for n, r := range s.lost.elements {
			if r < 0 || w.ready[r]>>lane&1 == 1 {
				continue
			}
			known := w.copiedBytes(r, lane)
			if known == noCopy {
				known, made = 0, r
			}
			missing |= uint16(^known) & (1<<size - 1) << (n * size)
		}
		w.lostBytes[lane] = missing
		if made >= 0 && resolve(where, address[lane]) == globalSpace {
			w.demand(made, 1<<lane)
		}
	}
}

// resolve is the space that an address means.
func resolve(where space, address uint64) space {
	if where != genericSpace {
		return where
	}
	switch address & windowMask {
	case sharedWindow:
		return clusterSpace
	case localWindow:
		return localSpace
	}
	return globalSpace
}

// forgetStored takes the value from the bytes of memory into which undefined registers were stored.
func (w *warp) forgetStored(where space, address *wideRow) {
	for m := w.lost; m != 0; m &= m - 1 {
		lane := first(m)
		at := address[lane] &^ windowMask
		for bytes := w.lostBytes[lane]; bytes != 0; bytes &= bytes - 1 {
			w.forgetByte(resolve(where, address[lane]), lane, at+uint64(first(uint32(bytes))))
			w.setForgotten(lane, at+uint64(first(uint32(bytes))))
		}
	}
	w.lost, w.lostBytes = 0, [32]uint16{}
}

// setForgotten remembers why a byte of local memory, if it is one, has no value.
func (w *warp) setForgotten(lane int, at uint64) {
	w.local.forget(lane, at, w.lostOrigin)
}

func (l *localMemory) forget(lane int, at uint64, from *origin) {
	if l.forgotten == nil {
		l.forgotten = map[uint64]*origin{}
	}
	l.forgotten[at<<5|uint64(lane)] = from
}

func (w *warp) forgetByte(where space, lane int, at uint64) {
	switch where {
	case sharedSpace, clusterSpace:
		home, at := w.home(at)
		s := &home.shared
		if !s.cells[at/cellBytes].split() {
			s.split(at / cellBytes)
		}
		s.words[at/4].init &^= 1 << (at % 4)
	case localSpace:
		w.local.lane(lane).init[at] = 0
	default:
		g := w.block.launch.global
		lock := &g.locks[at/pageBytes%stripes]
		lock.Lock()
		defer lock.Unlock()
		area := g.find(at)
		area.setByte(at-area.base, false)
	}
}
