//go:build amd64 && !noasm

package asm

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// job is a loop whose iterations may run in any order and on any worker. An iteration writes only what belongs to its
// item, so the result does not depend on which worker ran it: work is cut by shape, never by worker.
//
// An item takes about 50 to 200 microseconds. do is called through the interface, never inlined, so every item passes a
// safepoint and the garbage collector waits no longer than one item (assembly itself cannot be preempted).
type job interface {
	do(item int, worker int)
}

// pool runs jobs on persistent workers, of which the caller is one. A job never waits for a worker that has not begun: who
// comes takes the next item, and where a core is busy elsewhere the others do its part.
//
// Every worker has a share of the items, those that follow each other, and helps others when it has done it: operations are cut along
// the same dimensions, so that it reads what it has written in the last one.
//
// Waking a parked worker takes as long as a small job does, so that it comes too late for it. Workers therefore look for
// the next job for a while before they park, and the caller likewise for the last item of its own.
type pool struct {
	workers  int // including the caller
	job      job
	shares   []itemRange   // of the items, by worker
	left     atomic.Int64  // items of the job that are not handed out
	running  atomic.Int64  // items of the job that are not done
	done     chan struct{} // a message when the last item is, for a caller that waits
	sleeping atomic.Int64  // workers that are parked or about to be
	wake     chan struct{} // one message for each worker woken
	closed   atomic.Bool
	seats    seats
}

// looking is how long a worker or the caller looks for work before it parks.
const looking = 50 * time.Microsecond

// newPool starts GOMAXPROCS-1 workers.
func newPool() *pool {
	p := &pool{workers: runtime.GOMAXPROCS(0)}
	p.shares, p.seats.of = make([]itemRange, p.workers), make([]seat, p.workers)
	p.wake = make(chan struct{}, p.workers)
	p.done = make(chan struct{}, 1)
	for range p.workers - 1 {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	for !p.closed.Load() {
		if p.drain(false); !look(p.busy) {
			p.park()
		}
	}
}

// busy reports whether a worker has something to do.
func (p *pool) busy() bool { return p.left.Load() > 0 || p.closed.Load() }

// look waits for a condition for a while, and reports whether it came. Goroutines that want the core go first.
func look(found func() bool) bool {
	for start := time.Now(); time.Since(start) < looking; runtime.Gosched() {
		for range 100 {
			if found() {
				return true
			}
		}
	}
	return found()
}

// park sleeps until there is a job. Whoever takes a worker off the count of those who sleep sends it a message.
func (p *pool) park() {
	p.sleeping.Add(1)
	if p.busy() && take(&p.sleeping) > 0 {
		return
	}
	<-p.wake
}

// take lowers n, unless it is 0, and returns what it was.
func take(n *atomic.Int64) int64 {
	for {
		old := n.Load()
		if old == 0 || n.CompareAndSwap(old, old-1) {
			return old
		}
	}
}

// drain takes items until there are none. A job stays what it is as long as an item of it is not done, so that what was
// taken belongs to the job that is read afterwards.
func (p *pool) drain(caller bool) {
	left := take(&p.left)
	if left == 0 {
		return
	}
	worker := p.seats.sit(core())
	defer p.seats.leave(worker)
	for ; left != 0; left = take(&p.left) {
		p.job.do(p.item(worker), worker)
		if p.running.Add(-1) == 0 && !caller {
			select {
			case p.done <- struct{}{}:
			default: // one that the caller has not needed is still there
			}
		}
	}
}

// run carries out items 0..n-1 of j and returns when all are done. It allocates nothing.
func (p *pool) run(j job, n int) {
	p.job = j
	p.divide(n)
	p.running.Store(int64(n))
	p.left.Store(int64(n))
	for range min(p.workers, n) - 1 {
		if take(&p.sleeping) == 0 {
			break
		}
		p.wake <- struct{}{}
	}
	p.drain(true)
	if !look(p.finished) {
		for !p.finished() {
			<-p.done
		}
	}
	p.job = nil
}

func (p *pool) finished() bool { return p.running.Load() == 0 }

// close ends the workers.
func (p *pool) close() {
	p.closed.Store(true)
	close(p.wake)
}

// itemRange is the items next, ..., end-1, on a line of memory of its own.
type itemRange struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

// divide gives every worker its share of n items.
func (p *pool) divide(n int) {
	for i := range p.shares {
		s := &p.shares[i]
		s.next.Store(int64(n * i / p.workers))
		s.end = int64(n * (i + 1) / p.workers)
	}
}

// item is one of a worker's own share, or where that has none left of the next one's. Who has taken one off p.left finds it.
func (p *pool) item(worker int) int {
	for i := worker; ; i++ {
		s := &p.shares[i%p.workers]
		for next := s.next.Load(); next < s.end; next = s.next.Load() {
			if s.next.CompareAndSwap(next, next+1) {
				return int(next)
			}
		}
	}
}

// seats number the workers of a job. A number goes with a core: what a worker has written to its scratch, and to the part of a job that
// is its own, lies in the caches of that core, while Go moves goroutines from one thread to another, in two of five jobs of some
// milliseconds.
type seats struct {
	sync.Mutex
	of []seat
}

// seat is the core on which a worker has last had a number, and whether one has it now.
type seat struct {
	core  uint32
	taken bool
}

// sit is a number that nobody has: that of the core, if it is free. There is one for each goroutine that asks.
func (s *seats) sit(core uint32) int {
	s.Lock()
	defer s.Unlock()
	i := slices.Index(s.of, seat{core: core})
	if i < 0 {
		i = slices.IndexFunc(s.of, func(s seat) bool { return !s.taken })
	}
	s.of[i] = seat{core, true}
	return i
}

// leave gives a number back.
func (s *seats) leave(worker int) {
	s.Lock()
	s.of[worker].taken = false
	s.Unlock()
}

var tellsCore = cpuid.CPU.Supports(cpuid.RDTSCP)

// core is that which the caller is on, or 0 where the processor does not tell. The next moment it may be another.
func core() uint32 {
	if !tellsCore {
		return 0
	}
	return processorID()
}

// processorID is what the system has given the core for a number. Linux does, and the node.
func processorID() uint32
