package bench

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/kernels"
)

// longestStop runs work over and over in another goroutine, collects garbage that many times meanwhile, and returns the
// longest time that a collection held the world: from the request to stop until the restart, both stops of a cycle
// together. A goroutine in assembly cannot be preempted, so a stop lasts at least as long as the call it falls into.
func longestStop(collections int, work func()) time.Duration {
	var end atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !end.Load() {
			work()
		}
	}()
	var longest time.Duration
	var stats debug.GCStats
	for range collections {
		time.Sleep(time.Millisecond)
		runtime.GC()
		debug.ReadGCStats(&stats)
		longest = max(longest, stats.Pause[0])
	}
	end.Store(true)
	<-done
	return longest
}

// bestOf is the smallest of several longest stops of work, ending early at the first below bound. A loaded machine
// lengthens a stop by chance and not in every attempt. Work that itself holds the world lengthens it in every attempt:
// the loop does nothing else, so nearly every one of the collections falls into it.
func bestOf(attempts int, bound time.Duration, work func()) time.Duration {
	best := time.Duration(1 << 62)
	for range attempts {
		if best = min(best, longestStop(20, work)); best < bound {
			break
		}
	}
	return best
}

// stopBound is the longest that the collector may stop a training run.
const stopBound = 5 * time.Millisecond

// TestStop runs each of the long operations alone, at sizes at which one call takes many times the bound, and demands
// that the world stops within the bound nevertheless: every operation hands out small items that pass a safepoint.
func TestStop(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the stop of the collector takes uninterrupted seconds to measure")
	}
	tiers := asm.Tiers()[1:]
	if len(tiers) == 0 {
		t.Skip("no assembly in this build or on this machine, and only assembly cannot be preempted")
	}
	for _, tier := range tiers {
		dev, err := asm.Open(tier)
		if err != nil {
			t.Fatal(err)
		}
		for name, work := range longOperations(dev) {
			t.Run("isa="+tier+"/op="+name, func(t *testing.T) {
				if got := bestOf(5, stopBound, work); got >= stopBound {
					t.Errorf("the collector stopped the world for %v in every attempt: expected under %v", got, stopBound)
				}
			})
		}
		dev.Close()
	}
}

// longOperations are the operations that carry nearly all the time of a training run.
func longOperations(dev kernels.Device) map[string]func() {
	const parameters = 8 << 20
	c := NewConvolution(dev, Shape{N: 16, C: 64, K: 64, H: 56, R: 3, Stride: 1, Pad: 1})
	a, b, product := Random(dev, 1, 1024, 1024), Random(dev, 2, 1024, 1024), dev.New(1024, 1024)
	p, g, m, v := Random(dev, 3, parameters), Random(dev, 4, parameters), dev.New(parameters), dev.New(parameters)
	adam := kernels.AdamW{LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, Step: 1}
	x, y := p.View(parameters/64, 64), m.View(parameters/64, 64)
	n := kernels.Norm{Gamma: Random(dev, 5, 64), Beta: Random(dev, 6, 64), Mean: dev.New(64), InvStd: dev.New(64)}
	operations := map[string]func(){
		"matmul":          func() { dev.MatMul(product, a, b, kernels.Product{}) },
		"correlation":     func() { dev.PairwiseCorrelation(product, a) },
		"adamw":           func() { dev.AdamW(p, g, m, v, adam) },
		"batch-norm-relu": func() { dev.BatchNormReLU(y, x, n) },
		"log-softmax":     func() { dev.LogSoftmax(y, x) },
	}
	for _, direction := range Directions {
		operations["conv-"+direction] = func() { c.Run(direction) }
	}
	return operations
}

// TestStopSeesALongCall shows that the measure can fail: one copy of 256 MiB is a single call that cannot be preempted.
func TestStopSeesALongCall(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: copies blocks of 256 MiB")
	}
	from, to := make([]byte, 256<<20), make([]byte, 256<<20)
	if got := longestStop(20, func() { copy(to, from) }); got < stopBound {
		t.Errorf("copies of 256 MiB stopped the world for no longer than %v: the measure misses a long call", got)
	}
}

// BenchmarkStop is the longest stop of the collector, in milliseconds, over collections in a row during training steps.
func BenchmarkStop(b *testing.B) {
	fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
		s, err := NewStep(dev, 224, 8)
		if err != nil {
			b.Fatal(err)
		}
		var longest time.Duration
		for b.Loop() {
			longest = max(longest, longestStop(50, func() {
				if _, err := s.Run(); err != nil {
					b.Error(err)
				}
			}))
		}
		b.ReportMetric(float64(longest.Microseconds())/1e3, "ms/longest-stop")
	})
}
