package machine

// This file is a block: what its threads share, the registers that they find filled, and the warps that run its steps. Lanes of a warp
// that went different ways are groups; the group deepest in calls and lowest in the code runs first, so groups meet again where
// structured code joins.

import (
	"math/bits"
	"strings"

	"gzpt/cuda/ptxsim/internal/arith"
)

// block is the threads of one block with what they share.
type block struct {
	launch     *Launch
	cluster    *cluster
	rank       int    // in its cluster
	firstEntry int    // of the clocks, of its warps
	id         uint32 // its number in the grid, in the order of clusters, + 1
	index      [3]int
	warps      []*warp
	shared     sharedMemory
	visits     map[visit]visitTime // of others to its shared memory
	ended      bool
	barriers   [16]barrier
	phases     map[uint64]*phaseBarrier // mbarrier objects, by shared address
	teams      []warpgroup
	left       int       // instructions that it may still run
	touched    footprint // on hollow memory

	rows, columns arith.Lines // operands of the product at hand
	bits          []uint32    // of their elements
	operand       []byte      // of the matrix of shared memory that is being read
}

// newBlock makes room for the block of a cluster that has a rank.
func newBlock(p *Program, c *cluster, rank, warps int) *block {
	b := &block{cluster: c, rank: rank, firstEntry: rank * warps}
	for n := range warps {
		w := &warp{program: p, block: b, number: n, entry: b.firstEntry + n}
		w.narrow, w.wide = make([]narrowRow, p.narrows), make([]wideRow, p.wides)
		w.pred, w.ready = make([]uint32, p.preds), make([]uint32, p.marks)
		for _, c := range p.narrowSet {
			for lane := range 32 {
				w.narrow[c.row][lane] = uint32(c.in(b))
			}
		}
		for _, c := range p.wideSet {
			for lane := range 32 {
				w.wide[c.row][lane] = c.in(b)
			}
		}
		b.warps = append(b.warps, w)
	}
	return b
}

// in is the value in a block: addresses of shared memory tell the blocks of a cluster apart.
func (c constant) in(b *block) uint64 {
	if c.shared {
		return c.value + b.window()
	}
	return c.value
}

// start prepares the block for an index of the grid.
func (b *block) start(index [3]int) {
	l := b.launch
	b.index, b.left = index, l.budget
	bytes := l.sharedBytes()
	if l.Program.reserves {
		bytes = l.reservedAt() + reservedBytes
	}
	b.shared.reset(b, bytes, len(b.warps))
	b.barriers, b.phases, b.visits, b.ended = [16]barrier{}, nil, nil, false
	b.teams = append(b.teams[:0], make([]warpgroup, (len(b.warps)+3)/4)...)
	if l.global.hollow {
		b.touched = footprint{pages: map[uint64]*touchedPage{}}
	}
	for n, w := range b.warps {
		w.start(min(32, l.threads()-32*n))
	}
}

func (w *warp) start(lanes int) {
	w.alive = uint32(1<<lanes - 1)
	clear(w.ready)
	w.carry = 0
	w.local.reset(w.program.LocalBytes, w.program.StackBytes)
	w.async, w.stores = asyncCopies{pending: w.async.pending[:0]}, bulkStores{}
	w.order = ordering{clock: append(w.order.clock[:0], make([]uint32, w.block.cluster.entries)...)}
	w.group, w.cluster, w.rest = groupState{}, clusterLanes{}, rest{}
	w.lost, w.lostBytes, w.origins, w.copied = 0, [32]uint16{}, nil, nil
	if w.program.multiplies {
		w.group.uses = make([]registerUse, w.program.marks)
	}
	w.order.clock[w.entry], w.order.shown, w.present, w.inits = firstTick, firstTick, 1<<w.block.rank, w.inits[:0]
	w.id, w.talking = uint32(w.block.cluster.firstWarp+w.entry)<<5, nil
	w.groups = append(w.groups[:0], &group{mask: w.alive, pc: w.program.functions[0].entry})
	for name, row := range w.program.specials {
		w.fillSpecial(name, row)
	}
}

// fillSpecial sets a row to a special register.
func (w *warp) fillSpecial(name string, row int) {
	name, wide := strings.CutPrefix(name, "wide ")
	ofLanes := strings.HasPrefix(name, "%tid") || strings.HasPrefix(name, "%lane") // others are the same for all
	value := w.special(name, 0)
	for lane := range 32 {
		if ofLanes {
			value = w.special(name, lane)
		}
		if wide {
			w.wide[row][lane] = value
		} else {
			w.narrow[row][lane] = uint32(value)
		}
	}
}

