package cuda

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// packedShapes have every edge of packed images: windows that begin at odd multiples of 8 bytes and pixels that are widened for it,
// rows of half a piece, of several stages and of parts of one, padding wider than the image, rows and columns that no window reads.
var packedShapes = []kerneltest.Geometry{
	shape(1, 9, 9, 3, 8, 7, 7, 2, 3, 1, 1),    // the stem
	shape(2, 12, 10, 1, 8, 7, 7, 2, 3, 1, 1),  // grey images
	shape(1, 7, 9, 3, 16, 3, 3, 1, 1, 1, 1),   // small images: 8 terms of bfloat16 a pixel
	shape(1, 8, 8, 5, 8, 3, 3, 2, 1, 1, 1),    // 8 terms of 5 channels
	shape(1, 9, 7, 2, 8, 3, 5, 4, 2, 1, 1),    // 4 terms at stride 4
	shape(1, 10, 10, 3, 24, 3, 3, 3, 0, 1, 1), // stride 3, and a column that nothing reads
	shape(1, 6, 40, 3, 72, 2, 11, 2, 5, 1, 1), // a row of a stage and a half, two tiles of channels
	shape(1, 9, 4, 3, 8, 3, 1, 2, 2, 2, 1),    // taps apart along rows
	shape(1, 5, 5, 13, 9, 1, 1, 1, 0, 1, 1),   // single taps, odd channels
	shape(1, 3, 2, 3, 8, 3, 3, 1, 3, 1, 1),    // windows beside the image
	shape(3, 16, 16, 3, 8, 3, 3, 1, 1, 1, 1),  // several parts of the weight gradient
	shape(1, 2, 2, 3, 8, 3, 3, 1, 0, 1, 1),    // no output
	shape(0, 8, 8, 3, 8, 3, 3, 1, 0, 1, 1),    // no image
	shape(1, 1, 1, 3, 8, 1, 1, 1, 0, 1, 1),    // one pixel
}

// TestPackedShapes compares convolutions of few channels with the reference, from aligned addresses and others.
func TestPackedShapes(t *testing.T) {
	SlowUnderRace(t)
	for i, g := range packedShapes {
		if testing.Short() && i%3 != 0 {
			continue
		}
		t.Run(g.String(), func(t *testing.T) {
			launched := map[string]bool{}
			dev := openTiles(t, TF32, ptxsim.Options{Observe: func(p *ptxsim.Profile) { launched[p.Kernel] = true }})
			defer dev.Close()
			tileSuite(TF32).CheckConvolution(t, dev, g)
			for kernel := range launched {
				if strings.HasPrefix(kernel, "convolve_") && strings.Contains(kernel, "128x") && g.K%8 == 0 {
					t.Errorf("%s was launched, expected packed images", kernel)
				}
			}
		})
	}
}

// TestBesideWindows: a NaN or an infinity in a row or a column of the image reaches the results that its definition gives it to, and
// no other one, also where it lies right beside a window.
func TestBesideWindows(t *testing.T) {
	SlowUnderRace(t)
	shapes := []kerneltest.Geometry{
		shape(1, 9, 10, 3, 8, 7, 7, 2, 3, 1, 1), shape(1, 6, 7, 3, 8, 3, 3, 1, 1, 1, 1), shape(1, 8, 9, 3, 8, 2, 3, 4, 0, 1, 1),
	}
	for _, g := range shapes {
		for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
			dev, host := openTiles(t, TF32, ptxsim.Options{}), reference.New(kernels.Float32)
			for at := range g.H + g.W {
				if testing.Short() && at%3 != 0 {
					continue
				}
				for _, v := range []float64{math.NaN(), math.Inf(1)} {
					got, err := besideWindows(dev, g, typ, at, v)
					if err != nil {
						t.Fatal(err)
					}
					want, err := besideWindows(host, g, typ, at, v)
					if err != nil {
						t.Fatal(err)
					}
					for i := range want {
						if finite(got[i]) != finite(want[i]) {
							t.Errorf("%s, %v: %v in line %d of the image: result %d is %v, expected %v", g, typ, v, at, i, got[i], want[i])
							break
						}
					}
				}
			}
			dev.Close()
		}
	}
}

func finite(v float64) bool { return !math.IsNaN(v - v) }

