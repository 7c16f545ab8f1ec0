package machine

// This file has copies in the background. cp.async.bulk and cp.async.bulk.tensor copy by the asynchronous proxy. The bytes arrive at
// once. Those that come to shared memory, of any block of the cluster, belong to a phase of an mbarrier there: whoever has not waited for
// it, or follows one who has, faults when he touches them. Those that leave it may not be overwritten before the bulk group has been
// waited for. st.async and red.async are told in the same way.

import (
	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/syntax"
	"gzpt/cuda/ptxsim/internal/tensor"
)

func init() { register(decodeCopy, "cp") }

// pieceBytes is the unit in which the asynchronous proxy reads and writes shared memory.
const pieceBytes = 16

// bulkStores are the copies out of shared memory that a warp's threads have not waited for.
type bulkStores struct {
	pending   []bulkStore
	committed [32]uint32 // groups, by lane
}

type bulkStore struct {
	lane   int
	group  uint32
	pieces []uint64 // shared addresses
	line   int
}

func (c *compiler) copyBulk(i *syntax.Instruction) work {
	switch {
	case i.Has("prefetch"):
		return func(*warp, uint32) {}
	case i.Modifiers[2] == "commit_group":
		return func(w *warp, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				w.stores.committed[first(m)]++
			}
		}
	case i.Modifiers[2] == "wait_group":
		groups := uint32(i.Operands[0].Value)
		return func(w *warp, mask uint32) { w.waitStores(mask, groups) }
	case i.Has("tensor") && i.Has("from"):
		return c.storeTensor(i)
	case i.Has("tensor"):
		return c.loadTensor(i)
	case i.Has("from"):
		return c.storeBulk(i)
	}
	return c.loadBulk(i)
}

// The addresses of operands may share the warp's room for them: each is copied before the next is asked for.

// destination is where an asynchronous copy comes to, and the mbarrier there that hears of it.
type destination struct {
	memory *sharedMemory
	at     uint64 // place there
	phase  *phaseBarrier
}

// destination is that of a copy of a lane to an address, of which the mbarrier at another address hears.
func (w *warp) destination(lane int, to, barrier uint64) (d destination) {
	var phases wideRow
	phases[lane] = barrier &^ windowMask
	w.visitPhases(clusterSpace, 1<<lane, &phases, func(_ int, b *phaseBarrier) { d.phase = b })
	w.demandRank(lane, rankOf(to))
	home, at := w.home(to)
	if rankOf(to) != rankOf(barrier) {
		fail(lane, "the mbarrier at %#x lies in another block than the memory at %#x, of which it is to hear", barrier&^windowMask, to&^windowMask)
	}
	w.demandPresent(lane, home)
	d.memory, d.at = &home.shared, at
	return d
}

// multicast are the destinations of a copy to the same place in the blocks whose bits are set, or without a row to one place.
func (w *warp) multicast(lane int, to, barrier uint64, blocks int) (list []destination) {
	if blocks < 0 {
		return []destination{w.destination(lane, to, barrier)}
	}
	size := len(w.block.cluster.blocks)
	for mask := w.narrow[blocks][lane] & 0xffff; mask != 0; mask &= mask - 1 {
		rank := first(mask)
		if rank >= size {
			fail(lane, "multicast to block %d of a cluster of %d", rank, size)
		}
		move := func(address uint64) uint64 { return address&^(0xff<<rankBit) | uint64(rank)<<rankBit }
		list = append(list, w.destination(lane, move(to), move(barrier)))
	}
	return list
}

// complete tells the mbarrier of bytes that have come. They are an access to its block's memory until its phase is waited for.
func (d *destination) complete(w *warp, lane, bytes int) {
	d.memory.block.noteVisit(w, lane, visit{phase: d.phase, asynchronous: true})
	d.phase.complete(bytes)
}

