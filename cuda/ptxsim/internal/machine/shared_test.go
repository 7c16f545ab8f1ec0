package machine

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// plainWord is the past of one word of shared memory, remembered without cells: what sharedMark must come to.
type plainWord struct {
	init, written, lane  uint8
	strong, pending      bool
	writer, tick, syncs  int // of the writer its entry of the clocks, + 1
	line, reading, since int
	reads                [6]struct{ tick, bytes int } // by warp, since the last write
	distributed          int                          // the end of the phase that tells of the last copy to another block
}

// plainShared notes accesses word by word.
type plainShared struct {
	phase  int // entry of the clocks of the mbarrier
	words  []plainWord
	copies [6][]asyncCopy
}

// access is the reason of the first fault that an access of a lane is, "" where it is none.
func (p *plainShared) access(w *warp, lane int, at uint64, a access) string {
	touched := byteMask(at, a.bytes)
	for word := at / 4; word <= (at+uint64(a.bytes)-1)/4; word++ {
		if reason := p.check(w, lane, word, touched, a); reason != "" {
			return reason
		}
		p.note(w, lane, word, touched, a)
	}
	return ""
}

func (p *plainShared) check(w *warp, lane int, word uint64, touched uint8, a access) string {
	m, own, clock := &p.words[word], w.entry+1, func(entry int) int { return int(w.order.of(uint16(entry))) }
	cluster := w.block.cluster
	warps := len(cluster.warps)
	thread := func(entry int) string { return cluster.nameThread(entry, int(m.lane), cluster.blocks[0]) }
	switch {
	case a.read && m.init&touched != touched:
		return fmt.Sprintf("uninitialised word of shared memory at %#x", 4*word)
	case m.pending:
		return fmt.Sprintf("the word of shared memory at %#x belongs to an asynchronous copy of line %d that is not finished", 4*word, m.line)
	case a.write && m.reading > 0:
		return fmt.Sprintf("the word of shared memory at %#x is still being read by line %d", 4*word, m.since)
	case a.proxy && m.writer > 0 && m.writer <= warps && clock(warps+m.writer) < m.tick && (m.writer == own || clock(m.writer) >= m.tick) &&
		(m.writer != own || int(w.order.proxy.fenced[m.lane]) < m.tick):
		return fmt.Sprintf("the word of shared memory at %#x was written in line %d and no fence.proxy.async lies between", 4*word, m.line)
	}
	if m.writer != 0 && m.written&touched != 0 && !(a.strong && m.strong) {
		together := m.line == w.program.code[w.pc].line && m.syncs == int(w.order.syncs)
		synced := int(w.order.synced[lane]) > m.syncs && int(w.order.synced[m.lane]) > m.syncs
		switch {
		case m.writer > warps && clock(m.writer) < m.tick:
			return fmt.Sprintf("the word of shared memory at %#x belongs to a bulk copy or asynchronous store of line %d that is not finished, or nobody has waited for it", 4*word, m.line)
		case m.writer <= warps && m.writer != own && clock(m.writer) < m.tick:
			return fmt.Sprintf("race in shared memory at %#x: thread %s has written it in line %d and no barrier lies between", 4*word, thread(m.writer-1), m.line)
		case m.writer == own && int(m.lane) != lane && (a.write || int(w.order.shown) <= m.tick) && !together && !synced:
			return fmt.Sprintf("race in shared memory at %#x: thread %v of the same warp has written it in line %d and no bar.warp.sync lies between",
				4*word, w.thread(int(m.lane)), m.line)
		}
	}
	for other := range cluster.warps {
		if read := m.reads[other]; a.write && other != w.entry && read.bytes&int(touched) != 0 && clock(other+1) < read.tick {
			return fmt.Sprintf("race in shared memory at %#x: warp %d has read it and no barrier lies between", 4*word, other)
		}
	}
	if a.write && clock(p.phase+1) < m.distributed {
		return fmt.Sprintf("race in shared memory at %#x: an asynchronous copy that nobody has waited for has read it and no barrier lies between", 4*word)
	}
	return ""
}

