package machine

// This file turns a function, and those that it calls, into steps over one numbering of registers.

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// The registers of a warp: one row of 32 lanes each. Values of up to 32 bits lie in narrow rows, zero-extended, larger
// ones in wide rows, predicates are one bit a lane.
type (
	narrowRow = [32]uint32
	wideRow   = [32]uint64
)

const all = ^uint32(0)

// mostLocal is the local memory that a thread may have.
const mostLocal = 512 << 10

// work is what a step does for the lanes of a mask.
type work func(w *warp, mask uint32)

// step is a compiled instruction.
type step struct {
	run      work
	control  control // nil for a step that goes on to the next
	guard    int     // predicate, -1 without
	guardNot bool
	guardAt  int   // the guard in warp.ready
	reads    []int // in warp.ready
	writes   []int
	members  func(w *warp, lane int) uint32 // the lanes that must take part, of .sync
	everyone bool                           // those are all lanes
	aligned  bool                           // all live lanes must take part
	group    bool                           // all warps of a warpgroup must execute it
	lost     *lost
	class    Class
	line     int
	text     string
}

// Program is a compiled entry.
type Program struct {
	Name         string
	Function     *syntax.Function
	ParamOffsets []int
	ParamBytes   int
	SharedBytes  int // static
	LocalBytes   int
	StackBytes   int // of alloca, beyond the local ones

	multiplies bool // by wgmma
	together   bool // its blocks wait for each other
	allocates  bool // by malloc
	exchanges  bool // it has fences, or strong accesses to global memory
	scoped     bool // some of them not of the whole GPU
	reserves   bool // it uses the shared memory that the system keeps for itself

	module    *Module
	code      []step
	functions []*routine
	narrows   int
	wides     int
	preds     int
	marks     int // rows of warp.ready
	narrowSet []constant
	wideSet   []constant
	specials  map[string]int
	rooms     sync.Pool // of blocks
}

// constant is a row that holds one value in all lanes.
type constant struct {
	row, mark int
	value     uint64
	shared    bool // the value is a place in shared memory, whose address depends on the block
}

// routine is where a function's code, registers and local memory lie.
type routine struct {
	function                      *syntax.Function
	entry                         int
	narrow, wide, pred, mark, mem [2]int // from, to
}

type compiler struct {
	*Program
	routine   *routine
	at        int // step of the instruction being compiled
	rows      map[*syntax.Register]slot
	constants map[constantKey]slot
	locals    map[*syntax.Variable]int // offsets in local memory
	shared    map[*syntax.Variable]int
	used      map[*syntax.Variable]bool // named by an instruction
	byName    map[*syntax.Function]*routine
	line      int
}

// slot is a register's row and its place in warp.ready.
type slot struct{ row, mark int }

type constantKey struct {
	wide, shared bool
	value        uint64
}

// unsupported stops the compiler.
type unsupported struct{ err error }

func (c *compiler) refuse(format string, args ...any) {
	panic(unsupported{fmt.Errorf("%s:%d: %s", c.module.File, c.line, fmt.Sprintf(format, args...))})
}

// compile makes a program of an entry.
func compile(m *Module, entry *syntax.Function) (p *Program, err error) {
	c := &compiler{
		Program: &Program{Name: entry.Name, Function: entry, module: m, specials: map[string]int{}},
		rows:    map[*syntax.Register]slot{}, constants: map[constantKey]slot{}, locals: map[*syntax.Variable]int{},
		shared: map[*syntax.Variable]int{}, used: map[*syntax.Variable]bool{}, byName: map[*syntax.Function]*routine{}, line: entry.Line,
	}
	defer func() {
		switch mistake := recover().(type) {
		case nil:
		case unsupported:
			p, err = nil, mistake.err
		default:
			panic(mistake)
		}
	}()
	c.params(entry)
	c.reach(entry)
	c.layoutModule()
	for _, r := range c.functions {
		c.compileFunction(r)
	}
	return c.Program, nil
}

func alignUp(n, to int) int { return (n + to - 1) / to * to }

