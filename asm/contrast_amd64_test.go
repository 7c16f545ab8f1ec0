//go:build amd64 && !noasm

package asm

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// contrastResult is the loss, lse and gradients of random rows, in float64, by one operation or by two. The key of an anchor's
// own row and its neighbour's are its positives.
func contrastResult(dev kernels.Device, anchors, keys, queue, depth int, symmetric, together bool, c kernels.Contrast) [4][]float64 {
	rows := func(name string, n int) kernels.Tensor {
		x := dev.New(dev.Type(), n, depth)
		kerneltest.Set(dev, x, kerneltest.Fill(name, -1, 1, n, depth))
		return x
	}
	q, dq := rows("groups.q", anchors), dev.New(dev.Type(), anchors, depth)
	k, dk := q, kernels.Tensor{}
	if !symmetric {
		k, dk = rows("groups.k", keys), dev.New(dev.Type(), keys, depth)
	}
	labels := kernels.Labels{Offsets: dev.New(kernels.Int32, anchors+1), Columns: dev.New(kernels.Int32, 2*anchors), Weights: dev.New(dev.Type(), 2*anchors)}
	offsets, columns := make([]int32, anchors+1), make([]int32, 2*anchors)
	for i := range anchors {
		offsets[i+1] = int32(2*i + 2)
		columns[2*i], columns[2*i+1] = int32(i%keys), int32((i+1)%keys)
	}
	dev.WriteInt32(labels.Offsets, offsets)
	dev.WriteInt32(labels.Columns, columns)
	dev.Fill(labels.Weights, 1)
	loss, lse, candidates := dev.New(kernels.Float64, 1), dev.New(dev.Type(), anchors), rows("groups.queue", queue)
	if queue == 0 {
		candidates = kernels.Tensor{}
	}
	if together {
		dev.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, candidates, labels, c, 1)
	} else {
		dev.ContrastiveLoss(loss, lse, q, k, candidates, labels, c, 1)
		dev.ContrastiveLossBackward(dq, dk, lse, q, k, candidates, labels, c, 1)
	}
	return [4][]float64{kerneltest.Get(dev, loss), kerneltest.Get(dev, lse), kerneltest.Get(dev, dq), kerneltest.Get(dev, dk)}
}

// contrastSizes are the sizes of work that has groups of several bands, with fewer and with more bands than blocks, and in
// numbers that are odd and even.
var contrastSizes = []struct {
	name                 string
	anchors, keys, queue int
	symmetric            bool
	keysOf               kernels.Keys
}{
	{"square", 700, 700, 300, false, kernels.OtherKeys}, {"wide", 520, 1500, 0, false, kernels.AllKeys},
	{"high", 1500, 520, 600, false, kernels.AllKeys}, {"own", 700, 700, 900, false, kernels.OwnKey},
	{"symmetric", 700, 700, 0, true, kernels.OtherKeys}, {"symmetric-odd", 1100, 1100, 100, true, kernels.AllKeys},
	{"symmetric-all", 1100, 1100, 0, true, kernels.AllKeys}, {"many", 2100, 260, 0, false, kernels.AllKeys},
}

// TestContrastGroups gives small work groups of several bands, which the suite is too small for, in one operation and in two.
func TestContrastGroups(t *testing.T) {
	defer func(groups, floats, whole int) { contrastGroups, keptFloats, wholeFloats = groups, floats, whole }(contrastGroups, keptFloats, wholeFloats)
	contrastGroups, keptFloats, wholeFloats = 2, 1<<19, 0
	sizes := contrastSizes
	if testing.Short() {
		sizes = sizes[3:5] // the portable oracle takes longer than what it is compared with
	}
	for _, s := range sizes {
		c := kernels.Contrast{Scale: 1.5, Keys: s.keysOf, Normaliser: kernels.Anchor}
		want := contrastResult(reference.New(kernels.Float64), s.anchors, s.keys, s.queue, 8, s.symmetric, false, c)
		for _, tier := range assemblyTiers() {
			for how, together := range map[string]bool{"apart": false, "together": true} {
				t.Run(s.name+"/"+tier+"/"+how, func(t *testing.T) {
					dev := openAssembly(tier)
					defer dev.Close()
					closeTo(t, contrastResult(dev, s.anchors, s.keys, s.queue, 8, s.symmetric, together, c), want)
				})
			}
		}
	}
}

// closeTo compares results of contrastResult, up to 1e-5 of the largest value of each tensor.
func closeTo(t *testing.T, got, want [4][]float64) {
	t.Helper()
	for i, name := range []string{"loss", "lse", "dq", "dk"} {
		var largest, off float64
		for n, v := range want[i] {
			largest, off = max(largest, math.Abs(v)), max(off, math.Abs(got[i][n]-v))
		}
		if !(off <= 1e-5*largest) {
			t.Errorf("%s: %g off, of %g", name, off, largest)
		}
	}
}

