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
// gradient, and the same bits under another order of warps. The operands are whole in tf32, in which logits are then exact; the
// coefficients of the gradient are rounded to it, which moves these results by less than is allowed.
func TestContrastTiles(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of the interpreter, minutes under the race detector")
	}
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
		{65, 6, 130, kernels.OwnKey, true}, {64, 64, 64, kernels.OwnKey, false}, {200, 36, 140, kernels.OtherKeys, true},
		{130, 20, 0, kernels.AllKeys, false},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			oracle := reference.New(kernels.Float32)
			want := bed{oracle}.contrast(c.n, c.depth, c.queued, c.keys, c.symmetric)
			first := map[string][]float64{}
			for seed := range uint64(6) {
				way := []Settings{{}, {Products: TF32, Portable: true}, {Products: TF32}}[seed%3]
				products := fmt.Sprint(way)
				dev, err := open(ptxsim.Open(ptxsim.Options{Seed: seed / 3}), way, list)
				if err != nil {
					t.Fatal(err)
				}
				defer dev.Close()
				dev.leastTurned = 0
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
	for _, portable := range []bool{true, false} {
		t.Run(fmt.Sprintf("portable_%t", portable), func(t *testing.T) { checkRowSums(t, Settings{Products: TF32, Portable: portable}) })
	}
}

