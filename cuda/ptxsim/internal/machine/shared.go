package machine

// This file is the shared memory of a block. Each word remembers who wrote and read it, so that accesses of two warps, or of
// two lanes, between which no barrier lies are races. Words are remembered by cells of four, as far as they have the same past:
// no access goes beyond a cell, and most are of a whole one.

import "encoding/binary"

// sharedMemory is one block's.
type sharedMemory struct {
	block  *block
	data   []byte
	cells  []sharedMark
	words  []sharedMark // of cells that are split
	reads  []cellReads  // by warp of the block and cell
	warps  int
	sync   map[uint64][]uint32 // what words carry through which warps talk: clocks
	remote [][]remoteRead      // by word, nil until a read comes from outside
}

// remoteRead is a read since the last write that no warp of the block has done: one of another block's, or an asynchronous one.
type remoteRead struct {
	entry int // of the clocks
	tick  uint32
	bytes uint8
}

const (
	cellBytes = 16
	cellWords = cellBytes / 4
)

// sharedMark is the past of a cell, or of a word of one that is split. Of a cell all but the lane is true of each of its words.
type sharedMark struct {
	init     uint8    // bytes of a word that hold a value
	written  uint8    // bytes of the last write
	pending  bool     // an asynchronous copy has brought it that has not been waited for
	strength strength // of the last write
	lanes    uint32   // of the last write, a byte a word
	writer   uint16   // entry of the clocks to which the last write belongs, + 1: of a warp, or of the mbarrier of a bulk copy; or splitCell
	reading  uint16   // reads of the asynchronous proxy under way
	tick     uint32
	syncs    uint32
	readers  uint32 // warps, a bit each
	line     int32
	readsAt  int32 // line of these reads
}

// splitCell is the writer of a cell whose words have marks of their own.
const splitCell = 1<<16 - 1

// lane is that which has written word k of the cell last.
func (m *sharedMark) lane(k uint64) int { return int(uint8(m.lanes >> (8 * k))) }

func (m *sharedMark) split() bool { return m.writer == splitCell }

// cellReads are, by word, the tick of a warp's last read * 16 + the bytes. It counts where the mark of the word has the reader.
type cellReads [cellWords]uint32

// readsOf are those of a warp.
func (s *sharedMemory) readsOf(warp int, cell uint64) *cellReads {
	return &s.reads[warp*len(s.cells)+int(cell)]
}

// ordering is what a warp knows of the others. A clock has four parts: of each warp of the cluster, up to which of its ticks its
// accesses lie before the warp's own, 1 where it has only begun; of each warp, up to which tick a fence.proxy.async lies between; of
// each warp, how much of its pasts lies before, where the program has fences; of each mbarrier, how many of its phases have ended, and
// whether a fence.mbarrier_init lies between.
type ordering struct {
	clock    []uint32
	proxy    proxyOrder
	shown    uint32     // the tick before which lanes of the warp may know of each other's writes
	stored   uint32     // lanes that have written to global memory since all met
	released []uint32   // the clock at its last fence or release
	heard    []uint32   // what strong reads of shared memory have told, which the next fence acquires
	syncs    uint32     // how many times lanes of the warp were ordered by bar.warp.sync
	synced   [32]uint32 // by lane, the last of these that it took part in
	met      uint32     // the last that all lanes took part in
}

func (s *sharedMemory) reset(b *block, bytes, warps int) {
	s.block = b
	if cells := (bytes + cellBytes - 1) / cellBytes; len(s.data) != bytes || s.warps != warps {
		s.data, s.cells, s.words = make([]byte, bytes), make([]sharedMark, cells), make([]sharedMark, cells*cellWords)
		s.reads, s.warps = make([]cellReads, cells*warps), warps
	}
	clear(s.cells)
	s.sync, s.remote = nil, nil
}

// split gives each word of a cell a mark of its own.
func (s *sharedMemory) split(cell uint64) {
	mark := &s.cells[cell]
	for k := range uint64(cellWords) {
		s.words[cell*cellWords+k] = *mark
	}
	mark.writer = splitCell
}

