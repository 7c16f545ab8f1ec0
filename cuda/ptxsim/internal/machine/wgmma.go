package machine

// This file has wgmma, products of four warps. Each computes the rows that are its own, at once. Until it has waited for them
// whoever touches the registers faults, and whoever overwrites the operands in shared memory.

import (
	"encoding/binary"
	"fmt"
	"slices"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
	"gzpt/cuda/ptxsim/internal/tensor"
)

func init() {
	register(decodeWarpgroup, "wgmma")
	register(decodeMostRegisters, "setmaxnreg")
}

// groupWarps is the number of warps of a warpgroup.
const groupWarps = 4

// warpgroup is what its warps have executed: the same, one after the other.
type warpgroup struct {
	steps     map[int]*groupStep
	spare     []*groupOperand // of steps that have ended
	registers registerPart
}

// groupStep is an instruction that all warps of a warpgroup must execute.
type groupStep struct {
	pc, warps int
	operands  [2]uint64 // descriptors
	by        *warp     // the first
	b         *groupOperand
}

// groupOperand is B of a product, which all warps of a warpgroup read: the bytes, and the same unpacked.
type groupOperand struct {
	bytes []byte
	lines arith.Lines
}

// groupState is a warp as a part of its warpgroup.
type groupState struct {
	steps     int // that it has executed
	fences    uint32
	committed uint32
	uses      []registerUse // by mark, of a program with wgmma
	pending   []groupProduct
	spare     [][]uint64 // pieces of products that have ended
}

// registerUse is what a register has to do with wgmma.
type registerUse struct {
	touched uint32 // fences before its last other use, + 1
	flying  int    // products under way that it is part of
	columns int    // of these, 0 where it holds elements of A
	line    int
}

// groupProduct is a product that nobody has waited for.
type groupProduct struct {
	group  uint32
	marks  []int
	pieces []uint64
}

// joinGroup notes that the warp executes a step that its warpgroup must, and faults where another one does something else.
func (w *warp) joinGroup(mask uint32, operands [2]uint64) *groupStep {
	whole(mask)
	number := w.number / groupWarps
	if len(w.block.warps) < groupWarps*(number+1) {
		fail(0, "the warpgroup has %d warps, expected %d", len(w.block.warps)-groupWarps*number, groupWarps)
	}
	team := &w.block.teams[number]
	if team.steps == nil {
		team.steps = map[int]*groupStep{}
	}
	at := w.group.steps
	w.group.steps++
	step := team.steps[at]
	if step == nil {
		step = &groupStep{pc: w.pc, warps: 1, operands: operands, by: w}
		team.steps[at] = step
		return step
	}
	if step.pc != w.pc {
		fail(0, "divergent: warp %d of the same warpgroup executes line %d", step.by.number, w.program.code[step.pc].line)
	}
	if step.operands != operands {
		fail(0, "divergent: warp %d of the same warpgroup has other matrix descriptors", step.by.number)
	}
	if step.warps++; step.warps == groupWarps {
		delete(team.steps, at)
	}
	return step
}

// disband faults where a warp has left without a step of its warpgroup, or had not gone on.
func (b *block) disband() error {
	for _, team := range b.teams {
		var earliest *groupStep
		for _, step := range team.steps {
			if earliest == nil || step.pc < earliest.pc {
				earliest = step
			}
		}
		if earliest != nil {
			earliest.by.pc = earliest.pc
			return earliest.by.fault(stop{reason: fmt.Sprintf("divergent: only %d of the %d warps of the warpgroup execute it", earliest.warps, groupWarps)})
		}
	}
	return b.overdrawn()
}

// noteUses notes that a step touches its registers, which must have nothing to do with products under way.
func (w *warp) noteUses(s *step) {
	for _, list := range [][]int{s.reads, s.writes} {
		for _, mark := range list {
			use := &w.group.uses[mark]
			if use.flying != 0 {
				fail(first(w.alive), "register %s belongs to the wgmma of line %d, which no wgmma.wait_group has waited for", w.program.registerName(mark), use.line)
			}
			use.touched = w.group.fences + 1
		}
	}
}

// registersOfBlock are those that the threads of a block can have at most.
const registersOfBlock = 1 << 16

