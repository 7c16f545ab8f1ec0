package machine

// This file orders what threads do to memory where no barrier does: by fences, and by words that they read and write strongly, as the
// memory model of PTX has it. A release, or a fence and a strong write behind it, of the same thread, tells what lies before; an acquire, or
// a strong read and a fence behind it, learns it. Barriers carry on what a warp knows. A relaxed atomic passes on what it has read, a
// strong store that is none ends that. Two fences in sequence (fence.sc, membar) are ordered too where a strong write behind one, by
// whoever follows it, is read before the other: there barriers may lie between the fence and the access.

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// scope is which threads a strong access or a fence has to do with.
type scope uint8

const (
	gpuScope scope = iota // and the system
	clusterScope
	blockScope
	scopes
)

func scopeOf(name string) scope {
	switch name {
	case "cta":
		return blockScope
	case "cluster":
		return clusterScope
	}
	return gpuScope
}

// fence is what one does.
type fence struct {
	scope      scope
	acquires   bool
	releases   bool
	sequential bool
}

func decodeFence(c *compiler, i *syntax.Instruction) work {
	switch {
	case i.With["where"] == "global":
		return func(*warp, uint32) {} // global memory knows no proxies here
	case i.With["kind"] == "async":
		return func(w *warp, mask uint32) { w.fenceProxy(mask) }
	case i.Modifiers[0] == "mbarrier_init":
		return func(w *warp, _ uint32) { w.fenceInits() }
	case i.Modifiers[0] == "proxy":
		return func(*warp, uint32) {}
	}
	one := func(order string) bool { return slices.Contains(i.Modifiers, order) }
	f := fence{scope: scopeOf(i.With["scope"]), acquires: !one("release"), releases: !one("acquire")}
	f.sequential = i.Opcode == "membar" || one("sc")
	if i.Has("restrict") {
		f.scope = clusterScope
	}
	c.exchange(f.scope)
	return func(w *warp, mask uint32) { w.fence(mask, f) }
}

// exchange notes that the program has fences or strong accesses of a scope.
func (c *compiler) exchange(s scope) {
	c.exchanges, c.scoped = true, c.scoped || s != gpuScope
}

// exchanging makes the access of an instruction strong, as its modifiers say.
func (c *compiler) exchanging(i *syntax.Instruction, where space, a access) access {
	order := i.With["order"] + i.With["strong"] // of an atomic, of a load or store
	a.strong, a.scope = true, scopeOf(i.With["scope"])
	a.acquire, a.release = order == "acquire" || order == "acq_rel", order == "release" || order == "acq_rel"
	if where == globalSpace || where == genericSpace {
		c.exchange(a.scope)
	}
	return a
}

// knowledge is, by cluster of the grid, which of its accesses lie before. It never changes.
type knowledge struct{ of map[int]extent }

// extent is, by warp of a cluster, up to which of its ticks the accesses of all its lanes lie before, and by lane those of some lanes.
type extent struct {
	warps []uint32
	lanes map[int]uint32 // by 32 * warp + lane, nil for none
}

func (e extent) has(warp, lane int, tick uint32) bool {
	return warp < len(e.warps) && (e.warps[warp] >= tick || e.lanes[32*warp+lane] >= tick)
}

func (e extent) covers(other extent) bool {
	for at, tick := range other.lanes {
		if !e.has(at/32, at%32, tick) {
			return false
		}
	}
	return covers(e.warps, other.warps)
}

func (e extent) with(other extent) extent {
	made := extent{warps: join(slices.Clone(e.warps), other.warps), lanes: e.lanes}
	if other.lanes != nil {
		made.lanes = maps.Clone(e.lanes)
		if made.lanes == nil {
			made.lanes = map[int]uint32{}
		}
		for at, tick := range other.lanes {
			made.lanes[at] = max(made.lanes[at], tick)
		}
	}
	return made
}

// with is the knowledge of both.
func (k *knowledge) with(other *knowledge) *knowledge {
	switch {
	case other == nil || k == other:
		return k
	case k == nil:
		return other
	case len(other.of) > len(k.of):
		k, other = other, k
	}
	made := k
	for cluster, more := range other.of {
		known := k.of[cluster]
		if known.covers(more) {
			continue
		}
		if made == k {
			made = &knowledge{maps.Clone(k.of)}
		}
		made.of[cluster] = known.with(more)
	}
	return made
}

// has says whether an access lies before, of a lane of a warp of a cluster in a tick.
func (k *knowledge) has(cluster, warp, lane int, tick uint32) bool {
	return k != nil && k.of[cluster].has(warp, lane, tick)
}

// covers says whether no entry of a clock is beyond that of another.
func covers(clock, other []uint32) bool {
	if len(clock) < len(other) {
		return false
	}
	for n, tick := range other {
		if tick > clock[n] {
			return false
		}
	}
	return true
}