// join gives the words of a cell that is split one mark again where they have the same past, as behind stores of one word a lane.
func (s *sharedMemory) join(cell uint64) {
	words := s.words[cell*cellWords:][:cellWords]
	mark := words[0]
	for k, word := range words {
		mark.lanes = mark.lanes&^(0xff<<(8*k)) | word.lanes&(0xff<<(8*k))
		if word.lanes = words[0].lanes; word != words[0] {
			return
		}
	}
	s.cells[cell] = mark
}

// visitShared visits the memory of the warp's own block.
func (w *warp) visitShared(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	w.visitMemory(&w.block.shared, mask, w.inOwn(mask, address), a, f)
}

// visitMemory visits that of a block, by addresses inside it.
func (w *warp) visitMemory(s *sharedMemory, mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		p := s.at(lane, address[lane], a.bytes)
		w.shadowShared(s, lane, address[lane], a)
		f(lane, p)
	}
	w.countShared(mask, address, a.bytes)
}

// loadShared is visitShared for loads of rows of 32 or of 64 bits.
func (w *warp) loadShared(mask uint32, address *wideRow, a access, narrow, wide []int) {
	address = w.inOwn(mask, address)
	w.touchShared(mask, address, a)
	data := w.block.shared.data
	for n, row := range narrow {
		z := &w.narrow[row]
		for lane, at := range address {
			if mask>>lane&1 != 0 {
				z[lane] = binary.LittleEndian.Uint32(data[at+4*uint64(n):])
			}
		}
	}
	if wide == nil {
		return
	}
	for lane := range address {
		if mask>>lane&1 == 0 {
			continue
		}
		at := address[lane] // which the first row may replace
		for n, row := range wide {
			w.wide[row][lane] = binary.LittleEndian.Uint64(data[at+8*uint64(n):])
		}
	}
}

// storeShared is visitShared for stores of such. Where lanes meet the last one wins.
func (w *warp) storeShared(mask uint32, address *wideRow, a access, narrow, wide []int) {
	address = w.inOwn(mask, address)
	w.touchShared(mask, address, a)
	data := w.block.shared.data
	for lane, at := range address {
		if mask>>lane&1 == 0 {
			continue
		}
		for n, row := range narrow {
			binary.LittleEndian.PutUint32(data[at+4*uint64(n):], w.narrow[row][lane])
		}
		for n, row := range wide {
			binary.LittleEndian.PutUint64(data[at+8*uint64(n):], w.wide[row][lane])
		}
	}
}

// touchShared checks, notes and counts what lanes do, not strongly, to at least a word each: where the next lanes touch what is left
// of a cell, as most do, at once.
func (w *warp) touchShared(mask uint32, address *wideRow, a access) {
	s := &w.block.shared
	bytes, size := uint64(a.bytes), uint64(len(s.data))
	per := cellBytes / a.bytes // lanes of a cell
	last := ^uint64(0)         // the cell that was read before, if what holds for one lane holds for all
	for from := 0; from < 32; from += per {
		lanes := mask >> from & (1<<per - 1)
		if at := address[from]; lanes == 1<<per-1 && at%cellBytes == 0 && at < size && at+cellBytes <= size && follow(address, from, per, bytes) {
			cell := at / cellBytes
			if cell == last || a.write && w.writeQuickly(s, cell, from, per, false) {
				continue
			}
			if !a.write && w.readQuickly(s, cell, lanesOf(from, per), false) {
				if writer := int(s.cells[cell].writer); writer != w.entry+1 && writer != splitCell {
					last = cell
				}
				continue
			}
		}
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := from + first(lanes)
			s.at(lane, address[lane], a.bytes)
			w.shadowShared(s, lane, address[lane], a)
		}
	}
	w.countShared(mask, address, a.bytes)
}

// follow says whether the addresses of so many lanes lie so many bytes apart.
func follow(address *wideRow, from, lanes int, bytes uint64) bool {
	for lane := from + 1; lane < from+lanes; lane++ {
		if address[lane] != address[lane-1]+bytes {
			return false
		}
	}
	return true
}