func (c *compiler) params(entry *syntax.Function) {
	for _, v := range entry.Params {
		c.ParamBytes = alignUp(c.ParamBytes, v.Align)
		c.ParamOffsets = append(c.ParamOffsets, c.ParamBytes)
		c.ParamBytes += v.Bytes
	}
}

// layoutShared places shared variables of known size one after the other.
func (c *compiler) layoutShared(variables []*syntax.Variable) {
	for _, v := range variables {
		if v.Space == "shared" && !v.Unsized {
			c.SharedBytes = alignUp(c.SharedBytes, v.Align)
			c.shared[v] = c.SharedBytes
			c.SharedBytes += v.Bytes
		}
	}
}

// layoutModule places the shared variables of the module that the entry uses, and rounds the static part up to where the
// dynamic part begins.
func (c *compiler) layoutModule() {
	for _, v := range c.module.Tree.Variables {
		if c.used[v] {
			c.layoutShared([]*syntax.Variable{v})
		}
	}
	for _, v := range c.module.Tree.Variables {
		if v.Space == "shared" && v.Unsized && c.used[v] {
			c.SharedBytes = alignUp(c.SharedBytes, v.Align)
		}
	}
}

// reach adds the entry and all functions that it may call; of an indirect call that is every function.
func (c *compiler) reach(entry *syntax.Function) {
	c.add(entry)
	for n := 0; n < len(c.functions); n++ {
		for _, i := range c.functions[n].function.Body {
			c.line = i.Line
			for _, o := range i.Operands {
				if o.Kind == syntax.FunctionOperand {
					c.add(o.Function)
				}
				if o.Kind == syntax.PrototypeOperand {
					c.addEveryFunction()
				}
				if o.Variable != nil {
					c.used[o.Variable] = true
				}
			}
		}
	}
}

func (c *compiler) addEveryFunction() {
	for _, f := range c.module.Tree.Functions {
		if !f.Entry && f.Defined {
			c.add(f)
		}
	}
}

// add puts a function on the list of those to compile and lays out its memory.
func (c *compiler) add(f *syntax.Function) {
	if c.byName[f] != nil {
		return
	}
	if systemFunctions[f.Name] != nil && !f.Defined {
		return
	}
	if !f.Defined {
		c.refuse("%s is called and has no body", f.Name)
	}
	r := &routine{function: f}
	c.byName[f] = r
	c.functions = append(c.functions, r)
	c.layoutShared(f.Locals)
	r.mem[0] = c.LocalBytes
	variables := f.Locals
	if !f.Entry {
		variables = slices.Concat(f.Params, f.Returns, f.Locals)
	}
	for _, v := range variables {
		if v.Space == "local" || v.Space == "param" {
			c.LocalBytes = alignUp(c.LocalBytes, v.Align)
			c.locals[v] = c.LocalBytes
			c.LocalBytes += v.Bytes
		}
	}
	if c.LocalBytes = alignUp(c.LocalBytes, 16); c.LocalBytes > mostLocal {
		c.refuse("%s brings local memory to %d bytes a thread, expected at most %d", f.Name, c.LocalBytes, mostLocal)
	}
	r.mem[1] = c.LocalBytes
}

func (c *compiler) compileFunction(r *routine) {
	f := r.function
	c.routine, r.entry = r, len(c.code)
	r.narrow[0], r.wide[0], r.pred[0], r.mark[0] = c.narrows, c.wides, c.preds, c.marks
	for _, register := range f.Registers {
		c.rows[register] = c.newSlot(register.Type.Size() > 4, register.Type == "pred")
	}
	r.narrow[1], r.wide[1], r.pred[1], r.mark[1] = c.narrows, c.wides, c.preds, c.marks
	for _, i := range f.Body {
		c.compileInstruction(i)
	}
	// Running off the end returns.
	c.code = append(c.code, step{control: returnFrom, guard: -1, class: Control, line: f.Line, text: "ret"})
}

func (c *compiler) newSlot(wide, pred bool) slot {
	s := slot{mark: c.marks}
	c.marks++
	switch {
	case pred:
		s.row = c.preds
		c.preds++
	case wide:
		s.row = c.wides
		c.wides++
	default:
		s.row = c.narrows
		c.narrows++
	}
	return s
}

