package bench

import (
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/kernels"
)

// stopBound is the longest that the collector may stop a training run.
const stopBound = 5 * time.Millisecond

// quartileStop stops the world 32 times while another goroutine does work over and over, and returns the first quartile
// of the processor time that a stop took. Between the request and the stop nothing of this process runs but the
// goroutines that have not reached a safepoint yet, so this is their time in code that cannot be preempted.
//
// Time on the wall would grow whenever the machine runs something else. Processor time grows only where another process
// takes over right between the stop and the reading of the clocks, which the quartile leaves out. A stretch of length T
// without safepoint shows nevertheless: a request falls anywhere into it, so the quartile is at least about T/4.
func quartileStop(t *testing.T, work func()) time.Duration {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)) // one more than there are workers
	var end atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !end.Load() {
			work()
		}
	}()
	stops := make([]time.Duration, 32)
	var stats runtime.MemStats
	for i := range stops {
		time.Sleep(time.Millisecond)
		clock, err := newProcessorClock()
		if err != nil {
			t.Fatal(err)
		}
		before := clock.now()
		runtime.ReadMemStats(&stats) // stops the world as the collector does, and at once
		stops[i] = clock.now() - before
	}
	end.Store(true)
	<-done
	slices.Sort(stops)
	return stops[len(stops)/4]
}

// TestStop runs a small training step and each of the long operations alone, at sizes at which one call takes many times
// the bound, and demands that they can be stopped within the bound nevertheless: every operation hands out small items
// that pass a safepoint.
func TestStop(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the stop of the collector takes seconds to measure")
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
		for name, work := range longOperations(t, dev) {
			t.Run("device="+tier+"/op="+name, func(t *testing.T) {
				work() // plans and scratch
				got := quartileStop(t, work)
				for try := 1; try < 5 && got >= stopBound/4; try++ { // a crowded machine; a long call shows every time
					got = quartileStop(t, work)
				}
				if got >= stopBound/4 {
					t.Errorf("stopping the world takes %v of processor time in the first quartile: expected under %v", got, stopBound/4)
				}
			})
		}
		dev.Close()
	}
}

// longOperations are a training step and the operations that carry nearly all its time.
func longOperations(t *testing.T, dev kernels.Device) map[string]func() {
	const parameters = 8 << 20
	c := NewConvolution(dev, Shape{N: 16, C: 64, K: 64, H: 56, R: 3, Stride: 1, Pad: 1})
	a, b, product := Random(dev, 1, 1024, 1024), Random(dev, 2, 1024, 1024), dev.New(dev.Type(), 1024, 1024)
	p, g, m, v := Random(dev, 3, parameters), Random(dev, 4, parameters), dev.New(dev.Type(), parameters), dev.New(dev.Type(), parameters)
	adam := kernels.AdamW{LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, Step: 1}
	x, y := p.View(parameters/64, 64), m.View(parameters/64, 64)
	n := kernels.Norm{Gamma: Random(dev, 5, 64), Beta: Random(dev, 6, 64), Mean: dev.New(dev.Type(), 64), InvStd: dev.New(dev.Type(), 64)}
	pixels, batch := make([]float32, 3*parameters), dev.New(dev.Type(), 3*parameters)
	contrast, symmetric := NewContrast(dev, 2048, 128, false), NewContrast(dev, 2048, 128, true)
	views := newAugmentation(dev, 8, 224)
	step, err := NewStep(dev, 64, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(step.Close)
	operations := map[string]func(){
		"step": func() {
			if _, err := step.Run(); err != nil {
				t.Error(err)
			}
		},
		"matmul":          func() { dev.MatMul(product, a, b, kernels.Product{}) },
		"minimum":         func() { dev.PairwiseMinimum(product, a, b) },
		"adamw":           func() { dev.AdamW(p, g, m, v, adam) },
		"ema":             func() { dev.EMA(m, p, .99) },
		"batch-norm-relu": func() { dev.BatchNormReLU(y, x, n) },
		"log-softmax":     func() { dev.LogSoftmax(y, x) },
		"contrast":        contrast.Run,
		"contrast-pairs":  symmetric.Run,
		"write":           func() { dev.Write(batch, pixels) },
		"augment":         func() { views.run(dev) },
	}
	for _, pass := range Passes {
		operations["conv-"+pass] = func() { c.Run(pass) }
	}
	return operations
}

// TestStopSeesLongCalls shows that the measure can fail, and at what: at one long call into assembly and at many short
// ones in a bare loop, which has no safepoint either; the same short calls through a function that is not inlined pass.
func TestStopSeesLongCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: moves hundreds of megabytes over and over")
	}
	large, small := make([]byte, 256<<20), make([]byte, 256<<10)
	for _, c := range []struct {
		name string
		long bool
		work func()
	}{
		{"one long call", true, func() { move(large) }},
		{"short calls in a bare loop", true, func() {
			for range 8000 {
				copy(small[1:], small)
			}
		}},
		{"short calls through a function", false, func() {
			for range 8000 {
				move(small)
			}
		}},
	} {
		got := quartileStop(t, c.work)
		for try := 1; try < 5 && !c.long && got >= stopBound/4; try++ { // as in TestStop
			got = quartileStop(t, c.work)
		}
		if (got >= stopBound/4) != c.long {
			t.Errorf("%s: a stop takes %v in the first quartile: expected it above %v: %v", c.name, got, stopBound/4, c.long)
		}
	}
}

