//go:build amd64 && !noasm

package asm

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// counts records how often each item ran, on which workers, and whether two at a time were the same.
type counts struct {
	items   []atomic.Int32
	workers atomic.Int64 // a bit for each
	busy    [64]atomic.Int32
	twice   atomic.Bool
}

func (c *counts) do(item, worker int) {
	if c.busy[worker].Add(1) != 1 {
		c.twice.Store(true)
	}
	c.items[item].Add(1)
	c.workers.Or(1 << worker)
	runtime.Gosched()
	c.busy[worker].Add(-1)
}

// TestPoolRunsEveryItemOnce goes through many jobs of one pool, with fewer and more items than workers.
func TestPoolRunsEveryItemOnce(t *testing.T) {
	p := newPool()
	defer p.close()
	for n := range 200 {
		c := &counts{items: make([]atomic.Int32, n)}
		p.run(c, n)
		for i := range c.items {
			if got := c.items[i].Load(); got != 1 {
				t.Fatalf("%d items: item %d ran %d times", n, i, got)
			}
		}
		if used := c.workers.Load(); used >= 1<<p.workers {
			t.Fatalf("%d items: workers %b of %d", n, used, p.workers)
		}
		if c.twice.Load() {
			t.Fatalf("%d items: one worker was two at a time", n)
		}
	}
}

// TestPoolItems: a worker takes its own items one after the other, then those of the next one.
func TestPoolItems(t *testing.T) {
	p := &pool{workers: 3, shares: make([]itemRange, 3)}
	p.divide(7) // 0 1, 2 3, 4 5 6
	for n, c := range []struct{ worker, item int }{{1, 2}, {0, 0}, {1, 3}, {1, 4}, {2, 5}, {0, 1}, {0, 6}} {
		if got := p.item(c.worker); got != c.item {
			t.Errorf("call %d: worker %d takes item %d, expected %d", n, c.worker, got, c.item)
		}
	}
}

// TestSeats: a number goes with a core as long as it is free, whoever comes first.
func TestSeats(t *testing.T) {
	s := seats{of: make([]seat, 2)}
	for _, c := range []struct{ sits, gets, leaves int }{{sits: 7, gets: 0}, {sits: 9, gets: 1, leaves: 2}, {sits: 9, gets: 1}, {sits: 7, gets: 0, leaves: 2},
		{sits: 9, gets: 1}, {sits: 9, gets: 0, leaves: 2}, {sits: 7, gets: 0}, {sits: 9, gets: 1, leaves: 2}} {
		if got := s.sit(uint32(c.sits)); got != c.gets {
			t.Errorf("core %d gets number %d, expected %d", c.sits, got, c.gets)
		}
		for i := range c.leaves {
			s.leave(i)
		}
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := newPool()
	defer p.close()
	c := &counts{items: make([]atomic.Int32, 100)}
	if n := testing.AllocsPerRun(100, func() { p.run(c, len(c.items)) }); n != 0 {
		t.Errorf("%v allocations for each job", n)
	}
}