// The pasts of a warp: lists of knowledge, each with all before it. Clocks say how many of each lie before, behind the ticks of all warps
// and those of their proxy fences.
type past int

const (
	acquired past = iota // what it has learnt
	fenced               // what lay before its sequential fences
	seen                 // what lay before such fences of others whose words it has read
	pasts
)

// pastEntry is the entry of the clocks of a warp's past.
func (c *cluster) pastEntry(p past, entry int) int { return (2+int(p))*len(c.warps) + entry }

// gain adds to a past of the warp.
func (w *warp) gain(p past, k *knowledge) {
	c := w.block.cluster
	list := &c.pasts[p][w.entry]
	var last *knowledge
	if n := len(*list); n > 0 {
		last = (*list)[n-1]
	}
	if next := last.with(k); next != last {
		*list = append(*list, next)
		w.order.clock[c.pastEntry(p, w.entry)] = uint32(len(*list))
	}
}

// pastOf is all that lies before what the warp does now of a past.
func (w *warp) pastOf(p past) (k *knowledge) {
	c := w.block.cluster
	for n, count := range w.order.clock[c.pastEntry(p, 0):][:len(c.warps)] {
		if count > 0 {
			k = k.with(c.pasts[p][n][count-1])
		}
	}
	return k
}

// known is what a lane has learnt of others, one by one.
func (w *warp) known(lane int) (list []*knowledge) {
	c := w.block.cluster
	if !w.program.exchanges {
		return nil
	}
	for n, count := range w.order.clock[c.pastEntry(acquired, 0):][:len(c.warps)] {
		if count > 0 {
			list = append(list, c.pasts[acquired][n][count-1])
		}
	}
	if w.talking != nil {
		for lanes, k := range w.talking.learnt {
			if lanes>>lane&1 != 0 {
				list = append(list, k)
			}
		}
	}
	return list
}

// knowsOf says whether a lane has learnt anything of a block, which has a number in the order of clusters, + 1.
func (w *warp) knowsOf(lane int, id uint32) bool {
	c := w.block.cluster
	number, rank := int(id-1)/len(c.blocks), int(id-1)%len(c.blocks)
	if number == c.number {
		return w.knowsTicks(c.blocks[rank])
	}
	return slices.ContainsFunc(w.known(lane), func(k *knowledge) bool { return k.of[number].warps != nil })
}

// knowsAny says whether it has of any.
func (w *warp) knowsAny(lane int) bool {
	ofAnother := func(b *block) bool { return b != w.block && w.knowsTicks(b) }
	return len(w.known(lane)) > 0 || slices.ContainsFunc(w.block.cluster.blocks, ofAnother)
}

// knowsTicks says whether something that a block of the cluster has done lies before.
func (w *warp) knowsTicks(b *block) bool {
	return slices.Max(w.order.clock[b.firstEntry:][:len(b.warps)]) >= firstTick
}

// talking is how the lanes of a warp tell and learn by words of global memory.
type talking struct {
	released [scopes][32]*release   // by scope and lane, of its last fence or release
	heard    [scopes][32]*knowledge // likewise, what strong reads have told, which the next fence acquires
	hearers  uint32                 // the lanes that have read so
	learnt   map[uint32]*knowledge  // by lanes, what they have acquired since all met
}

// release is a fence or release of a warp.
type release struct {
	before, all *knowledge // what lies before it of every lane, and what would if all lanes had met
	stored      uint32     // lanes that have written to global memory since all met
	cluster     int
	warp        int
	tick        uint32
}

// of is what lies before the fence or release of lanes: of other lanes what they did before all met.
func (r *release) of(lanes uint32) *knowledge {
	if r == nil {
		return nil
	}
	if r.stored&^lanes == 0 {
		return r.all
	}
	e := extent{warps: r.before.of[r.cluster].warps, lanes: map[int]uint32{}}
	for m := lanes; m != 0; m &= m - 1 {
		e.lanes[32*r.warp+first(m)] = r.tick
	}
	return r.before.with(&knowledge{map[int]extent{r.cluster: e}})
}

// talks is the warp's, made when it is first needed.
func (w *warp) talks() *talking {
	if w.talking == nil {
		w.talking = &talking{}
	}
	return w.talking
}

// acquire lets lanes learn. The others do when all meet.
func (w *warp) acquire(lanes uint32, k *knowledge) {
	if k == nil {
		return
	}
	if lanes == w.alive {
		w.gain(acquired, k)
		return
	}
	t := w.talks()
	if t.learnt == nil {
		t.learnt = map[uint32]*knowledge{}
	}
	t.learnt[lanes] = t.learnt[lanes].with(k)
}

// share lets all lanes know what some have learnt, as they meet or one speaks for all.
func (w *warp) share() {
	if w.talking == nil || w.talking.learnt == nil {
		return
	}
	for _, k := range w.talking.learnt {
		w.gain(acquired, k)
	}
	w.talking.learnt = nil
}