func (c *compiler) compileInstruction(i *syntax.Instruction) {
	c.line, c.at = i.Line, len(c.code)
	c.code = append(c.code, step{guard: -1, line: i.Line, text: i.Text(), class: classOf(i)})
	s := &c.code[c.at]
	if i.Guard != nil {
		guard := c.rows[i.Guard]
		s.guard, s.guardAt, s.guardNot = guard.row, guard.mark, i.GuardNot
	}
	c.collect(s, i)
	c.passOn(i)
	decode := decoders[i.Opcode]
	if decode == nil {
		c.refuse("%s is not supported", i.Text())
	}
	run := decode(c, i)
	c.code[c.at].run = run
	if run == nil && c.code[c.at].control == nil {
		c.refuse("%s is not supported", i.Text())
	}
}

// step is the step of the instruction being compiled.
func (c *compiler) step() *step { return &c.code[c.at] }

// collect lists the registers that an instruction reads and writes.
func (c *compiler) collect(s *step, i *syntax.Instruction) {
	targets := 0
	if i.Form != nil {
		targets = i.Form.Targets()
	}
	for n, o := range i.Operands {
		list := &s.reads
		if n < targets {
			list = &s.writes
		}
		c.collectOperand(list, o)
	}
}

func (c *compiler) collectOperand(list *[]int, o *syntax.Operand) {
	for _, r := range []*syntax.Register{o.Register, o.Second} {
		if r != nil {
			*list = append(*list, c.rows[r].mark)
		}
	}
	for _, element := range o.List {
		c.collectOperand(list, element)
	}
}

// narrow is the row of an operand of at most 32 bits.
func (c *compiler) narrow(o *syntax.Operand, t syntax.Type) int { return c.operand(o, t, false) }

// wide is the row of an operand of 64 bits.
func (c *compiler) wide(o *syntax.Operand, t syntax.Type) int { return c.operand(o, t, true) }

func (c *compiler) operand(o *syntax.Operand, t syntax.Type, wide bool) int {
	switch o.Kind {
	case syntax.RegisterOperand, syntax.PairOperand:
		if o.Register == nil {
			return c.newSlot(wide, false).row
		}
		if o.Register.Type.Size() > 4 != wide {
			c.refuse("register %s of type .%s, where .%s is expected", o.Register.Name, o.Register.Type, t)
		}
		return c.rows[o.Register].row
	case syntax.SinkOperand:
		return c.newSlot(wide, false).row
	case syntax.IntegerOperand, syntax.FloatOperand:
		return c.constant(literal(o, t), wide)
	case syntax.SpecialOperand:
		return c.special(o.Name, wide)
	case syntax.VariableOperand:
		return c.addressRow(o, wide)
	case syntax.FunctionOperand:
		return c.constant(c.functionAddress(o.Function), wide)
	}
	c.refuse("unexpected operand")
	return 0
}

// literal is a number as bits of a type.
func literal(o *syntax.Operand, t syntax.Type) uint64 {
	value := o.Value
	if o.Kind == syntax.FloatOperand {
		switch {
		case o.Double && t.Size() == 4:
			value = uint64(math.Float32bits(float32(math.Float64frombits(value))))
		case !o.Double && t.Size() == 8:
			value = math.Float64bits(float64(math.Float32frombits(uint32(value))))
		}
	}
	if size := t.Size(); size > 0 && size < 8 {
		value &= 1<<(8*size) - 1
	}
	return value
}

// constant is a row that holds value in all lanes.
func (c *compiler) constant(value uint64, wide bool) int { return c.keep(value, wide, false) }

// addressRow is a row that holds the address of a variable, moved as the operand says.
func (c *compiler) addressRow(o *syntax.Operand, wide bool) int {
	return c.keep(c.address(o.Variable)+o.Value, wide, o.Variable.Space == "shared")
}

func (c *compiler) keep(value uint64, wide, shared bool) int {
	key := constantKey{wide, shared, value}
	if s, known := c.constants[key]; known {
		return s.row
	}
	s := c.newSlot(wide, false)
	c.constants[key] = s
	set := &c.narrowSet
	if wide {
		set = &c.wideSet
	}
	*set = append(*set, constant{s.row, s.mark, value, shared})
	return s.row
}

