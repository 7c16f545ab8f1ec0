package machine

// This file has cp.async, which copies from global to shared memory in the background. The bytes arrive at once, but until the
// thread has waited for them whoever touches them faults.

import (
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() { register(decodeCopy, "cp") }

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
