package machine

// This file finds races between blocks in global memory. Each word remembers who wrote and read it last in this launch.
// Blocks are ordered only by what one publishes with a fence and a strong write (an atomic, a volatile store), or a
// release, and another sees with a strong read of the same word.

import "sync"

// globalMark is what a word of 4 bytes remembers.
type globalMark struct {
	launch      uint32
	writer      uint32    // block + 1
	tick        uint32    // of the writer
	readers     [2]uint32 // by half: block + 1, manyReaders for more than one
	line        int32     // of the write
	written     uint8     // bytes
	readBytes   uint8
	strength    strength // of the write
	strongReads bool     // all reads were
}

const manyReaders = ^uint32(0)

type markPage [pageBytes / 4]globalMark

// blockOrder is what a block knows of others. Its own tick grows with each fence.
type blockOrder struct {
	id       uint32 // block + 1
	tick     uint32
	fenced   uint32            // the tick that the last fence closed, 0 without
	acquired map[uint32]uint32 // by block, the tick up to which its writes are seen
}

// published is what the words through which blocks talk carry.
type published struct {
	sync.Mutex
	words map[uint64]map[uint32]uint32
}

func (o *blockOrder) sees(writer, tick uint32) bool {
	return writer == o.id || len(o.acquired) > 0 && o.acquired[writer] >= tick
}

// fence closes the block's tick: later strong writes publish all before it.
func (o *blockOrder) fence() {
	o.fenced = o.tick
	o.tick++
}

// talk lets a strong access publish and see.
func (b *block) talk(address uint64, a access) {
	o, p := &b.global, &b.launch.published
	if a.release {
		o.fence()
	}
	if o.fenced == 0 && !a.read {
		return
	}
	p.Lock()
	defer p.Unlock()
	carried := p.words[address]
	if a.read && carried != nil {
		if o.acquired == nil {
			o.acquired = map[uint32]uint32{}
		}
		for block, tick := range carried {
			o.acquired[block] = max(o.acquired[block], tick)
		}
	}
	if a.write && o.fenced != 0 {
		if carried == nil {
			carried = map[uint32]uint32{}
			p.words[address] = carried
		}
		for block, tick := range o.acquired {
			carried[block] = max(carried[block], tick)
		}
		carried[o.id] = max(carried[o.id], o.fenced)
	}
}

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

// knows says whether a read by the block, neither strong nor of bytes that another has written, would change nothing.
func (m *globalMark) knows(b *block, touched uint8) bool {
	id := b.global.id
	return m.launch == b.launch.number && (m.writer == 0 || m.writer == id) && m.readBytes&touched == touched && !m.strongReads &&
		(m.readers[0] == id || m.readers[0] == manyReaders) && (m.readers[1] == id || m.readers[1] == manyReaders)
}

// markGlobal checks an access of a word against those of other blocks and notes it. The page's lock is held. Where it meets what another
// block has written it notes nothing and says so.
func (b *block) markGlobal(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) (rival bool) {
	if a.strong {
		b.talk(address, a)
	}
	if mark.launch != b.launch.number {
		*mark = globalMark{launch: b.launch.number}
	}
	if mark.writer != 0 && mark.written&touched != 0 && !(a.strong && mark.strength > weak) && !b.global.sees(mark.writer, mark.tick) {
		return true
	}
	b.noteGlobal(lane, mark, address, touched, a, line)
	return false
}

func (b *block) noteGlobal(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) {
	if a.write {
		b.noteWrite(lane, mark, address, touched, a, line)
	} else {
		mark.noteRead(b.global.id, touched, a)
	}
}

// failRace is the fault of an access that meets what another block has written.
func failRace(lane int, mark *globalMark, address uint64, a access) {
	what := "reads"
	if a.write {
		what = "writes"
	}
	fail(lane, "race between blocks: it %s the word at %#x that block %d has written in line %d", what, address, mark.writer-1, mark.line)
}

func (b *block) noteWrite(lane int, mark *globalMark, address uint64, touched uint8, a access, line int) {
	o := &b.global
	for half, r := range mark.readers {
		if a.atomic || r == 0 || r == o.id || mark.readBytes&touched&halfBytes[half] == 0 || a.strong && mark.strongReads {
			continue
		}
		// Of many readers nothing is known but that there were some: a block that has seen others may have seen all.
		if r == manyReaders && len(o.acquired) == 0 {
			fail(lane, "race between blocks: it writes the word at %#x that other blocks have read", address)
		} else if r != manyReaders && o.acquired[r] == 0 {
			fail(lane, "race between blocks: it writes the word at %#x that block %d has read", address, r-1)
		}
	}
	if mark.writer == o.id && mark.tick == o.tick {
		touched |= mark.written
	}
	mark.writer, mark.tick, mark.line, mark.written, mark.strength = o.id, o.tick, int32(line), touched, a.strength()
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
