package asm

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// Peak is the multiply-add peak of a tier on all GOMAXPROCS cores in GFLOP/s, measured for about d by a loop of
// independent multiply-adds in registers. It is the roof that a speed is a share of, and since clocks float it has to be
// measured beside that speed, in the same process. It is 0 for a tier without a roof of its own: the reference, or one
// that this machine or build lacks.
func Peak(tier string, d time.Duration) float64 {
	if !slices.Contains(assemblyTiers(), tier) {
		return 0
	}
	return peak(tier, runtime.GOMAXPROCS(0), d)
}

// PeakMinimum is Peak of a minimum and an addition instead of a multiply-add, two operations an element as well: the roof
// of PairwiseMinimum. The two cannot be one instruction, so it is half of Peak, or more where additions have a port of their
// own.
func PeakMinimum(tier string, d time.Duration) float64 {
	if !slices.Contains(assemblyTiers(), tier) {
		return 0
	}
	return peakMinimum(tier, runtime.GOMAXPROCS(0), d)
}

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