// multicastRow is the row of the mask of blocks that a copy goes to, -1 where it goes to one place. It follows the other operands.
func (c *compiler) multicastRow(i *syntax.Instruction, others int) int {
	if !i.Has("multicast") {
		return -1
	}
	return c.narrow(i.Operands[others], "u16")
}

// loadBulk copies whole pieces to shared memory, from global memory or from that of the warp's block.
func (c *compiler) loadBulk(i *syntax.Instruction) work {
	o := i.Operands
	to, from, size, barrier := c.addressOf(o[0]), c.addressOf(o[1]), c.narrow(o[2], "u32"), c.addressOf(o[3])
	blocks, distributes := c.multicastRow(i, 4), i.With["source"] == "shared::cta"
	return func(w *warp, mask uint32) {
		target := *to(w)
		source := *from(w)
		phases := *barrier(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			bytes := wholePieces(lane, w.narrow[size][lane])
			demandPiece(lane, source[lane])
			list := w.multicast(lane, target[lane], phases[lane], blocks)
			var piece [pieceBytes]byte
			for n := uint64(0); n < bytes; n += pieceBytes {
				if distributes {
					piece = w.distribute(lane, source[lane]+n, list[0].phase)
				} else {
					w.moveGlobal(lane, source[lane]+n, piece[:], false)
				}
				for _, d := range list {
					w.deliver(d.memory, lane, d.at+n, piece[:], d.phase)
				}
			}
			for n := range list {
				w.countBulk(int(bytes))
				list[n].complete(w, lane, int(bytes))
			}
		}
	}
}

// distribute is a piece of the block's own memory that a copy reads until the phase of an mbarrier has ended.
func (w *warp) distribute(lane int, address uint64, b *phaseBarrier) [pieceBytes]byte {
	s, at := &w.block.shared, w.inside(lane, address)
	p := s.at(lane, at, pieceBytes)
	w.shadowShared(s, lane, at, access{bytes: pieceBytes, read: true, proxy: true})
	for word := at / 4; word < (at+pieceBytes)/4; word++ {
		s.noteRemote(word, b.entry, uint32(b.phase+1), 15)
	}
	return [pieceBytes]byte(p)
}

// storeBulk copies whole pieces from shared to global memory.
func (c *compiler) storeBulk(i *syntax.Instruction) work {
	o := i.Operands
	to, from, size := c.addressOf(o[0]), c.addressOf(o[1]), c.narrow(o[2], "u32")
	return func(w *warp, mask uint32) {
		target := *to(w)
		source := *from(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			store, bytes := w.newStore(lane), wholePieces(lane, w.narrow[size][lane])
			demandPiece(lane, target[lane])
			for n := uint64(0); n < bytes; n += pieceBytes {
				w.moveGlobal(lane, target[lane]+n, w.borrow(lane, w.inside(lane, source[lane]+n), &store.pieces), true)
			}
			w.countBulk(int(bytes))
			w.stores.pending = append(w.stores.pending, store)
		}
	}
}

// demandPiece faults where the address of a bulk copy is none of a piece.
func demandPiece(lane int, at uint64) {
	if at%pieceBytes != 0 {
		fail(lane, "misaligned: a bulk copy at %#x, expected a multiple of %d", at, pieceBytes)
	}
}

func wholePieces(lane int, bytes uint32) uint64 {
	if bytes%pieceBytes != 0 {
		fail(lane, "copies %d bytes, expected a multiple of %d", bytes, pieceBytes)
	}
	return uint64(bytes)
}

// tensorOperands are the parts of a tensor copy that both directions have.
type tensorOperands struct {
	mapAt       func(w *warp) *wideRow
	shared      func(w *warp) *wideRow
	coordinates []int // rows
	im2col      bool
}

