package data

import (
	"runtime"
	"sync"
)

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
