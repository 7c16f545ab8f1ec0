package machine

// This file has the 16 barriers of a block, and mbarrier: barriers in shared memory that turn from phase to phase, each when
// all arrivals and all bytes of asynchronous copies that it expects have come.

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// barrier is one of a block's.
type barrier struct {
	arrived  int // threads
	expected int // threads, 0 for all of the block that have not left
	line     int
	waiting  []waiting
	clock    []uint32 // joined of all who arrived
	votes    int      // threads whose predicate of a bar.red is true
}

// waiting is a group that a barrier holds.
type waiting struct {
	warp    *warp
	group   *group
	mask    uint32
	deliver func(w *warp, mask uint32, votes, threads int)
}

func init() {
	register(decodeBarrier, "bar", "barrier")
	register(decodeFence, "membar", "fence")
	register(decodePhaseBarrier, "mbarrier")
}

// decodeBarrier reads bar.sync, bar.arrive, bar.red and bar.warp.sync. bar is the aligned form of barrier.
func decodeBarrier(c *compiler, i *syntax.Instruction) work {
	modifiers := i.Modifiers
	if modifiers[0] == "cta" {
		modifiers = modifiers[1:]
	}
	switch modifiers[0] {
	case "cluster":
		c.clusterBarrier(i)
		return nil
	case "warp":
		c.members(i.Operands[0])
		return func(w *warp, mask uint32) { w.syncLanes(mask) }
	case "red":
		c.barrierReduction(i)
		return nil
	}
	c.step().aligned = i.Opcode == "bar" || i.Has("aligned")
	number, count := c.barrierOperands(i.Operands)
	arrive := modifiers[0] == "arrive"
	c.step().control = func(w *warp, g *group, mask uint32) {
		if mask == 0 {
			g.pc++
			return
		}
		b, expected := w.barrier(mask, number, count)
		w.arrive(b, g, mask, expected, arrive, nil)
	}
	return nil
}

// barrierOperands are the rows of a barrier's number and its count of threads, which is -1 where it is left out.
func (c *compiler) barrierOperands(operands []*syntax.Operand) (number, count int) {
	number, count = c.narrow(operands[0], "u32"), -1
	if len(operands) > 1 {
		count = c.narrow(operands[1], "u32")
	}
	return number, count
}

func (c *compiler) barrierReduction(i *syntax.Instruction) {
	c.step().aligned = i.Opcode == "bar" || i.Has("aligned")
	operands := i.Operands
	number, count := c.barrierOperands(operands[1 : len(operands)-1])
	voter := c.pred(operands[len(operands)-1])
	deliver := c.reductionTarget(i)
	c.step().control = func(w *warp, g *group, mask uint32) {
		if mask == 0 {
			g.pc++
			return
		}
		b, expected := w.barrier(mask, number, count)
		b.votes += onesCount(voter(w) & mask)
		w.arrive(b, g, mask, expected, false, deliver)
	}
}

// reductionTarget stores the result of bar.red in the lanes that waited for it.
func (c *compiler) reductionTarget(i *syntax.Instruction) func(w *warp, mask uint32, votes, threads int) {
	target := i.Operands[0]
	if i.With["T"] == "pred" {
		row, mark, and := c.predTarget(target.Register), c.rows[target.Register].mark, i.With["op"] == "and"
		return func(w *warp, mask uint32, votes, threads int) {
			w.pred[row] &^= mask
			if votes == threads || votes > 0 && !and {
				w.pred[row] |= mask
			}
			w.ready[mark] |= mask
		}
	}
	row, mark := c.narrow(target, "u32"), c.rows[target.Register].mark
	return func(w *warp, mask uint32, votes, _ int) {
		for m := mask; m != 0; m &= m - 1 {
			w.narrow[row][first(m)] = uint32(votes)
		}
		w.ready[mark] |= mask
	}
}