// lanesOf are the lanes of the words of a cell, a byte each, which per lanes from one on touch.
func lanesOf(from, per int) uint32 {
	lanes := uint32(from) * 0x01010101
	switch per {
	case 2:
		lanes += 0x01010000
	case 4:
		lanes += 0x03020100
	}
	return lanes
}

// lineOf is that of the last write of a word.
func (s *sharedMemory) lineOf(at uint64) int32 {
	if mark := &s.cells[at/cellBytes]; !mark.split() {
		return mark.line
	}
	return s.words[at/4].line
}

// at is the memory at an address, checked.
func (s *sharedMemory) at(lane int, at uint64, bytes int) []byte {
	data := s.data
	if at > uint64(len(data)) || at+uint64(bytes) > uint64(len(data)) {
		fail(lane, "out of bounds: %d bytes at shared address %#x of %#x", bytes, at, len(data))
	}
	if at&uint64(bytes-1) != 0 {
		fail(lane, "misaligned: %d bytes at shared address %#x", bytes, at)
	}
	return data[at : at+uint64(bytes)]
}

func (w *warp) countShared(mask uint32, address *wideRow, bytes int) {
	if w.counts == nil {
		return
	}
	count := &w.counts[w.pc]
	count.SharedRequests++
	count.SharedConflicts += bankConflicts(mask, address, bytes)
	count.SharedBytes += uint64(bytes * onesCount(mask))
}

// shadowShared checks and notes an access in the marks of its words.
func (w *warp) shadowShared(s *sharedMemory, lane int, at uint64, a access) {
	if a.strong {
		w.talkShared(s, at, a)
	}
	cell, touched, lanes := at/cellBytes, byteMask(at, a.bytes), lanesOf(lane, 1)
	whole := &s.cells[cell]
	if a.bytes == cellBytes && !a.strong && s.block == w.block && (a.write && w.writeQuickly(s, cell, lane, 1, a.proxy) || !a.write && w.readQuickly(s, cell, lanes, a.proxy)) {
		return
	}
	if a.write && !whole.split() {
		s.split(cell)
	}
	for word := at / 4; word <= (at+uint64(a.bytes)-1)/4; word++ {
		mark := whole
		if whole.split() {
			mark = &s.words[word]
		}
		w.shadowWord(s, lane, at, word, mark, touched, a)
	}
	if a.write && a.bytes == cellBytes { // now its words have the same past
		*whole = s.words[cell*cellWords]
		whole.lanes = lanes
	}
}

const uninitialisedShared = "uninitialised word of shared memory at %#x"

// missingBytes are bytes of a word as those of an access that begins at an address.
func missingBytes(at, word uint64, bytes uint8) uint16 {
	return uint16(bytes) << (4 * (word - at/4)) >> (at % 4)
}

// shadowWord checks and notes the access of a word.
func (w *warp) shadowWord(s *sharedMemory, lane int, at, word uint64, mark *sharedMark, touched uint8, a access) {
	if a.read && mark.init&touched != touched {
		if !a.passes {
			fail(lane, uninitialisedShared, 4*word)
		}
		w.missed(lane, missingBytes(at, word, touched&^mark.init), uninitialisedShared, 4*word)
	}
	if mark.pending {
		fail(lane, "the word of shared memory at %#x belongs to an asynchronous copy of line %d that is not finished", 4*word, mark.line)
	}
	if a.write && mark.reading != 0 {
		fail(lane, "the word of shared memory at %#x is still being read by line %d", 4*word, mark.readsAt)
	}
	if a.proxy {
		w.demandProxyFence(lane, word, mark)
	}
	cell, k := word/cellWords, word%cellWords
	if !w.ordered(mark, a.write) && !w.own(mark, lanesOf(lane, 1), k, 1) || a.write && !w.readsOrdered(s, mark, cell, k, 1) {
		w.raceShared(s, lane, at, word, mark, touched, a)
	}
	switch {
	case a.write:
		w.noteSharedWrite(s, lane, word, mark, touched, a)
	case !a.strong:
		w.noteSharedRead(s, mark, cell, k, touched)
	}
}

