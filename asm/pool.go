//go:build amd64 && !noasm

package asm

import (
	"runtime"
	"sync/atomic"
)

// job is a loop whose iterations may run in any order and on any worker. An iteration writes only what belongs to its
// item, so the result does not depend on which worker ran it: work is cut by shape, never by worker.
//
// An item takes about 50 to 200 microseconds. do is called through the interface, never inlined, so every item passes a
// safepoint and the garbage collector waits no longer than one item (assembly itself cannot be preempted).
type job interface {
	do(item int, worker int)
}

// pool runs jobs on persistent workers that park between jobs. The caller is worker 0.
type pool struct {
	workers int           // including the caller
	wake    chan struct{} // one message per worker woken
	done    chan struct{} // one message from the last to finish
	job     job
	items   int64
	next    atomic.Int64 // next item to hand out
	running atomic.Int64 // woken workers that have not finished
}

// newPool starts GOMAXPROCS-1 workers.
func newPool() *pool {
	p := &pool{workers: runtime.GOMAXPROCS(0)}
	p.wake = make(chan struct{}, p.workers)
	p.done = make(chan struct{}, 1)
	for w := 1; w < p.workers; w++ {
		go p.work(w)
	}
	return p
}

func (p *pool) work(worker int) {
	for range p.wake {
		p.drain(worker)
		if p.running.Add(-1) == 0 {
			p.done <- struct{}{}
		}
	}
}

func (p *pool) drain(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.items {
			return
		}
		p.job.do(int(i), worker)
	}
}

// run carries out items 0..n-1 of j and returns when all are done. It allocates nothing.
func (p *pool) run(j job, n int) {
	p.job, p.items = j, int64(n)
	p.next.Store(0)
	helpers := min(p.workers, n) - 1
	if helpers > 0 {
		p.running.Store(int64(helpers))
		for range helpers {
			p.wake <- struct{}{}
		}
	}
	p.drain(0)
	if helpers > 0 {
		<-p.done
	}
	p.job = nil
}

// close ends the workers.
func (p *pool) close() { close(p.wake) }
