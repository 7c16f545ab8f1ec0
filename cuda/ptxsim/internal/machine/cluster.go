package machine

// This file runs one cluster: blocks that wait for each other and reach each other's shared memory. Its warps run in a random
// order that a seed gives, until all threads have left or none can go on. Most clusters have one block.

import (
	"fmt"
	"runtime"
	"strings"

	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeMapAddress, "mapa")
	register(decodeBlockRank, "getctarank")
}

// mostBlocks is the size of a cluster that every device has which has clusters.
const mostBlocks = 8

type cluster struct {
	launch    *Launch
	number    int      // among those of the grid
	firstWarp int      // of those of the grid, + 1
	blocks    []*block // by rank
	warps     []*warp  // of all blocks; the place of each is its entry of the clocks
	entries   int      // of the clocks that are taken
	meeting   clusterMeeting
	pasts     [pasts][][]*knowledge // by warp, of a program that has use for them
	random    random
	counts    []Counts // by step, nil until a launch is to be profiled
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

// firstTick is that of a warp's first accesses. Who knows the one before knows that the warp has begun.
const firstTick = 2

// newCluster makes room for a cluster of blocks of a program; the same room serves cluster after cluster.
func newCluster(p *Program, blocks, warps int) *cluster {
	c := &cluster{}
	for rank := range blocks {
		b := newBlock(p, c, rank, warps)
		c.blocks, c.warps = append(c.blocks, b), append(c.warps, b.warps...)
	}
	return c
}

// several says whether the cluster has more than one block.
func (c *cluster) several() bool { return len(c.blocks) > 1 }

// takeEntries takes entries of the clocks, one behind the other, and returns the first.
func (c *cluster) takeEntries(count int) int {
	c.entries += count
	return c.entries - count
}

// start prepares the cluster of a number among those of the grid.
func (c *cluster) start(number int) {
	l := c.launch
	c.number, c.firstWarp = number, number*len(c.warps)+1
	c.entries, c.meeting = 2*len(c.warps), clusterMeeting{}
	if l.Program.exchanges {
		c.takeEntries(int(pasts) * len(c.warps))
		for p := range c.pasts {
			c.pasts[p] = make([][]*knowledge, len(c.warps))
		}
	}
	for rank, b := range c.blocks {
		b.id = uint32(number*len(c.blocks) + rank + 1)
		b.start(l.blockAt(number, rank))
	}
	c.random = random(l.seed ^ uint64(l.blockNumber(c.blocks[0].index))*0xd1342543de82ef95 ^ uint64(l.number)<<40)
}

// run is the whole life of a cluster; the error is a *Fault.
func (c *cluster) run(number int) (err error) {
	c.start(number)
	var w *warp
	defer func() {
		switch mistake := recover().(type) {
		case nil:
		case stop:
			if mistake.by != nil {
				w = mistake.by
			}
			err = w.fault(mistake)
		default:
			panic(mistake)
		}
	}()
	ready, resting := make([]*warp, 0, len(c.warps)), make([]*warp, 0, len(c.warps))
	for {
		ready, resting = ready[:0], resting[:0]
		alive := false
		for _, candidate := range c.warps {
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
				return c.deadlock()
			}
			return c.disband()
		}
		draw := c.random.next()
		w = ready[draw>>32%uint64(len(ready))]
		w.block.left -= w.run(1 + int(draw%longestTurn))
		if c.launch.Program.together {
			if c.launch.failing.Load() {
				return nil
			}
			runtime.Gosched()
		}
		if w.block.left < 0 {
			fail(first(w.alive), "%s%s", budgetFault, c.missing())
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

// deadlock reports that no thread of the cluster can go on: who waits where. A group that waits for lanes of its own warp is
// to blame before those at barriers.
func (c *cluster) deadlock() *Fault {
	var waits []string
	var culprit *warp
	var blamed *group
	for _, w := range c.warps {
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
			waits = append(waits, fmt.Sprintf("%d threads of warp %d%s at %s in line %d", onesCount(g.mask), w.number, c.nameBlock(w.block), s.text, s.line))
		}
	}
	if len(waits) > 8 {
		waits = append(waits[:8], "...")
	}
	whole := "block"
	if c.several() {
		whole = "cluster"
	}
	what := "deadlock: no thread of the " + whole + " can go on"
	if blamed.state == gathering {
		what = "divergent: threads of its member mask do not come, and no thread of the " + whole + " can go on"
	}
	return culprit.fault(stop{lane: first(blamed.mask), reason: what + "; waiting are " + strings.Join(waits, ", ")})
}

// waitsAt is the step at which a group waits.
func (g *group) waitsAt() int {
	if g.state == blocked {
		return g.pc - 1
	}
	return g.pc
}

// disband faults where a block has left without a step of a warpgroup.
func (c *cluster) disband() error {
	for _, b := range c.blocks {
		if err := b.disband(); err != nil {
			return err
		}
	}
	return nil
}

// missing says for which mbarriers threads wait, and what these lack.
func (c *cluster) missing() (text string) {
	for _, b := range c.blocks {
		text += b.missing()
	}
	return text
}

// nameBlock tells a block from others of its cluster, for messages; it is empty where there are none.
func (c *cluster) nameBlock(b *block) string {
	if !c.several() {
		return ""
	}
	return fmt.Sprintf(" of block (%d,%d,%d)", b.index[0], b.index[1], b.index[2])
}

// elsewhere is nameBlock for a block that need not be the warp's own.
func (w *warp) elsewhere(b *block) string {
	if b == w.block {
		return ""
	}
	return w.block.cluster.nameBlock(b)
}

// nameThread is the thread of a lane of the warp with an entry of the clocks, seen from a block.
func (c *cluster) nameThread(entry, lane int, from *block) string {
	w := c.warps[entry]
	if w.block == from {
		return fmt.Sprint(w.thread(lane))
	}
	return fmt.Sprint(w.thread(lane)) + c.nameBlock(w.block)
}

// nameEntry is who an entry of the clocks belongs to.
func (c *cluster) nameEntry(entry int) string {
	if entry >= len(c.warps) {
		return "an asynchronous copy that nobody has waited for"
	}
	return fmt.Sprintf("warp %d%s", c.warps[entry].number, c.nameBlock(c.warps[entry].block))
}

// tell lets a clock carry what the warp has done, and knows, to whoever learns of it.
func (w *warp) tell(clock []uint32) []uint32 {
	w.share()
	clock = join(clock, w.order.clock)
	w.tick()
	return clock
}

// tick begins a tick of the warp, in which its lanes may know of what each of them did before.
func (w *warp) tick() {
	w.order.clock[w.entry]++
	w.order.shown = w.order.clock[w.entry]
}

// learn lets the warp know what a clock carries.
func (w *warp) learn(clock []uint32) { w.order.clock = join(w.order.clock, clock) }

// clusterMeeting is barrier.cluster: all threads of the cluster arrive, and wait or not.
type clusterMeeting struct {
	clock   []uint32 // joined of all who arrived
	done    []uint32 // of the last time that all had
	waiting []waiting
}

// clusterLanes are the lanes of a warp that have arrived, and those whose wait will not block.
type clusterLanes struct{ arrived, free uint32 }

func (c *compiler) clusterBarrier(i *syntax.Instruction) {
	c.step().aligned = i.Has("aligned")
	ordered := i.With["order"] != "relaxed"
	if i.With["op"] == "arrive" {
		c.step().control = func(w *warp, g *group, mask uint32) {
			w.pass(g, g.mask)
			w.arriveCluster(mask, ordered)
		}
		return
	}
	c.step().control = func(w *warp, g *group, mask uint32) {
		if mask == 0 {
			g.pc++
			return
		}
		w.waitCluster(g, mask)
	}
}

// arriveCluster counts lanes. A relaxed arrival tells what a fence has closed, and that the warp has begun.
func (w *warp) arriveCluster(mask uint32, ordered bool) {
	if twice := mask & (w.cluster.arrived | w.cluster.free); twice != 0 {
		fail(first(twice), "barrier count: the thread arrives at the barrier of its cluster again without barrier.cluster.wait")
	}
	w.cluster.arrived |= mask
	at := &w.block.cluster.meeting
	if ordered {
		at.clock = w.tell(at.clock)
	} else {
		at.clock = join(at.clock, w.order.released)
	}
	w.block.cluster.meet()
}

func (w *warp) waitCluster(g *group, mask uint32) {
	if missing := mask &^ (w.cluster.arrived | w.cluster.free); missing != 0 {
		fail(first(missing), "barrier count: the thread waits for the barrier of its cluster and has not arrived at it")
	}
	if free := mask & w.cluster.free; free != 0 && free != mask {
		w.split(g, mask&^free, g.pc) // they come here again
		mask = free
	}
	w.pass(g, mask)
	at := &w.block.cluster.meeting
	if mask&^w.cluster.free == 0 {
		w.leaveMeeting(mask, at.done)
		return
	}
	g.state = blocked
	at.waiting = append(at.waiting, waiting{warp: w, group: g, mask: mask})
}

// meet lets those go on who wait for the barrier of the cluster, if all threads that have not left have arrived.
func (c *cluster) meet() {
	arrived := uint32(0)
	for _, w := range c.warps {
		if w.alive&^w.cluster.arrived != 0 {
			return
		}
		arrived |= w.cluster.arrived
	}
	if arrived == 0 {
		return
	}
	at := &c.meeting
	at.done, at.clock = join(make([]uint32, c.entries), at.clock), nil
	for n, w := range c.warps {
		at.done[n] = max(at.done[n], firstTick-1)
		w.cluster = clusterLanes{free: w.cluster.arrived}
	}
	for _, entry := range at.waiting {
		entry.group.state = running
		entry.warp.leaveMeeting(entry.mask, at.done)
	}
	at.waiting = nil
}

func (w *warp) leaveMeeting(mask uint32, done []uint32) {
	w.cluster.free &^= mask
	w.learn(done)
	w.syncLanes(mask)
}

// Shared memory of the cluster. The address of a byte in the window of the cluster holds the rank of its block above its place in that
// block's memory, as the code does that NVIDIA's assembler makes for sm_90, so that addresses of a block other than the first are not small.

// rankBit is the lowest bit of the rank.
const rankBit = 24

func rankOf(address uint64) int { return int(address &^ windowMask >> rankBit) }

// window is where the block's shared memory begins.
func (b *block) window() uint64 { return uint64(b.rank) << rankBit }

// home is the block in whose memory a shared address lies, which is known to exist, and the place there.
func (w *warp) home(address uint64) (*block, uint64) {
	address &^= windowMask
	return w.block.cluster.blocks[address>>rankBit], address & (1<<rankBit - 1)
}

// inside is the place in the warp's own block of an address in the memory of that.
func (w *warp) inside(lane int, address uint64) uint64 {
	if !w.block.cluster.several() {
		return address &^ windowMask
	}
	if rankOf(address) != w.block.rank {
		fail(lane, "out of bounds: shared address %#x lies in another block, expected one of the thread's own", address&^windowMask)
	}
	return address & (1<<rankBit - 1)
}

// inOwn are the places of an access to the memory of the warp's own block.
func (w *warp) inOwn(mask uint32, address *wideRow) *wideRow {
	if !w.block.cluster.several() {
		return address
	}
	for m := mask; m != 0; m &= m - 1 {
		w.offsets[first(m)] = w.inside(first(m), address[first(m)])
	}
	return &w.offsets
}

// visitCluster visits the memory of any blocks of the cluster.
func (w *warp) visitCluster(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	c := w.block.cluster
	if !c.several() {
		w.visitMemory(&w.block.shared, mask, address, a, f)
		return
	}
	var places wideRow
	var lanes [mostBlocks]uint32
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		w.demandRank(lane, rankOf(address[lane]))
		lanes[rankOf(address[lane])] |= 1 << lane
		places[lane] = address[lane] & (1<<rankBit - 1)
	}
	for rank, mask := range lanes {
		if mask == 0 {
			continue
		}
		w.demandPresent(first(mask), c.blocks[rank])
		if !a.phase {
			c.blocks[rank].noteVisit(w, first(mask), visit{})
		}
		w.visitMemory(&c.blocks[rank].shared, mask, &places, a, f)
	}
}

func (w *warp) demandRank(lane, rank int) {
	if size := len(w.block.cluster.blocks); rank >= size {
		fail(lane, "out of bounds: block %d of a cluster of %d", rank, size)
	}
}

// demandPresent faults where a block's shared memory need not be there: it must surely have begun, and not have ended.
func (w *warp) demandPresent(lane int, b *block) {
	if w.present>>b.rank&1 == 0 {
		if !w.knowsBegun(b) {
			fail(lane, "the shared memory%s may not be there yet: no barrier of the cluster lies before", b.cluster.nameBlock(b))
		}
		w.present |= 1 << b.rank
	}
	if b.ended {
		fail(lane, "the shared memory%s is not there any more: all its threads have left", b.cluster.nameBlock(b))
	}
}

func (w *warp) knowsBegun(b *block) bool {
	for _, tick := range w.order.clock[b.firstEntry:][:len(b.warps)] {
		if tick != 0 {
			return true
		}
	}
	return false
}

// visit is an access to the shared memory of another block, or an asynchronous one to that of any.
type visit struct {
	by           int           // entry of the clocks of the warp
	phase        *phaseBarrier // whose phase does not end before the access has, nil without
	asynchronous bool          // only the end of the phase tells of it
}

// visitTime is when the last such access was: before that lie the tick of its warp and the end of a phase.
type visitTime struct{ tick, phase, pc, lane int }

// noteVisit notes one of a lane to the block's memory. What the block's own threads do is over when they leave, but not their copies.
func (b *block) noteVisit(w *warp, lane int, v visit) {
	if b == w.block && !v.asynchronous {
		return
	}
	v.by = w.entry
	at := visitTime{tick: int(w.order.clock[w.entry]), pc: w.pc, lane: lane}
	if v.phase != nil {
		at.phase = int(v.phase.phase + 1)
	}
	if b.visits == nil {
		b.visits = map[visit]visitTime{}
	}
	b.visits[v] = at
}

// leave faults where all threads have left and an access of others to the block's memory, or a copy, need not have come before.
func (b *block) leave() {
	for _, w := range b.warps {
		if w.alive != 0 {
			return
		}
	}
	b.ended = true
	if len(b.visits) == 0 {
		return
	}
	var known []uint32
	for _, w := range b.warps {
		known = join(known, w.order.clock)
	}
	known = join(known, make([]uint32, b.cluster.entries))
	var late *visitTime
	var by *warp
	for v, at := range b.visits {
		over := !v.asynchronous && int(known[v.by]) >= at.tick || v.phase != nil && int(known[v.phase.entry]) >= at.phase
		if !over && (late == nil || v.by < by.entry || v.by == by.entry && at.pc < late.pc) {
			late, by = &at, b.cluster.warps[v.by]
		}
	}
	if late != nil {
		by.pc = late.pc
		panic(stop{late.lane, fmt.Sprintf("the shared memory%s may not be there any more: its threads leave and have not waited for this access",
			b.cluster.nameBlock(b)), by})
	}
}

// decodeMapAddress is mapa: the address in another block of the cluster that an address has in this one.
func decodeMapAddress(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	target, source, rank := c.target(o[0], t), c.row(o[1], t), c.narrow(o[2], "u32")
	generic := !i.Has("space")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			w.demandRank(lane, int(w.narrow[rank][lane]))
			target(w, lane, demandShared(lane, source(w, lane), generic)&^(0xff<<rankBit)|uint64(w.narrow[rank][lane])<<rankBit)
		}
	}
}

// decodeBlockRank is getctarank: the block in whose shared memory an address lies.
func decodeBlockRank(c *compiler, i *syntax.Instruction) work {
	generic := !i.Has("space")
	o := i.Operands
	target, source := c.target(o[0], "u32"), c.row(o[1], syntax.Type(i.With["T"]))
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			target(w, lane, uint64(rankOf(demandShared(lane, source(w, lane), generic))))
		}
	}
}

// demandWindow faults where generic addresses are none of shared memory.
func (w *warp) demandWindow(where space, mask uint32, address *wideRow) {
	for m := mask; m != 0 && where == genericSpace; m &= m - 1 {
		demandShared(first(m), address[first(m)], true)
	}
}

// demandShared is a shared address, which among the generic ones is known by its window.
func demandShared(lane int, address uint64, generic bool) uint64 {
	if generic && address&windowMask != sharedWindow {
		fail(lane, "out of bounds: %#x is no address of shared memory", address)
	}
	return address
}