// special is the value of a special register for a lane.
func (w *warp) special(name string, lane int) uint64 {
	l := w.block.launch
	base, axis := name, 0
	if at := strings.IndexByte(name, '.'); at > 0 {
		base, axis = name[:at], int(name[at+1]-'x')
	}
	switch base {
	case "%tid":
		return uint64(w.thread(lane)[axis])
	case "%ntid":
		return uint64(l.Block[axis])
	case "%ctaid":
		return uint64(w.block.index[axis])
	case "%nctaid":
		return uint64(l.Grid[axis])
	case "%clusterid":
		return uint64(w.block.index[axis] / l.cluster[axis])
	case "%nclusterid":
		return uint64(l.Grid[axis] / l.cluster[axis])
	case "%cluster_ctaid":
		return uint64(w.block.index[axis] % l.cluster[axis])
	case "%cluster_nctaid":
		return uint64(l.cluster[axis])
	case "%cluster_ctarank":
		return uint64(w.block.rank)
	case "%cluster_nctarank":
		return uint64(len(w.block.cluster.blocks))
	case "%laneid":
		return uint64(lane)
	case "%warpid":
		return uint64(w.number)
	case "%nwarpid":
		return uint64(len(w.block.warps))
	case "%nsmid":
		return 1
	case "%gridid":
		return uint64(l.number)
	case "%lanemask_eq":
		return 1 << lane
	case "%lanemask_lt":
		return 1<<lane - 1
	case "%lanemask_le":
		return 2<<lane - 1
	case "%lanemask_gt":
		return uint64(^uint32(2<<lane - 1))
	case "%lanemask_ge":
		return uint64(^uint32(1<<lane - 1))
	case "%envreg1":
		return l.workspace >> 32
	case "%envreg2":
		return l.workspace & 0xffffffff
	case "%reserved_smem_offset_begin", "%reserved_smem_offset_0":
		return uint64(l.reservedAt()) + w.block.window()
	case "%reserved_smem_offset_1":
		return uint64(l.reservedAt()+reservedBytes/2) + w.block.window()
	case "%reserved_smem_offset_end", "%reserved_smem_offset_cap":
		return uint64(l.reservedAt()+reservedBytes) + w.block.window()
	case "%dynamic_smem_size":
		return uint64(l.Shared)
	case "%total_smem_size":
		return uint64(l.sharedBytes())
	}
	return 0 // %smid: all blocks run on one
}

// warp is 32 threads in lock-step.
type warp struct {
	program *Program
	block   *block
	number  int
	entry   int    // of the clocks: its place in the cluster
	id      uint32 // 32 * (its number in the grid + 1)
	narrow  []narrowRow
	wide    []wideRow
	pred    []uint32 // a bit a lane
	ready   []uint32 // of every row, the lanes that hold a value
	carry   uint32   // the condition code, a bit a lane
	alive   uint32
	groups  []*group
	active  *group
	pc      int
	counts  []Counts // by step, shared with the warps of the same worker; nil where nobody asks for them
	local   localMemory
	order   ordering
	talking *talking // nil before it fences or has strong accesses
	async   asyncCopies
	stores  bulkStores
	group   groupState
	cluster clusterLanes
	rest    rest

	present uint32  // blocks of the cluster, by rank, of which it is known that they have begun
	inits   []int   // entries of the clocks of mbarriers that it has initialised since its last fence.mbarrier_init
	offsets wideRow // of an access to shared memory, in the block

	// Of a plain store, whether the memory holds the value of a lane already. Two may store the same at the same time, as with a flag that
	// anyone may set: whoever comes last leaves it as it is.
	same func(w *warp, lane int, p []byte) bool

	lost       uint32             // lanes in which the step at hand reads what has no value
	lostBytes  [32]uint16         // of each, the bytes of memory without one
	lostLanes  map[int]uint32     // by place in ready, of the results of matrices
	lostOrigin *origin            // of the operand or memory that lacks one
	origins    map[int]*origin    // by place in ready, where the value got lost
	copied     map[int]*[32]uint8 // likewise, by lane: which bytes are those of memory, noCopy where none are

	narrowSpare narrowRow
	wideSpare   wideRow
	addresses   wideRow
	area        *allocation // of the last access to global memory
}

// group is lanes at the same place.
type group struct {
	mask  uint32
	pc    int
	frame *frame // of the innermost call, nil in the entry
	state state
}

type state uint8

const (
	running   state = iota
	gathering       // waits for lanes that a .sync names
	blocked         // waits at a barrier of the block
)

// control changes the flow of the active group, whose lanes in mask take part.
type control func(w *warp, g *group, mask uint32)

// budgetFault is the reason when a block does not end.
const budgetFault = "the block has run as many instructions as it may: it does not seem to end"

// run executes up to quantum steps and returns how many; fewer when no lane can go on, or the warp rests.
func (w *warp) run(quantum int) (done int) {
	for w.rest = (rest{}); done < quantum && w.rest.barrier == nil; {
		g := w.pick()
		if g == nil {
			return done
		}
		w.active = g
		done += w.runGroup(g, w.meeting(g), quantum-done)
	}
	return done
}