// registerPart is what a warpgroup has asked for by setmaxnreg, registers of a thread.
type registerPart struct {
	least, most int // 0 without
	pc          int // of the most
	by          *warp
}

func decodeMostRegisters(c *compiler, i *syntax.Instruction) work {
	c.step().aligned, c.step().group = true, true
	count := int(i.Operands[0].Value)
	if count < 24 || count > 256 || count%8 != 0 {
		c.refuse("%d registers, expected 24 to 256 and a multiple of 8", count)
	}
	return func(w *warp, mask uint32) {
		w.joinGroup(mask, [2]uint64{})
		r := &w.block.teams[w.number/groupWarps].registers
		if r.least == 0 || count < r.least {
			r.least = count
		}
		if count > r.most {
			r.most, r.pc, r.by = count, w.pc, w
		}
	}
}

// overdrawn faults where a warpgroup has asked for more registers than the others ever leave to it, for which it would wait for ever. What
// the assembler gives to one that asks for none is not known.
func (b *block) overdrawn() error {
	least := 0
	for _, team := range b.teams {
		if team.registers.least == 0 {
			return nil
		}
		least += team.registers.least
	}
	for _, team := range b.teams {
		r := team.registers
		if total := 32 * groupWarps * (least - r.least + r.most); total > registersOfBlock {
			r.by.pc = r.pc
			return r.by.fault(stop{reason: fmt.Sprintf("deadlock: with what the other warpgroups keep it makes %d registers, of at most %d of a block",
				total, registersOfBlock)})
		}
	}
	return nil
}

func decodeWarpgroup(c *compiler, i *syntax.Instruction) work {
	c.step().aligned, c.step().group, c.multiplies = true, true, true
	switch i.Modifiers[0] {
	case "fence":
		return func(w *warp, mask uint32) {
			w.joinGroup(mask, [2]uint64{})
			w.group.fences++
		}
	case "commit_group":
		return func(w *warp, mask uint32) {
			w.joinGroup(mask, [2]uint64{})
			w.group.committed++
		}
	case "wait_group":
		groups := uint32(i.Operands[0].Value)
		return func(w *warp, mask uint32) {
			w.joinGroup(mask, [2]uint64{})
			w.waitProducts(groups)
		}
	}
	return c.multiplyGroup(i)
}

// waitProducts ends the products of all groups but the last ones that were committed.
func (w *warp) waitProducts(groups uint32) {
	kept := w.group.pending[:0]
	for _, p := range w.group.pending {
		if p.group+groups >= w.group.committed {
			kept = append(kept, p)
			continue
		}
		for _, mark := range p.marks {
			w.group.uses[mark].flying--
		}
		w.release(p.pieces)
		w.group.spare = append(w.group.spare, p.pieces)
	}
	w.group.pending = kept
}

// groupMultiply is a compiled wgmma.mma_async: d = a*b + d, of which a warp has 16 rows.
type groupMultiply struct {
	columns, k     int
	a              []element // element k of row r at [r*k+k]; empty where A lies in shared memory
	d              []element // column c of row r at [r*columns+c]
	marksD, marksA []int
	marks          []int // both
	descriptorA    int   // rows, of A where it lies in shared memory
	descriptorB    int
	accumulate     func(w *warp) uint32
	format         *arith.Format // of A
	formatB        *arith.Format
	bytes          int // of an element of A and B
	half           bool
	signA, signB   uint32 // to be changed in every element
	transA, transB bool
}

