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
	loop, operations := peakAVX2, 2*8*12*peakBurst
	if tier == "avx512" {
		loop, operations = peakAVX512, 2*16*16*peakBurst
	}
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