// ordered says whether the last write of a word surely lies before what any lane of the warp does now. A write of another lane, of which
// an mbarrier may have told, may be read from the warp's next tick on, and is overwritten only behind a bar.warp.sync.
func (w *warp) ordered(mark *sharedMark, write bool) bool {
	if int(mark.writer) == w.entry+1 {
		return write && mark.syncs < w.order.met || !write && mark.tick < w.order.shown
	}
	return mark.writer == 0 || mark.tick <= w.order.of(mark.writer)
}

// fenced says whether a fence.proxy.async that counts for the warp surely lies behind the last write of a word.
func (w *warp) fenced(mark *sharedMark) bool {
	warps := len(w.block.cluster.warps)
	return mark.writer == 0 || int(mark.writer) > warps || w.order.clock[warps+int(mark.writer)-1] >= mark.tick
}

// own says whether the lanes of so many words of a cell, from word k on, do something to what they have written themselves.
func (w *warp) own(mark *sharedMark, lanes uint32, k, words uint64) bool {
	return int(mark.writer) == w.entry+1 && (mark.lanes^lanes)>>(8*k)<<(8*(cellWords-words)) == 0
}

// readQuickly notes that lanes read a whole cell of their own block's memory. Where it says false it may be a fault, and nothing is noted of the word that it may be.
func (w *warp) readQuickly(s *sharedMemory, cell uint64, lanes uint32, proxy bool) bool {
	mark := &s.cells[cell]
	if mark.split() {
		for k := range uint64(cellWords) {
			if mark := &s.words[cell*cellWords+k]; mark.init != 15 || mark.pending || !w.ordered(mark, false) && !w.own(mark, lanes, k, 1) || proxy && !w.fenced(mark) {
				return false
			}
			w.noteSharedRead(s, &s.words[cell*cellWords+k], cell, k, 15)
		}
		s.join(cell)
		return true
	}
	if mark.init != 15 || mark.pending || !w.ordered(mark, false) && !w.own(mark, lanes, 0, cellWords) || proxy && !w.fenced(mark) {
		return false
	}
	w.noteCellRead(s, mark, cell)
	return true
}

// noteCellRead notes that a whole cell of the own block's memory is read, which is not split.
func (w *warp) noteCellRead(s *sharedMemory, mark *sharedMark, cell uint64) {
	all := w.order.clock[w.entry]<<4 | 15
	mark.readers |= 1 << w.number
	*s.readsOf(w.number, cell) = cellReads{all, all, all, all}
}

// noteRemote notes a read that is none of the block's own warps.
func (s *sharedMemory) noteRemote(word uint64, entry int, tick uint32, bytes uint8) {
	if s.remote == nil {
		s.remote = make([][]remoteRead, len(s.words))
	}
	list := s.remote[word]
	for n := range list {
		if list[n].entry == entry {
			if list[n].tick != tick {
				list[n].bytes = 0
			}
			list[n].tick, list[n].bytes = tick, list[n].bytes|bytes
			return
		}
	}
	s.remote[word] = append(list, remoteRead{entry, tick, bytes})
}

// forgetRemote forgets such reads of words that are written now.
func (s *sharedMemory) forgetRemote(word, words uint64) {
	if s.remote != nil {
		clear(s.remote[word : word+words])
	}
}

// noteSharedRead notes a read of bytes of word k of a cell. A mark that has the reader has what it has read of each word.
func (w *warp) noteSharedRead(s *sharedMemory, mark *sharedMark, cell, k uint64, touched uint8) {
	if s.block != w.block {
		s.noteRemote(cell*cellWords+k, w.entry, w.order.clock[w.entry], touched)
		return
	}
	reads, tick, reader := s.readsOf(w.number, cell), w.order.clock[w.entry]<<4, uint32(1)<<w.number
	if mark.readers&reader == 0 {
		mark.readers |= reader
		if s.cells[cell].split() {
			reads[k] = 0
		} else {
			*reads = cellReads{}
		}
	}
	if reads[k]&^15 != tick {
		reads[k] = tick
	}
	reads[k] |= uint32(touched)
}

