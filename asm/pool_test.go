//go:build amd64 && !noasm

package asm

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// counts records how often each item ran, and on which workers.
type counts struct {
	items   []atomic.Int32
	workers atomic.Int64 // a bit for each
}

func (c *counts) do(item, worker int) {
	c.items[item].Add(1)
	c.workers.Or(1 << worker)
	runtime.Gosched()
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
