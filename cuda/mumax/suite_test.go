//go:build cuda

package mumax

import (
	"math"
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// openDevice opens the device of package cuda.
func openDevice(t testing.TB, settings cuda.Settings) kernels.Device {
	t.Helper()
	dev, err := cuda.Open(open(t), settings)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// TestSuite runs the suite that every device passes.
func TestSuite(t *testing.T) {
	if simulated && testing.Short() {
		t.Skip("package cuda runs the suite on the interpreter without the driver's interface")
	}
	exact := func(t testing.TB) kernels.Device { return openDevice(t, cuda.Settings{}) }
	kerneltest.Suite{Open: exact, Allocates: true, Slow: simulated}.Run(t)
}

// TestTF32: products on tensor cores are those of operands rounded to tf32 to nearest; on H100 and H200 they go by warpgroups, whose
// tensor maps are arguments of their kernels. A value halfway between two numbers may be rounded either way.
func TestTF32(t *testing.T) {
	const rows, columns, depth = 140, 270, 180
	dev := openDevice(t, cuda.Settings{Products: cuda.TF32})
	defer dev.Close()
	fill := func(dims ...int) (kernels.Tensor, []float64) {
		x, values := dev.New(kernels.Float32, dims...), make([]float64, dims[0]*dims[1])
		for i := range values {
			near := float64(i%7-3) / 4                      // of tf32
			values[i] = near * (1 + float64(i%3-1)*0x1p-12) // nearer to that than to another
		}
		kerneltest.Set(dev, x, values)
		for i := range values {
			values[i] = float64(i%7-3) / 4
		}
		return x, values
	}
	a, as := fill(rows, depth)
	b, bs := fill(columns, depth)
	c := dev.New(kernels.Float32, rows, columns)
	dev.MatMul(c, a, b, kernels.Product{TransB: true})
	for i, got := range kerneltest.Get(dev, c) {
		var want float64
		for k := range depth {
			want += as[i/columns*depth+k] * bs[i%columns*depth+k]
		}
		if got != want {
			t.Fatalf("c[%d] = %v, expected %v, the product of the rounded operands", i, got, want)
		}
	}
	tie := dev.New(kernels.Float32, 1, 4)
	kerneltest.Set(dev, tie, []float64{1 + 0x1p-11, 0, 0, 0})
	one := dev.New(kernels.Float32, 1, 4)
	dev.Fill(one, 1)
	result := dev.New(kernels.Float32, 1, 1)
	dev.MatMul(result, tie, one, kernels.Product{TransB: true})
	got := kerneltest.Get(dev, result)[0]
	t.Logf("1 + 2^-11 is rounded to 1 + %g", got-1)
	if got != 1 && got != 1+0x1p-10 {
		t.Errorf("1 + 2^-11 is rounded to %v, which is no neighbour in tf32", got)
	}
}

// TestWindows: convolutions of bfloat16, which on H100 and H200 read windows by tensor maps of images, are exact where numbers are small and
// whole: forward, data gradient and weight gradient.
func TestWindows(t *testing.T) {
	const images, side, channels, filters, taps, pad = 2, 6, 16, 32, 3, 1
	dev := openDevice(t, cuda.Settings{})
	defer dev.Close()
	filled := func(typ kernels.Type, modulus int, dims ...int) (kernels.Tensor, []float64) {
		x := dev.New(typ, dims...)
		values := make([]float64, x.Len())
		for i := range values {
			values[i] = float64((i*i+i/modulus)%modulus - modulus/2)
		}
		kerneltest.Set(dev, x, values)
		return x, values
	}
	x, xs := filled(kernels.BFloat16, 3, images, side, side, channels)
	w, ws := filled(kernels.BFloat16, 5, filters, taps, taps, channels)
	dy, dys := filled(kernels.BFloat16, 3, images, side, side, filters)
	dw, want := filled(kernels.Float32, 7, filters, taps, taps, channels)
	y, dx := dev.New(kernels.BFloat16, images, side, side, filters), dev.New(kernels.BFloat16, images, side, side, channels)
	c := kernels.Conv{Stride: 1, Pad: pad}
	dev.Conv2D(y, x, w, c)
	dev.Conv2DBackwardData(dx, dy, w, c)
	dev.Conv2DBackwardWeights(dw, dy, x, c)
	ys, dxs := make([]float64, y.Len()), make([]float64, dx.Len())
	for pixel := range images * side * side {
		for tap := range taps * taps {
			h, column := pixel/side%side+tap/taps-pad, pixel%side+tap%taps-pad
			if h < 0 || h >= side || column < 0 || column >= side {
				continue
			}
			from := pixel/(side*side)*side*side + h*side + column
			for k := range filters {
				for ch := range channels {
					weight := (k*taps*taps+tap)*channels + ch
					ys[pixel*filters+k] += xs[from*channels+ch] * ws[weight]
					dxs[from*channels+ch] += dys[pixel*filters+k] * ws[weight]
					want[weight] += dys[pixel*filters+k] * xs[from*channels+ch]
				}
			}
		}
	}
	for _, r := range []struct {
		name   string
		tensor kernels.Tensor
		want   []float64
	}{{"y", y, ys}, {"dx", dx, dxs}, {"dw", dw, want}} {
		for i, got := range kerneltest.Get(dev, r.tensor) {
			if got != r.want[i] || got != float64(int(got)) {
				t.Fatalf("%s[%d] = %v, expected %v", r.name, i, got, r.want[i])
			}
			if math.Abs(got) > 256 {
				t.Fatalf("%s[%d] = %v, more than bfloat16 counts to", r.name, i, got)
			}
		}
	}
}
