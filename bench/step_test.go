package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gzpt/asm"
	"gzpt/kernels/trace"
	"gzpt/nn"
	"gzpt/nn/profile"
)

// fastest is the tier that Open chooses by itself.
func fastest() string {
	tiers := asm.Tiers()
	return tiers[len(tiers)-1]
}

// BenchmarkStep is the whole BYOL step of ResNet-18 in pairs of views a second.
func BenchmarkStep(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		for _, c := range []struct{ size, batch int }{{224, 16}, {64, 64}} {
			b.Run(fmt.Sprintf("pass=train/shape=size%d_batch%d", c.size, c.batch), func(b *testing.B) {
				s, err := NewStep(dev.Device, c.size, c.batch)
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				below(b, dev, dev.peak, trace.Work{Operations: StepOperations(c.size, c.batch)}, func() {
					if _, err := s.Run(); err != nil {
						b.Fatal(err)
					}
				})
				b.ReportMetric(float64(c.batch*b.N)/b.Elapsed().Seconds(), "pairs/s")
			})
		}
	})
}

// TestStep trains a little on the tier that GZPT_CPU or the machine chooses: the benchmark's batch is one that the
// trainer accepts, and what is timed does learn.
func TestStep(t *testing.T) {
	dev, err := asm.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	s, err := NewStep(dev, 32, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	last := first
	for range 3 {
		if last, err = s.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if !(last < first) {
		t.Errorf("loss %v at first and %v after four steps on the same batch: expected it to fall", first, last)
	}
}

// TestStepIsWhatIsProfiled: the convolutions and linear layers of the step that profile records are those of StepOperations.
func TestStepIsWhatIsProfiled(t *testing.T) {
	const size, batch = 32, 2
	c := nn.DefaultConfig(nn.Arch{Depth: 18, Width: 64, Channels: 3})
	c.Height, c.Width, c.Batch = size, size, batch
	dev, err := asm.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	none := func() profile.Ceilings { return profile.Ceilings{} }
	s, err := profile.Run(context.Background(), profile.Target{Name: dev.Name(), Device: dev, Ceilings: none}, c, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got float64
	for _, g := range s.Groups {
		if strings.HasPrefix(g.Operation, "Conv2D") || g.Operation == "MatMul" {
			got += g.Operations
		}
	}
	if want := StepOperations(size, batch); got != want {
		t.Errorf("%.9g operations recorded, StepOperations counts %.9g", got, want)
	}
}