// TestContrastKeptBits demands the same bits of every number of workers and every size of groups, whoever packs the keys, where all bands
// are one group and where they are not.
func TestContrastKeptBits(t *testing.T) {
	defer func(floats, anchors, whole, workers int) {
		keptFloats, ownAnchors, wholeFloats = floats, anchors, whole
		runtime.GOMAXPROCS(workers)
	}(keptFloats, ownAnchors, wholeFloats, runtime.GOMAXPROCS(0))
	sizes := contrastSizes
	if testing.Short() { // one of each form
		sizes = slices.Concat(sizes[:1], sizes[4:5])
	}
	for _, wholeFloats = range []int{0, 3 << 20} {
		for _, s := range sizes {
			for _, tier := range assemblyTiers() {
				var want [4][]float64
				for _, workers := range []int{1, 2, 3, 8} {
					for _, room := range []struct{ floats, anchors int }{{0, 0}, {1 << 19, math.MaxInt / 8}, {6 << 20, 0}} {
						runtime.GOMAXPROCS(workers)
						keptFloats, ownAnchors = room.floats, room.anchors
						dev := openAssembly(tier)
						got := contrastResult(dev, s.anchors, s.keys, s.queue, 40, s.symmetric, true, kernels.Contrast{Scale: 1.5, Keys: s.keysOf})
						dev.Close()
						if want[0] == nil {
							want = got
						}
						for i := range want {
							if !slices.Equal(got[i], want[i]) {
								t.Errorf("%s, %s: tensor %d of %d workers, %v and %d floats of one group differs from that of one worker", s.name, tier, i, workers, room, wholeFloats)
							}
						}
					}
				}
			}
		}
	}
}

// TestContrastPacksAnew has workers that pack their own keys carry out one loss behind another, of other keys in fewer blocks.
func TestContrastPacksAnew(t *testing.T) {
	defer func(anchors int) { ownAnchors = anchors }(ownAnchors)
	ownAnchors = 0
	c := kernels.Contrast{Scale: 1.5}
	for _, tier := range assemblyTiers() {
		dev := openAssembly(tier)
		contrastResult(dev, 520, 700, 300, 40, false, true, c)
		got := contrastResult(dev, 520, 600, 200, 40, false, true, c)
		dev.Close()
		dev = openAssembly(tier)
		want := contrastResult(dev, 520, 600, 200, 40, false, true, c)
		dev.Close()
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: tensor %d behind another loss differs from that of a device without a past", tier, i)
			}
		}
	}
}

// TestContrastKeptLogits goes up to the largest logits whose exponentials are kept, and beyond, and says which way was taken:
// anchors that are a key, its opposite and at right angles to it.
func TestContrastKeptLogits(t *testing.T) {
	const n, depth = 96, 4
	rows := make([]float32, n*depth)
	for i := range n {
		rows[i*depth+i%3/2] = float32(1 - 2*(i%3%2)) // a key, its opposite, another direction
	}
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32((i + 1) % n)
	}
	result := func(dev kernels.Device, scale float64, symmetric bool) [4][]float64 {
		q, dq := dev.New(dev.Type(), n, depth), dev.New(dev.Type(), n, depth)
		dev.Write(q, rows)
		k, dk := q, kernels.Tensor{}
		if !symmetric {
			k, dk = dev.New(dev.Type(), n, depth), dev.New(dev.Type(), n, depth)
			dev.Write(k, rows)
		}
		l := kernels.Labels{Offsets: dev.New(kernels.Int32, n+1), Columns: dev.New(kernels.Int32, n), Weights: dev.New(dev.Type(), n)}
		offsets := make([]int32, n+1)
		for i := range offsets {
			offsets[i] = int32(i)
		}
		dev.WriteInt32(l.Offsets, offsets)
		dev.WriteInt32(l.Columns, labels)
		dev.Fill(l.Weights, 1)
		loss, lse := dev.New(kernels.Float64, 1), dev.New(dev.Type(), n)
		dev.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, kernels.Tensor{}, l, kernels.Contrast{Scale: scale}, 1)
		return [4][]float64{kerneltest.Get(dev, loss), kerneltest.Get(dev, lse), kerneltest.Get(dev, dq), kerneltest.Get(dev, dk)}
	}
	for _, scale := range []float64{0, 1e-3, 20, keptLogit, -keptLogit, keptLogit + 1e-3, 90, -90} {
		for _, symmetric := range []bool{false, true} {
			want := result(reference.New(kernels.Float64), scale, symmetric)
			for _, tier := range assemblyTiers() {
				dev := openAssembly(tier)
				closeTo(t, result(dev, scale, symmetric), want)
				if kept := dev.(*device).elem.contrast.pass == together; kept != (math.Abs(scale) <= keptLogit) {
					t.Errorf("%s, scale %g, symmetric %v: exponentials kept: %v", tier, scale, symmetric, kept)
				}
				dev.Close()
			}
		}
	}
}

// TestLongestRow looks at rows of all tails, the longest of them anywhere, and at what is not finite.
func TestLongestRow(t *testing.T) {
	for _, tier := range assemblyTiers() {
		longest := (&device{avx512: tier == "avx512"}).contrastKernels().longestRow
		for n := 1; n <= 150; n++ {
			for rows := 1; rows <= 5; rows++ {
				x := make([]float32, rows*n)
				var want float64
				for r := range rows {
					var sum float64
					for i := range n {
						v := float32((r*7+n)%5+1) * float32(i%3-1)
						x[r*n+i], sum = v, sum+float64(v)*float64(v)
					}
					want = max(want, sum)
				}
				if got := longest(&x[0], rows, n); got != want {
					t.Fatalf("%s: %d rows of %d: %g, want %g", tier, rows, n, got, want)
				}
				for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30} {
					for _, at := range []int{0, rows*n - 1} {
						with := slices.Clone(x)
						with[at] = float32(v)
						if got := longest(&with[0], rows, n); !math.IsNaN(got) {
							t.Fatalf("%s: %d rows of %d with %g: %g, want NaN", tier, rows, n, v, got)
						}
					}
				}
			}
		}
	}
}
