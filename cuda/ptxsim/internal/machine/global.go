package machine

// This file is global memory: allocations with a shadow that knows which bytes were written, and who wrote and read them.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

const (
	firstAddress = 0x7_0000_0000
	pageBytes    = 4096
	stripes      = 256
)

// Global is the global memory of a device. Blocks of one launch use it at the same time: each page belongs to one of the
// locks, which an access holds while it works there.
//
// A hollow one has addresses and no contents: what is read is 0, what is written is lost. It takes no memory, so that launches
// can be sampled whose operands fill a GPU.
type Global struct {
	hollow      bool
	allocations []*allocation // by address; freed ones stay, so that a use after free is told from other mistakes
	next        uint64
	used, limit int
	heap        *heap // nil until a kernel may take memory
	locks       [stripes]struct {
		sync.Mutex
		_ [56]byte // each on its own cache line
	}
}

type allocation struct {
	base     uint64
	data     []byte
	size     int
	init     []uint8 // of each 4 bytes, which were written
	pages    []*markPage
	readOnly bool
	freed    bool
}

// NewGlobal makes a memory of so many bytes.
func NewGlobal(limit int) *Global { return &Global{next: firstAddress, limit: limit} }

// NewHollow makes one without contents.
func NewHollow(limit int) *Global { return &Global{next: firstAddress, limit: limit, hollow: true} }

// Used is the number of bytes taken.
func (g *Global) Used() int { return g.used }

// Limit is the number of bytes in all.
func (g *Global) Limit() int { return g.limit }

// Alloc takes memory, aligned to a page. Nothing lies right behind it.
func (g *Global) Alloc(size int) (uint64, error) {
	if size <= 0 {
		return 0, fmt.Errorf("%d bytes asked for, expected at least 1", size)
	}
	if size > g.limit-g.used {
		return 0, fmt.Errorf("out of memory: %d bytes asked for, %d of %d free", size, g.limit-g.used, g.limit)
	}
	a := &allocation{base: g.next, size: size}
	if !g.hollow {
		a.data, a.init = make([]byte, size), make([]uint8, (size+3)/4)
		a.pages = make([]*markPage, (size+pageBytes-1)/pageBytes)
	}
	g.next += uint64(alignUp(size, pageBytes) + pageBytes)
	g.used += size
	g.allocations = append(g.allocations, a)
	return a.base, nil
}

// Free gives memory back. Its addresses are never used again.
func (g *Global) Free(base uint64) error {
	a := g.find(base)
	switch {
	case a == nil || a.base != base:
		return fmt.Errorf("free of %#x, which is no allocation", base)
	case a.freed:
		return fmt.Errorf("free of %#x, which is free already", base)
	}
	a.freed = true
	a.data, a.init, a.pages = nil, nil, nil
	g.used -= a.size
	return nil
}

// find is the allocation that holds or precedes an address.
func (g *Global) find(address uint64) *allocation {
	n, exact := slices.BinarySearchFunc(g.allocations, address, func(a *allocation, at uint64) int {
		switch {
		case a.base < at:
			return -1
		case a.base > at:
			return 1
		}
		return 0
	})
	if exact {
		return g.allocations[n]
	}
	if n == 0 {
		return nil
	}
	return g.allocations[n-1]
}

// Holds says whether an address lies in an allocation.
func (g *Global) Holds(address uint64) bool {
	a := g.find(address)
	return a != nil && !a.freed && address-a.base < uint64(a.size)
}

// host is the memory behind an address for the host.
func (g *Global) host(address uint64, size int) (*allocation, uint64, error) {
	a := g.find(address)
	if a == nil || address-a.base >= uint64(a.size) {
		return nil, 0, fmt.Errorf("address %#x lies in no allocation", address)
	}
	offset := address - a.base
	switch {
	case a.freed:
		return nil, 0, fmt.Errorf("address %#x lies in memory that was freed", address)
	case offset+uint64(size) > uint64(a.size):
		return nil, 0, fmt.Errorf("%d bytes at %#x end outside the allocation of %d bytes at %#x", size, address, a.size, a.base)
	}
	return a, offset, nil
}