// runGroup executes a group until it branches, waits, meets another group or has used its steps.
func (w *warp) runGroup(g *group, meeting, quantum int) (done int) {
	code := w.program.code
	for done < quantum {
		pc := g.pc
		s := &code[pc]
		w.pc = pc
		mask := g.mask
		if s.guard >= 0 {
			if w.ready[s.guardAt]&mask != mask {
				w.demandGuard(s.guardAt, mask)
			}
			if p := w.pred[s.guard]; s.guardNot {
				mask &^= p
			} else {
				mask &= p
			}
		}
		if s.members != nil && mask != 0 && !w.gathered(s, g, mask) {
			return done + 1
		}
		done++
		if w.counts != nil {
			count := &w.counts[pc]
			count.Instructions++
			count.Lanes += uint64(bits.OnesCount32(mask))
		}
		if s.aligned && mask != w.alive {
			w.divergent(s, mask)
		}
		if w.group.uses != nil && !s.group && mask != 0 {
			w.noteUses(s)
		}
		if s.control != nil {
			for _, r := range s.reads {
				w.demand(r, mask)
			}
			s.control(w, g, mask)
			return done
		}
		if mask != 0 {
			for _, r := range s.reads {
				if w.ready[r]&mask != mask {
					w.undefined(s, mask)
					break
				}
			}
			s.run(w, mask)
			for _, r := range s.writes {
				w.ready[r] |= mask
			}
			if w.lost != 0 {
				w.lose(s)
			}
		}
		g.pc++
		if g.pc == meeting || w.rest.barrier != nil {
			return done
		}
	}
	return done
}

// demand faults where a lane reads a register that nobody wrote.
func (w *warp) demand(mark int, mask uint32) {
	if missing := mask &^ w.ready[mark]; missing != 0 {
		if from := w.origins[mark]; from != nil {
			needed := w.program.code[w.pc].line
			w.pc = from.pc
			fail(first(missing), "%s, on which line %d depends", from.reason, needed)
		}
		fail(first(missing), "uninitialised register %s", w.program.registerName(mark))
	}
}

func (w *warp) divergent(s *step, mask uint32) {
	if mask == 0 {
		fail(first(w.alive), "divergent: all threads of a warp must execute it or none, and its guard is false for some")
	}
	missing := w.alive &^ mask
	fail(first(mask), "divergent: thread %v of the same warp does not execute it", w.thread(first(missing)))
}

// gathered says whether all lanes that a .sync names are here; if not the group waits.
func (w *warp) gathered(s *step, g *group, mask uint32) bool {
	if s.everyone && mask == w.alive {
		return true
	}
	for _, r := range s.lost.named {
		w.demand(r, mask)
	}
	members := uint32(0)
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		named := s.members(w, lane)
		if named>>lane&1 == 0 {
			fail(lane, "the thread is not in its own member mask %#x", named)
		}
		members |= named
	}
	missing := members & w.alive &^ mask
	if missing == 0 {
		return true
	}
	if here := missing & g.mask; here != 0 {
		fail(first(mask), "divergent: thread %v is in the member mask and its guard is false", w.thread(first(here)))
	}
	g.state = gathering
	return false
}

// pick merges groups that met and returns the one to run.
func (w *warp) pick() *group {
	if len(w.groups) == 1 {
		if g := w.groups[0]; g.state == running && g.mask != 0 {
			return g
		}
	}
	w.merge()
	var best *group
	for _, g := range w.groups {
		if g.state == running && (best == nil || g.before(best)) {
			best = g
		}
	}
	return best
}

func (w *warp) merge() {
	kept := w.groups[:0]
	for _, g := range w.groups {
		if g.mask == 0 {
			continue
		}
		joined := false
		for _, other := range kept {
			if other.pc == g.pc && other.frame == g.frame && other.state != blocked && g.state != blocked {
				other.mask |= g.mask
				other.state = running
				joined = true
				break
			}
		}
		if !joined {
			kept = append(kept, g)
		}
	}
	w.groups = kept
}

// before is the order in which groups run.
func (g *group) before(other *group) bool {
	if a, b := g.frame.level(), other.frame.level(); a != b {
		return a > b
	}
	return g.pc < other.pc
}

// meeting is the nearest place ahead of g where another group waits, -1 if there is none.
func (w *warp) meeting(g *group) int {
	nearest := -1
	for _, other := range w.groups {
		if other != g && other.frame == g.frame && other.pc > g.pc && (nearest < 0 || other.pc < nearest) {
			nearest = other.pc
		}
	}
	return nearest
}

// finished says whether all lanes have left.
func (w *warp) finished() bool { return w.alive == 0 }

// registerName finds the name behind a mark, for messages.
func (p *Program) registerName(mark int) string {
	for _, r := range p.functions {
		if mark >= r.mark[0] && mark < r.mark[1] {
			return r.function.Registers[mark-r.mark[0]].Name
		}
	}
	return "?"
}
