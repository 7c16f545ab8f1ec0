//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"gzpt/kernels"
)

// layer is a convolution of n images of h x h pixels, with padding r/2.
type layer struct{ n, c, k, h, r, stride int }

func (l layer) String() string {
	return fmt.Sprintf("n%d_%dto%d_h%d_r%d_s%d", l.n, l.c, l.k, l.h, l.r, l.stride)
}

// layers are the convolutions of ResNet-18 at 224 x 224 and at 64 x 64, and some of ResNet-50.
var layers = []layer{
	{16, 3, 64, 224, 7, 2}, {16, 64, 64, 56, 3, 1},
	{16, 64, 128, 56, 3, 2}, {16, 64, 128, 56, 1, 2}, {16, 128, 128, 28, 3, 1},
	{16, 128, 256, 28, 3, 2}, {16, 128, 256, 28, 1, 2}, {16, 256, 256, 14, 3, 1},
	{16, 256, 512, 14, 3, 2}, {16, 256, 512, 14, 1, 2}, {16, 512, 512, 7, 3, 1},
	{64, 64, 64, 16, 3, 1}, {64, 128, 128, 8, 3, 1}, {64, 256, 256, 4, 3, 1}, {64, 512, 512, 2, 3, 1},
	{16, 64, 256, 56, 1, 1}, {16, 256, 512, 28, 1, 1},
}

// share times run against the multiply-add peak on the same cores, turn by turn, and reports the median rate and share of
// the peak. operations is those of one run.
func share(b *testing.B, d *device, operations float64, run func()) {
	tier := d.Name()[len("cpu/"):]
	var rates, shares []float64
	run()
	for b.Loop() {
		roof := peak(tier, runtime.GOMAXPROCS(0), 2*time.Millisecond)
		start, runs := time.Now(), 0
		for time.Since(start) < 4*time.Millisecond {
			run()
			runs++
		}
		rate := operations * float64(runs) / time.Since(start).Seconds() / 1e9
		rates, shares = append(rates, rate), append(shares, 100*rate/roof)
	}
	slices.Sort(rates)
	slices.Sort(shares)
	b.ReportMetric(rates[len(rates)/2], "GFLOP/s")
	b.ReportMetric(shares[len(shares)/2], "%peak")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLayers times every direction of the convolutions of a network; -cpu 1,2 says on how many cores.
func BenchmarkLayers(b *testing.B) {
	for _, tier := range assemblyTiers() {
		d := openAssembly(tier).(*device)
		defer d.Close()
		for _, l := range layers {
			c := kernels.Conv{Stride: l.stride, Pad: l.r / 2, Dilation: 1, Groups: 1}
			o := c.Out(l.h, l.r)
			x, w, y := d.New(kernels.Float32, l.n, l.h, l.h, l.c), d.New(kernels.Float32, l.k, l.r, l.r, l.c), d.New(kernels.Float32, l.n, o, o, l.k)
			moments := d.New(kernels.Float64, 2, l.k)
			d.Fill(x, 0.5)
			d.Fill(w, 0.25)
			operations := 2 * float64(y.Len()*l.r*l.r*l.c)
			for _, dir := range []struct {
				name string
				run  func()
			}{
				{"forward", func() { d.Conv2D(y, x, w, c) }},
				{"stats", func() { d.Conv2DStats(y, moments, x, w, c) }},
				{"data", func() { d.Conv2DBackwardData(x, y, w, c) }},
				{"weights", func() { d.Conv2DBackwardWeights(w, y, x, c) }},
			} {
				if dir.name == "data" && l.c == 3 {
					continue
				}
				d.Fill(x, 0.5) // no run may leave NaN or denormals to the next
				d.Fill(y, 0.25)
				d.Fill(w, 0.25)
				b.Run(fmt.Sprintf("%s/%s/%s", tier, dir.name, l), func(b *testing.B) { share(b, d, operations, dir.run) })
			}
		}
	}
}