// Write copies from the host.
func (g *Global) Write(to uint64, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	a, offset, err := g.host(to, len(from))
	if err != nil {
		return err
	}
	if g.hollow {
		return nil
	}
	copy(a.data[offset:], from)
	a.setInit(offset, len(from))
	return nil
}

// Read copies to the host.
func (g *Global) Read(to []byte, from uint64) error {
	if len(to) == 0 {
		return nil
	}
	a, offset, err := g.host(from, len(to))
	if err != nil {
		return err
	}
	if g.hollow {
		clear(to)
		return nil
	}
	copy(to, a.data[offset:])
	return nil
}

// Copy copies inside the memory, with what is known of its bytes.
func (g *Global) Copy(to, from uint64, size int) error {
	if size == 0 {
		return nil
	}
	target, targetAt, err := g.host(to, size)
	if err != nil {
		return err
	}
	source, sourceAt, err := g.host(from, size)
	if err != nil {
		return err
	}
	if g.hollow {
		return nil
	}
	copy(target.data[targetAt:], source.data[sourceAt:sourceAt+uint64(size)])
	for n := range uint64(size) {
		target.setByte(targetAt+n, source.init[(sourceAt+n)/4]>>((sourceAt+n)%4)&1 == 1)
	}
	return nil
}

// Fill sets 32-bit words.
func (g *Global) Fill(to uint64, value uint32, words int) error {
	if words == 0 {
		return nil
	}
	a, offset, err := g.host(to, 4*words)
	if err != nil {
		return err
	}
	if g.hollow {
		return nil
	}
	for n := range uint64(words) {
		binary.LittleEndian.PutUint32(a.data[offset+4*n:], value)
	}
	a.setInit(offset, 4*words)
	return nil
}

func (a *allocation) setByte(at uint64, init bool) {
	bit := uint8(1) << (at % 4)
	if a.init[at/4] &^= bit; init {
		a.init[at/4] |= bit
	}
}

func (a *allocation) setInit(offset uint64, size int) {
	for n := offset; n < offset+uint64(size); {
		if n%4 == 0 && offset+uint64(size)-n >= 4 {
			a.init[n/4] = 15
			n += 4
			continue
		}
		a.setByte(n, true)
		n++
	}
}

// byteMask are the bits of the bytes that an access of so many bytes touches in its first word.
func byteMask(address uint64, size int) uint8 { return uint8(1<<min(size, 4)-1) << (address % 4) }

func onesCount(mask uint32) int { return bits.OnesCount32(mask) }

func (w *warp) visitGlobal(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	g := w.block.launch.global
	if g.hollow {
		w.visitHollow(mask, address, a, f)
		return
	}
	w.countGlobal(mask, address, a) // before f replaces the addresses
	if a.write {
		w.order.stored |= mask
	}
	held := -1
	defer func() {
		if held >= 0 {
			g.locks[held].Unlock()
		}
	}()
	area := w.area
	last, p := ^uint64(0), []byte(nil)
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		at := address[lane]
		if at == last && !a.write && !a.strong && w.lost == 0 { // all of it was checked and noted for the lane before
			f(lane, p)
			continue
		}
		if area == nil || at-area.base >= uint64(area.size) {
			area = g.find(at)
		}
		if area.refuses(at, a) {
			failGlobal(lane, area, at, a)
		}
		if stripe := int(at / pageBytes % stripes); stripe != held {
			if held >= 0 {
				g.locks[held].Unlock()
			}
			g.locks[stripe].Lock()
			held = stripe
		}
		offset := at - area.base
		w.shadowGlobal(lane, area, offset, a)
		last, p = at, area.data[offset:offset+uint64(a.bytes)]
		f(lane, p)
	}
	w.area = area
}

// written is the past of words whose bytes all hold a value, as many as a stretch has at most.
var written = [8 * 16]uint8(bytes.Repeat([]byte{15}, 8*16))