func (p *plainShared) note(w *warp, lane int, word uint64, touched uint8, a access) {
	m, own, tick := &p.words[word], w.entry+1, int(w.order.clock[w.entry])
	switch {
	case a.write:
		written := touched
		if m.writer == own && int(m.lane) == lane && m.tick == tick {
			written |= m.written
		}
		*m = plainWord{init: m.init | touched, written: written, lane: uint8(lane), strong: a.strong, writer: own, tick: tick, syncs: int(w.order.syncs),
			line: w.program.code[w.pc].line, since: m.since}
	case !a.strong:
		p.read(m, w, touched)
	}
}

func (p *plainShared) read(m *plainWord, w *warp, touched uint8) {
	read := &m.reads[w.entry]
	if tick := int(w.order.clock[w.entry]); read.tick != tick {
		read.tick, read.bytes = tick, 0
	}
	read.bytes |= int(touched)
}

// sharedTrial is a cluster whose warps do to the shared memory of its first block what a sequence of random numbers says.
type sharedTrial struct {
	random *rand.Rand
	block  *block
	warps  []*warp // of all blocks
	plain  plainShared
	phases *phaseBarrier
}

// newSharedCluster is room for the clusters of trials, one after the other.
func newSharedCluster(blocks int) *cluster {
	program := &Program{module: &Module{}}
	for line := range 4 {
		program.code = append(program.code, step{line: 10 + line})
	}
	c := newCluster(program, blocks, 3)
	c.launch = &Launch{Program: program, Grid: [3]int{blocks, 1, 1}, cluster: [3]int{blocks, 1, 1}, Block: [3]int{96, 1, 1}, global: NewGlobal(1)}
	for _, b := range c.blocks {
		b.launch = c.launch
	}
	return c
}

func newSharedTrial(random *rand.Rand, c *cluster, bytes int) *sharedTrial {
	b := c.blocks[0]
	c.entries = 2 * len(c.warps)
	b.shared.reset(b, bytes, len(b.warps))
	t := &sharedTrial{random: random, block: b, warps: c.warps, phases: &phaseBarrier{expected: 1, pending: 1, entry: c.takeEntries(2)}}
	for _, w := range c.warps {
		w.alive, w.order = all, ordering{clock: make([]uint32, c.entries)}
		w.order.clock[w.entry], w.order.shown, w.async = 1, 1, asyncCopies{}
	}
	t.plain.words, t.plain.phase = make([]plainWord, bytes/4), t.phases.entry
	if random.IntN(8) > 0 { // most begin with memory that holds something
		for at := 0; at < bytes; at += cellBytes {
			b.warps[0].shadowShared(&b.shared, 0, uint64(at), access{bytes: cellBytes, write: true})
			t.plain.access(b.warps[0], 0, uint64(at), access{bytes: cellBytes, write: true})
		}
		t.meet(c.warps)
	}
	return t
}

// reason is that of the fault which work ends with.
func reason(work func()) (text string) {
	defer func() {
		if mistake := recover(); mistake != nil {
			text = mistake.(stop).reason
		}
	}()
	work()
	return ""
}

// step does one thing in both and returns what both say of it.
func (t *sharedTrial) step() (got, want string) {
	w := t.warps[t.random.IntN(len(t.warps))]
	w.pc = t.random.IntN(len(w.program.code))
	switch t.random.IntN(20) {
	case 0, 1, 2, 3, 4: // all meet
		t.meet(t.warps)
	case 5:
		t.meet(append([]*warp{w}, t.warps[(w.entry+1)%len(t.warps)]))
	case 6:
		w.syncLanes(all >> t.random.IntN(2))
	case 7, 11:
		for _, w := range t.warps {
			w.fenceProxy(all >> t.random.IntN(2))
		}
	case 12:
		w.order.clock = join(w.order.clock, t.phases.done)
	case 13:
		return t.strong(w)
	case 8:
		return t.copy(t.block.warps[w.number])
	case 14:
		return t.share(w)
	case 15:
		return t.distribute(t.block.warps[w.number])
	case 9:
		return t.deliver(w)
	case 10:
		return t.borrow(t.block.warps[w.number])
	default:
		return t.plainly(w)
	}
	return "", ""
}