// fence is a fence of some lanes.
func (w *warp) fence(mask uint32, f fence) {
	if f.acquires {
		w.learn(w.order.heard)
	}
	if f.releases {
		w.releaseShared()
	}
	if !w.block.launch.checkRaces || mask == 0 {
		return
	}
	t := w.talks()
	if f.acquires && f.sequential && f.scope == gpuScope {
		w.acquire(mask, w.pastOf(seen))
	}
	for s := f.scope; f.acquires && s < scopes; s++ {
		for m := mask & t.hearers; m != 0; m &= m - 1 {
			w.acquire(1<<first(m), t.heard[s][first(m)])
		}
	}
	if f.releases {
		w.close(mask, f)
	}
}

// close notes what lies before a fence or release of some lanes.
func (w *warp) close(mask uint32, f fence) {
	c, t := w.block.cluster, w.talks()
	known := w.pastOf(acquired)
	for lanes, k := range t.learnt {
		if lanes&mask != 0 {
			known = known.with(k)
		}
	}
	r := &release{stored: w.order.stored, cluster: c.number, warp: w.entry, tick: w.order.clock[w.entry]}
	ticks := slices.Clone(w.order.clock[:len(c.warps)])
	r.all = known.with(&knowledge{map[int]extent{c.number: {warps: ticks}}})
	if r.stored != 0 {
		ticks = slices.Clone(ticks)
		ticks[w.entry] = w.order.proxy.met
		r.before = known.with(&knowledge{map[int]extent{c.number: {warps: ticks}}})
	}
	for s := f.scope; s < scopes; s++ {
		for m := mask; m != 0; m &= m - 1 {
			t.released[s][first(m)] = r
		}
	}
	if f.sequential && f.scope == gpuScope {
		w.gain(fenced, r.of(mask))
	}
	w.order.clock[w.entry]++
}

// published is what words tell through which warps talk.
type published struct {
	sync.Mutex
	any   atomic.Bool
	words map[wordKey]told
}

// wordKey is a word as threads of one scope see it, of the block or cluster that is named.
type wordKey struct {
	address uint64
	scope   scope
	number  int
}

// told is what a strong read of a word learns: by itself, and for a sequential fence behind it.
type told struct{ released, fenced *knowledge }

// exchange lets a strong access of a lane to global memory tell and learn.
func (w *warp) exchange(lane int, address uint64, a access) {
	p, t := &w.block.launch.published, w.talks()
	if !a.release && t.released[a.scope][lane] == nil && !p.any.Load() {
		return
	}
	p.Lock()
	defer p.Unlock()
	for s := a.scope; a.read && s <= w.narrowest(); s++ {
		w.hear(lane, s, p.words[w.wordKey(address, s)], a)
	}
	if a.release {
		w.close(1<<lane, fence{scope: a.scope})
	}
	for s := a.scope; a.write && s <= w.narrowest(); s++ {
		key := w.wordKey(address, s)
		word := p.words[key]
		if !a.atomic {
			word = told{}
		}
		word.released = word.released.with(t.released[s][lane].of(1 << lane))
		if s == gpuScope {
			word.fenced = word.fenced.with(w.pastOf(fenced))
		}
		p.words[key] = word
		p.any.Store(true)
	}
}

// narrowest is the scope of the fewest threads that the program names.
func (w *warp) narrowest() scope {
	if w.program.scoped {
		return blockScope
	}
	return gpuScope
}

func (w *warp) wordKey(address uint64, s scope) wordKey {
	return wordKey{address, s, [scopes]int{0, w.block.cluster.number, int(w.block.id)}[s]}
}

// hear is a strong read of a word.
func (w *warp) hear(lane int, s scope, word told, a access) {
	t := w.talks()
	if a.acquire {
		w.acquire(1<<lane, word.released)
	}
	t.heard[s][lane] = t.heard[s][lane].with(word.released)
	t.hearers |= 1 << lane
	w.gain(seen, word.fenced)
}

// releaseShared notes what a release or fence tells by words of shared memory.
func (w *warp) releaseShared() {
	w.order.released = join(w.order.released, w.order.clock)
	w.order.clock[w.entry]++
}

// talkShared lets a strong access to shared memory tell and learn.
func (w *warp) talkShared(s *sharedMemory, at uint64, a access) {
	if a.read && s.sync[at] != nil {
		w.order.heard = join(w.order.heard, s.sync[at])
		if a.acquire {
			w.learn(s.sync[at])
		}
	}
	if !a.write {
		return
	}
	if a.release {
		w.releaseShared()
	}
	if s.sync == nil {
		s.sync = map[uint64][]uint32{}
	}
	if !a.atomic {
		delete(s.sync, at)
	}
	if w.order.released != nil {
		w.tick()
		s.sync[at] = join(slices.Clone(s.sync[at]), w.order.released)
	}
}
