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
// gradient, and the same bits under another order of warps.
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
			var first []float64
			for seed := range uint64(2) {
				dev, err := open(ptxsim.Open(ptxsim.Options{Seed: seed}), Settings{}, list)
				if err != nil {
					t.Fatal(err)
				}
				defer dev.Close()
				var all []float64
				for i, x := range (bed{dev}).contrast(c.n, c.depth, c.queued, c.keys, c.symmetric) {
					got := kerneltest.Get(dev, x)
					for e, w := range kerneltest.Get(oracle, want[i]) {
						if !(math.Abs(got[e]-w) <= 1e-5*(1+math.Abs(w))) {
							t.Fatalf("result %d[%d] = %g, want %g", i, e, got[e], w)
						}
					}
					all = append(all, got...)
				}
				if first == nil {
					first = all
				}
				if !slices.Equal(all, first) {
					t.Error("another order of warps gives other bits")
				}
			}
		})
	}
}

// TestContrastCounters: the tiles of the contrastive softmax meet in no bank but where threads go through labels.
func TestContrastCounters(t *testing.T) {
	found := profiles(t, Settings{}, func(dev *Device) { bed{dev}.contrast(70, 32, 0, kernels.OtherKeys, false) })
	for _, kernel := range []string{"contrast_lse", "contrast_gradient"} {
		p := found[kernel]
		if p == nil || p.Total.SharedRequests == 0 {
			t.Fatalf("no kernel %s, or no shared memory", kernel)
		}
		for _, line := range p.Lines {
			if line.SharedConflicts != 0 && line.Text != "ld.shared.f32" && line.Text != "st.shared.f32" {
				t.Errorf("%s, line %d, %s: %d conflicts of %d requests", kernel, line.Line, line.Text, line.SharedConflicts, line.SharedRequests)
			}
		}
	}
}