// meet is a barrier of some warps.
func (t *sharedTrial) meet(warps []*warp) {
	var clock []uint32
	for _, w := range warps {
		clock = join(clock, w.order.clock)
		w.order.clock[w.entry]++
	}
	for _, w := range warps {
		w.order.clock = join(w.order.clock, clock)
		w.syncLanes(all)
	}
}

// addresses are those of an access of so many bytes by all lanes: one behind the other, the same for all or for some, or any.
func (t *sharedTrial) addresses(bytes int) *wideRow {
	var at wideRow
	places := len(t.block.shared.data) / bytes
	from, same := t.random.IntN(places), 1<<t.random.IntN(6)
	for lane := range at {
		place := (from + lane/same) % places
		if same == 32 {
			place = t.random.IntN(places)
		}
		at[lane] = uint64(place * bytes)
	}
	return &at
}

func (t *sharedTrial) mask() uint32 {
	switch t.random.IntN(4) {
	case 0:
		return 1 << t.random.IntN(32)
	case 1:
		return t.random.Uint32() | 1
	}
	return all
}

func (t *sharedTrial) plainly(w *warp) (got, want string) {
	bytes := 1 << t.random.IntN(5)
	a := access{bytes: bytes, read: true}
	if t.random.IntN(3) == 0 {
		a = access{bytes: bytes, write: true}
	}
	return t.touch(w, t.mask(), t.addresses(bytes), a)
}

// share is a write by one lane, which reads it again together with those above it.
func (t *sharedTrial) share(w *warp) (got, want string) {
	bytes, lane := 1<<t.random.IntN(5), t.random.IntN(32)
	at := t.addresses(bytes)
	for n := range at {
		at[n] = at[lane]
	}
	if got, want = t.touch(w, 1<<lane, at, access{bytes: bytes, write: true}); got != "" || want != "" {
		return got, want
	}
	w.pc = t.random.IntN(len(w.program.code))
	return t.touch(w, all<<lane, at, access{bytes: bytes, read: true})
}

// touch is an access by lanes, one by one or at once where it may be.
func (t *sharedTrial) touch(w *warp, mask uint32, at *wideRow, a access) (got, want string) {
	got = reason(func() {
		if a.bytes >= 4 && w.block == t.block && t.random.IntN(4) > 0 {
			w.touchShared(mask, at, a)
		} else {
			w.visitMemory(&t.block.shared, mask, at, a, func(int, []byte) {})
		}
	})
	for m := mask; m != 0 && want == ""; m &= m - 1 {
		want = t.plain.access(w, first(m), at[first(m)], a)
	}
	return got, want
}

func (t *sharedTrial) strong(w *warp) (got, want string) {
	bytes, lane := 4<<t.random.IntN(2), t.random.IntN(32)
	a := access{bytes: bytes, read: true, strong: true, write: t.random.IntN(2) == 0, release: t.random.IntN(2) == 0}
	at := t.addresses(bytes)
	got = reason(func() { w.visitMemory(&t.block.shared, 1<<lane, at, a, func(int, []byte) {}) })
	return got, t.plain.access(w, lane, at[lane], a)
}

// copy begins an asynchronous copy, or ends those of the warp.
func (t *sharedTrial) copy(w *warp) (got, want string) {
	if t.random.IntN(2) == 0 {
		w.waitCopies(all, 0, true)
		for _, c := range t.plain.copies[w.number] {
			for word := int(c.at) / 4; word < (int(c.at)+c.bytes)/4; word++ {
				m := &t.plain.words[word]
				m.pending, m.tick, m.syncs = false, int(w.order.clock[w.entry]), int(w.order.syncs)
			}
		}
		t.plain.copies[w.number] = nil
		return "", ""
	}
	bytes, lane := 4<<t.random.IntN(3), t.random.IntN(32)
	at, a := t.addresses(bytes)[lane], access{bytes: bytes, write: true}
	got = reason(func() {
		w.shadowShared(&w.block.shared, lane, at, a)
		w.begin(lane, at, bytes)
	})
	if want = t.plain.access(w, lane, at, a); want == "" {
		for word := int(at) / 4; word < (int(at)+bytes)/4; word++ {
			t.plain.words[word].pending = true
		}
		t.plain.copies[w.number] = append(t.plain.copies[w.number], asyncCopy{at: at, bytes: bytes})
	}
	return got, want
}

