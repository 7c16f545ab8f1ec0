package machine

// This file is the shared memory of a block. Each word remembers who wrote and read it, so that accesses of two warps, or of
// two lanes, between which no barrier lies are races.

// sharedMemory is one block's.
type sharedMemory struct {
	data  []byte
	words []sharedWord
	reads []uint32 // by word and warp: the tick of its last read * 16 + the bytes
	warps int
	sync  map[uint64][]uint32 // what words carry through which warps talk: clocks
}

type sharedWord struct {
	init    uint8 // bytes that hold a value
	written uint8 // bytes of the last write
	lane    uint8
	strong  bool
	atomic  bool
	pending uint8  // warp + 1 whose asynchronous copy has not been waited for
	writer  uint16 // entry of the clocks to which the last write belongs, + 1: of a warp, or of the mbarrier of a bulk copy
	reading uint16 // reads of the asynchronous proxy under way
	tick    uint32
	syncs   uint32
	readers uint32 // warps, a bit each
	line    int32
	readsAt int32 // line of these reads
}

// ordering is what a warp knows of the others. A clock has three parts: of each warp, up to which of its ticks its accesses lie
// before the warp's own; of each warp, up to which tick a fence.proxy.async lies between; of each mbarrier, how many of its
// phases have ended.
type ordering struct {
	clock  []uint32
	proxy  proxyOrder
	syncs  uint32     // how many times lanes of the warp were ordered by bar.warp.sync
	synced [32]uint32 // by lane, the last of these that it took part in
	fenced bool
}

func (s *sharedMemory) reset(bytes, warps int) {
	words := (bytes + 3) / 4
	if len(s.data) != bytes || s.warps != warps {
		s.data, s.words, s.reads, s.warps = make([]byte, bytes), make([]sharedWord, words), make([]uint32, words*warps), warps
	}
	clear(s.words)
	s.sync = nil
}

func (w *warp) visitShared(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		p := w.sharedBytes(lane, address[lane], a.bytes)
		w.shadowShared(lane, address[lane], a)
		f(lane, p)
	}
	w.countShared(mask, address, a.bytes)
}

