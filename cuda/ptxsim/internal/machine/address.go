package machine

// This file finds the memory behind addresses: by the space that an instruction names, or by the window in which a
// generic address lies. It also holds the memory that each thread has of its own.

import (
	"strings"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// The windows of shared and local memory among the generic addresses. All others are global.
const (
	sharedWindow = 1 << 60
	localWindow  = 2 << 60
	paramWindow  = 4 << 60 // the block of arguments; functions lie in that between
	windowMask   = 15 << 60
)

type space uint8

const (
	globalSpace  space = iota // constants too, which lie in global memory
	sharedSpace               // of the thread's own block
	clusterSpace              // of any block of the cluster
	localSpace
	genericSpace
	argumentSpace
)

func spaceOf(name string) space {
	if name == "shared::cluster" {
		return clusterSpace
	}
	name, _, _ = strings.Cut(name, "::")
	switch name {
	case "global", "const":
		return globalSpace
	case "shared":
		return sharedSpace
	case "local":
		return localSpace
	case "param":
		return localSpace // of calls; the entry's is argumentSpace
	}
	return genericSpace
}

// access is what a request does with its bytes. Strong ones (volatile, relaxed, atomic) may meet those of other threads.
type access struct {
	bytes   int
	write   bool
	read    bool
	strong  bool
	acquire bool
	release bool
	scope   scope // of a strong one
	atomic  bool  // it reads and writes at once
	proxy   bool  // by the asynchronous proxy, to shared memory
	passes  bool  // what has no value may be read, as long as nothing depends on it
	phase   bool  // of an mbarrier, which visitPhases tells the block of that has it
	plain   bool  // a store of which w.same tells whether the memory holds the value already
}

// strength is how far an access may meet those of other threads.
type strength uint8

const (
	weak strength = iota
	strongAccess
	atomicAccess
)

func (a *access) strength() strength {
	switch {
	case a.atomic:
		return atomicAccess
	case a.strong:
		return strongAccess
	}
	return weak
}

// visit calls f with the memory of each lane of the mask, lowest lane first, after all checks.
func (w *warp) visit(s space, mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	switch s {
	case globalSpace:
		w.visitGlobal(mask, address, a, f)
	case sharedSpace:
		w.visitShared(mask, address, a, f)
	case clusterSpace:
		w.visitCluster(mask, address, a, f)
	case localSpace:
		w.visitLocal(mask, address, a, f)
	case argumentSpace:
		w.visitArguments(mask, address, a, f)
	default:
		w.visitGeneric(mask, address, a, f)
	}
}

func (w *warp) visitGeneric(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	var shared, local, arguments uint32
	var inside wideRow
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		switch address[lane] & windowMask {
		case sharedWindow:
			shared |= 1 << lane
		case localWindow:
			local |= 1 << lane
		case paramWindow:
			arguments |= 1 << lane
		}
		inside[lane] = address[lane] &^ windowMask
	}
	if shared != 0 {
		w.visitCluster(shared, &inside, a, f)
	}
	if local != 0 {
		w.visitLocal(local, &inside, a, f)
	}
	if arguments != 0 {
		if a.write {
			fail(first(arguments), "write to the arguments of the kernel")
		}
		w.visitArguments(arguments, &inside, a, f)
	}
	if global := mask &^ (shared | local | arguments); global != 0 {
		w.visitGlobal(global, address, a, f)
	}
}

func (w *warp) visitLocal(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		p, missing := w.local.access(lane, address[lane], a.bytes, a.write)
		if missing != 0 {
			if !a.passes {
				fail(lane, uninitialisedLocal, address[lane])
			}
			w.missed(lane, missing, uninitialisedLocal, address[lane])
			if from := w.local.forgotten[(address[lane]+uint64(first(uint32(missing))))<<5|uint64(lane)]; from != nil {
				w.lostOrigin = from
			}
		}
		f(lane, p)
	}
	if w.counts != nil {
		w.counts[w.pc].LocalBytes += uint64(a.bytes * onesCount(mask))
	}
}

// visitArguments reads the block of arguments of the launch.
func (w *warp) visitArguments(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	arguments := w.block.launch.Arguments
	last, p := ^uint64(0), []byte(nil)
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		at := address[lane]
		if at == last {
			f(lane, p)
			continue
		}
		if at > uint64(len(arguments)) || at+uint64(a.bytes) > uint64(len(arguments)) {
			fail(lane, "out of bounds: %d bytes at %d of %d bytes of arguments", a.bytes, at, len(arguments))
		}
		if at%uint64(a.bytes) != 0 {
			fail(lane, "misaligned: %d bytes at %d of the arguments", a.bytes, at)
		}
		last, p = at, arguments[at:at+uint64(a.bytes)]
		f(lane, p)
	}
}

// localMemory is that of the threads of a warp: .local variables and the .param variables of calls.
type localMemory struct {
	size       int
	base       int            // where the stack of alloca begins
	stack      [32]int        // by lane, how much of it is taken
	localBytes                // lane by lane
	spare      [32]localBytes // on their way through a call

	forgotten map[uint64]*origin // by address and lane, why what was stored without a value has none
}

