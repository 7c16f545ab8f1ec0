package machine

// This file runs one block: its warps in a random order that a seed gives, until all threads have left or none can go on.

import (
	"fmt"
	"runtime"
	"strings"

	"gzpt/cuda/ptxsim/internal/arith"
)

// block is the threads of one block with what they share.
type block struct {
	launch   *Launch
	index    [3]int
	warps    []*warp
	shared   sharedMemory
	barriers [16]barrier
	phases   map[uint64]*phaseBarrier // mbarrier objects, by shared address
	entries  int                      // of the clocks that are taken
	teams    []warpgroup
	cluster  clusterMeeting
	global   blockOrder
	random   random
	left     int       // instructions that it may still run
	touched  footprint // on hollow memory
	counts   []Counts  // by step, nil until a launch is to be profiled

	rows, columns arith.Lines // operands of the product at hand
	bits          []uint32    // of their elements
	operand       []byte      // of the matrix of shared memory that is being read
}

// random is a small generator (splitmix64), so that a schedule follows from its seed alone.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// longestTurn is the most steps that a warp runs before another's turn.
const longestTurn = 256

// newBlock makes room for a block of a program; the same room serves block after block.
func newBlock(p *Program, warps int) *block {
	b := &block{}
	for n := range warps {
		w := &warp{program: p, block: b, number: n}
		w.narrow, w.wide = make([]narrowRow, p.narrows), make([]wideRow, p.wides)
		w.pred, w.ready = make([]uint32, p.preds), make([]uint32, p.marks)
		for _, c := range p.narrowSet {
			for lane := range 32 {
				w.narrow[c.row][lane] = uint32(c.value)
			}
		}
		for _, c := range p.wideSet {
			for lane := range 32 {
				w.wide[c.row][lane] = c.value
			}
		}
		b.warps = append(b.warps, w)
	}
	return b
}

// start prepares the block for an index of the grid.
func (b *block) start(number int) {
	l := b.launch
	b.index = [3]int{number % l.Grid[0], number / l.Grid[0] % l.Grid[1], number / l.Grid[0] / l.Grid[1]}
	b.random = random(l.seed ^ uint64(number)*0xd1342543de82ef95 ^ uint64(l.number)<<40)
	b.left = l.budget
	b.global = blockOrder{id: uint32(number + 1), tick: 1}
	bytes := l.sharedBytes()
	if l.Program.reserves {
		bytes = l.reservedAt() + reservedBytes
	}
	b.shared.reset(bytes, len(b.warps))
	b.barriers, b.cluster = [16]barrier{}, clusterMeeting{}
	b.phases, b.entries = nil, 2*len(b.warps)
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
	w.order = ordering{clock: append(w.order.clock[:0], make([]uint32, 2*len(w.block.warps))...)}
	w.group, w.cluster, w.rest = groupState{}, clusterLanes{}, rest{}
	w.lost, w.lostBytes, w.origins, w.copied = 0, [32]uint16{}, nil, nil
	if w.program.multiplies {
		w.group.uses = make([]registerUse, w.program.marks)
	}
	w.order.clock[w.number] = 1
	w.groups = append(w.groups[:0], &group{mask: w.alive, pc: w.program.functions[0].entry})
	for name, row := range w.program.specials {
		w.fillSpecial(name, row)
	}
}

// run is the whole life of a block; the error is a *Fault.
func (b *block) run(number int) (err error) {
	b.start(number)
	var w *warp
	defer func() {
		switch mistake := recover().(type) {
		case nil:
		case stop:
			err = w.fault(mistake)
		default:
			panic(mistake)
		}
	}()
	ready, resting := make([]*warp, 0, len(b.warps)), make([]*warp, 0, len(b.warps))
	for {
		ready, resting = ready[:0], resting[:0]
		alive := false
		for _, candidate := range b.warps {
			alive = alive || !candidate.finished()
			switch {
			case !candidate.canRun():
			case candidate.rest.resting():
				resting = append(resting, candidate)
			default:
				ready = append(ready, candidate)
			}
		}
		if len(ready) == 0 {
			ready = resting
		}
		if len(ready) == 0 {
			if alive {
				return b.deadlock()
			}
			return b.disband()
		}
		draw := b.random.next()
		w = ready[draw>>32%uint64(len(ready))]
		b.left -= w.run(1 + int(draw%longestTurn))
		if b.launch.Program.together {
			if b.launch.failing.Load() {
				return nil
			}
			runtime.Gosched()
		}
		if b.left < 0 {
			fail(first(w.alive), "%s%s", budgetFault, b.missing())
		}
	}
}

// canRun says whether a group of the warp is not waiting.
func (w *warp) canRun() bool {
	if w.alive == 0 {
		return false
	}
	return w.pick() != nil
}

// deadlock reports that no thread of the block can go on: who waits where. A group that waits for lanes of its own warp is
// to blame before those at barriers.
func (b *block) deadlock() *Fault {
	var waits []string
	var culprit *warp
	var blamed *group
	for _, w := range b.warps {
		for _, g := range w.groups {
			if g.mask == 0 {
				continue
			}
			at := g.waitsAt()
			if blamed == nil || blamed.state == blocked && g.state == gathering {
				culprit, blamed = w, g
				w.pc = at
			}
			s := &w.program.code[at]
			waits = append(waits, fmt.Sprintf("%d threads of warp %d at %s in line %d", onesCount(g.mask), w.number, s.text, s.line))
		}
	}
	if len(waits) > 8 {
		waits = append(waits[:8], "...")
	}
	what := "deadlock: no thread of the block can go on"
	if blamed.state == gathering {
		what = "divergent: threads of its member mask do not come, and no thread of the block can go on"
	}
	return culprit.fault(stop{first(blamed.mask), what + "; waiting are " + strings.Join(waits, ", ")})
}

// waitsAt is the step at which a group waits.
func (g *group) waitsAt() int {
	if g.state == blocked {
		return g.pc - 1
	}
	return g.pc
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
	case "%ctaid", "%clusterid":
		return uint64(w.block.index[axis])
	case "%nctaid", "%nclusterid":
		return uint64(l.Grid[axis])
	case "%cluster_nctaid", "%cluster_nctarank":
		return 1
	case "%cluster_ctaid", "%cluster_ctarank":
		return 0
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
		return uint64(l.reservedAt())
	case "%reserved_smem_offset_1":
		return uint64(l.reservedAt() + reservedBytes/2)
	case "%reserved_smem_offset_end", "%reserved_smem_offset_cap":
		return uint64(l.reservedAt() + reservedBytes)
	case "%dynamic_smem_size":
		return uint64(l.Shared)
	case "%total_smem_size":
		return uint64(l.sharedBytes())
	}
	return 0 // %smid: all blocks run on one
}