// stretch is visitGlobal where all lanes take part and their words lie one behind the other on a page, as most do: for all of them at a
// time. Where it says false nothing is done.
func (w *warp) stretch(mask uint32, address *wideRow, a access, move func(data []byte)) bool {
	g, at, words := w.block.launch.global, address[0], 8*a.bytes
	if g.hollow || int(at%pageBytes)+4*words > pageBytes || !consecutive(mask, address, a.bytes) {
		return false
	}
	area := w.area
	if area == nil || at-area.base >= uint64(area.size) {
		area = g.find(at)
	}
	if area.refuses(at, a) || area.refuses(address[31], a) {
		return false
	}
	w.area = area
	offset := at - area.base
	init := area.init[offset/4:][:words]
	lock := &g.locks[at/pageBytes%stripes]
	lock.Lock()
	defer lock.Unlock()
	if a.read && !bytes.Equal(init, written[:words]) {
		return false
	}
	if b := w.block; b.launch.checkRaces && !area.readOnly {
		line := w.program.code[w.pc].line
		marks := area.marks(offset / 4)[:words]
		if a.write && !w.overwrite(marks, a.bytes/4, line) {
			return false
		}
		for n := range marks {
			if a.read && !marks[n].knows(w, 4*n/a.bytes, 15) {
				if marks[n].strength == atomicAccess {
					return false
				}
				if w.markGlobal(4*n/a.bytes, &marks[n], at+4*uint64(n), 15, a, line) {
					w.failRace(4*n/a.bytes, &marks[n], at+4*uint64(n), a)
				}
			}
		}
	}
	if a.write {
		copy(init, written[:])
		w.order.stored = mask
	}
	w.countGlobal(mask, address, a)
	move(area.data[offset:][:4*words])
	return true
}

// overwrite notes a write of words, so many by each lane, that nobody has touched in this launch, as nearly all are. Where it says false nothing is noted.
func (w *warp) overwrite(marks []globalMark, each, line int) bool {
	launch, tick := w.block.launch.number, w.order.clock[w.entry]
	for n := range marks {
		if marks[n].launch == launch {
			return false
		}
	}
	for n := range marks {
		marks[n] = globalMark{launch: launch, writer: w.id + uint32(n/each), tick: tick, line: int32(line), written: 15}
	}
	return true
}

// visitHollow is visitGlobal where memory has no contents. The bounds hold there too.
func (w *warp) visitHollow(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	var nothing [sectorBytes]byte
	var area *allocation
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		at := address[lane]
		if area == nil || at-area.base >= uint64(area.size) {
			area = w.block.launch.global.find(at)
		}
		if area.refuses(at, a) {
			failGlobal(lane, area, at, a)
		}
		w.block.touched.touch(at, a)
		clear(nothing[:])
		f(lane, nothing[:a.bytes])
	}
	w.countGlobal(mask, address, a)
}

func (w *warp) countGlobal(mask uint32, address *wideRow, a access) {
	if w.counts == nil {
		return
	}
	count := &w.counts[w.pc]
	count.GlobalRequests++
	count.GlobalSectors += sectors(mask, address, a.bytes)
	count.GlobalBytes += uint64(a.bytes * onesCount(mask))
}

const uninitialisedGlobal = "uninitialised word of global memory at %#x"

// shadowGlobal checks and notes an access in the shadow of its words, which lie on one page.
func (w *warp) shadowGlobal(lane int, area *allocation, offset uint64, a access) {
	b := w.block
	touched := byteMask(offset, a.bytes)
	first, words := offset/4, (a.bytes+3)/4
	init := area.init[first:][:words]
	races := b.launch.checkRaces && !area.readOnly
	var marks []globalMark
	if races {
		marks = area.marks(first)[:words]
	}
	for n := range init {
		if word := first + uint64(n); a.read && init[n]&touched != touched {
			if !a.passes {
				fail(lane, uninitialisedGlobal, area.base+4*word)
			}
			w.missed(lane, missingBytes(offset, word, touched&^init[n]), uninitialisedGlobal, area.base+4*word)
		}
		if a.write {
			init[n] |= touched
		}
		if races && (a.write || a.strong || !marks[n].knows(w, lane, touched)) {
			address, line := area.base+4*(first+uint64(n)), w.program.code[w.pc].line
			if w.markGlobal(lane, &marks[n], address, touched, a, line) {
				if !w.harmless(lane, &marks[n], area, offset, a) {
					w.failRace(lane, &marks[n], address, a)
				}
				w.noteGlobal(lane, &marks[n], address, touched, a, line)
			}
		}
	}
}

