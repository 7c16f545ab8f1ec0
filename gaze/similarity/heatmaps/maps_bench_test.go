package heatmaps

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/kernels"
)

// BenchmarkMaps is all pairs of 10,000 items by the measures that the device computes, from fixations to the matrix. The
// metrics part the time with the maps being there from what making them takes, and say what share the first is of two
// roofs, each the median of turns: of the device's multiply-adds in registers (%peak; for sim minima and additions), and
// of its product of one block of rows with another over and over, beside which there are the blocks on the diagonal, of
// which half is computed in vain, and storing 400 MB (%product).
func BenchmarkMaps(b *testing.B) {
	const n = 10_000
	paths := make([]gaze.Recording, n)
	for i := range paths {
		paths[i] = gazetest.Path(uint64(i), 20, 640, 480)
	}
	for _, c := range []struct {
		measure string
		depth   int // multiply-adds, or minima and additions, for a pair
		roof    func(string, time.Duration) float64
	}{
		{"heatmap-cc", 1024, asm.Peak}, {"cosine", 1024, asm.Peak}, {"dhash", 64, asm.Peak},
		{"nss", 2048, asm.Peak}, {"ig", 2048, asm.Peak}, {"kl", 2050, asm.Peak}, {"sim", 1024, asm.PeakMinimum},
	} {
		tiers := asm.Tiers()[1:]
		for _, tier := range tiers {
			b.Run(fmt.Sprintf("device=%s/measure=%s", tier, c.measure), func(b *testing.B) {
				dev, err := asm.Open(tier)
				if err != nil {
					b.Fatal(err)
				}
				defer dev.Close()
				operations := 2 * float64(c.depth) * n * (n - 1) / 2
				var seconds, peaks, products []float64
				for b.Loop() {
					peak, product := c.roof(tier, 50*time.Millisecond), productRate(b, dev, c.depth, c.measure == "sim")
					t := timePairs(b, dev, c.measure, paths)
					peak, product = (peak+c.roof(tier, 50*time.Millisecond))/2, (product+productRate(b, dev, c.depth, c.measure == "sim"))/2
					seconds = append(seconds, t)
					peaks, products = append(peaks, 100*operations/t/1e9/peak), append(products, 100*operations/t/product)
				}
				b.ReportMetric(middleOf(seconds), "s/pairs")
				b.ReportMetric(middleOf(peaks), "%peak")
				b.ReportMetric(middleOf(products), "%product")
			})
		}
	}
}

// timePairs is the seconds that the pairs of a relation take, what they are compared by being there.
func timePairs(b *testing.B, dev kernels.Device, name string, paths []gaze.Recording) float64 {
	m, s, err := measure.Parse(name)
	if err != nil {
		b.Fatal(err)
	}
	blocks, err := m.Prepare(&measure.Work{Ctx: context.Background(), Device: dev, Paths: paths, Settings: s})
	if err != nil {
		b.Fatal(err)
	}
	d, err := relation.Begin(slices.Repeat([]bool{true}, len(paths)), "", "")
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC() // the matrix of the turn before
	start := time.Now()
	if err := d.Fill(context.Background(), blocks, nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

// productRate is how many operations a second the device does on two blocks of rows, timed for a tenth of a second.
func productRate(b *testing.B, dev kernels.Device, depth int, minimum bool) float64 {
	x, y, c := dev.New(dev.Type(), measure.ProductSide, depth), dev.New(dev.Type(), measure.ProductSide, depth), dev.New(dev.Type(), measure.ProductSide, measure.ProductSide)
	runs, start := 0, time.Now()
	for ; time.Since(start) < 100*time.Millisecond; runs++ {
		if minimum {
			dev.PairwiseMinimum(c, x, y)
		} else {
			dev.MatMul(c, x, y, kernels.Product{TransB: true})
		}
		if err := dev.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return 2 * float64(measure.ProductSide*measure.ProductSide*depth*runs) / time.Since(start).Seconds()
}

func middleOf(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
