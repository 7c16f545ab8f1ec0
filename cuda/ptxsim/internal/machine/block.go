package machine

// This file is a block: what its threads share, and the registers that they find filled.

import (
	"strings"

	"gzpt/cuda/ptxsim/internal/arith"
)

// block is the threads of one block with what they share.
type block struct {
	launch     *Launch
	cluster    *cluster
	rank       int // in its cluster
	firstEntry int // of the clocks, of its warps
	index      [3]int
	warps      []*warp
	shared     sharedMemory
	visits     map[visit]visitTime // of others to its shared memory
	ended      bool
	barriers   [16]barrier
	phases     map[uint64]*phaseBarrier // mbarrier objects, by shared address
	teams      []warpgroup
	global     blockOrder
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
	b.global = blockOrder{id: uint32(l.blockNumber(index) + 1), tick: 1}
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
	w.order.clock[w.entry], w.present, w.inits = firstTick, 1<<w.block.rank, w.inits[:0]
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