// harmless says whether an access that meets what another warp has written is none the less in order.
func (w *warp) harmless(lane int, mark *globalMark, area *allocation, offset uint64, a access) bool {
	switch {
	case a.plain:
		return w.same(w, lane, area.data[offset:offset+uint64(a.bytes)])
	case a.passes && mark.strength == atomicAccess:
		w.unsettle(lane, a, "race between blocks: it reads %d bytes at %#x that others have written in line %d", a.bytes, area.base+offset, mark.line)
		return true
	}
	return false
}

// refuses says whether an access at an address must not be, in the allocation that holds or precedes it.
func (a *allocation) refuses(at uint64, by access) bool {
	return a == nil || a.freed || at-a.base+uint64(by.bytes) > uint64(a.size) || at&uint64(by.bytes-1) != 0 || by.write && a.readOnly
}

func failGlobal(lane int, area *allocation, at uint64, a access) {
	switch {
	case area == nil:
		fail(lane, "out of bounds: %d bytes at %#x, which lies in no allocation", a.bytes, at)
	case area.freed && at-area.base < uint64(area.size):
		fail(lane, "use after free: %d bytes at %#x, in %d bytes at %#x that were freed", a.bytes, at, area.size, area.base)
	case at-area.base+uint64(a.bytes) > uint64(area.size):
		fail(lane, "out of bounds: %d bytes at %#x, at %d of the %d bytes at %#x", a.bytes, at, at-area.base, area.size, area.base)
	case at%uint64(a.bytes) != 0:
		fail(lane, "misaligned: %d bytes at %#x", a.bytes, at)
	}
	fail(lane, "write to constant memory at %#x", at)
}

// Races in global memory, between blocks and between threads of a block. Each word remembers which thread wrote it last in this launch, and
// which blocks have read it since.

// globalMark is what a word of 4 bytes remembers.
type globalMark struct {
	launch      uint32
	writer      uint32    // 32 * (warp of the grid + 1) + lane
	tick        uint32    // of the writer
	readers     [2]uint32 // by half: block + 1, in the order of clusters, manyReaders for more than one
	line        int32     // of the write
	written     uint8     // bytes
	readBytes   uint8
	strength    strength // of the write
	scope       scope    // of the write, if it is strong
	strongReads bool     // all reads were
}

const manyReaders = ^uint32(0)

type markPage [pageBytes / 4]globalMark

// marks are those of a word and of what follows on its page.
func (a *allocation) marks(word uint64) []globalMark {
	const words = pageBytes / 4
	page := a.pages[word/words]
	if page == nil {
		page = new(markPage)
		a.pages[word/words] = page
	}
	return page[word%words:]
}

// knows says whether a read by a lane, neither strong nor of bytes that it may not read, would change nothing.
func (m *globalMark) knows(w *warp, lane int, touched uint8) bool {
	id := w.block.id
	return m.launch == w.block.launch.number && (m.writer == 0 || w.sees(lane, m)) && m.readBytes&touched == touched && !m.strongReads &&
		(m.readers[0] == id || m.readers[0] == manyReaders) && (m.readers[1] == id || m.readers[1] == manyReaders)
}

// sees says whether the write of a word surely lies before what a lane of the warp does now.
func (w *warp) sees(lane int, m *globalMark) bool {
	if m.writer>>5 == w.id>>5 {
		return m.writer == w.id+uint32(lane) || m.tick < w.order.shown
	}
	c := w.block.cluster
	if entry := int(m.writer>>5) - c.firstWarp; uint(entry) < uint(len(c.warps)) {
		return w.order.clock[entry] >= m.tick
	}
	cluster, entry, writer := w.block.launch.writer(m)
	for _, k := range w.known(lane) {
		if k.has(cluster, entry, writer, m.tick) {
			return true
		}
	}
	return false
}

// writer is who has written a word: the cluster of the grid, the warp in it and the lane.
func (l *Launch) writer(m *globalMark) (cluster, warp, lane int) {
	warps, at := l.warpsOfCluster(), int(m.writer>>5)-1
	return at / warps, at % warps, int(m.writer & 31)
}

// meets says whether a strong access and the strong write of a word may meet, as each is of a scope in which the other's thread is.
func (w *warp) meets(m *globalMark, a access) bool {
	if !a.strong || m.strength == weak {
		return false
	}
	reach, c := max(a.scope, m.scope), w.block.cluster
	entry := int(m.writer>>5) - c.firstWarp
	inside := uint(entry) < uint(len(c.warps))
	return reach == gpuScope || inside && (reach == clusterScope || c.warps[entry].block == w.block)
}