// localBytes are bytes, each with a 1 where it holds a value.
type localBytes struct{ data, init []byte }

// from are so many of them.
func (b localBytes) from(at, bytes int) localBytes {
	return localBytes{b.data[at:][:bytes], b.init[at:][:bytes]}
}

func (b localBytes) copy(from localBytes) {
	copy(b.data, from.data)
	copy(b.init, from.init)
}

func (l *localMemory) reset(base, stack int) {
	size := base + stack
	l.base, l.stack = base, [32]int{}
	if l.size != size || l.data == nil {
		l.size, l.localBytes = size, localBytes{make([]byte, 32*size), make([]byte, 32*size)}
	}
	clear(l.init)
	l.forgotten = nil
}

// lane is the memory of one thread.
func (l *localMemory) lane(lane int) localBytes { return l.from(lane*l.size, l.size) }

// collect reads what a call or return hands over, before either side's memory changes.
func (l *localMemory) collect(spans []copySpan, lane int) {
	if len(spans) == 0 {
		return
	}
	l.carry(spans, lane)
	memory, out := l.lane(lane), &l.spare[lane]
	out.data, out.init = out.data[:0], out.init[:0]
	for _, s := range spans {
		part := memory.from(s.from, s.bytes)
		out.data, out.init = append(out.data, part.data...), append(out.init, part.init...)
	}
}

// deliver writes what collect has read.
func (l *localMemory) deliver(spans []copySpan, lane int) {
	at := 0
	for _, s := range spans {
		l.from(lane*l.size+s.to, s.bytes).copy(l.spare[lane].from(at, s.bytes))
		at += s.bytes
	}
}

// carry lets what a call or return hands over without a value remember why.
func (l *localMemory) carry(spans []copySpan, lane int) {
	if l.forgotten == nil {
		return
	}
	for _, s := range spans {
		for n := range s.bytes {
			if from := l.forgotten[uint64(s.from+n)<<5|uint64(lane)]; from != nil {
				l.forget(lane, uint64(s.to+n), from)
			}
		}
	}
}

// giveBack hands results to the caller; where the callee's memory will be restored the delivery waits for that.
func (l *localMemory) giveBack(f *frame, lane int) {
	l.collect(f.results, lane)
	if f.saved == nil {
		l.deliver(f.results, lane)
	}
}

const uninitialisedLocal = "uninitialised word of local memory at %#x"

// access is the memory behind an address of a lane, and which bytes of it hold nothing to read.
func (l *localMemory) access(lane int, address uint64, bytes int, write bool) (p []byte, missing uint16) {
	if address > uint64(l.size) || address+uint64(bytes) > uint64(l.size) {
		fail(lane, "out of bounds: %d bytes at local address %#x of %d", bytes, address, l.size)
	}
	if address%uint64(bytes) != 0 {
		fail(lane, "misaligned: %d bytes at local address %#x", bytes, address)
	}
	part := l.from(lane*l.size+int(address), bytes)
	for from := 0; from < bytes; from += 8 {
		init := part.init[from:min(from+8, bytes)]
		if known := uint64(ones) >> (64 - 8*len(init)); write {
			putNumber(init, known)
		} else if number(init) != known {
			for n, b := range init {
				missing |= uint16(b^1) << (from + n)
			}
		}
	}
	return part.data, missing
}

// ones is a 1 in each byte.
const ones = 0x0101010101010101

func init() {
	register(decodeAlloca, "alloca")
	register(decodeStackSave, "stacksave")
	register(decodeStackRestore, "stackrestore")
}

// stackBytes is the memory that alloca gives out, in a program that has it.
const stackBytes = 16 << 10

// decodeAlloca takes memory of the thread's stack, until its function returns.
func decodeAlloca(c *compiler, i *syntax.Instruction) work {
	c.StackBytes = stackBytes
	target, size := c.wide(i.Operands[0], "u64"), c.wide(i.Operands[1], "u64")
	align := 16
	if len(i.Operands) > 2 {
		align = max(1, int(i.Operands[2].Value))
	}
	return func(w *warp, mask uint32) {
		l := &w.local
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			from := alignUp(l.base+l.stack[lane], align)
			bytes := w.wide[size][lane]
			if bytes > stackBytes || from+int(bytes) > l.size {
				fail(lane, "out of bounds: alloca of %d bytes, %d of %d are taken", bytes, l.stack[lane], stackBytes)
			}
			clear(l.lane(lane).init[from : from+int(bytes)])
			l.stack[lane] = from + int(bytes) - l.base
			w.wide[target][lane] = uint64(from)
		}
	}
}

func decodeStackSave(c *compiler, i *syntax.Instruction) work {
	target := c.wide(i.Operands[0], "u64")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			w.wide[target][first(m)] = uint64(w.local.stack[first(m)])
		}
	}
}

func decodeStackRestore(c *compiler, i *syntax.Instruction) work {
	source := c.wide(i.Operands[0], "u64")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			if saved := w.wide[source][lane]; saved > uint64(w.local.stack[lane]) {
				fail(lane, "out of bounds: stackrestore to %d of %d bytes", saved, w.local.stack[lane])
			}
			w.local.stack[lane] = int(w.wide[source][lane])
		}
	}
}