// barrier finds the barrier that the lanes name, and the number of threads that they say it waits for.
func (w *warp) barrier(mask uint32, number, count int) (b *barrier, expected int) {
	lane := first(mask)
	n := w.narrow[number][lane]
	if n > 15 {
		fail(lane, "barrier %d, expected 0 to 15", n)
	}
	b = &w.block.barriers[n]
	if count >= 0 {
		expected = int(w.narrow[count][lane])
		if expected == 0 || expected%32 != 0 {
			fail(lane, "barrier count: %d threads, expected a multiple of 32", expected)
		}
		if most := alignUp(w.block.launch.threads(), 32); expected > most {
			fail(lane, "barrier count: %d threads in a block of %d", expected, w.block.launch.threads())
		}
	}
	for m := mask; m != 0; m &= m - 1 {
		if w.narrow[number][first(m)] != n || count >= 0 && int(w.narrow[count][first(m)]) != expected {
			fail(first(m), "divergent: the threads of a warp name different barriers or counts")
		}
	}
	if b.arrived > 0 && b.expected != expected {
		fail(lane, "barrier count: %s threads, where line %d said %s", countText(expected), b.line, countText(b.expected))
	}
	return b, expected
}

func countText(expected int) string {
	if expected == 0 {
		return "all"
	}
	return strconv.Itoa(expected)
}

// arrive counts the lanes of mask and, unless they only arrive, lets them wait.
func (w *warp) arrive(b *barrier, g *group, mask uint32, expected int, only bool, deliver func(*warp, uint32, int, int)) {
	w.pass(g, mask)
	b.clock = w.tell(b.clock)
	b.expected, b.line = expected, w.program.code[w.pc].line
	// With a count whole warps arrive, however many of their threads there are.
	if expected > 0 && mask == w.alive {
		b.arrived += 32
	} else {
		b.arrived += onesCount(mask)
	}
	if expected > 0 && b.arrived > expected {
		fail(first(mask), "barrier count: more than the %d threads arrived that the barrier waits for", expected)
	}
	if !only {
		g.state = blocked
		b.waiting = append(b.waiting, waiting{w, g, mask, deliver})
	}
	w.block.release(b)
}

// pass goes on behind a step, the lanes of mask apart from those that do not take part.
func (w *warp) pass(g *group, mask uint32) {
	g.pc++
	if rest := g.mask &^ mask; rest != 0 {
		w.groups = append(w.groups, &group{mask: rest, pc: g.pc, frame: g.frame})
		g.mask = mask
	}
}

// release lets the waiting go on if all have arrived.
func (b *block) release(at *barrier) {
	expected := at.expected
	if expected == 0 {
		for _, w := range b.warps {
			expected += onesCount(w.alive)
		}
	}
	if at.arrived == 0 || at.arrived < expected {
		return
	}
	for _, entry := range at.waiting {
		w := entry.warp
		entry.group.state = running
		w.order.clock = join(w.order.clock, at.clock)
		w.syncLanes(entry.mask)
		if entry.deliver != nil {
			entry.deliver(w, entry.mask, at.votes, at.arrived)
		}
	}
	*at = barrier{}
}

// threadsLeft looks again at the barriers that wait for all threads.
func (b *block) threadsLeft() {
	for n := range b.barriers {
		if at := &b.barriers[n]; at.arrived > 0 && at.expected == 0 {
			b.release(at)
		}
	}
	b.cluster.meet()
}

// phaseBarrier is one mbarrier object.
type phaseBarrier struct {
	expected int // arrivals of a phase
	pending  int // those still to come in this one
	bytes    int // those still to come
	phase    uint64
	entry    int      // of the clocks: how many phases have ended; the next one is 1 for whom its initialisation is fenced
	line     int      // of that
	clock    []uint32 // joined of all who arrived
	done     []uint32 // the clock of the last phase that ended
	missed   int      // line of a wait that found the phase not ended, 0 for none since it began
}

// turn ends the phase if nothing is missing.
func (b *phaseBarrier) turn() {
	if b.pending == 0 && b.bytes == 0 {
		b.phase++
		b.pending, b.missed = b.expected, 0
		b.done = join(slices.Clone(b.clock), make([]uint32, b.entry+1))
		b.done[b.entry] = uint32(b.phase)
	}
}

// untouched says whether the barrier is as it was initialised, for so many arrivals.
func (b *phaseBarrier) untouched(count int) bool {
	return b.phase == 0 && b.bytes == 0 && b.expected == count && b.pending == count
}

// complete counts bytes that have come.
func (b *phaseBarrier) complete(bytes int) {
	b.bytes -= bytes
	b.turn()
}