// sharedBytes is the memory at an address, checked.
func (w *warp) sharedBytes(lane int, at uint64, bytes int) []byte {
	data := w.block.shared.data
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

const uninitialisedShared = "uninitialised word of shared memory at %#x"

// missingBytes are bytes of a word as those of an access that begins at an address.
func missingBytes(at, word uint64, bytes uint8) uint16 {
	return uint16(bytes) << (4 * (word - at/4)) >> (at % 4)
}

// shadowShared checks and notes an access in the shadow of its words.
func (w *warp) shadowShared(lane int, at uint64, a access) {
	s := &w.block.shared
	if a.strong {
		w.talkShared(at, a)
	}
	touched := byteMask(at, a.bytes)
	read := w.order.clock[w.number]<<4 | uint32(touched)
	for word := at / 4; word <= (at+uint64(a.bytes)-1)/4; word++ {
		mark := &s.words[word]
		if a.read && mark.init&touched != touched {
			if !a.passes {
				fail(lane, uninitialisedShared, 4*word)
			}
			w.missed(lane, missingBytes(at, word, touched&^mark.init), uninitialisedShared, 4*word)
		}
		if mark.pending != 0 {
			fail(lane, "the word of shared memory at %#x belongs to an asynchronous copy of line %d that is not finished", 4*word, mark.line)
		}
		if a.write && mark.reading != 0 {
			fail(lane, "the word of shared memory at %#x is still being read by line %d", 4*word, mark.readsAt)
		}
		if a.proxy {
			w.demandProxyFence(lane, word, mark)
		}
		if a.write || mark.writer != 0 && w.order.of(mark.writer) <= mark.tick {
			w.raceShared(lane, at, word, mark, touched, a)
		}
		switch {
		case a.write:
			w.noteSharedWrite(lane, mark, touched, a)
		case !a.strong:
			mark.readers |= 1 << w.number
			s.reads[int(word)*s.warps+w.number] = read
		}
	}
}

// raceShared faults where an earlier access of the word is not ordered before this one.
func (w *warp) raceShared(lane int, at, word uint64, mark *sharedWord, touched uint8, a access) {
	if mark.writer != 0 && mark.written&touched != 0 && !(a.strong && mark.strong) {
		switch other := int(mark.writer) - 1; {
		case other >= w.block.shared.warps:
			if w.order.of(mark.writer) < mark.tick {
				fail(lane, "the word of shared memory at %#x belongs to a bulk copy of line %d that is not finished, or nobody has waited for it",
					4*word, mark.line)
			}
		case other != w.number && w.order.clock[other] < mark.tick && !w.repeatsShared(lane, at, a):
			w.raceOf(lane, mark, a, "race in shared memory at %#x: thread %v has written it in line %d and no barrier lies between", 4*word,
				w.block.warps[other].thread(int(mark.lane)), mark.line)
		case other == w.number && int(mark.lane) != lane && !w.lanesOrdered(lane, mark) && !w.repeatsShared(lane, at, a):
			w.raceOf(lane, mark, a, "race in shared memory at %#x: thread %v of the same warp has written it in line %d and no bar.warp.sync lies between",
				4*word, w.thread(int(mark.lane)), mark.line)
		}
	}
	if !a.write || a.atomic {
		return
	}
	s := &w.block.shared
	for readers := mark.readers &^ (1 << w.number); readers != 0; readers &= readers - 1 {
		other := first(readers)
		read := s.reads[int(word)*s.warps+other]
		if uint8(read)&15&touched != 0 && w.order.clock[other] < read>>4 {
			fail(lane, "race in shared memory at %#x: warp %d has read it and no barrier lies between", 4*word, other)
		}
	}
}

// raceOf faults, unless a load meets an atomic: it then has the value of a moment.
func (w *warp) raceOf(lane int, mark *sharedWord, a access, format string, values ...any) {
	if !mark.atomic || !a.passes {
		fail(lane, format, values...)
	}
	w.unsettle(lane, a, format, values...)
}

// repeatsShared says whether a store leaves what is there.
func (w *warp) repeatsShared(lane int, at uint64, a access) bool {
	return a.same != nil && a.same(w, lane, w.sharedBytes(lane, at, a.bytes))
}

// lanesOrdered says whether a bar.warp.sync lies between another lane's write and this lane. Lanes of one store that meet
// are not ordered but allowed: one of them wins.
func (w *warp) lanesOrdered(lane int, mark *sharedWord) bool {
	if int(mark.line) == w.program.code[w.pc].line && mark.syncs == w.order.syncs {
		return true
	}
	return w.order.synced[lane] > mark.syncs && w.order.synced[mark.lane] > mark.syncs
}

func (w *warp) noteSharedWrite(lane int, mark *sharedWord, touched uint8, a access) {
	tick := w.order.clock[w.number]
	mark.init |= touched
	mark.readers = 0
	if int(mark.writer) == w.number+1 && int(mark.lane) == lane && mark.tick == tick {
		touched |= mark.written
	}
	mark.writer, mark.lane, mark.tick, mark.syncs = uint16(w.number+1), uint8(lane), tick, w.order.syncs
	mark.written, mark.strong, mark.atomic, mark.line = touched, a.strong, a.atomic, int32(w.program.code[w.pc].line)
	if !a.proxy {
		w.order.proxy.unfenced |= 1 << lane
	}
}

// talkShared lets a strong access carry order from warp to warp, as far as a fence lies before the write.
func (w *warp) talkShared(at uint64, a access) {
	s := &w.block.shared
	if a.read {
		w.order.clock = join(w.order.clock, s.sync[at])
	}
	if a.write && (w.order.fenced || a.release) {
		if s.sync == nil {
			s.sync = map[uint64][]uint32{}
		}
		s.sync[at] = join(s.sync[at], w.order.clock)
		w.order.clock[w.number]++
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
	if mask == w.alive {
		w.settleProxy()
	}
}
