package bench

import (
	"runtime"
	"sync"
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
func Copy(bytes int) float64 {
	n := runtime.GOMAXPROCS(0)
	from, to := make([]byte, bytes), make([]byte, bytes)
	for i := range from {
		from[i] = byte(i)
	}
	best := time.Duration(1 << 62)
	for range 10 {
		start := time.Now()
		var done sync.WaitGroup
		for i := range n {
			lo, hi := bytes*i/n, bytes*(i+1)/n
			done.Go(func() { copy(to[lo:hi], from[lo:hi]) })
		}
		done.Wait()
		best = min(best, time.Since(start))
	}
	return 2 * float64(bytes) / best.Seconds() / 1e9
}
