package cuda_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// TestFractionsAreExact: a stored value over its window is the quotient rounded to nearest, for all values of 8 bits and all windows
// from 0, and for many values and windows of 16 bits, though the kernel multiplies with a reciprocal.
func TestFractionsAreExact(t *testing.T) {
	if runtime.GOARCH != "amd64" { // elsewhere the oracle, not the kernel, has other bits
		t.Skip("Go may fuse products and sums here")
	}
	const size = 16
	for _, bits := range []int{8, 16} {
		windows := 255
		if testing.Short() {
			windows = 40
		}
		v := kernels.Views{Side: size, Bits: bits, Std: [3]float64{1}}
		words, rows := make([]int32, v.Row(1)), make([]float64, windows*kernels.ViewColumns(0))
		random := kerneltest.Fill("fractions", 0, 65536, size*size+windows)
		for i := range size * size {
			value := i
			if bits == 16 {
				value = int(random[i])
			}
			words[i*bits/32] |= int32(uint32(value) << (i * bits % 32))
		}
		for i := range windows {
			view := kernels.View{High: float64(255 - i), Part: kernels.Part{Width: 1, Height: 1}, Threshold: kernels.NoThreshold, Blur: []float64{1}}
			if bits == 16 {
				view.High = math.Floor(random[size*size+i]) + 1
				view.Low = math.Floor(view.High / float64(1+i))
			}
			view.Encode(rows[i*kernels.ViewColumns(0):][:kernels.ViewColumns(0)])
		}
		var made [2][]float32
		for k, dev := range []kernels.Device{reference.New(kernels.Float32), open(t, ptxsim.Options{})} {
			defer dev.Close()
			y, images, table := dev.New(kernels.Float32, windows, size, size, 1), dev.New(kernels.Int32, 1, len(words)), dev.New(kernels.Float64, windows, kernels.ViewColumns(0))
			dev.WriteInt32(images, words)
			dev.WriteFloat64(table, rows)
			dev.Augment(y, images, table, v)
			made[k] = make([]float32, y.Len())
			if err := dev.Read(made[k], y); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(made[0], made[1]) {
			t.Errorf("%d bits: other fractions than those of a division", bits)
		}
	}
}

// TestAugmentCounters: at the usual sizes a pixel of a view is made of 9 taps, three bytes and a weight each, and what a blur loads for
// each weight is the weight alone across, where its row lies in shared memory without bank conflicts, and down four elements of a row on either
// side at a time.
func TestAugmentCounters(t *testing.T) {
	loads, blocks := map[string]int64{}, map[string]int{} // of a warp; threads of a block
	dev := openOver(t, ptxsim.Open(ptxsim.Options{Sample: 2, Observe: func(p *ptxsim.Profile) {
		if n := p.Total.SharedConflicts; n > 0 {
			t.Errorf("%s: %d bank conflicts", p.Kernel, n)
		}
		warps := int64(p.Ran * ((p.Block[0] + 31) / 32))
		loads[p.Kernel] = max(loads[p.Kernel], int64(p.Class[ptxsim.GlobalLoad].Instructions)/warps)
		blocks[p.Kernel] = p.Block[0]
	}}))
	defer dev.Close()
	const views, size, channels, radius = 2, 224, 3, 6
	v := kernels.Views{Side: 256, Bits: 8, Std: [3]float64{1, 1, 1}}
	dev.Augment(dev.New(kernels.Float32, views, size, size, channels), dev.New(kernels.Int32, views, v.Row(channels)),
		dev.New(kernels.Float64, views, kernels.ViewColumns(radius)), v)
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		kernel  string
		threads int
		loads   int64
	}{
		{"view_pixels", size, 3*(3*(channels+1)+1) + 2 + 3 + 2*kernels.Steps}, // taps and weights; where they begin; window and flip; steps
		{"view_across", size, (7*(channels+1+radius) + channels) / 7},         // one of seven warps brings the pixels beside the row too
		{"view_down_wide", 192, 1 + 1 + 1 + radius*(2+1)},                     // the threshold first
	} {
		if got := loads[want.kernel]; got != want.loads || blocks[want.kernel] != want.threads {
			t.Errorf("%s: %d loads a warp in blocks of %d, expected %d and %d", want.kernel, got, blocks[want.kernel], want.loads, want.threads)
		}
	}
}

// TestBlurOfRows: a blur has the bits of the reference on rows that a block takes in turns, and where it reaches beyond what shared memory
// holds of a row.
func TestBlurOfRows(t *testing.T) {
	if runtime.GOARCH != "amd64" { // elsewhere the oracle, not the kernel, has other bits
		t.Skip("Go may fuse products and sums here")
	}
	for _, c := range []struct{ size, radius, channels int }{{270, 3, 3}, {270, 2, 1}, {131, 129, 3}} {
		v := kernels.Views{Side: 16, Bits: 8, Std: [3]float64{1, 1, 1}}
		words, row := make([]int32, v.Row(c.channels)), make([]float64, kernels.ViewColumns(c.radius))
		for i, x := range kerneltest.Fill("image", 0, 1<<31, len(words)) {
			words[i] = int32(x)
		}
		view := kernels.View{High: 255, Part: kernels.Part{Width: 1, Height: 1}, Threshold: kernels.NoThreshold, Blur: kerneltest.Fill("blur", 0, 1, c.radius+1)}
		view.Encode(row)
		var made [2][]float32
		for k, dev := range []kernels.Device{reference.New(kernels.Float32), open(t, ptxsim.Options{})} {
			defer dev.Close()
			y, images, table := dev.New(kernels.Float32, 1, c.size, c.size, c.channels), dev.New(kernels.Int32, 1, len(words)), dev.New(kernels.Float64, 1, len(row))
			dev.WriteInt32(images, words)
			dev.WriteFloat64(table, row)
			dev.Augment(y, images, table, v)
			made[k] = make([]float32, y.Len())
			if err := dev.Read(made[k], y); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(made[0], made[1]) {
			t.Errorf("%+v: other bits than those of the reference", c)
		}
	}
}
