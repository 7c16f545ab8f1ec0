package machine

// This file has branches, calls and returns.

import (
	"slices"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// functionWindow is where the addresses of functions lie.
const functionWindow = 3 << 60

// systemFunction is one of those of the system, which CUDA C calls and which have no body in PTX.
type systemFunction struct {
	arguments, results []int // their bytes
	call               func(c *compiler, arguments, results []*syntax.Operand)
}

var systemFunctions = map[string]*systemFunction{
	"__assertfail": {[]int{8, 8, 4, 8, 8}, nil, (*compiler).callAssertion},
	"vprintf":      {[]int{8, 8}, []int{4}, (*compiler).callPrinter},
	"malloc":       {[]int{8}, []int{8}, (*compiler).callAllocator},
	"free":         {[]int{8}, nil, (*compiler).callFree},
}

// callSystem calls one if it is given what it takes.
func (c *compiler) callSystem(f *syntax.Function, arguments, results []*syntax.Operand) {
	sizes := func(list []*syntax.Operand) (bytes []int) {
		for _, o := range list {
			bytes = append(bytes, o.Variable.Bytes)
		}
		return bytes
	}
	s := systemFunctions[f.Name]
	if !slices.Equal(sizes(arguments), s.arguments) || !slices.Equal(sizes(results), s.results) {
		c.refuse("%s with other parameters than the function of the system", f.Name)
	}
	s.call(c, arguments, results)
}

// mostFrames is the depth of calls that a thread may reach.
const mostFrames = 1000

// frame is a call that has not returned.
type frame struct {
	parent  *frame
	depth   int
	routine *routine
	back    int // the step after the call
	results []copySpan
	stack   [32]int // of alloca, before the call
	saved   *saved  // what a recursive call would overwrite
}

func (f *frame) level() int {
	if f == nil {
		return 0
	}
	return f.depth
}

// copySpan is a parameter: where it lies in local memory before and after the call or return.
type copySpan struct{ to, from, bytes int }

// saved are the registers and the local memory of a function that calls itself.
type saved struct {
	narrow []narrowRow
	wide   []wideRow
	pred   []uint32
	ready  []uint32
	local  [32]localBytes
}

func init() {
	register(decodeBranch, "bra")
	register(decodeBranchIndexed, "brx")
	register(decodeCall, "call")
	register(controlled(returnFrom), "ret")
	register(controlled(func(w *warp, g *group, mask uint32) { w.exit(g, mask) }), "exit")
	register(controlled(func(w *warp, g *group, mask uint32) {
		if mask != 0 {
			fail(first(mask), "trap")
		}
		g.pc++
	}), "trap", "brkpt")
	register(func(*compiler, *syntax.Instruction) work { return func(*warp, uint32) {} }, "nanosleep", "pmevent", "griddepcontrol")
}

func controlled(flow control) decoder {
	return func(c *compiler, _ *syntax.Instruction) work {
		c.step().control = flow
		return nil
	}
}

func decodeBranch(c *compiler, i *syntax.Instruction) work {
	target := c.routine.entry + int(i.Operands[0].Value)
	c.step().control = func(w *warp, g *group, mask uint32) {
		switch mask {
		case g.mask:
			g.pc = target
		case 0:
			g.pc++
		default:
			w.split(g, mask, target)
			g.pc++
		}
	}
	return nil
}

// split moves the lanes of mask to a group of their own.
func (w *warp) split(g *group, mask uint32, target int) {
	g.mask &^= mask
	w.groups = append(w.groups, &group{mask: mask, pc: target, frame: g.frame})
}

func decodeBranchIndexed(c *compiler, i *syntax.Instruction) work {
	index := c.narrow(i.Operands[0], "u32")
	targets := slices.Clone(c.routine.function.BranchTargets[i.Operands[1].Value])
	for n := range targets {
		targets[n] += c.routine.entry
	}
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			if n := w.narrow[index][lane]; int64(n) >= int64(len(targets)) {
				fail(lane, "index %d of %d branch targets", n, len(targets))
			} else {
				w.split(g, 1<<lane, targets[n])
			}
		}
		g.pc++
	}
	return nil
}

// exit ends threads.
func (w *warp) exit(g *group, mask uint32) {
	g.mask &^= mask
	g.pc++
	w.demandCopied(mask)
	w.alive &^= mask
	w.block.leave()
	w.block.threadsLeft()
}

// returnFrom ends the innermost call, or in the entry the thread.
func returnFrom(w *warp, g *group, mask uint32) {
	if g.frame == nil {
		w.exit(g, mask)
		return
	}
	f := g.frame
	for m := mask; m != 0; m &= m - 1 {
		w.local.giveBack(f, first(m))
		w.local.stack[first(m)] = f.stack[first(m)]
	}
	if f.saved != nil {
		w.restore(f, mask)
	}
	rest := g.mask &^ mask
	if rest != 0 {
		w.groups = append(w.groups, &group{mask: rest, pc: g.pc + 1, frame: f})
	}
	g.mask, g.pc, g.frame = mask, f.back, f.parent
}

