package data

import (
	"context"
	"sync/atomic"
	"testing"
)

// What all workers hold together stays within what is allowed, and an image larger than that is decoded by itself.
func TestFlight(t *testing.T) {
	f := newFlight(100)
	var held, most atomic.Int64
	err := Each(context.Background(), 300, 16, func(i int) error {
		bytes := int64(1 + i*7%150)
		land := f.take(bytes)
		now := held.Add(min(bytes, 100))
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		held.Add(-min(bytes, 100))
		land()
		return nil
	})
	if err != nil || most.Load() > 100 || most.Load() < 60 || f.left != 100 {
		t.Errorf("%v: at most %d in flight, %d left", err, most.Load(), f.left)
	}
}
