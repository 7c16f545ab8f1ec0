//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// The suite's shapes are small. These are large enough for several items of every operation, with items that end in the
// middle of an image, a row or a period.

// spanShapes are [N,H,W,C].
var spanShapes = [][]int{{2, 60, 50, 64}, {1, 200, 111, 13}, {3, 37, 41, 65}, {1, 40, 9, 512}, {1, 300, 331, 1}}

// beside makes the same tensor on two devices, of small integers so that many are equal and sums of them exact.
func beside(devices [2]kernels.Device, name string, dims ...int) (t [2]kernels.Tensor) {
	for i, dev := range devices {
		t[i] = dev.New(kernels.Float32, dims...)
		values := make([]float32, t[i].Len())
		for j, v := range kerneltest.Fill(name, -4, 4, dims...) {
			values[j] = float32(math.RoundToEven(v))
		}
		dev.Write(t[i], values)
	}
	return t
}

// agree fails the test where two tensors differ by more than tolerance.
func agree(t *testing.T, devices [2]kernels.Device, what string, pair [2]kernels.Tensor, tolerance float64) {
	t.Helper()
	got, want := kerneltest.Get(devices[0], pair[0]), kerneltest.Get(devices[1], pair[1])
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance) {
			t.Fatalf("%s[%d]: %g, want %g", what, i, got[i], want[i])
		}
	}
}

var oracle = reference.New(kernels.Float32)

func TestSpans(t *testing.T) {
	tiers := assemblyTiers()
	if testing.Short() && len(tiers) > 1 {
		tiers = tiers[len(tiers)-1:]
	}
	for _, tier := range tiers {
		d := openAssembly(tier)
		defer d.Close()
		for _, dims := range spanShapes {
			name := fmt.Sprintf("%s/%dx%dx%dx%d", tier, dims[0], dims[1], dims[2], dims[3])
			t.Run("MaxPool/"+name, func(t *testing.T) {
				for _, p := range []kernels.Pool{{Size: 3, Stride: 2, Pad: 1}, {Size: 3, Stride: 1, Pad: 1}, {Size: 2, Stride: 3}, {Size: 5, Stride: 2, Pad: 2}} {
					maxPoolSpans(t, [2]kernels.Device{d, oracle}, dims, p)
				}
			})
			t.Run("AveragePool/"+name, func(t *testing.T) { averagePoolSpans(t, [2]kernels.Device{d, oracle}, dims) })
			t.Run("BatchNorm/"+name, func(t *testing.T) { normSpans(t, [2]kernels.Device{d, oracle}, dims) })
		}
	}
}

func maxPoolSpans(t *testing.T, devices [2]kernels.Device, dims []int, p kernels.Pool) {
	out := []int{dims[0], p.Out(dims[1]), p.Out(dims[2]), dims[3]}
	x, dy, dx := beside(devices, "x", dims...), beside(devices, "dy", out...), beside(devices, "dx", dims...)
	y := beside(devices, "y", out...)
	for i, dev := range devices {
		dev.MaxPool(y[i], x[i], p)
		dev.MaxPoolBackward(dx[i], dy[i], y[i], x[i], p)
	}
	agree(t, devices, fmt.Sprint("y ", p), y, 0)
	agree(t, devices, fmt.Sprint("dx ", p), dx, 0)
}

func averagePoolSpans(t *testing.T, devices [2]kernels.Device, dims []int) {
	x, dx, y := beside(devices, "x", dims...), beside(devices, "dx", dims...), beside(devices, "y", dims[0], dims[3])
	for i, dev := range devices {
		dev.GlobalAveragePool(y[i], x[i])
		dev.GlobalAveragePoolBackward(dx[i], y[i])
	}
	agree(t, devices, "y", y, 0)
	agree(t, devices, "dx", dx, 0)
}

func normSpans(t *testing.T, devices [2]kernels.Device, dims []int) {
	channels := dims[3]
	x, dy, y := beside(devices, "x", dims...), beside(devices, "dy", dims...), beside(devices, "y", dims...)
	out, dx, dr := beside(devices, "out", dims...), beside(devices, "dx", dims...), beside(devices, "dr", dims...)
	dgamma, dbeta := beside(devices, "dgamma", channels), beside(devices, "dbeta", channels)
	gamma, beta := beside(devices, "gamma", channels), beside(devices, "beta", channels)
	mean, invStd := beside(devices, "mean", channels), beside(devices, "invStd", channels)
	moments := [2]kernels.Tensor{devices[0].New(kernels.Float64, 2, channels), devices[1].New(kernels.Float64, 2, channels)}
	for i, dev := range devices {
		n := kernels.Norm{Gamma: gamma[i], Beta: beta[i], Mean: mean[i], InvStd: invStd[i]}
		dev.ChannelMoments(moments[i], x[i])
		dev.BatchNormAddReLU(out[i], x[i], y[i], n)
		dev.BatchNormAddReLUBackward(dx[i], dr[i], dgamma[i], dbeta[i], dy[i], y[i], x[i], n)
		dev.AddBiasBackward(dbeta[i], dy[i])
		dev.AddBias(y[i], y[i], beta[i])
	}
	rows := float64(x[0].Rows())
	agree(t, devices, "means", [2]kernels.Tensor{moments[0].Slice(0, channels), moments[1].Slice(0, channels)}, 4e-6)
	agree(t, devices, "squares", [2]kernels.Tensor{moments[0].Slice(channels, channels), moments[1].Slice(channels, channels)}, 1e-6*rows)
	agree(t, devices, "out", out, 0)
	agree(t, devices, "dr", dr, 0)
	agree(t, devices, "dgamma", dgamma, 0)
	agree(t, devices, "dbeta", dbeta, 0)
	agree(t, devices, "y", y, 0)
	agree(t, devices, "dx", dx, 1e-3) // of numbers up to 16*(4 + 8*4*16)
}

// TestTransfer moves a tensor of more than one piece to the device and back.
func TestTransfer(t *testing.T) {
	for _, tier := range assemblyTiers() {
		d := openAssembly(tier)
		defer d.Close()
		for _, n := range []int{0, streamFloats, 2*streamFloats + 3} {
			src, dst, x := make([]float32, n), make([]float32, n), d.New(kernels.Float32, n)
			for i := range src {
				src[i] = float32(i)
			}
			d.Write(x, src)
			if err := d.Read(dst, x); err != nil || !slices.Equal(dst, src) {
				t.Errorf("%s: %d floats come back changed", tier, n)
			}
		}
	}
}