// deliver is a bulk copy, whose phase ends at once or with the next.
func (t *sharedTrial) deliver(w *warp) (got, want string) {
	lane, at := t.random.IntN(32), t.addresses(pieceBytes)[0]
	phase := int(t.phases.phase) + 1
	got = reason(func() { w.deliver(&t.block.shared, lane, at, make([]byte, pieceBytes), t.phases) })
	if want = t.plain.access(w, lane, at, access{bytes: pieceBytes, write: true, proxy: true}); want == "" {
		for word := at / 4; word < at/4+cellWords; word++ {
			t.plain.words[word].writer, t.plain.words[word].tick = t.phases.entry+1, phase
		}
	}
	if t.random.IntN(2) == 0 {
		t.phases.pending = 0
		t.phases.turn()
	}
	return got, want
}

// distribute is a bulk copy to another block, whose phase ends at once or with the next.
func (t *sharedTrial) distribute(w *warp) (got, want string) {
	lane, at := t.random.IntN(32), t.addresses(pieceBytes)[0]
	got = reason(func() { w.distribute(lane, at, t.phases) })
	if want = t.plain.access(w, lane, at, access{bytes: pieceBytes, read: true, proxy: true}); want == "" {
		for word := at / 4; word < at/4+cellWords; word++ {
			t.plain.words[word].distributed = int(t.phases.phase) + 1
		}
	}
	if t.random.IntN(2) == 0 {
		t.phases.pending = 0
		t.phases.turn()
	}
	return got, want
}

// borrow is a read of the asynchronous proxy, from which others come between.
func (t *sharedTrial) borrow(w *warp) (got, want string) {
	lane, at := t.random.IntN(32), t.addresses(pieceBytes)[0]
	var pieces []uint64
	got = reason(func() { w.borrow(lane, at, &pieces) })
	if want = t.plain.access(w, lane, at, access{bytes: pieceBytes, read: true, proxy: true}); want != "" || got != "" {
		return got, want
	}
	words := t.plain.words[at/4:][:cellWords]
	for n := range words {
		words[n].reading++
		words[n].since = w.program.code[w.pc].line
	}
	if got, want = t.plainly(t.warps[t.random.IntN(len(t.warps))]); got != "" {
		return got, want
	}
	w.release(pieces)
	for n := range words {
		words[n].reading--
		t.plain.read(&words[n], w, 15)
	}
	return got, want
}

// TestSharedMarks: cells find the same faults as words that remember their past one by one, whatever warps and lanes do, in whatever
// order and by accesses of whatever size.
func TestSharedMarks(t *testing.T) {
	for blocks := 1; blocks <= 2; blocks++ {
		t.Run(fmt.Sprint(blocks), func(t *testing.T) { compareMarks(t, blocks) })
	}
}

func compareMarks(t *testing.T, blocks int) {
	seen, number := map[string]int{}, regexp.MustCompile(`0x\w+|\d+`)
	reader := regexp.MustCompile(`(warp \d+( of block \(.*\))?|an asynchronous copy that nobody has waited for) has`) // one of several may be named
	trials := 50_000
	if testing.Short() {
		trials = 10_000
	}
	for seed, c := 0, newSharedCluster(blocks); seed < trials; seed++ {
		trial := newSharedTrial(rand.New(rand.NewPCG(uint64(seed), 1)), c, 16<<(seed*5/trials))
		for n := range 80 {
			got, want := trial.step()
			if reader.ReplaceAllString(got, "it has") != reader.ReplaceAllString(want, "it has") {
				t.Fatalf("seed %d, step %d: %q, expected %q", seed, n, got, want)
			}
			if got != "" {
				seen[number.ReplaceAllString(strings.NewReplacer(" of block (1,0,0)", "", " of block (0,0,0)", "").Replace(got), "#")]++
				break
			}
			seen["none"]++
		}
	}
	if len(seen) != 10 { // all that shared memory has to say, and nothing
		t.Errorf("steps ended with %v", seen)
	}
}
