//go:build cuda

package mumax

import (
	"fmt"
	"testing"

	"gzpt/bench"
	"gzpt/cuda"
	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// BenchmarkWait is what it costs to hand a call to the thread of the context and to wait for it.
func BenchmarkWait(b *testing.B) {
	d := open(b).(*Device)
	nothing := func() error { return nil }
	for b.Loop() {
		if err := d.do("nothing", nothing); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIssue is what it costs to leave a call to the thread of the context, which every launch pays. The thread has less to do here
// than a launch.
func BenchmarkIssue(b *testing.B) {
	d := open(b).(*Device)
	nothing := func() error { return nil }
	for b.Loop() {
		if err := d.leave(request{call: "nothing", work: nothing}); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// empty is a kernel that does nothing.
const empty = `.version 8.0
.target sm_80
.address_size 64
.visible .entry empty(.param .u64 a, .param .u64 b, .param .u64 c, .param .u64 n) { ret; }
`

// BenchmarkLaunch is kernels that do nothing, one after the other: what a launch costs where the GPU is not what limits.
func BenchmarkLaunch(b *testing.B) {
	d, s, l := withEmpty(b)
	for b.Loop() {
		if err := s.Launch(l); err != nil {
			b.Fatal(err)
		}
	}
	closing(b, d, s)
}

// withEmpty is a device, a stream and a launch of the kernel that does nothing.
func withEmpty(b *testing.B) (driver.Device, driver.Stream, driver.Launch) {
	d := open(b)
	s, err := d.NewStream()
	if err != nil {
		b.Fatal(err)
	}
	m, err := d.Load("empty.ptx", empty)
	if err != nil {
		b.Fatal(err)
	}
	f, err := m.Function("empty")
	if err != nil {
		b.Fatal(err)
	}
	return d, s, driver.Launch{Function: f, Grid: [3]int{1, 1, 1}, Block: [3]int{32, 1, 1}, Arguments: make([]byte, 32)}
}

// closing waits for the stream and closes the device.
func closing(b *testing.B, d driver.Device, s driver.Stream) {
	if err := s.Synchronize(); err != nil {
		b.Fatal(err)
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkGraph is the kernels of BenchmarkLaunch as a graph of a thousand, ten of which have other arguments than before.
func BenchmarkGraph(b *testing.B) {
	const kernels, changes = 1000, 10
	d, s, l := withEmpty(b)
	work := make([]driver.Work, kernels)
	for i := range work {
		work[i].Launch = l
	}
	g, err := d.NewGraph(work)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range changes {
			if err := g.Set(i*kernels/changes, &work[0]); err != nil {
				b.Fatal(err)
			}
		}
		if err := g.Launch(s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*kernels), "ns/kernel")
	closing(b, d, s)
}

// multiplyAdds is the lanes of a multiprocessor that add and multiply float32, of all GPUs since compute capability 8.0 but
// for 8.0 itself, which has half as many.
func multiplyAdds(capability int) int {
	if capability == 80 {
		return 64
	}
	return 128
}

// peak is the float32 multiply-adds of a GPU at its highest clock, in GFLOP/s: computed, not measured; 0 where the clock is not known.
func peak(d driver.Device) float64 {
	lanes := d.Attribute(driver.Multiprocessors) * multiplyAdds(d.Attribute(driver.ComputeCapability))
	return 2 * float64(lanes) * float64(d.Attribute(driver.ClockKHz)) / 1e6
}

// computing times what a device computes, beside the peak. Every run of op waits for the device.
func computing(b *testing.B, peak, operations float64, op func()) {
	op()
	for b.Loop() {
		op()
	}
	rate := operations * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

// sizes are images and items: small ones where the kernels are interpreted.
func sizes() (image, batch int) {
	if simulated {
		return 16, 1
	}
	return 224, 64
}

// BenchmarkCopy is the copy of a quarter of a gigabyte inside the device by CUDA itself, bytes read plus bytes written: the roof of what
// moves data.
func BenchmarkCopy(b *testing.B) {
	bytes := 256 << 20
	if simulated {
		bytes = 1 << 20
	}
	d := open(b)
	s, err := d.NewStream()
	if err != nil {
		b.Fatal(err)
	}
	from, err := d.Alloc(bytes)
	if err != nil {
		b.Fatal(err)
	}
	to, err := d.Alloc(bytes)
	if err != nil {
		b.Fatal(err)
	}
	copying := func() error { return s.Copy(to, from, bytes) }
	for _, start := range []func() error{func() error { return s.Fill(from, 1, bytes/4) }, copying, s.Synchronize} {
		if err := start(); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := copying(); err != nil {
			b.Fatal(err)
		}
		if err := s.Synchronize(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(bytes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// products are what convolutions are timed with. The peak beside them is that of float32 in both cases.
var products = []cuda.Products{cuda.Float32, cuda.TF32}

// BenchmarkConvolution is the convolutions of ResNet-18, each in all passes.
func BenchmarkConvolution(b *testing.B) {
	image, batch := sizes()
	for _, s := range bench.ResNet18(image, batch) {
		for _, pass := range bench.Passes {
			for _, p := range products {
				b.Run(fmt.Sprintf("%v/shape=%v/%s", p, s, pass), func(b *testing.B) {
					dev, peak := withPeak(b, cuda.Settings{Products: p})
					defer dev.Close()
					c := bench.NewConvolution(dev, s)
					computing(b, peak, s.Operations(), func() { c.Run(pass) })
				})
			}
		}
	}
}

func withPeak(b *testing.B, settings cuda.Settings) (kernels.Device, float64) {
	d := open(b)
	most := peak(d)
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	return openDevice(b, settings), most
}

// BenchmarkStep is the whole BYOL step of ResNet-18 in pairs of views a second, the smallest also without graphs.
func BenchmarkStep(b *testing.B) {
	image, batch := sizes()
	small := max(batch/4, 2)
	for _, c := range []struct {
		size, batch int
		settings    cuda.Settings
		name        string
	}{
		{image, small, cuda.Settings{}, "float32"}, {image, small, cuda.Settings{Products: cuda.TF32}, "tf32"},
		{image, small, cuda.Settings{Products: cuda.TF32, WithoutGraphs: true}, "tf32/without-graphs"},
		{image, 2 * batch, cuda.Settings{}, "float32"}, {image, 2 * batch, cuda.Settings{Products: cuda.TF32}, "tf32"},
		{max(image/4, 16), 4 * batch, cuda.Settings{}, "float32"}, {max(image/4, 16), 4 * batch, cuda.Settings{Products: cuda.TF32}, "tf32"},
	} {
		b.Run(fmt.Sprintf("%s/size=%d/batch=%d", c.name, c.size, c.batch), func(b *testing.B) {
			dev, peak := withPeak(b, c.settings)
			defer dev.Close()
			s, err := bench.NewStep(dev, c.size, c.batch)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			computing(b, peak, bench.StepOperations(c.size, c.batch), func() {
				if _, err := s.Run(); err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(float64(c.batch*b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