func (c *compiler) tensorOperands(i *syntax.Instruction, mapped, shared *syntax.Operand) *tensorOperands {
	t := &tensorOperands{mapAt: c.addressOf(mapped), shared: c.addressOf(shared)}
	t.im2col = i.With["mode"] == "im2col" || i.With["mode"] == "im2col_no_offs"
	for _, o := range mapped.List {
		t.coordinates = append(t.coordinates, c.narrow(o, "b32"))
	}
	return t
}

// read is the tensor map of a lane, its coordinates and its shared address, all checked.
func (t *tensorOperands) read(w *warp, lane int, from, shared *wideRow) (m *tensor.Map, coordinates []int32, at uint64) {
	if from[lane]%64 != 0 {
		fail(lane, "misaligned: a tensor map at %#x, expected a multiple of 64", from[lane])
	}
	var encoded driver.TensorMap
	for n := 0; n < len(encoded); n += pieceBytes {
		address := wideRow{}
		address[lane] = from[lane] + uint64(n)
		w.visit(genericSpace, 1<<lane, &address, access{bytes: pieceBytes, read: true}, func(_ int, p []byte) { copy(encoded[n:], p) })
	}
	m, err := tensor.Decode(encoded[:])
	switch {
	case err != nil:
		fail(lane, "%v", err)
	case int(m.Dimensions) != len(t.coordinates) || m.Im2col != t.im2col:
		fail(lane, "a tensor map of %d dimensions, im2col %t, in a copy of %d, im2col %t", m.Dimensions, m.Im2col, len(t.coordinates), t.im2col)
	}
	for _, row := range t.coordinates {
		coordinates = append(coordinates, int32(w.narrow[row][lane]))
	}
	if at = shared[lane] &^ windowMask; at%128 != 0 {
		fail(lane, "misaligned: a tensor copy at shared address %#x, expected a multiple of 128", at)
	}
	return m, coordinates, at
}

// loadTensor copies a box, or the pixels of im2col, to shared memory; what lies outside the tensor is 0.
func (c *compiler) loadTensor(i *syntax.Instruction) work {
	o := i.Operands
	t, barrier, others := c.tensorOperands(i, o[1], o[0]), c.addressOf(o[2]), 3
	var moves []int // rows of the offsets
	if t.im2col {
		moves, others = c.narrowRows(o[3], "b16"), 4
	}
	blocks := c.multicastRow(i, others)
	return func(w *warp, mask uint32) {
		from := *t.mapAt(w)
		to := *t.shared(w)
		phases := *barrier(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			m, coordinates, at := t.read(w, lane, &from, &to)
			rows := m.Tiles(coordinates)
			if t.im2col {
				rows = w.pixels(lane, m, coordinates, moves)
			}
			list := w.multicast(lane, at, phases[lane], blocks)
			for row := range rows {
				bytes := make([]byte, m.RowBytes())
				w.moveGlobal(lane, row.Global, bytes[row.From:row.To], false)
				m.Round(bytes)
				for _, d := range list {
					for n := 0; n < len(bytes); n += pieceBytes {
						w.deliver(d.memory, lane, tensor.Swizzle(d.at+uint64(row.Shared+n), int(m.Span)), bytes[n:n+pieceBytes], d.phase)
					}
				}
			}
			for n := range list {
				w.countBulk(m.Bytes())
				list[n].complete(w, lane, m.Bytes())
			}
		}
	}
}

func (w *warp) pixels(lane int, m *tensor.Map, coordinates []int32, moves []int) func(func(tensor.Row) bool) {
	var offsets []uint16
	for _, row := range moves {
		offsets = append(offsets, uint16(w.narrow[row][lane]))
	}
	rows, err := m.Pixels(coordinates, offsets)
	if err != nil {
		fail(lane, "%v", err)
	}
	return rows
}