// writeQuickly notes that per lanes write a whole cell of their own block's memory. Where it says false it may be a fault, and nothing is noted.
func (w *warp) writeQuickly(s *sharedMemory, cell uint64, from, per int, proxy bool) bool {
	mark, lanes := &s.cells[cell], lanesOf(from, per)
	if mark.split() {
		for k := range uint64(cellWords) {
			if !w.mayWrite(s, &s.words[cell*cellWords+k], cell, lanes, k, 1, proxy) {
				return false
			}
		}
	} else if !w.mayWrite(s, mark, cell, lanes, 0, cellWords, proxy) {
		return false
	}
	*mark = sharedMark{
		init: 15, written: 15, lanes: lanes, writer: uint16(w.entry + 1), tick: w.order.clock[w.entry], syncs: w.order.syncs,
		line: int32(w.program.code[w.pc].line),
	}
	s.forgetRemote(cell*cellWords, cellWords)
	if !proxy {
		w.order.proxy.unfenced |= (1<<per - 1) << from
	}
	return true
}

// mayWrite says whether nothing can be against writing words of a cell, from word k on.
func (w *warp) mayWrite(s *sharedMemory, mark *sharedMark, cell uint64, lanes uint32, k, words uint64, proxy bool) bool {
	return !mark.pending && mark.reading == 0 && (w.ordered(mark, true) || w.own(mark, lanes, k, words)) && (!proxy || w.fenced(mark)) &&
		w.readsOrdered(s, mark, cell, k, words)
}

// readsOrdered says whether all reads by other warps of words of a cell, from word k on, lie before whatever the warp does now.
func (w *warp) readsOrdered(s *sharedMemory, mark *sharedMark, cell, k, words uint64) bool {
	for readers := w.others(s, mark); readers != 0; readers &= readers - 1 {
		other := first(readers)
		tick := w.order.clock[s.block.firstEntry+other]
		for _, read := range s.readsOf(other, cell)[k : k+words] {
			if read>>4 > tick {
				return false
			}
		}
	}
	if s.remote == nil {
		return true
	}
	for word := cell*cellWords + k; word < cell*cellWords+k+words; word++ {
		if w.remoteReader(s, word, 15) != nil {
			return false
		}
	}
	return true
}

// others are the warps of the memory's block, but for this one, that have read a word.
func (w *warp) others(s *sharedMemory, mark *sharedMark) uint32 {
	if s.block != w.block {
		return mark.readers
	}
	return mark.readers &^ (1 << w.number)
}

// remoteReader is a read from outside of these bytes of a word that does not lie before what the warp does now, nil if there is none.
func (w *warp) remoteReader(s *sharedMemory, word uint64, bytes uint8) *remoteRead {
	if s.remote == nil {
		return nil
	}
	for n := range s.remote[word] {
		if read := &s.remote[word][n]; read.entry != w.entry && read.bytes&bytes != 0 && read.tick > w.order.of(uint16(read.entry+1)) {
			return read
		}
	}
	return nil
}