// special is a row that the block fills with a special register.
func (c *compiler) special(name string, wide bool) int {
	if strings.HasPrefix(name, "%clock") || name == "%globaltimer" {
		c.refuse("%s can only be read by mov", name)
	}
	c.together = c.together || strings.HasPrefix(name, "%envreg")
	c.reserves = c.reserves || strings.HasPrefix(name, "%reserved_smem")
	key := name
	if wide {
		key = "wide " + name
	}
	if row, known := c.specials[key]; known {
		return row
	}
	row := c.newSlot(wide, false).row
	c.specials[key] = row
	return row
}

// address is the address of a variable in its space; of a global or constant one also the generic address.
func (c *compiler) address(v *syntax.Variable) uint64 {
	switch v.Space {
	case "shared":
		if v.Unsized {
			return uint64(c.SharedBytes)
		}
		offset, known := c.shared[v]
		if !known {
			c.refuse("shared variable %s of another function", v.Name)
		}
		return uint64(offset)
	case "local":
		return uint64(c.locals[v])
	case "param":
		return c.paramAddress(v)
	}
	return c.module.variables[v]
}

// paramAddress is the offset of a parameter: of the entry in its block of arguments, of a call in local memory.
func (c *compiler) paramAddress(v *syntax.Variable) uint64 {
	if n := slices.Index(c.Function.Params, v); n >= 0 {
		return uint64(c.ParamOffsets[n])
	}
	return uint64(c.locals[v])
}

// inArguments says whether a .param variable lies in the entry's block of arguments.
func (c *compiler) inArguments(v *syntax.Variable) bool {
	if v == nil {
		return c.routine.function.Entry
	}
	return slices.Contains(c.Function.Params, v)
}

// functionAddress is the number by which an indirect call finds a function.
func (c *compiler) functionAddress(f *syntax.Function) uint64 {
	return functionWindow + uint64(slices.Index(c.module.Tree.Functions, f))
}

// pred is the row of a predicate operand and whether it is negated. A number stands for a predicate that never changes.
func (c *compiler) pred(o *syntax.Operand) func(w *warp) uint32 {
	if o.Kind == syntax.IntegerOperand {
		value := uint32(0)
		if (o.Value != 0) != o.Not {
			value = all
		}
		return func(*warp) uint32 { return value }
	}
	if o.Kind == syntax.SpecialOperand { // %is_explicit_cluster
		return func(w *warp) uint32 {
			if w.block.launch.explicitCluster() {
				return all
			}
			return 0
		}
	}
	row := c.rows[o.Register].row
	if o.Not {
		return func(w *warp) uint32 { return ^w.pred[row] }
	}
	return func(w *warp) uint32 { return w.pred[row] }
}

// predTarget is the row of a predicate that is written; of a sink a row that nobody reads.
func (c *compiler) predTarget(r *syntax.Register) int {
	if r == nil {
		return c.newSlot(false, true).row
	}
	return c.rows[r].row
}

// decoder makes the work of an instruction; one that changes the flow sets the step's control and returns nil.
type decoder func(c *compiler, i *syntax.Instruction) work

// decoders finds the decoder of an opcode; the files of each subject add theirs.
var decoders = map[string]decoder{}

func register(decode decoder, opcodes ...string) {
	for _, opcode := range opcodes {
		decoders[opcode] = decode
	}
}

// intoNarrow makes the work of a function that computes all lanes: dense must have no effect but on its row.
func intoNarrow(target int, dense func(w *warp, z *narrowRow)) work {
	return func(w *warp, mask uint32) {
		if mask == all {
			dense(w, &w.narrow[target])
			return
		}
		dense(w, &w.narrowSpare)
		z := &w.narrow[target]
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			z[lane] = w.narrowSpare[lane]
		}
	}
}

// intoWide is intoNarrow for rows of 64 bits.
func intoWide(target int, dense func(w *warp, z *wideRow)) work {
	return func(w *warp, mask uint32) {
		if mask == all {
			dense(w, &w.wide[target])
			return
		}
		dense(w, &w.wideSpare)
		z := &w.wide[target]
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			z[lane] = w.wideSpare[lane]
		}
	}
}
