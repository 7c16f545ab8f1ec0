package bench

import (
	"runtime"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/kernels"
)

// peakTime is how long the peak is timed before and again after every benchmark.
const peakTime = 50 * time.Millisecond

// fastTiers runs a benchmark on every assembly tier of the machine, or where there is none on the reference.
func fastTiers(b *testing.B, run func(b *testing.B, dev kernels.Device, tier string)) {
	tiers := asm.Tiers()
	if len(tiers) > 1 {
		tiers = tiers[1:]
	}
	for _, tier := range tiers {
		b.Run("isa="+tier, func(b *testing.B) {
			dev, err := asm.Open(tier)
			if err != nil {
				b.Fatal(err)
			}
			defer dev.Close()
			run(b, dev, tier)
		})
	}
}

// computing times op, which does that many floating-point operations, and reports its rate beside the peak of the
// tier. Of the peaks before and after the faster counts, so that a core that woke up late never flatters the share.
func computing(b *testing.B, tier string, operations float64, op func()) {
	below(b, func() float64 { return Peak(tier, peakTime) }, operations, op)
}

// below is computing beside any roof.
func below(b *testing.B, roof func() float64, operations float64, op func()) {
	op()
	runtime.GC()
	peak := roof()
	for b.Loop() {
		op()
	}
	rate := operations * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	if peak = max(peak, roof()); peak > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

// moving times op, which reads and writes that many bytes, and reports its rate beside a copy of as many bytes.
func moving(b *testing.B, bytes int, op func()) {
	op()
	runtime.GC()
	roof := Copy(bytes / 2)
	for b.Loop() {
		op()
	}
	rate := float64(bytes) * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GB/s")
	b.ReportMetric(100*rate/max(roof, Copy(bytes/2)), "%copy")
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
