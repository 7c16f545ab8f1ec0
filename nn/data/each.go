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

// usualInFlight is the bytes of pixels that may be in flight where nothing is said.
const usualInFlight = 256 << 20

// flight is the pixels that all workers together are decoding: as many bytes as it allows, or one image that is larger.
type flight struct {
	mutex      sync.Mutex
	landed     sync.Cond
	most, left int64
}

func newFlight(most int64) *flight {
	f := &flight{most: most, left: most}
	f.landed.L = &f.mutex
	return f
}

// take waits until so many bytes may be taken, and returns what gives them back.
func (f *flight) take(bytes int64) (land func()) {
	bytes = min(bytes, f.most)
	f.mutex.Lock()
	for f.left < bytes {
		f.landed.Wait()
	}
	f.left -= bytes
	f.mutex.Unlock()
	if bytes > f.most/4 {
		runtime.GC() // what the last large image left would otherwise lie beside this one
	}
	return func() {
		f.mutex.Lock()
		f.left += bytes
		f.mutex.Unlock()
		f.landed.Broadcast()
	}
}