func checkRowSums(t *testing.T, settings Settings) {
	const n, depth = 9, 20
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	dev, err := open(ptxsim.Open(ptxsim.Options{}), settings, list)
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

// contrastTerms is what the gradient of every element of q sums up, in float64, for the logits of rows rounded by round: n anchors
// with one label each and n keys, in rows.
func contrastTerms(q, k []float64, n, depth int, scale float64, label func(i int) int, round func(float64) float64) (sums, sizes []float64) {
	sums, sizes = make([]float64, n*depth), make([]float64, n*depth)
	for i := range n {
		z, all := make([]float64, n), 0.0
		for j := range z {
			for c := range depth {
				z[j] += scale * round(q[i*depth+c]) * round(k[j*depth+c])
			}
			all += math.Exp(z[j])
		}
		for j := range z {
			coefficient := math.Exp(z[j]) / all
			if j == label(i) {
				coefficient--
			}
			for c := range depth {
				term := coefficient * scale / float64(n) * k[j*depth+c]
				sums[i*depth+c] += term
				sizes[i*depth+c] += math.Abs(term)
			}
		}
	}
	return sums, sizes
}

// TestContrastGradientInTF32: the gradient on tensor cores is off by what rounding rows and coefficients to tf32 and the sums of tensor
// cores may move it, and by more than float32 would be. The coefficients follow from logits of rounded rows; their own error before
// they are rounded is some units of 2^-23: of z, of the exponential and of its factors.
func TestContrastGradientInTF32(t *testing.T) {
	const n, depth, scale = 100, 40, .5
	const ofCoefficients = 64
	label := func(i int) int { return (7*i + 1) % n }
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []Settings{{}, {Products: TF32, Portable: true}, {Products: TF32}} {
		products := way.Products
		dev, err := open(ptxsim.Open(ptxsim.Options{}), way, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		dev.leastTurned = 0
		b := bed{dev}
		place := func(name string) (kernels.Tensor, []float64) {
			x := b.room(n, depth)
			kerneltest.Set(b, x, kerneltest.Fill(name, -1, 1, n, depth))
			return x, kerneltest.Get(b, x)
		}
		q, qs := place("contrast.q")
		k, ks := place("contrast.k")
		offsets, columns := make([]float64, n+1), make([]float64, n)
		for i := range n {
			offsets[i+1], columns[i] = float64(i+1), float64(label(i))
		}
		labels := kernels.Labels{Offsets: b.New(kernels.Int32, n+1), Columns: b.New(kernels.Int32, n), Weights: b.room(n)}
		kerneltest.Set(b, labels.Offsets, offsets)
		kerneltest.Set(b, labels.Columns, columns)
		b.Fill(labels.Weights, 1)
		dq := b.room(n, depth)
		b.ContrastiveLossAndBackward(b.New(kernels.Float64, 1), b.room(n), dq, kernels.Tensor{}, q, k, kernels.Tensor{}, labels, kernels.Contrast{Scale: scale}, 1)
		round, roundings := rounded, tensorRoundings(n, false)+ofCoefficients
		if products == Float32 {
			round, roundings = func(v float64) float64 { return v }, n+ofCoefficients
		}
		want, sizes := contrastTerms(qs, ks, n, depth, scale, label, round)
		var most float64 // in units of 2^-23 of the sizes
		for i, got := range kerneltest.Get(b, dq) {
			most = max(most, math.Abs(got-want[i])/sizes[i]/0x1p-23)
		}
		t.Logf("%+v: at most %.0f roundings off of %.0f allowed", way, most, roundings)
		if !(most <= roundings) {
			t.Errorf("%v: an element is %.0f roundings off, allowed are %.0f", products, most, roundings)
		}
		if coarse := most > n+ofCoefficients; coarse != (products == TF32) {
			t.Errorf("%v: at most %.0f roundings off, expected more than float32 has: %v", products, most, products == TF32)
		}
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
	if testing.Short() {
		t.Skip("counts what a kernel does, which other tests launch; run without -short")
	}
	for _, products := range []Products{Float32, TF32} {
		found := profiles(t, Settings{Products: products, Portable: true}, func(dev *Device) { bed{dev}.contrast(70, 32, 0, kernels.OtherKeys, false) })
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

// TestLabelsByWarpgroups: labels that add up, lie at columns that are none or not admitted, or whose offsets descend or leave the labels
// are those of the reference for warpgroups too, whichever of the operands the gradient is of.
func TestLabelsByWarpgroups(t *testing.T) {
	const n, queued, depth, each = 150, 20, 16, 40
	gradients := func(dev kernels.Device) (all []float64) {
		b := bed{dev}
		q, k, queue := b.filled("q", n, depth), b.filled("k", n, depth), b.filled("queue", queued, depth)
		offsets, columns, weights := make([]float64, n+1), make([]float64, 3*n), make([]float64, 3*n)
		for i := range columns {
			columns[i], weights[i] = float64(i*i%(n+queued+9)-3), float64(i%5)/4
		}
		for i := range offsets {
			offsets[i] = float64(3 * i)
		}
		columns[6], columns[7], columns[8] = 140, 140, 2 // of anchor 2: two labels of a column, and its own
		offsets[0], offsets[9], offsets[10], offsets[n] = -7, 40, 20, 1<<20
		for i := 60; i < 60+each; i++ {
			offsets[i] = 180 // none, and then many of one anchor
		}
		labels := kernels.Labels{Offsets: b.New(kernels.Int32, n+1), Columns: b.New(kernels.Int32, 3*n), Weights: b.room(3 * n)}
		kerneltest.Set(b, labels.Offsets, offsets)
		kerneltest.Set(b, labels.Columns, columns)
		kerneltest.Set(b, labels.Weights, weights)
		lse, dq, dk := b.room(n), b.room(n, depth), b.room(n, depth)
		b.ContrastiveLossAndBackward(b.New(kernels.Float64, 1), lse, dq, dk, q, k, queue, labels, kernels.Contrast{Scale: 1. / depth, Keys: kernels.OtherKeys}, 1)
		return append(kerneltest.Get(b, dq), kerneltest.Get(b, dk)...)
	}
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	launched := 0
	dev, err := open(ptxsim.Open(ptxsim.Options{Observe: func(p *ptxsim.Profile) {
		if p.Kernel == contrastSums.kernel.String() {
			launched++
		}
	}}), Settings{Products: TF32}, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dev.leastTurned = 0
	got := gradients(dev)
	for i, w := range gradients(reference.New(kernels.Float32)) {
		if !(math.Abs(got[i]-w) <= 1e-5*(1+math.Abs(w))) {
			t.Fatalf("element %d = %g, want %g", i, got[i], w)
		}
	}
	if launched != 3 {
		t.Errorf("%d launches, expected one for the keys and the queue each, and one for the keys' gradient", launched)
	}
}

// TestContrastSuite: the contrastive loss and its gradient by warpgroups, and by the portable kernels where the depth is odd, pass the
// suite's check wherever operands lie, within the bounds that follow from the roundings of tensor cores, with several labels an anchor.
func TestContrastSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of the interpreter")
	}
	for _, c := range []struct {
		anchors, keys, queue, depth int
		keep                        kernels.Keys
		symmetric                   bool
	}{
		{1, 1, -1, 4, kernels.AllKeys, false}, {5, 140, -1, 8, kernels.AllKeys, false}, {33, 0, 17, 12, kernels.OtherKeys, true},
		{20, 0, 30, 32, kernels.OwnKey, false}, {130, 0, 3, 8, kernels.OtherKeys, false}, {7, 9, 3, 5, kernels.AllKeys, false},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			dev := openTensorCores(t, ptxsim.Options{})
			defer dev.Close()
			dev.leastTurned = 0
			tensorSuite.CheckContrast(t, dev, c.anchors, c.keys, c.queue, c.depth, kernels.Contrast{Scale: 1.5, Keys: c.keep}, c.symmetric)
		})
	}
}

// TestContrastAtOddAddresses: the loss and its gradient by warpgroups are the same bits from any address.
func TestContrastAtOddAddresses(t *testing.T) {
	const n, queued, depth = 40, 30, 36
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	var first []float64
	for offset := range 2 {
		dev, err := open(ptxsim.Open(ptxsim.Options{}), Settings{Products: TF32}, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		dev.leastTurned = 0
		b := bed{dev}
		place := func(name string, rows int) kernels.Tensor {
			x := b.room(offset+rows*depth).Slice(offset, rows*depth).View(rows, depth)
			kerneltest.Set(b, x, kerneltest.Fill(name, -1, 1, rows, depth))
			return x
		}
		labels := kernels.Labels{Offsets: b.New(kernels.Int32, n+1), Columns: b.New(kernels.Int32, 0), Weights: b.room(0)}
		lse, dq, dk := b.room(n), place("dq", n), place("dk", n)
		b.ContrastiveLossAndBackward(b.New(kernels.Float64, 1), lse, dq, dk, place("q", n), place("k", n), place("queue", queued), labels, kernels.Contrast{Scale: .1}, 1)
		got := append(append(kerneltest.Get(b, lse), kerneltest.Get(b, dq)...), kerneltest.Get(b, dk)...)
		if offset == 0 {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Error("other bits at an odd address")
		}
	}
}

// TestContrastByWarpgroupsCounters holds the kernels of warpgroups to their headers: of each warp four wgmma for 32 elements of a tile of
// rows, for the gradient 16 more; only copies and tensor cores touch operands in shared memory, so that nothing meets in a bank.
func TestContrastByWarpgroupsCounters(t *testing.T) {
	const anchors, depth, stages = 192, 64, 2
	found := profiles(t, Settings{Products: TF32}, func(dev *Device) {
		dev.wideBlocks, dev.leastTurned = 1, 0
		bed{dev}.contrast(anchors, depth, 0, kernels.AllKeys, false)
	})
	for kernel, want := range map[string]uint64{"contrast_lse_wgmma": 2 * 12 * 4 * stages, "contrast_gradient_wgmma": 2 * 2 * 8 * (4*stages + 16), "turn_wgmma": 0} {
		p := found[kernel]
		if p == nil {
			t.Fatalf("%s was not launched", kernel)
		}
		if n := onTensorCores(p); n != want {
			t.Errorf("%s: %d wgmma, expected %d", kernel, n, want)
		}
		for _, l := range p.Lines {
			if touches := l.Class == ptxsim.SharedLoad || l.Class == ptxsim.SharedStore; l.SharedConflicts != 0 || touches && want > 0 {
				t.Errorf("%s: line %d touches shared memory: %s, %d conflicts", kernel, l.Line, l.Text, l.SharedConflicts)
			}
		}
	}
}