// storeTensor copies a box, or the pixels of im2col, to global memory, but for what lies outside the tensor.
func (c *compiler) storeTensor(i *syntax.Instruction) work {
	t := c.tensorOperands(i, i.Operands[0], i.Operands[1])
	return func(w *warp, mask uint32) {
		to := *t.mapAt(w)
		from := *t.shared(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			m, coordinates, at := t.read(w, lane, &to, &from)
			if m.TF32 {
				fail(lane, "a copy to global memory by a tensor map of tf32 is not modelled")
			}
			for _, x := range coordinates {
				if x < 0 {
					fail(lane, "coordinate %d of a copy to global memory, expected at least 0", x)
				}
			}
			rows := m.Tiles(coordinates)
			if t.im2col {
				if !m.Contained() {
					fail(lane, "a copy to global memory whose box goes beyond the images")
				}
				rows = w.pixels(lane, m, coordinates, nil)
			}
			store, at := w.newStore(lane), w.inside(lane, at)
			for row := range rows {
				var bytes []byte
				for n := 0; n < m.RowBytes(); n += pieceBytes {
					bytes = append(bytes, w.borrow(lane, tensor.Swizzle(at+uint64(row.Shared+n), int(m.Span)), &store.pieces)...)
				}
				w.moveGlobal(lane, row.Global, bytes[row.From:row.To], true)
			}
			w.countBulk(m.Bytes())
			w.stores.pending = append(w.stores.pending, store)
		}
	}
}

// moveGlobal reads or writes a run of global memory by the largest accesses that its alignment allows. It counts as one request of
// the sectors that it touches.
func (w *warp) moveGlobal(lane int, at uint64, bytes []byte, write bool) {
	if w.counts != nil && len(bytes) > 0 {
		counted, run := w.counts[w.pc], uint64(len(bytes))
		counted.GlobalRequests++
		counted.GlobalSectors += (at+run-1)/sectorBytes - at/sectorBytes + 1
		counted.GlobalBytes += run
		defer func() { w.counts[w.pc] = counted }()
	}
	for len(bytes) > 0 {
		size := pieceBytes
		for at%uint64(size) != 0 || size > len(bytes) {
			size /= 2
		}
		var address wideRow
		address[lane] = at
		w.visitGlobal(1<<lane, &address, access{bytes: size, read: !write, write: write}, func(_ int, p []byte) {
			if write {
				copy(p, bytes)
			} else {
				copy(bytes, p)
			}
		})
		at, bytes = at+uint64(size), bytes[size:]
	}
}

// countBulk counts bytes of shared memory that a copy writes or reads, or tensor cores read: they meet in no bank.
func (w *warp) countBulk(bytes int) {
	if w.counts == nil {
		return
	}
	count := &w.counts[w.pc]
	count.SharedRequests++
	count.SharedBytes += uint64(bytes)
}

// deliver writes a piece to shared memory, which the phase of the mbarrier under way brings.
func (w *warp) deliver(s *sharedMemory, lane int, at uint64, piece []byte, b *phaseBarrier) {
	p := s.at(lane, at, pieceBytes)
	w.shadowShared(s, lane, at, access{bytes: pieceBytes, write: true, proxy: true})
	copy(p, piece)
	s.belong(at, pieceBytes, b)
}

// belong notes that what was written now is brought by the phase of the mbarrier under way.
func (s *sharedMemory) belong(at uint64, bytes int, b *phaseBarrier) {
	marks := s.cells[at/cellBytes:][:1]
	if marks[0].split() {
		marks = s.words[at/4:][:bytes/4]
	}
	for n := range marks {
		marks[n].writer, marks[n].tick = uint16(b.entry+1), uint32(b.phase+1)
	}
}

