package cuda

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// TestContrastTiles: sizes with several tiles of anchors, of elements and of columns, in several parts, give the reference's loss and
// gradient, and the same bits under another order of warps. The operands are whole in tf32, in which products are then exact.
func TestContrastTiles(t *testing.T) {
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n, depth, queued int
		keys             kernels.Keys
		symmetric        bool
	}{
		{70, 150, 0, kernels.AllKeys, false}, {66, 17, 70, kernels.OtherKeys, true}, {9, 132, 200, kernels.OtherKeys, false},
		{65, 6, 130, kernels.OwnKey, true}, {64, 64, 64, kernels.OwnKey, false},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			oracle := reference.New(kernels.Float32)
			want := bed{oracle}.contrast(c.n, c.depth, c.queued, c.keys, c.symmetric)
			first := map[Products][]float64{}
			for seed := range uint64(4) {
				products := Products(seed % 2)
				dev, err := open(ptxsim.Open(ptxsim.Options{Seed: seed / 2}), Settings{Products: products}, list)
				if err != nil {
					t.Fatal(err)
				}
				defer dev.Close()
				var all []float64
				for i, x := range (bed{dev}).contrast(c.n, c.depth, c.queued, c.keys, c.symmetric) {
					got := kerneltest.Get(dev, x)
					for e, w := range kerneltest.Get(oracle, want[i]) {
						if !(math.Abs(got[e]-w) <= 1e-5*(1+math.Abs(w))) {
							t.Fatalf("%v: result %d[%d] = %g, want %g", products, i, e, got[e], w)
						}
					}
					all = append(all, got...)
				}
				if first[products] == nil {
					first[products] = all
				}
				if !slices.Equal(all, first[products]) {
					t.Errorf("%v: another order of warps gives other bits", products)
				}
			}
		})
	}
}

// TestContrastInTF32: row sums on tensor cores are those of operands rounded to tf32, and no others.
func TestContrastInTF32(t *testing.T) {
	const n, depth = 9, 20
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	dev, err := open(ptxsim.Open(ptxsim.Options{}), Settings{Products: TF32}, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	lse := func(dev kernels.Device, round func(float64) float64) []float64 {
		b := bed{dev}
		place := func(name string) kernels.Tensor {
			x, values := b.room(n, depth), kerneltest.Fill(name, -1, 1, n, depth)
			for i, v := range values {
				values[i] = round(v)
			}
			kerneltest.Set(b, x, values)
			return x
		}
		out := b.room(n)
		labels := kernels.Labels{Offsets: b.New(kernels.Int32, n+1), Columns: b.New(kernels.Int32, 0), Weights: b.room(0)}
		b.ContrastiveLoss(b.New(kernels.Float64, 1), out, place("contrast.q"), place("contrast.k"), kernels.Tensor{}, labels, kernels.Contrast{Scale: 3}, 1)
		return kerneltest.Get(dev, out)
	}
	plain := func(v float64) float64 { return v }
	got, want, exact := lse(dev, plain), lse(reference.New(kernels.Float32), rounded), lse(reference.New(kernels.Float32), plain)
	var off float64
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= 1e-5) {
			t.Errorf("lse[%d] = %.7f, %.7f of rounded operands", i, got[i], w)
		}
		off = max(off, math.Abs(exact[i]-w))
	}
	if off < 5e-5 {
		t.Errorf("rounding moves lse by %g alone: the test tells nothing", off)
	}
}

// onTensorCores is how many instructions of warps tensor cores ran.
func onTensorCores(p *ptxsim.Profile) (n uint64) {
	for class, counts := range p.Class {
		if ptxsim.Class(class).String() == "tensor" {
			n += counts.Instructions
		}
	}
	return n
}

// TestContrastCounters: the tiles of the contrastive softmax meet in no bank but where threads go through labels.
func TestContrastCounters(t *testing.T) {
	for _, products := range []Products{Float32, TF32} {
		found := profiles(t, Settings{Products: products}, func(dev *Device) { bed{dev}.contrast(70, 32, 0, kernels.OtherKeys, false) })
		for _, kernel := range []string{"contrast_lse", "contrast_gradient"} {
			p := found[variant{tf32: products == TF32}.name(kernel)]
			if p == nil || p.Total.SharedRequests == 0 || (onTensorCores(p) > 0) != (products == TF32) {
				t.Fatalf("%v: no kernel %s, no shared memory, or other products", products, kernel)
			}
			for _, line := range p.Lines {
				labels := kernel == "contrast_gradient" && line.Lanes < 32*line.Instructions
				if line.SharedConflicts != 0 && !labels {
					t.Errorf("%v: %s, line %d, %s: %d conflicts of %d requests", products, kernel, line.Line, line.Text, line.SharedConflicts, line.SharedRequests)
				}
			}
		}
	}
}