func (c *compiler) multiplyGroup(i *syntax.Instruction) work {
	o := i.Operands
	_, n, k := i.Shape()
	p := &groupMultiply{columns: n, k: k, bytes: 32 / k, half: i.With["D"] == "f16", marksD: c.step().writes, accumulate: c.pred(o[3])}
	p.format, p.formatB = formatOf(syntax.Type(i.With["A"])), formatOf(syntax.Type(i.With["B"]))
	p.layoutResult(c.narrowRows(o[0], map[bool]syntax.Type{true: "b32", false: "f32"}[p.half]))
	p.descriptorB = c.wide(o[2], "b64")
	numbers := o[4:]
	if o[1].Kind == syntax.VectorOperand {
		p.layoutRows(c.narrowRows(o[1], "b32"))
		for _, element := range o[1].List {
			if element.Register != nil { // a number needs no care
				p.marksA = append(p.marksA, c.rows[element.Register].mark)
			}
		}
		p.transB = len(numbers) == 3 && numbers[2].Value == 1
	} else {
		p.descriptorA = c.wide(o[1], "b64")
		p.transA, p.transB = len(numbers) == 4 && numbers[2].Value == 1, len(numbers) == 4 && numbers[3].Value == 1
	}
	p.marks = slices.Concat(p.marksD, p.marksA)
	for n, sign := range []*uint32{&p.signA, &p.signB} {
		if int64(numbers[n].Value) == -1 {
			*sign = p.format.Sign
		}
	}
	return p.multiply
}

// layoutResult finds the elements of D in their registers.
func (p *groupMultiply) layoutResult(rows []int) {
	per := 1
	if p.half {
		per = 2
	}
	for row := range 16 {
		for column := range p.columns {
			at := placeC(row, column%8, per)
			at.register += column / 8 * 4 / per
			p.d = append(p.d, in(rows, []place{at})...)
		}
	}
}

// layoutRows finds the elements of A in their registers.
func (p *groupMultiply) layoutRows(rows []int) {
	for n := range 16 * p.k {
		p.a = append(p.a, in(rows, []place{placeA(n/p.k, n%p.k, 4/p.bytes)})...)
	}
}

func (p *groupMultiply) multiply(w *warp, mask uint32) {
	var descriptors [2]uint64
	if p.a == nil {
		descriptors[0] = w.alike(p.descriptorA)
	}
	descriptors[1] = w.alike(p.descriptorB)
	step := w.joinGroup(mask, descriptors)
	accumulate := p.accumulate(w)
	if accumulate != 0 && accumulate != all {
		fail(0, "divergent: the predicate scale-d holds for some threads only")
	}
	p.demandRegisters(w, accumulate != 0)
	product := groupProduct{group: w.group.committed, marks: p.marks}
	if last := len(w.group.spare) - 1; last >= 0 {
		product.pieces, w.group.spare = w.group.spare[last][:0], w.group.spare[:last]
	}
	a, b := p.readA(w, descriptors[0], &product.pieces), p.readB(w, step, &product.pieces)
	p.countOperands(w)
	p.sum(w, a, b, accumulate != 0)
	for n, mark := range product.marks {
		use := &w.group.uses[mark]
		use.flying++
		use.line = w.program.code[w.pc].line
		if use.columns = p.columns; n >= len(p.marksD) {
			use.columns = 0
		}
	}
	w.group.pending = append(w.group.pending, product)
}

// countOperands counts the bytes of shared memory that the tensor cores read for the warp: its own rows of A, and its part of B,
// which its warpgroup reads once.
func (p *groupMultiply) countOperands(w *warp) {
	bytes := p.columns * p.k * p.bytes / groupWarps
	if p.a == nil {
		bytes += 16 * p.k * p.bytes
	}
	w.countBulk(bytes)
}

// alike is the value that all lanes have in a row.
func (w *warp) alike(row int) uint64 {
	for lane, value := range &w.wide[row] {
		if value != w.wide[row][0] {
			fail(lane, "divergent: matrix descriptor %#x, and %#x in the first thread", value, w.wide[row][0])
		}
	}
	return w.wide[row][0]
}

// demandRegisters faults where a wgmma.fence is missing, or where registers are in a product under way that this one may not follow.
func (p *groupMultiply) demandRegisters(w *warp, accumulate bool) {
	if w.group.fences == 0 {
		fail(0, "no wgmma.fence lies before the first wgmma")
	}
	check := func(mark, columns int) {
		use := &w.group.uses[mark]
		if use.touched == w.group.fences+1 {
			fail(0, "register %s was used after the last wgmma.fence", w.program.registerName(mark))
		}
		if use.flying != 0 && use.columns != columns {
			fail(0, "register %s belongs to the wgmma of line %d, of another shape or as another operand, which no wgmma.wait_group has waited for",
				w.program.registerName(mark), use.line)
		}
	}
	for _, mark := range p.marksD {
		check(mark, p.columns)
		if accumulate {
			w.demand(mark, all)
		}
	}
	for _, mark := range p.marksA {
		check(mark, 0)
	}
}