// storeAsync is st.async and red.async: a store to memory of the cluster, or an atomic operation there, of which the mbarrier beside hears.
func (c *compiler) storeAsync(i *syntax.Instruction) work {
	o, t := i.Operands, syntax.Type(i.With["T"])
	var values []func(w *warp, lane int) uint64
	for _, operand := range elements(o[1]) {
		values = append(values, c.row(operand, bitsOrType(t)))
	}
	to, barrier, generic, size := c.addressOf(o[0]), c.addressOf(o[2]), !i.Has("space"), t.Size()
	a := access{bytes: size * len(values), write: true}
	update := func(_, value, _ uint64) uint64 { return value }
	if i.Opcode == "red" {
		a.read, a.strong, a.atomic = true, true, true
		update = atomicUpdate(i.With["op"], t)
	}
	return func(w *warp, mask uint32) {
		target := *to(w)
		phases := *barrier(w)
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			d := w.destination(lane, demandShared(lane, target[lane], generic), demandShared(lane, phases[lane], generic))
			p := d.memory.at(lane, d.at, a.bytes)
			w.shadowShared(d.memory, lane, d.at, a)
			for n, value := range values {
				q := p[n*size : (n+1)*size]
				putNumber(q, update(number(q), value(w, lane), 0))
			}
			d.memory.belong(d.at, a.bytes, d.phase)
			d.complete(w, lane, a.bytes)
		}
	}
}

// borrow is a piece of shared memory that the asynchronous proxy reads until release.
func (w *warp) borrow(lane int, at uint64, pieces *[]uint64) []byte {
	s := &w.block.shared
	p := s.at(lane, at, pieceBytes)
	w.shadowShared(s, lane, at, access{bytes: pieceBytes, read: true, proxy: true})
	line := int32(w.program.code[w.pc].line)
	if mark := &s.cells[at/cellBytes]; !mark.split() {
		mark.reading, mark.readsAt = mark.reading+1, line
	} else {
		for word := at / 4; word < (at+pieceBytes)/4; word++ {
			s.words[word].reading, s.words[word].readsAt = s.words[word].reading+1, line
		}
	}
	*pieces = append(*pieces, at)
	return p
}

// release ends the reading of pieces; the warp has now read them.
func (w *warp) release(pieces []uint64) {
	s := &w.block.shared
	for _, at := range pieces {
		cell := at / cellBytes
		if mark := &s.cells[cell]; !mark.split() {
			mark.reading--
			w.noteCellRead(s, mark, cell)
			continue
		}
		for k := range uint64(cellWords) {
			mark := &s.words[cell*cellWords+k]
			mark.reading--
			w.noteSharedRead(s, mark, cell, k, 15)
		}
	}
}

func (w *warp) newStore(lane int) bulkStore {
	return bulkStore{lane: lane, group: w.stores.committed[lane], line: w.program.code[w.pc].line}
}

// waitStores ends the reading of the stores of all groups but the last ones that were committed.
func (w *warp) waitStores(mask uint32, groups uint32) {
	kept := w.stores.pending[:0]
	for _, s := range w.stores.pending {
		if mask>>s.lane&1 == 0 || s.group+groups >= w.stores.committed[s.lane] {
			kept = append(kept, s)
			continue
		}
		w.release(s.pieces)
	}
	w.stores.pending = kept
}

// demandCopied faults where a thread leaves while its copies may still read or write shared memory, which leaves with the block.
func (w *warp) demandCopied(mask uint32) {
	for _, s := range w.stores.pending {
		if mask>>s.lane&1 == 1 {
			fail(s.lane, "the thread leaves before the bulk copy of line %d has been waited for, which reads shared memory", s.line)
		}
	}
	if list := w.group.pending; mask != 0 && len(list) > 0 {
		line := w.group.uses[list[0].marks[0]].line
		fail(first(mask), "the thread leaves before the wgmma of line %d has been waited for, which reads shared memory", line)
	}
	for _, c := range w.async.pending {
		if mask>>c.lane&1 == 1 {
			fail(c.lane, "the thread leaves before the asynchronous copy of line %d has been waited for, which writes shared memory",
				w.block.shared.lineOf(c.at))
		}
	}
}

