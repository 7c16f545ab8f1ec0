package machine

// This file has mbarrier: barriers in shared memory that turn from phase to phase, each when all arrivals and all bytes of
// asynchronous copies that it expects have come.

import (
	"fmt"
	"maps"
	"slices"

	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() { register(decodePhaseBarrier, "mbarrier") }

// phaseBarrier is one mbarrier object.
type phaseBarrier struct {
	expected int // arrivals of a phase
	pending  int // those still to come in this one
	bytes    int // those still to come
	phase    uint64
	entry    int      // of the clocks: how many phases have ended
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
	w.visit(where, mask, address, access{bytes: 8, read: true, strong: true}, func(lane int, _ []byte) {
		at := address[lane] &^ sharedWindow
		b := w.block.phases[at]
		if b == nil {
			fail(lane, "no mbarrier has been initialised at shared address %#x", at)
		}
		f(lane, b)
	})
}

// publishPhase lets the barrier carry what the warp has done to those who wait.
func (w *warp) publishPhase(b *phaseBarrier) {
	b.clock = join(b.clock, w.order.clock)
	w.order.clock[w.number]++
}

// arrivePhase counts arrivals of a lane, which may announce bytes; the result is the state before.
func (w *warp) arrivePhase(lane int, b *phaseBarrier, count, bytes int) uint64 {
	state := b.phase<<20 | uint64(b.pending)
	if count > b.pending {
		fail(lane, "barrier count: %d arrivals where the mbarrier expects %d more in this phase", count, b.pending)
	}
	w.publishPhase(b)
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
			w.visitPhases(where, mask, address(w), func(lane int, _ *phaseBarrier) { delete(w.block.phases, address(w)[lane]&^sharedWindow) })
		}
	case "expect_tx":
		where, address, bytes := c.spaceFor(i, o[0]), c.addressOf(o[0]), c.narrow(o[1], "u32")
		return func(w *warp, mask uint32) {
			w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) { b.bytes += int(w.narrow[bytes][lane]) })
		}
	case "pending_count":
		return c.unaryWork(i, "u32", "b64", func(state uint64) uint64 { return state & (1<<20 - 1) })
	case "arrive", "arrive_drop":
		return c.phaseArrive(i)
	}
	return c.phaseWait(i)
}

func (c *compiler) phaseInit(i *syntax.Instruction) work {
	where, address, count := c.spaceFor(i, i.Operands[0]), c.addressOf(i.Operands[0]), c.narrow(i.Operands[1], "u32")
	return func(w *warp, mask uint32) {
		at := address(w)
		again := func(w *warp, lane int, _ []byte) bool {
			b := w.block.phases[at[lane]&^sharedWindow]
			return b != nil && b.untouched(int(w.narrow[count][lane]))
		}
		w.visit(where, mask, at, access{bytes: 8, write: true, same: again}, func(lane int, _ []byte) {
			n := int(w.narrow[count][lane])
			if again(w, lane, nil) {
				return
			}
			if n < 1 || n >= 1<<20 {
				fail(lane, "barrier count: %d arrivals, expected 1 to 2^20-1", n)
			}
			if w.block.phases == nil {
				w.block.phases = map[uint64]*phaseBarrier{}
			}
			w.block.phases[at[lane]&^sharedWindow] = &phaseBarrier{expected: n, pending: n, entry: w.block.entries}
			w.block.entries++
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
	drop, announces := i.With["op"] == "arrive_drop", i.Has("transaction")
	return func(w *warp, mask uint32) {
		w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) {
			count, bytes := int(w.narrow[number][lane]), 0
			if announces {
				count, bytes = 1, count
			}
			if drop {
				b.expected -= count
			}
			state(w, lane, w.arrivePhase(lane, b, count, bytes))
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
	parity, tries := i.Has("parity"), i.With["op"] == "try_wait"
	kind := syntax.Type("b64")
	if parity {
		kind = "u32"
	}
	awaited := c.row(o[2], kind)
	return func(w *warp, mask uint32) {
		passed := uint32(0)
		w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) {
			ended := b.phase > awaited(w, lane)>>20
			if parity {
				ended = b.phase&1 != awaited(w, lane)&1
			}
			if ended {
				passed |= 1 << lane
				w.order.clock = join(w.order.clock, b.done)
			} else {
				b.missed = w.program.code[w.pc].line
				if tries && mask == w.alive {
					w.rest = rest{b, b.phase}
				}
			}
		})
		if passed != 0 {
			w.syncLanes(passed)
		}
		w.pred[target] = w.pred[target]&^mask | passed
	}
}

// missing says for which mbarriers threads wait, and what these lack.
func (b *block) missing() (text string) {
	for _, at := range slices.Sorted(maps.Keys(b.phases)) {
		if p := b.phases[at]; p.missed != 0 {
			text += fmt.Sprintf("; deadlock: line %d waits for the mbarrier at shared address %#x, whose phase lacks %d arrivals and %d bytes",
				p.missed, at, p.pending, p.bytes)
		}
	}
	return text
}
