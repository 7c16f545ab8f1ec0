package bench

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"gzpt/asm"
)

// Peak is the multiply-add peak of a tier on all GOMAXPROCS cores in GFLOP/s, timed for about d. It is 0 for the
// reference tier, which has none to compare with.
func Peak(tier string, d time.Duration) float64 { return asm.Peak(tier, d) }

// PeakMinimum is the peak of a minimum and an addition of a tier, as Peak is of a multiply-add.
func PeakMinimum(tier string, d time.Duration) float64 { return asm.PeakMinimum(tier, d) }

// Copy is the rate of a copy by all GOMAXPROCS cores between two blocks of bytes bytes in all, in GB/s, bytes read plus
// bytes written; the fastest of several passes.
func Copy(bytes int) float64 { return asm.Copy(bytes) }

// BetweenCores is the nanoseconds that a cache line takes from one core to another and back, the least of several batches; 0
// where one core is all there is. It tells whether the cores share a cache, which the host of a virtual machine decides anew by
// the minute.
func BetweenCores() float64 {
	if runtime.GOMAXPROCS(0) < 2 {
		return 0
	}
	const trips, stop = 100, -1
	var line atomic.Int64 // odd where the other core is to answer
	go func() {
		for {
			if at := line.Load(); at == stop {
				return
			} else if at%2 == 1 {
				line.Store(at + 1)
			}
		}
	}()
	defer line.Store(stop)
	least := math.Inf(1)
	for begin, at := time.Now(), int64(0); time.Since(begin) < 50*time.Millisecond; {
		start := time.Now()
		for range trips {
			line.Store(at + 1)
			for at += 2; line.Load() != at; {
			}
		}
		least = min(least, float64(time.Since(start).Nanoseconds())/trips)
	}
	return least
}
