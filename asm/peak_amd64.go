//go:build amd64 && !noasm

package asm

import (
	"sync"
	"time"
)

// peakBurst is the steps of one call of a peak loop: some 20 microseconds.
const peakBurst = 5000

// peak is Peak on the given number of workers.
func peak(tier string, workers int, d time.Duration) float64 {
	if tier == "avx512" {
		return rate(peakAVX512, 2*16*16*peakBurst, workers, d)
	}
	return rate(peakAVX2, 2*8*12*peakBurst, workers, d)
}

// peakMinimum is PeakMinimum on the given number of workers.
func peakMinimum(tier string, workers int, d time.Duration) float64 {
	if tier == "avx512" {
		return rate(peakMinimumAVX512, 2*16*16*peakBurst, workers, d)
	}
	return rate(peakMinimumAVX2, 2*8*12*peakBurst, workers, d)
}

// rate is the GFLOP/s of bursts of a loop with so many operations each.
func rate(loop func(n int), operations, workers int, d time.Duration) float64 {
	bursts := make([]int, workers)
	var done sync.WaitGroup
	start := time.Now()
	for w := range workers {
		done.Go(func() {
			for time.Since(start) < d {
				loop(peakBurst)
				bursts[w]++
			}
		})
	}
	done.Wait()
	total := 0
	for _, n := range bursts {
		total += n
	}
	return float64(total) * float64(operations) / time.Since(start).Seconds() / 1e9
}

// peakAVX512 runs 16 independent multiply-adds of 16 floats n times.
//
//go:noescape
func peakAVX512(n int)

// peakAVX2 runs 12 independent multiply-adds of 8 floats n times.
//
//go:noescape
func peakAVX2(n int)

// peakMinimumAVX512 runs 16 independent minima of 16 floats, each added to a sum, n times.
//
//go:noescape
func peakMinimumAVX512(n int)

// peakMinimumAVX2 runs 12 independent minima of 8 floats, each added to a sum, n times.
//
//go:noescape
func peakMinimumAVX2(n int)
