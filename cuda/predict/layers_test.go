package predict

import (
	"fmt"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/trace"
)

// layer is a convolution of ResNet-18 or ResNet-50 at 224 x 224: side of the input, channels, filters, side of a filter, stride.
type layer struct{ side, in, out, taps, stride int }

var layers = []layer{
	{56, 64, 64, 3, 1}, {56, 64, 128, 3, 2}, {56, 64, 128, 1, 2}, {28, 128, 128, 3, 1}, {28, 128, 256, 3, 2}, {28, 128, 256, 1, 2},
	{14, 256, 256, 3, 1}, {14, 256, 512, 3, 2}, {14, 256, 512, 1, 2}, {7, 512, 512, 3, 1},
	{56, 64, 64, 1, 1}, {56, 64, 256, 1, 1}, {56, 256, 64, 1, 1}, {56, 256, 128, 1, 1}, {56, 128, 128, 3, 2}, {28, 128, 512, 1, 1}, {56, 256, 512, 1, 2},
	{28, 512, 128, 1, 1}, {28, 512, 256, 1, 1}, {28, 256, 256, 3, 2}, {14, 256, 1024, 1, 1}, {28, 512, 1024, 1, 2}, {14, 1024, 256, 1, 1},
	{14, 1024, 512, 1, 1}, {14, 512, 512, 3, 2}, {7, 512, 2048, 1, 1}, {14, 1024, 2048, 1, 2}, {7, 2048, 512, 1, 1},
}

func (l layer) String() string {
	return fmt.Sprintf("%dx%dx%d-%d_%dx%d_stride%d", l.side, l.side, l.in, l.out, l.taps, l.taps, l.stride)
}

// predicted is an operation of a layer.
type predicted struct {
	operation string
	micros    float64
	share     float64 // of the roofline
	bound     string  // what the roofline says bounds it
	launches  []Launch
}

// layer predicts the three operations of a layer, batch 256, in a precision.
func (d *Device) layer(tb testing.TB, precision string, l layer) (list []predicted) {
	tb.Helper()
	const batch = 256
	typ, c := kernels.Float32, kernels.Conv{Stride: l.stride, Pad: l.taps / 2}
	if precision == "bfloat16" {
		typ = kernels.BFloat16
	}
	out := (l.side-1)/l.stride + 1
	scope := kernels.NewScope(d)
	defer scope.Close()
	x, w, y := scope.New(typ, batch, l.side, l.side, l.in), scope.New(typ, l.out, l.taps, l.taps, l.in), scope.New(typ, batch, out, out, l.out)
	dw, moments := scope.New(kernels.Float32, l.out, l.taps, l.taps, l.in), scope.New(kernels.Float64, 2, l.out)
	recorder := trace.New(d, d)
	d.Reset()
	recorder.Begin()
	recorder.Conv2DStats(y, moments, x, w, c)
	recorder.Conv2DBackwardData(x, y, w, c)
	recorder.Conv2DBackwardWeights(dw, y, x, c)
	for i, call := range recorder.End() {
		p := predicted{call.Operation, call.Took.Seconds() * 1e6, 0, memoryTerm, d.Operations[i]}
		atPeak, atBandwidth := call.Operations/d.gpu.Peak(precision), call.Bytes/d.gpu.Bandwidth
		if atPeak > atBandwidth {
			p.bound = tensorTerm
		}
		p.share = max(atPeak, atBandwidth) / call.Took.Seconds()
		list = append(list, p)
	}
	if err := d.Sync(); err != nil {
		tb.Fatal(err)
	}
	return list
}

// TestConvolutionsByWarpgroups: convolutions of a Hopper GPU go by warpgroups, and the kernel itself keeps the tensor cores as busy as its
// header expects, at a depth that fills its ring.
func TestConvolutionsByWarpgroups(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of the interpreter")
	}
	for _, precision := range []string{"bfloat16", "tf32"} {
		d, err := Open(GPUs()[2], precision)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, p := range d.layer(t, precision, layer{28, 128, 128, 3, 1}) {
			for _, launch := range p.launches {
				if !strings.HasPrefix(launch.Kernel, "convolve") {
					continue
				}
				busy := launch.term(t, tensorTerm) / launch.Seconds
				t.Logf("%s: %s: %.0f %% of the tensor cores, limit %s; %.0f %% of the roofline in all", precision, p.operation, 100*busy, launch.Limit, 100*p.share)
				byWarpgroups := strings.Contains(launch.Kernel, "_wgmma_")
				if byWarpgroups && busy < .8 || byWarpgroups != (precision == "bfloat16" || p.operation != "Conv2DBackwardWeights") {
					t.Errorf("%s: %s by %s keeps tensor cores %.2f busy: %+v", precision, p.operation, launch.Kernel, busy, launch)
				}
			}
		}
	}
}

// BenchmarkLayers tells of every convolution of ResNet-18 and -50 on an H200, batch 256, the predicted microseconds and the share of
// the roofline; with -v its launches too. The time that it takes itself means nothing:
//
//	go test ./cuda/predict -run none -bench Layers -benchtime 1x -v
func BenchmarkLayers(b *testing.B) {
	for _, precision := range []string{"bfloat16", "tf32"} {
		d, err := Open(GPUs()[2], precision)
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		for _, l := range layers {
			for i, operation := range []string{"forward", "data", "weights"} {
				b.Run(fmt.Sprintf("precision=%s/pass=%s/shape=%v", precision, operation, l), func(b *testing.B) {
					var p predicted
					for b.Loop() {
						p = d.layer(b, precision, l)[i]
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(p.micros, "predicted-µs")
					b.ReportMetric(100*p.share, "%roofline-"+p.bound)
					for _, launch := range p.launches {
						b.Logf("%s: %.1f µs, limit %s", launch.Kernel, launch.Seconds*1e6, launch.Limit)
					}
				})
			}
		}
	}
}