// together says whether lanes meet in one store, which is allowed: one of them wins.
func (w *warp) together(m *globalMark, line int) bool {
	return m.writer>>5 == w.id>>5 && int(m.line) == line && m.tick == w.order.clock[w.entry]
}

// markGlobal checks an access of a word against those of others and notes it. The page's lock is held. Where it meets what another
// warp has written it notes nothing and says so.
func (w *warp) markGlobal(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) (rival bool) {
	if mark.launch != w.block.launch.number {
		*mark = globalMark{launch: w.block.launch.number}
	}
	if a.strong {
		w.exchange(lane, address, a)
	}
	if mark.writer != 0 && mark.written&touched != 0 && !w.meets(mark, a) && !w.sees(lane, mark) && !(a.write && w.together(mark, line)) {
		return true
	}
	w.noteGlobal(lane, mark, address, touched, a, line)
	return false
}

func (w *warp) noteGlobal(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) {
	if a.write {
		w.noteWrite(lane, mark, address, touched, a, line)
	} else {
		mark.noteRead(w.block.id, touched, a)
	}
}

// failRace is the fault of an access that meets what another warp has written.
func (w *warp) failRace(lane int, mark *globalMark, address uint64, a access) {
	what := "reads"
	if a.write {
		what = "writes"
	}
	cluster, entry, writer := w.block.launch.writer(mark)
	warps := len(w.block.warps)
	block := w.block.launch.blockAt(cluster, entry/warps)
	if block == w.block.index {
		fail(lane, "race in global memory: it %s the word at %#x that thread %v has written in line %d and no barrier lies between",
			what, address, w.block.warps[entry%warps].thread(writer), mark.line)
	}
	fail(lane, "race between blocks: it %s the word at %#x that block %d has written in line %d%s", what, address,
		w.block.launch.blockNumber(block), mark.line, w.gap(cluster, entry, writer, mark.tick))
}

// gap says what is missing of the order between a write and an access, if that is known.
func (w *warp) gap(cluster, entry, writer int, tick uint32) string {
	if w.talking == nil {
		return ""
	}
	for _, heard := range slices.Concat(w.talking.heard[0][:], w.talking.heard[1][:], w.talking.heard[2][:]) {
		if heard.has(cluster, entry, writer, tick) {
			return ", and no fence lies behind the strong read that told of it, of the same thread"
		}
	}
	return ", and no release, or fence with a strong write behind it, of the same thread told of it"
}

func (w *warp) noteWrite(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) {
	for half, r := range mark.readers {
		if a.atomic || r == 0 || r == w.block.id || mark.readBytes&touched&halfBytes[half] == 0 || a.strong && mark.strongReads {
			continue
		}
		// Of many readers nothing is known but that there were some: a block that has seen others may have seen all.
		if r == manyReaders && !w.knowsAny(lane) {
			fail(lane, "race between blocks: it writes the word at %#x that other blocks have read", address)
		} else if r != manyReaders && !w.knowsOf(lane, r) {
			fail(lane, "race between blocks: it writes the word at %#x that block %d has read", address, w.block.launch.blockOf(r))
		}
	}
	if mark.writer == w.id+uint32(lane) && mark.tick == w.order.clock[w.entry] {
		touched |= mark.written
	}
	mark.writer, mark.tick, mark.line, mark.written = w.id+uint32(lane), w.order.clock[w.entry], int32(line), touched
	mark.strength, mark.scope = a.strength(), a.scope
}

// halfBytes are the bytes of the two halves of a word, which blocks may share: its elements may have 16 bits.
var halfBytes = [2]uint8{0b0011, 0b1100}

func (m *globalMark) noteRead(block uint32, touched uint8, a access) {
	m.strongReads = a.strong && (m.strongReads || m.readBytes == 0)
	m.readBytes |= touched
	for half, bytes := range halfBytes {
		if touched&bytes == 0 || m.readers[half] == block {
			continue
		}
		if m.readers[half] == 0 {
			m.readers[half] = block
		} else {
			m.readers[half] = manyReaders
		}
	}
}