// visitPhases finds the objects that the lanes name. Their words are read, so that whoever is not ordered after the
// initialisation faults.
func (w *warp) visitPhases(where space, mask uint32, address *wideRow, f func(lane int, b *phaseBarrier)) {
	w.demandWindow(where, mask, address)
	w.visit(where, mask, address, access{bytes: 8, read: true, strong: true, phase: true}, func(lane int, _ []byte) {
		home, at := w.home(address[lane])
		b := home.phases[at]
		if b == nil {
			fail(lane, "no mbarrier has been initialised at shared address %#x%s", at, w.elsewhere(home))
		}
		if line := home.shared.lineOf(at); line != int32(b.line) {
			fail(lane, "the mbarrier at shared address %#x%s of line %d has been overwritten in line %d", at, w.elsewhere(home), b.line, line)
		}
		home.noteVisit(w, lane, visit{phase: b})
		f(lane, b)
	})
}

// fenceInits lets a relaxed arrival at the barrier of the cluster tell of the mbarriers that the warp has initialised.
func (w *warp) fenceInits() {
	for _, entry := range w.inits {
		w.order.clock = join(w.order.clock, make([]uint32, entry+1))
		w.order.clock[entry] = 1
		w.order.released = join(w.order.released, make([]uint32, entry+1))
		w.order.released[entry] = 1
	}
	w.inits = w.inits[:0]
}

// knowsPhase says whether the last write of a word is the initialisation of an mbarrier of which the warp knows by its fence.
func (w *warp) knowsPhase(s *sharedMemory, word uint64, mark *sharedMark) bool {
	b := s.block.phases[4*(word&^1)]
	return b != nil && b.line == int(mark.line) && w.order.of(uint16(b.entry+2)) == 1
}

// arrivePhase counts arrivals of a lane, which may announce bytes, and tells what the warp has done unless the arrival is relaxed; the
// result is the state before.
func (w *warp) arrivePhase(lane int, b *phaseBarrier, count, bytes int, relaxed bool) uint64 {
	state := b.phase<<20 | uint64(b.pending)
	if count > b.pending {
		fail(lane, "barrier count: %d arrivals where the mbarrier expects %d more in this phase", count, b.pending)
	}
	if !relaxed {
		b.clock = w.tell(b.clock)
	}
	b.bytes += bytes
	b.pending -= count
	b.turn()
	return state
}

func decodePhaseBarrier(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	switch i.With["op"] {
	case "init":
		return c.phaseInit(i)
	case "inval":
		where, address := c.spaceFor(i, o[0]), c.addressOf(o[0])
		return func(w *warp, mask uint32) {
			w.visitPhases(where, mask, address(w), func(lane int, _ *phaseBarrier) { w.forgetPhase(address(w)[lane]) })
		}
	case "expect_tx":
		where, address, bytes := c.spaceFor(i, o[0]), c.addressOf(o[0]), c.narrow(o[1], "u32")
		return func(w *warp, mask uint32) {
			w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) { b.bytes += int(w.narrow[bytes][lane]) })
		}
	case "complete_tx":
		where, address, bytes := c.spaceFor(i, o[0]), c.addressOf(o[0]), c.narrow(o[1], "u32")
		return func(w *warp, mask uint32) {
			w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) { b.complete(int(w.narrow[bytes][lane])) })
		}
	case "pending_count":
		return c.unaryWork(i, "u32", "b64", func(state uint64) uint64 { return state & (1<<20 - 1) })
	case "arrive", "arrive_drop":
		return c.phaseArrive(i)
	}
	return c.phaseWait(i)
}

// forgetPhase is mbarrier.inval.
func (w *warp) forgetPhase(address uint64) {
	home, at := w.home(address)
	delete(home.phases, at)
}