func decodeCall(c *compiler, i *syntax.Instruction) work {
	operands := i.Operands
	var results, arguments []*syntax.Operand
	if operands[0].Kind == syntax.ListOperand {
		results, operands = operands[0].List, operands[1:]
	}
	target := operands[0]
	if len(operands) > 1 && operands[1].Kind == syntax.ListOperand {
		arguments = operands[1].List
	}
	c.step().reads = nil
	if target.Kind == syntax.FunctionOperand && systemFunctions[target.Function.Name] != nil && !target.Function.Defined {
		c.callSystem(target.Function, arguments, results)
		return nil
	}
	if target.Kind == syntax.FunctionOperand {
		callee := c.byName[target.Function]
		in, out := c.spans(callee, arguments, results)
		c.step().control = func(w *warp, g *group, mask uint32) {
			if mask == 0 {
				g.pc++
				return
			}
			w.call(g, mask, callee, in, out)
		}
		return nil
	}
	c.indirectCall(c.wide(target, "u64"), c.rows[target.Register].mark, arguments, results)
	return nil
}

// callAssertion is what assert does where it does not hold.
func (c *compiler) callAssertion(_, _ []*syntax.Operand) {
	c.step().control = func(w *warp, g *group, mask uint32) {
		if mask != 0 {
			fail(first(mask), "an assertion of the kernel failed")
		}
		g.pc++
	}
}

// spans are the copies of arguments into a callee and of results out of it.
func (c *compiler) spans(callee *routine, arguments, results []*syntax.Operand) (in, out []copySpan) {
	f := callee.function
	if len(arguments) != len(f.Params) || len(results) != len(f.Returns) {
		return nil, nil // only reached by the candidates of an indirect call, which are refused when it happens
	}
	for n, o := range arguments {
		in = append(in, copySpan{c.locals[f.Params[n]], c.locals[o.Variable], f.Params[n].Bytes})
	}
	for n, o := range results {
		out = append(out, copySpan{c.locals[o.Variable], c.locals[f.Returns[n]], f.Returns[n].Bytes})
	}
	return in, out
}

// indirectCall calls, lane by lane, what a register points to.
func (c *compiler) indirectCall(row, mark int, arguments, results []*syntax.Operand) {
	type candidate struct {
		routine *routine
		in, out []copySpan
	}
	candidates := map[uint64]candidate{}
	for _, r := range c.functions {
		if f := r.function; !f.Entry && len(f.Params) == len(arguments) && len(f.Returns) == len(results) {
			in, out := c.spans(r, arguments, results)
			candidates[c.functionAddress(f)] = candidate{r, in, out}
		}
	}
	c.step().reads = []int{mark}
	c.step().control = func(w *warp, g *group, mask uint32) {
		if mask == 0 {
			g.pc++
			return
		}
		lane := first(mask)
		pointer := w.wide[row][lane]
		chosen, known := candidates[pointer]
		if !known {
			fail(lane, "call of %#x, which is no function with these parameters", pointer)
		}
		same := uint32(0)
		for m := mask; m != 0; m &= m - 1 {
			if w.wide[row][first(m)] == pointer {
				same |= 1 << first(m)
			}
		}
		if rest := mask &^ same; rest != 0 {
			w.split(g, rest, g.pc) // they come here again
		}
		w.call(g, same, chosen.routine, chosen.in, chosen.out)
	}
}

// call enters a function with the lanes of mask.
func (w *warp) call(g *group, mask uint32, callee *routine, in, out []copySpan) {
	f := &frame{parent: g.frame, depth: g.frame.level() + 1, routine: callee, back: g.pc + 1, results: out, stack: w.local.stack}
	if f.depth > mostFrames {
		fail(first(mask), "more than %d nested calls", mostFrames)
	}
	recursive := callee == w.program.functions[0]
	for outer := g.frame; outer != nil; outer = outer.parent {
		recursive = recursive || outer.routine == callee
	}
	for m := mask; m != 0; m &= m - 1 {
		w.local.collect(in, first(m))
	}
	if recursive {
		f.saved = w.save(callee)
	}
	for m := mask; m != 0; m &= m - 1 {
		w.local.deliver(in, first(m))
	}
	if rest := g.mask &^ mask; rest != 0 {
		w.groups = append(w.groups, &group{mask: rest, pc: g.pc + 1, frame: g.frame})
	}
	g.mask, g.pc, g.frame = mask, callee.entry, f
}

// save copies what a recursive call overwrites.
func (w *warp) save(r *routine) *saved {
	s := &saved{
		narrow: slices.Clone(w.narrow[r.narrow[0]:r.narrow[1]]), wide: slices.Clone(w.wide[r.wide[0]:r.wide[1]]),
		pred: slices.Clone(w.pred[r.pred[0]:r.pred[1]]), ready: slices.Clone(w.ready[r.mark[0]:r.mark[1]]),
	}
	for lane := range 32 {
		memory := w.local.lane(lane).from(r.mem[0], r.mem[1]-r.mem[0])
		s.local[lane] = localBytes{slices.Clone(memory.data), slices.Clone(memory.init)}
	}
	return s
}

// restore brings back, for the lanes that return, what save kept, and delivers the results.
func (w *warp) restore(f *frame, mask uint32) {
	r, s := f.routine, f.saved
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		for n := range s.narrow {
			w.narrow[r.narrow[0]+n][lane] = s.narrow[n][lane]
		}
		for n := range s.wide {
			w.wide[r.wide[0]+n][lane] = s.wide[n][lane]
		}
		for n := range s.pred {
			w.pred[r.pred[0]+n] = w.pred[r.pred[0]+n]&^(1<<lane) | s.pred[n]&(1<<lane)
		}
		for n := range s.ready {
			w.ready[r.mark[0]+n] = w.ready[r.mark[0]+n]&^(1<<lane) | s.ready[n]&(1<<lane)
		}
		w.local.lane(lane).from(r.mem[0], r.mem[1]-r.mem[0]).copy(s.local[lane])
		w.local.deliver(f.results, lane)
	}
}