// proxyOrder is what a warp's writes to shared memory are to the asynchronous proxy, which sees them after a fence.proxy.async.
type proxyOrder struct {
	unfenced uint32     // lanes that have written since their last fence, or since all lanes met
	met      uint32     // the tick that ended when all lanes met
	fenced   [32]uint32 // by lane, the tick of its last fence
}

// settleProxy: a fence of any lane now covers what all have written.
func (w *warp) settleProxy() {
	o := &w.order
	o.proxy.unfenced, o.proxy.met = 0, o.clock[w.entry]
	w.tick()
}

// fenceProxy is fence.proxy.async of some lanes: it covers their own writes and those that they know of.
func (w *warp) fenceProxy(mask uint32) {
	o, warps := &w.order, len(w.block.cluster.warps)
	for n := range warps {
		if n != w.entry {
			o.clock[warps+n] = max(o.clock[warps+n], o.clock[n])
		}
	}
	now := o.clock[w.entry]
	for m := mask; m != 0; m &= m - 1 {
		o.proxy.fenced[first(m)] = now
	}
	if o.proxy.unfenced &^= mask; o.proxy.unfenced == 0 {
		o.clock[warps+w.entry] = now
	} else {
		o.clock[warps+w.entry] = max(o.clock[warps+w.entry], o.proxy.met)
	}
	w.tick()
}

// demandProxyFence faults where the asynchronous proxy touches what a thread has written and no fence.proxy.async lies between.
func (w *warp) demandProxyFence(lane int, word uint64, mark *sharedMark) {
	writer, warps := int(mark.writer)-1, len(w.block.cluster.warps)
	if writer < 0 || writer >= warps || w.order.clock[warps+writer] >= mark.tick || writer == w.entry && w.order.proxy.fenced[mark.lane(word%cellWords)] >= mark.tick {
		return
	}
	if writer != w.entry && w.order.clock[writer] < mark.tick {
		return // a race, which is worse
	}
	fail(lane, "the word of shared memory at %#x was written in line %d and no fence.proxy.async lies between", 4*word, mark.line)
}

// cp.async copies from global to shared memory by the threads themselves. The bytes arrive at once, but until the thread has waited for
// them whoever touches them faults.

// asyncCopies are the copies of a warp that nobody has waited for.
type asyncCopies struct {
	pending   []asyncCopy
	committed [32]uint32 // groups, by lane
}

type asyncCopy struct {
	lane  int
	group uint32
	at    uint64
	bytes int
}

func decodeCopy(c *compiler, i *syntax.Instruction) work {
	if i.Has("bulk") {
		return c.copyBulk(i)
	}
	switch i.Modifiers[1] {
	case "mbarrier":
		return c.copyArrive(i)
	case "commit_group":
		return func(w *warp, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				w.async.committed[first(m)]++
			}
		}
	case "wait_group":
		groups := uint32(i.Operands[0].Value)
		return func(w *warp, mask uint32) { w.waitCopies(mask, groups, false) }
	case "wait_all":
		return func(w *warp, mask uint32) { w.waitCopies(mask, 0, true) }
	}
	return c.copyAsync(i)
}

// copyArrive is cp.async.mbarrier.arrive: the barrier hears of the end of the thread's copies, which is now. Without noinc
// it expects that one more, so that its count stays.
func (c *compiler) copyArrive(i *syntax.Instruction) work {
	where, address := c.spaceFor(i, i.Operands[0]), c.addressOf(i.Operands[0])
	counted := i.Has("noinc")
	return func(w *warp, mask uint32) {
		w.waitCopies(mask, 0, true)
		w.visitPhases(where, mask, address(w), func(lane int, b *phaseBarrier) {
			if !counted {
				b.pending++
			}
			w.arrivePhase(lane, b, 1, 0, false)
		})
	}
}