// raceShared faults where an earlier access of the word is not ordered before this one.
func (w *warp) raceShared(s *sharedMemory, lane int, at, word uint64, mark *sharedMark, touched uint8, a access) {
	writer := mark.lane(word % cellWords)
	if mark.writer != 0 && mark.written&touched != 0 && !(a.strong && mark.strength > weak) && !w.knowsPhase(s, word, mark) {
		switch other := int(mark.writer) - 1; {
		case other >= len(w.block.cluster.warps):
			if w.order.of(mark.writer) < mark.tick {
				fail(lane, "the word of shared memory at %#x belongs to a bulk copy or asynchronous store of line %d that is not finished, or nobody has waited for it",
					4*word, mark.line)
			}
		case other != w.entry && w.order.clock[other] < mark.tick && !w.repeatsShared(s, lane, at, a):
			w.raceOf(lane, mark, a, "race in shared memory at %#x: thread %s has written it in line %d and no barrier lies between", 4*word,
				w.block.cluster.nameThread(other, writer, s.block), mark.line)
		case other == w.entry && writer != lane && !w.lanesOrdered(lane, writer, mark) && !w.repeatsShared(s, lane, at, a):
			w.raceOf(lane, mark, a, "race in shared memory at %#x: thread %v of the same warp has written it in line %d and no bar.warp.sync lies between",
				4*word, w.thread(writer), mark.line)
		}
	}
	if !a.write || a.atomic {
		return
	}
	for readers := w.others(s, mark); readers != 0; readers &= readers - 1 {
		other := first(readers)
		read := s.readsOf(other, word/cellWords)[word%cellWords]
		if uint8(read)&15&touched != 0 && w.order.clock[s.block.firstEntry+other] < read>>4 {
			fail(lane, "race in shared memory at %#x: warp %d%s has read it and no barrier lies between", 4*word, other, w.elsewhere(s.block))
		}
	}
	if read := w.remoteReader(s, word, touched); read != nil {
		fail(lane, "race in shared memory at %#x: %s has read it and no barrier lies between", 4*word, w.block.cluster.nameEntry(read.entry))
	}
}

// raceOf faults, unless a load meets an atomic: it then has the value of a moment.
func (w *warp) raceOf(lane int, mark *sharedMark, a access, format string, values ...any) {
	if mark.strength != atomicAccess || !a.passes {
		fail(lane, format, values...)
	}
	w.unsettle(lane, a, format, values...)
}

// repeatsShared says whether a store leaves what is there.
func (w *warp) repeatsShared(s *sharedMemory, lane int, at uint64, a access) bool {
	return a.plain && w.same(w, lane, s.at(lane, at, a.bytes))
}

// lanesOrdered says whether a bar.warp.sync lies between another lane's write and this lane. Lanes of one store that meet
// are not ordered but allowed: one of them wins.
func (w *warp) lanesOrdered(lane, writer int, mark *sharedMark) bool {
	if int(mark.line) == w.program.code[w.pc].line && mark.syncs == w.order.syncs {
		return true
	}
	return w.order.synced[lane] > mark.syncs && w.order.synced[writer] > mark.syncs
}

func (w *warp) noteSharedWrite(s *sharedMemory, lane int, word uint64, mark *sharedMark, touched uint8, a access) {
	tick, k := w.order.clock[w.entry], word%cellWords
	mark.init |= touched
	mark.readers = 0
	s.forgetRemote(word, 1)
	if int(mark.writer) == w.entry+1 && mark.lane(k) == lane && mark.tick == tick {
		touched |= mark.written
	}
	mark.writer, mark.tick, mark.syncs = uint16(w.entry+1), tick, w.order.syncs
	mark.lanes = mark.lanes&^(0xff<<(8*k)) | uint32(lane)<<(8*k)
	mark.written, mark.strength, mark.line = touched, a.strength(), int32(w.program.code[w.pc].line)
	if !a.proxy {
		w.order.proxy.unfenced |= 1 << lane
	}
}

// join raises the entries of a clock to those of another. What a clock lacks is 0.
func join(clock, other []uint32) []uint32 {
	for len(clock) < len(other) {
		clock = append(clock, 0)
	}
	for n, tick := range other {
		clock[n] = max(clock[n], tick)
	}
	return clock
}

// of is the entry of a clock by its number + 1.
func (o *ordering) of(entry uint16) uint32 {
	if int(entry) > len(o.clock) {
		return 0
	}
	return o.clock[entry-1]
}

// syncLanes orders lanes of a warp.
func (w *warp) syncLanes(mask uint32) {
	w.order.syncs++
	for m := mask; m != 0; m &= m - 1 {
		w.order.synced[first(m)] = w.order.syncs
	}
	if mask == all {
		w.order.met = w.order.syncs
	}
	if mask == w.alive {
		w.order.stored = 0
		w.share()
		w.settleProxy()
	}
}
