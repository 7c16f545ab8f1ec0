package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/kernels"
	"gzpt/kernels/trace"
	"gzpt/nn/profile"
)

// peakTime is how long the peak is timed before and again after every benchmark.
const peakTime = 50 * time.Millisecond

// device is one that benchmarks run on, with its ceilings: the peak of multiply-adds, that of a minimum and an addition, both
// in GFLOP/s and 0 where nobody knows them, and a copy of so many bytes, read and written together, in GB/s.
type device struct {
	kernels.Device
	peak, minimum func() float64
	copied        func(bytes int) float64
}

// onDevices runs a benchmark on every assembly tier of the machine, or where there is none on the reference, and on the GPU, where
// there is one.
func onDevices(b *testing.B, run func(b *testing.B, dev device)) {
	tiers := asm.Tiers()
	if len(tiers) > 1 {
		tiers = tiers[1:]
	}
	for _, tier := range tiers {
		b.Run("device="+tier, func(b *testing.B) {
			dev, err := asm.Open(tier)
			if err != nil {
				b.Fatal(err)
			}
			defer dev.Close()
			run(b, device{
				dev, func() float64 { return Peak(tier, peakTime) }, func() float64 { return PeakMinimum(tier, peakTime) },
				func(bytes int) float64 { return Copy(bytes / 2) },
			})
		})
	}
	b.Run("device=cuda", func(b *testing.B) {
		dev, err := openGPU()
		if err != nil {
			sayNoGPU.Do(func() { fmt.Fprintln(os.Stderr, "device=cuda is skipped:", err) }) // package testing says it with -v alone
			b.Skip(err)
		}
		defer dev.Close()
		none := func() float64 { return 0 }
		run(b, device{dev, none, none, func(bytes int) float64 { return profile.MeasureCopy(dev, bytes) }})
	})
}

var sayNoGPU sync.Once

// timed times an operation and reports its rates by the work of its definition: operations beside the peak of multiply-adds,
// bytes beside a copy of as many. Of the ceilings before and after the faster count, so that a core that woke up late flatters
// no share.
func timed(b *testing.B, dev device, op func(dev kernels.Device)) {
	recorder := trace.New(dev.Device, nil)
	recorder.Begin()
	op(recorder)
	var work trace.Work
	for _, call := range recorder.End() {
		work = work.Add(call.Work)
	}
	below(b, dev, dev.peak, work, func() { op(dev.Device) })
}

// below is timed beside any roof of operations, for work that is known.
func below(b *testing.B, dev device, roof func() float64, work trace.Work, op func()) {
	run := func() {
		op()
		if err := dev.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	run()
	runtime.GC()
	var peak, copied float64
	measure := func() {
		if work.Operations > 0 {
			peak = max(peak, roof())
		}
		if work.Bytes > 0 {
			copied = max(copied, dev.copied(int(work.Bytes)))
		}
	}
	measure()
	for b.Loop() {
		run()
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	measure()
	report := func(amount, ceiling float64, unit, share string) {
		rate := amount / seconds / 1e9
		if amount > 0 {
			b.ReportMetric(rate, unit)
		}
		if ceiling > 0 {
			b.ReportMetric(100*rate/ceiling, share)
		}
	}
	report(work.Operations, peak, "GFLOP/s", "%peak")
	report(work.Bytes, copied, "GB/s", "%copy")
}

// TestStepOperations compares the count of a whole step with the count that torchvision documents for ResNet-18:
// 1.814e9 multiply-adds for one image of 224 x 224.
func TestStepOperations(t *testing.T) {
	var forward float64
	for _, s := range ResNet18(224, 1) {
		forward += float64(s.Count) * s.Operations()
	}
	if got := forward / 2; got < 1.80e9 || got > 1.82e9 {
		t.Errorf("ResNet-18 has %.4g multiply-adds in its convolutions: expected about 1.813e9", got)
	}
	stem := ResNet18(224, 1)[0].Operations()
	least, most := 2*(4*forward-stem), 1.01*2*(4*forward-stem) // the heads add less than one percent
	if got := StepOperations(224, 1); got < least || got > most {
		t.Errorf("a step has %.4g operations an item: expected %.4g to %.4g", got, least, most)
	}
	if got, want := StepOperations(64, 32), 32*StepOperations(64, 1); got != want {
		t.Errorf("a batch of 32 has %.6g operations: expected 32 times one item, %.6g", got, want)
	}
}

// TestBenchmarkNames: every benchmark of an operation is named by device, pass and shape, those of something else by device and
// what it is.
func TestBenchmarkNames(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	begin := regexp.MustCompile(`(?m)^func (Benchmark\w+)\(b \*testing\.B\) \{$`)
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		for _, at := range begin.FindAllStringSubmatchIndex(text, -1) {
			found++
			name := text[at[2]:at[3]]
			body, _, _ := strings.Cut(text[at[1]:], "\n}\n")
			device := strings.Contains(body, "onDevices(") || strings.Contains(body, `"device=`)
			other := name == "BenchmarkStop" || name == "BenchmarkRelation" && strings.Contains(body, `"measure="`)
			operation := strings.Contains(body, "timePasses(") || strings.Contains(body, "pass=") && strings.Contains(body, "/shape=")
			if !device || !operation && !other {
				t.Errorf("%s in %s: expected the name to tell device, pass and shape", name, file)
			}
		}
	}
	if found < 12 {
		t.Errorf("%d benchmarks found: they were not understood", found)
	}
}