// besideWindows is the forward convolution and the weight gradient for an image with v in one of its rows, or else columns.
func besideWindows(dev kernels.Device, g kerneltest.Geometry, typ kernels.Type, line int, v float64) (results []float64, err error) {
	scope := kernels.NewScope(dev)
	defer scope.Close()
	filled := func(name string, typ kernels.Type, change func(values []float64), dims ...int) kernels.Tensor {
		values := kerneltest.Fill(name, 0.5, 1, dims...)
		change(values)
		x := scope.New(typ, dims...)
		kerneltest.Set(dev, x, values)
		return x
	}
	as := func([]float64) {}
	x := filled("x", typ, func(values []float64) {
		for i := range values {
			if h, w := i/g.C/g.W, i/g.C%g.W; h == line || w == line-g.H {
				values[i] = v
			}
		}
	}, g.N, g.H, g.W, g.C)
	w := filled("w", typ, as, g.K, g.R, g.S, g.C)
	ys := []int{g.N, g.Out(g.H, g.R), g.Out(g.W, g.S), g.K}
	dy, y, dw := filled("dy", typ, as, ys...), scope.New(typ, ys...), scope.New(kernels.Float32, g.K, g.R, g.S, g.C)
	dev.Conv2D(y, x, w, g.Conv)
	dev.Conv2DBackwardWeights(dw, dy, x, g.Conv)
	for _, r := range []kernels.Tensor{y, dw} {
		values := make([]float64, r.Len())
		if err := dev.ReadFloat64(values, r); err != nil {
			return nil, err
		}
		results = append(results, values...)
	}
	return results, nil
}

// TestPackedCounters holds the kernels of packed images to their headers: no bank conflicts, whole sectors written by packing, and so many
// products and loads of shared memory for a barrier.
func TestPackedCounters(t *testing.T) {
	SlowUnderRace(t)
	steps := map[string]tileStep{
		"convolve_tf32_packed": {64, 16}, "convolve_bf16_packed": {64, 16},
		"convolve_weights_tf32_packed": {64, 64}, "convolve_weights_bf16_packed": {64, 16},
		"pack_tf32": {}, "pack_bf16": {}, "merge_filters": {},
	}
	seen := map[string]bool{}
	dev := openTiles(t, TF32, ptxsim.Options{Observe: func(p *ptxsim.Profile) {
		step, known := steps[p.Kernel]
		if !known {
			return
		}
		seen[p.Kernel] = true
		if step.products > 0 {
			step.check(t, p)
		}
		for _, l := range p.Lines {
			if l.SharedConflicts != 0 {
				t.Errorf("%s, line %d: %s: %d bank conflicts", p.Kernel, l.Line, l.Text, l.SharedConflicts)
			}
			if strings.HasPrefix(p.Kernel, "pack_") && strings.HasPrefix(l.Text, "st.global") && l.GlobalSectors*32 >= l.GlobalBytes+32 {
				t.Errorf("%s, line %d: %s: %d sectors for %d bytes", p.Kernel, l.Line, l.Text, l.GlobalSectors, l.GlobalBytes)
			}
		}
	}})
	defer dev.Close()
	for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
		if _, err := convolved(dev, shape(1, 32, 32, 3, 64, 7, 7, 2, 3, 1, 1), typ); err != nil {
			t.Fatal(err)
		}
	}
	for kernel := range steps {
		if !seen[kernel] {
			t.Errorf("%s was not launched", kernel)
		}
	}
}

// TestPackedByShape: whether images are packed follows from the shape, and the counts of a packed image are those of its windows.
func TestPackedByShape(t *testing.T) {
	dev := openTiles(t, TF32, ptxsim.Options{})
	defer dev.Close()
	for _, c := range []struct {
		g    kerneltest.Geometry
		typ  kernels.Type
		want string
	}{
		{shape(2, 224, 224, 3, 64, 7, 7, 2, 3, 1, 1), kernels.BFloat16, "{229 229 3 4 28 32 920} true"},
		{shape(2, 224, 224, 3, 64, 7, 7, 2, 3, 1, 1), kernels.Float32, "{229 229 3 4 28 28 916} true"},
		{shape(1, 32, 32, 3, 64, 3, 3, 1, 1, 1, 1), kernels.BFloat16, "{34 34 1 8 24 24 272} true"},
		{shape(1, 32, 32, 8, 64, 3, 3, 1, 1, 1, 1), kernels.BFloat16, "false"},
		{shape(1, 32, 32, 3, 64, 3, 3, 1, 2, 2, 1), kernels.BFloat16, "false"}, // taps apart
		{shape(1, 8, 8, 6, 6, 3, 3, 1, 1, 1, 2), kernels.BFloat16, "false"},    // groups
	} {
		y := dev.New(c.typ, c.g.N, c.g.Out(c.g.H, c.g.R), c.g.Out(c.g.W, c.g.S), c.g.K)
		x, w := dev.New(c.typ, c.g.N, c.g.H, c.g.W, c.g.C), dev.New(c.typ, c.g.K, c.g.R, c.g.S, c.g.C/c.g.Groups)
		p, ok := dev.packed(y, x, w, c.g.Conv)
		got := fmt.Sprint(ok)
		if ok {
			got = fmt.Sprint(p, ok)
		}
		if got != c.want {
			t.Errorf("%s, %v: %s, expected %s", c.g, c.typ, got, c.want)
		}
	}
}