// readA is the 16 rows of the warp.
func (p *groupMultiply) readA(w *warp, descriptor uint64, pieces *[]uint64) *arith.Lines {
	const rows = 16
	a := &w.block.rows
	if p.a != nil {
		w.unpackLines(a, p.a, rows, p.k, p.format, p.signA)
	} else {
		bytes := p.readMatrix(w, descriptor, p.transA, w.number%groupWarps*rows, rows, pieces)
		p.unpack(w, a, bytes, rows, p.format, p.transA, p.signA)
	}
	a.Rows()
	return a
}

// readB is all of B. Its warpgroup unpacks it once, as long as it stays as it is.
func (p *groupMultiply) readB(w *warp, step *groupStep, pieces *[]uint64) *arith.Lines {
	team := &w.block.teams[w.number/groupWarps]
	bytes := p.readMatrix(w, step.operands[1], p.transB, 0, p.columns, pieces)
	b := step.b
	if b == nil {
		b = &groupOperand{}
		if last := len(team.spare) - 1; last >= 0 {
			b, team.spare = team.spare[last], team.spare[:last]
		}
		step.b, b.bytes = b, b.bytes[:0]
	}
	if !slices.Equal(b.bytes, bytes) {
		b.bytes = append(b.bytes[:0], bytes...)
		p.unpack(w, &b.lines, bytes, p.columns, p.formatB, p.transB, p.signB)
		b.lines.Columns()
	}
	if step.warps == groupWarps {
		team.spare = append(team.spare, b)
	}
	return &b.lines
}

// readMatrix reads lines of A or B, rows or columns, from line from on: piece by piece, each of elements of a line or, across, of an
// element of lines.
func (p *groupMultiply) readMatrix(w *warp, bits uint64, across bool, from, lines int, pieces *[]uint64) []byte {
	d, err := tensor.ParseDescriptor(bits)
	if err != nil {
		fail(0, "%v", err)
	}
	bytes := w.block.operand[:0]
	per := pieceBytes / p.bytes
	if across {
		for line := 0; line < lines; line += per {
			for k := range p.k {
				bytes = append(bytes, w.borrow(0, d.Across((from+line)/per, k), pieces)...)
			}
		}
	} else {
		for line := range lines {
			for k := 0; k < p.k; k += per {
				bytes = append(bytes, w.borrow(0, d.Along(from+line, k/per), pieces)...)
			}
		}
	}
	w.block.operand = bytes
	return bytes
}

// unpack takes the elements out of what readMatrix has read.
func (p *groupMultiply) unpack(w *warp, to *arith.Lines, bytes []byte, lines int, f *arith.Format, across bool, sign uint32) {
	bits := append(w.block.bits[:0], make([]uint32, lines*p.k)...)
	per := pieceBytes / p.bytes
	for n := range bits {
		at := n
		if across {
			piece := n / per
			at = (piece/p.k*per+n%per)*p.k + piece%p.k
		}
		switch p.bytes {
		case 1:
			bits[at] = uint32(bytes[n]) ^ sign
		case 2:
			bits[at] = uint32(binary.LittleEndian.Uint16(bytes[2*n:])) ^ sign
		default:
			bits[at] = binary.LittleEndian.Uint32(bytes[4*n:]) ^ sign
		}
	}
	w.block.bits = bits
	to.Reset(lines, p.k)
	to.Fill(f, bits)
}

// sum adds the products to the registers of d, or begins with 0: one fused sum for each element, as in mma.
func (p *groupMultiply) sum(w *warp, a, b *arith.Lines, accumulate bool) {
	bits := all
	if p.half {
		bits = 0xffff
	}
	var results [8]uint32
	for n := 0; n < len(p.d); n += 8 {
		d := p.d[n:][:8]
		if !accumulate {
			for _, e := range d {
				e.put(w, 0, bits)
			}
		}
		w.sumEight(a, n/p.columns, b, n%p.columns, d, p.half, p.half, &results)
		for i, e := range d {
			e.put(w, results[i], bits)
		}
	}
}
