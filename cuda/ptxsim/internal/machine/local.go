package machine

// This file is memory that each thread has of its own: .local variables and the .param variables of calls.

type localMemory struct {
	size  int
	data  []byte // lane by lane
	init  []bool // which bytes hold a value
	spare [32][]localByte
}

// localByte is a byte on its way through a call.
type localByte struct {
	value byte
	init  bool
}

func (l *localMemory) reset(size int) {
	if l.size != size || l.data == nil {
		l.size, l.data, l.init = size, make([]byte, 32*size), make([]bool, 32*size)
	}
	clear(l.init)
}

// lane is the memory of one thread.
func (l *localMemory) lane(lane int) ([]byte, []bool) {
	from, to := lane*l.size, (lane+1)*l.size
	return l.data[from:to], l.init[from:to]
}

// collect reads what a call or return hands over, before either side's memory changes.
func (l *localMemory) collect(spans []copySpan, lane int) {
	data, init := l.lane(lane)
	out := l.spare[lane][:0]
	for _, s := range spans {
		for n := s.from; n < s.from+s.bytes; n++ {
			out = append(out, localByte{data[n], init[n]})
		}
	}
	l.spare[lane] = out
}

// deliver writes what collect has read.
func (l *localMemory) deliver(spans []copySpan, lane int) {
	data, init := l.lane(lane)
	from := l.spare[lane]
	for _, s := range spans {
		for n := range s.bytes {
			data[s.to+n], init[s.to+n] = from[n].value, from[n].init
		}
		from = from[s.bytes:]
	}
}

// giveBack hands results to the caller; where the callee's memory will be restored the delivery waits for that.
func (l *localMemory) giveBack(f *frame, lane int) {
	l.collect(f.results, lane)
	if f.saved == nil {
		l.deliver(f.results, lane)
	}
}

// access is the memory behind an address of a lane.
func (l *localMemory) access(lane int, address uint64, bytes int, write bool) []byte {
	if address > uint64(l.size) || address+uint64(bytes) > uint64(l.size) {
		fail(lane, "out of bounds: %d bytes at local address %#x of %d", bytes, address, l.size)
	}
	if address%uint64(bytes) != 0 {
		fail(lane, "misaligned: %d bytes at local address %#x", bytes, address)
	}
	data, init := l.lane(lane)
	for n := range bytes {
		switch at := int(address) + n; {
		case write:
			init[at] = true
		case !init[at]:
			fail(lane, "uninitialised word of local memory at %#x", address)
		}
	}
	return data[address : int(address)+bytes]
}