// move shifts a block by a byte: one call of the runtime's assembly.
//
//go:noinline
func move(block []byte) { copy(block[1:], block) }

// BenchmarkStop is the time on the wall that the collector stops training steps for, in milliseconds: the longest, and
// the quantiles of the runtime's own histogram. A step allocates nothing, so the collections are forced, one after the
// other; the machine must be idle. Beside the steps stands work in plain Go, which the runtime can preempt anywhere: what
// that shows, too, is the machine's and no kernel's.
func BenchmarkStop(b *testing.B) {
	b.Run("work=go", func(b *testing.B) {
		stops(b, func() error { plainWork(3 * time.Second); return nil })
	})
	onDevices(b, func(b *testing.B, dev device) {
		s, err := NewStep(dev.Device, 224, 16)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Run(); err != nil {
			b.Fatal(err)
		}
		stops(b, func() error {
			_, err := s.Run()
			return err
		})
	})
}

// plainWork keeps all cores busy with a loop in Go.
func plainWork(d time.Duration) {
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for end := time.Now().Add(d); time.Now().Before(end); {
				sum := uint64(1)
				for range 1 << 16 {
					sum = sum*6364136223846793005 + 1442695040888963407
				}
				sink.Store(sum)
			}
		})
	}
	done.Wait()
}

// sink keeps the compiler from leaving plainWork out.
var sink atomic.Uint64

// stops reports how long the collector stops some work for.
func stops(b *testing.B, work func() error) {
	before := pauses()
	for b.Loop() {
		done := make(chan error)
		go func() { done <- work() }()
		for running := true; running; {
			select {
			case err := <-done:
				if err != nil {
					b.Fatal(err)
				}
				running = false
			case <-time.After(5 * time.Millisecond):
				runtime.GC()
			}
		}
	}
	after := pauses()
	for i := range after.Counts {
		after.Counts[i] -= before.Counts[i]
	}
	for name, q := range map[string]float64{"ms-median-stop": .5, "ms-p99-stop": .99, "ms-longest-stop": 1} {
		b.ReportMetric(1e3*quantile(after, q), name)
	}
}

// pauses is the runtime's histogram of the stops of the collector since the start, in seconds.
func pauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// quantile is the upper edge of the bucket that the q-th part of the counts ends in, 0 without counts.
func quantile(h *metrics.Float64Histogram, q float64) float64 {
	var total, below uint64
	for _, n := range h.Counts {
		total += n
	}
	for i, n := range h.Counts {
		if below += n; n > 0 && float64(below) >= q*float64(total) {
			return h.Buckets[i+1]
		}
	}
	return 0
}

func TestQuantile(t *testing.T) {
	h := &metrics.Float64Histogram{Counts: []uint64{0, 98, 0, 1, 1, 0}, Buckets: []float64{0, 1, 2, 3, 4, 5, math.Inf(1)}}
	for q, want := range map[float64]float64{.5: 2, .98: 2, .99: 4, 1: 5} {
		if got := quantile(h, q); got != want {
			t.Errorf("quantile %v is %v: expected %v", q, got, want)
		}
	}
	if got := quantile(&metrics.Float64Histogram{Counts: []uint64{0}, Buckets: []float64{0, 1}}, 1); got != 0 {
		t.Errorf("the longest of no stops is %v: expected 0", got)
	}
}