func (c *compiler) copyAsync(i *syntax.Instruction) work {
	o := i.Operands
	size := int(o[2].Value)
	to, from := c.addressOf(o[0]), c.addressOf(o[1])
	count := c.constant(uint64(size), false)
	if len(o) > 3 && !(i.Has("hint") && len(o) == 4) {
		count = c.narrow(o[3], "u32")
	}
	return func(w *warp, mask uint32) {
		target := *to(w)
		w.copyRows(mask, &target, from(w), &w.narrow[count], size)
	}
}

// copyRows copies count bytes a lane and fills the rest of size with zeros. A lane that copies nothing reads nothing.
func (w *warp) copyRows(mask uint32, to, from *wideRow, count *narrowRow, size int) {
	to = w.inOwn(mask, to)
	var bytes [32][16]byte
	var reading [5]uint32 // the lanes that copy 1, 2, 4, 8 and 16 bytes
	odd := uint32(0)      // those that copy another number of them
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		switch n := int(count[lane]); {
		case n > size:
			fail(lane, "copies %d bytes of %d", n, size)
		case n > 0 && from[lane]%uint64(size) != 0:
			fail(lane, "misaligned: a copy of %d bytes at %#x, even if it reads %d", size, from[lane], n)
		case n&(n-1) != 0:
			odd |= 1 << lane
		case n > 0:
			reading[first(uint32(n))] |= 1 << lane
		}
	}
	for part, lanes := range reading {
		if lanes != 0 {
			w.visitGlobal(lanes, from, access{bytes: 1 << part, read: true}, func(lane int, p []byte) {
				if len(p) == len(bytes[lane]) {
					bytes[lane] = [16]byte(p)
				} else {
					copy(bytes[lane][:], p)
				}
			})
		}
	}
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		if odd>>lane&1 != 0 {
			w.readOdd(lane, from[lane], int(count[lane]), &bytes[lane])
		}
		at := to[lane]
		p := w.block.shared.at(lane, at, size)
		w.shadowShared(&w.block.shared, lane, at, access{bytes: size, write: true})
		if size == len(bytes[lane]) {
			*(*[16]byte)(p) = bytes[lane]
		} else {
			copy(p, bytes[lane][:size])
		}
		w.begin(lane, at, size)
	}
	w.countShared(mask, to, size)
}

// readOdd reads a number of bytes that is no power of two, one by one.
func (w *warp) readOdd(lane int, from uint64, count int, bytes *[16]byte) {
	for n := range count {
		var address wideRow
		address[lane] = from + uint64(n)
		w.visitGlobal(1<<lane, &address, access{bytes: 1, read: true}, func(_ int, p []byte) { bytes[n] = p[0] })
	}
}

// begin marks words as being copied.
func (w *warp) begin(lane int, at uint64, bytes int) {
	s := &w.block.shared
	if mark := &s.cells[at/cellBytes]; !mark.split() {
		mark.pending = true
	} else {
		for word := at / 4; word < (at+uint64(bytes))/4; word++ {
			s.words[word].pending = true
		}
	}
	w.async.pending = append(w.async.pending, asyncCopy{lane, w.async.committed[lane], at, bytes})
}

// waitCopies ends the copies of the lanes, but those of the last groups that were committed and those not committed, unless
// every one is meant.
func (w *warp) waitCopies(mask uint32, groups uint32, every bool) {
	kept := w.async.pending[:0]
	for _, c := range w.async.pending {
		done := every || c.group+groups < w.async.committed[c.lane]
		if mask>>c.lane&1 == 0 || !done {
			kept = append(kept, c)
			continue
		}
		s := &w.block.shared
		if mark := &s.cells[c.at/cellBytes]; !mark.split() {
			w.end(mark)
			continue
		}
		for word := c.at / 4; word < (c.at+uint64(c.bytes))/4; word++ {
			w.end(&s.words[word])
		}
	}
	w.async.pending = kept
}

// end makes of what a copy has brought something that the warp has written now.
func (w *warp) end(mark *sharedMark) {
	mark.pending, mark.tick, mark.syncs = false, w.order.clock[w.entry], w.order.syncs
}