func (c *compiler) phaseInit(i *syntax.Instruction) work {
	where, address, count := c.spaceFor(i, i.Operands[0]), c.addressOf(i.Operands[0]), c.narrow(i.Operands[1], "u32")
	return func(w *warp, mask uint32) {
		at := address(w)
		again := func(w *warp, lane int, _ []byte) bool {
			_, inside := w.home(at[lane])
			b := w.block.phases[inside]
			return b != nil && b.untouched(int(w.narrow[count][lane]))
		}
		w.demandWindow(where, mask, at)
		w.same = again
		w.visit(where, mask, at, access{bytes: 8, write: true, plain: true}, func(lane int, _ []byte) {
			n := int(w.narrow[count][lane])
			_, inside := w.home(at[lane])
			if again(w, lane, nil) {
				w.block.phases[inside].line = w.program.code[w.pc].line
				return
			}
			if b := w.block.phases[inside]; b != nil {
				fail(lane, "an mbarrier has been initialised at shared address %#x in line %d, and no mbarrier.inval lies between", inside, b.line)
			}
			if n < 1 || n >= 1<<20 {
				fail(lane, "barrier count: %d arrivals, expected 1 to 2^20-1", n)
			}
			if w.block.phases == nil {
				w.block.phases = map[uint64]*phaseBarrier{}
			}
			w.block.phases[inside] = &phaseBarrier{expected: n, pending: n, entry: w.block.cluster.takeEntries(2), line: w.program.code[w.pc].line}
			w.inits = append(w.inits, w.block.phases[inside].entry+1)
		})
	}
}

func (c *compiler) phaseArrive(i *syntax.Instruction) work {
	o := i.Operands
	state := c.target(o[0], "b64")
	where, address := c.spaceFor(i, o[1]), c.addressOf(o[1])
	number := c.constant(1, false)
	if len(o) > 2 {
		number = c.narrow(o[2], "u32")
	}
	drop, announces, relaxed := i.With["op"] == "arrive_drop", i.Has("transaction"), i.With["order"] == "relaxed"
	return func(w *warp, mask uint32) {
		w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) {
			count, bytes := int(w.narrow[number][lane]), 0
			if announces {
				count, bytes = 1, count
			}
			if drop {
				b.expected -= count
			}
			state(w, lane, w.arrivePhase(lane, b, count, bytes, relaxed))
		})
	}
}

// rest is a warp that has found the phase of an mbarrier not ended, and does not ask again before that has: the hardware suspends a
// try_wait for some time, so that it costs little.
type rest struct {
	barrier *phaseBarrier
	phase   uint64
}

// resting reports whether the phase has not ended.
func (r rest) resting() bool { return r.barrier != nil && r.barrier.phase == r.phase }

// phaseWait is test_wait and try_wait: whether the phase of a state, or of a parity, has ended. After a try_wait whose phase has
// not, the warp rests.
func (c *compiler) phaseWait(i *syntax.Instruction) work {
	o := i.Operands
	target := c.predTarget(o[0].Register)
	where, address := c.spaceFor(i, o[1]), c.addressOf(o[1])
	parity, tries, relaxed := i.Has("parity"), i.With["op"] == "try_wait", i.With["order"] == "relaxed"
	kind := syntax.Type("b64")
	if parity {
		kind = "u32"
	}
	awaited := c.row(o[2], kind)
	return func(w *warp, mask uint32) {
		passed := uint32(0)
		var before Counts // a try_wait counts when it passes, as the hardware suspends it until then, not how often the interpreter asks
		if w.counts != nil {
			before = w.counts[w.pc]
			before.Instructions, before.Lanes = before.Instructions-1, before.Lanes-uint64(onesCount(mask))
		}
		w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) {
			ended := b.phase > awaited(w, lane)>>20
			if parity {
				ended = b.phase&1 != awaited(w, lane)&1
			}
			if ended {
				passed |= 1 << lane
				if relaxed {
					return
				}
				w.learn(b.done)
			} else {
				b.missed = w.program.code[w.pc].line
				if tries && mask == w.alive {
					w.rest = rest{b, b.phase}
				}
			}
		})
		if passed != 0 {
			w.syncLanes(passed)
		} else if tries && w.counts != nil {
			w.counts[w.pc] = before
		}
		w.pred[target] = w.pred[target]&^mask | passed
	}
}

// missing says for which mbarriers threads wait, and what these lack.
func (b *block) missing() (text string) {
	for _, at := range slices.Sorted(maps.Keys(b.phases)) {
		if p := b.phases[at]; p.missed != 0 {
			text += fmt.Sprintf("; deadlock: line %d waits for the mbarrier at shared address %#x%s, whose phase lacks %d arrivals and %d bytes",
				p.missed, at, b.cluster.nameBlock(b), p.pending, p.bytes)
		}
	}
	return text
}
