package bench

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"gzpt/asm"
	"gzpt/kernels/trace"
)

// BenchmarkContrast is the contrastive loss with its gradient for rows of 128 numbers. GFLOP/s count the products that are
// carried out; ns-between is BetweenCores, for what one core makes another reads.
func BenchmarkContrast(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		for _, n := range []int{256, 1024, 4096, 16384} {
			for _, form := range []string{"plain", "symmetric"} {
				b.Run(fmt.Sprintf("pass=both/shape=%s_n%d_d128", form, n), func(b *testing.B) {
					c := NewContrast(dev.Device, n, 128, form == "symmetric")
					defer c.Free()
					b.ReportAllocs()
					below(b, dev, dev.peak, trace.Work{Operations: c.Operations()}, c.Run)
					b.ReportMetric(BetweenCores(), "ns-between")
				})
			}
		}
	})
}

// TestContrastMemory holds the contrastive loss to memory in the size of its operands: at 8192 anchors the logits alone
// would take 256 MB.
func TestContrastMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 8192 anchors take seconds")
	}
	for _, tier := range asm.Tiers()[1:] {
		for _, symmetric := range []bool{false, true} {
			dev, err := asm.Open(tier)
			if err != nil {
				t.Fatal(err)
			}
			c := NewContrast(dev, 8192, 128, symmetric)
			got, err := PeakMemory(c.Run)
			if err != nil {
				t.Skip("the peak of memory is Linux's to tell: ", err)
			}
			t.Logf("%s, symmetric %v: %.1f MB", tier, symmetric, float64(got)/1e6)
			if got > 50e6 {
				t.Errorf("%s, symmetric %v: the loss takes %d bytes beyond its operands: expected under 50 MB", tier, symmetric, got)
			}
			dev.Close()
		}
	}
}

// TestBetweenCores: there is nothing between one core and itself, and something between two.
func TestBetweenCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := BetweenCores(); got != 0 {
		t.Errorf("%g ns between one core and itself", got)
	}
	if runtime.NumCPU() < 2 {
		t.Skip("one core, and nothing between it and another")
	}
	runtime.GOMAXPROCS(2)
	if got := BetweenCores(); !(got > 1) || math.IsInf(got, 1) {
		t.Errorf("%g ns between two cores", got)
	}
}
