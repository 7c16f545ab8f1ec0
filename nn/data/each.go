package data

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work(i) for i = 0 .. n-1 from several goroutines, 0 meaning one per processor, and returns the error of the
// lowest i that fails: the same one however many there are. Work that has not begun when another fails is left out.
func Each(ctx context.Context, n, workers int, work func(i int) error) error {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	var (
		next   atomic.Int64
		failed atomic.Bool
		wait   sync.WaitGroup
		lock   sync.Mutex
		lowest = n
		first  error
	)
	for range min(workers, n) {
		wait.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1 // taken in order, so every lower i is being worked on
				if i >= n {
					return
				}
				if err := work(i); err != nil {
					failed.Store(true)
					lock.Lock()
					if i < lowest {
						lowest, first = i, err
					}
					lock.Unlock()
				}
			}
		})
	}
	wait.Wait()
	if first != nil {
		return first
	}
	return ctx.Err()
}
