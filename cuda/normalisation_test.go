package cuda

import (
	"math"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// TestManyParts: sums over rows in so many parts that these are merged in three stages are those of the reference, of a tensor, of
// what a convolution has made, and of the gradient. The rows drift, so that no two parts have the same mean.
func TestManyParts(t *testing.T) {
	const few = 32 // parts of a group
	const rows, channels = leastShare*few*few + 70, 3
	run := func(dev kernels.Device) (results [][]float64) {
		b := bed{dev}
		x, dy := b.room(rows, channels), b.filled("dy", rows, channels)
		values := kerneltest.Fill("x", -1, 1, rows, channels)
		for i := range values {
			values[i] += float64(i) / (rows * channels)
		}
		kerneltest.Set(b, x, values)
		moments := b.New(kernels.Float64, 2, channels)
		b.ChannelMoments(moments, x)
		n := kernels.Norm{Gamma: b.filled("gamma", channels), Beta: b.room(channels), Mean: b.room(channels), InvStd: b.room(channels)}
		b.BatchNormStats(n, b.room(channels), b.room(channels), moments, rows, 1e-5, .1)
		dx, dgamma, dbeta := b.room(rows, channels), b.room(channels), b.room(channels)
		b.BatchNormBackward(dx, dgamma, dbeta, dy, x, n)
		half := b.New(kernels.BFloat16, 1, rows, 1, channels)
		b.Convert(half, x.View(1, rows, 1, channels))
		w, y, stats := b.New(kernels.BFloat16, channels, 1, 1, channels), b.New(kernels.BFloat16, 1, rows, 1, channels), b.New(kernels.Float64, 2, channels)
		b.Convert(w, b.filled("w", channels, 1, 1, channels))
		b.Conv2DStats(y, stats, half, w, kernels.Conv{Stride: 1})
		again := b.New(kernels.Float64, 2, channels)
		b.ChannelMoments(again, y)
		for _, r := range []kernels.Tensor{moments, dx, dgamma, dbeta, stats, again} {
			results = append(results, kerneltest.Get(b, r))
		}
		return results
	}
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	launches := map[string]int{}
	dev, err := open(ptxsim.Open(ptxsim.Options{Observe: func(p *ptxsim.Profile) { launches[p.Kernel]++ }}), Settings{}, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dev.groupParts = few
	got, want := run(dev), run(reference.New(kernels.Float32))
	const ofRows, ofConvolution = 2, 1 // the last two stages are one launch
	if launches["moments_merge"] != 2*ofRows+ofConvolution || launches["norm_sums"] != ofRows {
		t.Errorf("%d and %d mergers, expected %d and %d", launches["moments_merge"], launches["norm_sums"], 2*ofRows+ofConvolution, ofRows)
	}
	compare := func(name string, got, want []float64, allowed float64) {
		for e, w := range want {
			if !(math.Abs(got[e]-w) <= allowed*(1+math.Abs(w))) {
				t.Errorf("%s[%d] = %.15g, want %.15g", name, e, got[e], w)
			}
		}
	}
	const exact, inFloat32 = 1e-12, 1e-5
	compare("moments", got[0], want[0], exact)
	for i, name := range []string{"dx", "dgamma", "dbeta"} {
		compare(name, got[1+i], want[1+i], inFloat32)
	}
	compare("moments of a convolution", got[4], got[5], inFloat32) // the parts of a convolution are summed in float32
}

// TestRowsOfThreads: a normalisation and its gradient have the same bits whether a thread serves one row or up to 8, the last of which
// are none, and one element or several.
func TestRowsOfThreads(t *testing.T) {
	for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
		for _, dims := range [][]int{{21, 16}, {1, 8}, {17, 3}, {3, 5, 7, 24}} {
			var first [][]float64
			for _, elements := range []int{beginning, 1} {
				dev, err := Open(ptxsim.Open(ptxsim.Options{}), Settings{})
				if err != nil {
					t.Fatal(err)
				}
				dev.beginning = elements
				got := normalised(bed{dev}, typ, dims)
				if err := dev.Sync(); err != nil {
					t.Fatal(err)
				}
				dev.Close()
				if first == nil {
					first = got
				}
				for i := range got {
					for e, v := range got[i] {
						if math.Float64bits(v) != math.Float64bits(first[i][e]) {
							t.Fatalf("%v, %v: result %d[%d] is %v, with a row a thread %v", typ, dims, i, e, v, first[i][e])
						}
					}
				}
			}
		}
	}
}

// normalised is the results of all normalisations of one shape.
func normalised(b bed, typ kernels.Type, dims []int) (results [][]float64) {
	channels := dims[len(dims)-1]
	activation := func(name string) kernels.Tensor {
		x := b.New(typ, dims...)
		kerneltest.Set(b, x, kerneltest.Fill(name, -2, 2, dims...))
		return x
	}
	n := kernels.Norm{
		Gamma: b.filled("gamma", channels), Beta: b.filled("beta", channels), Mean: b.filled("mean", channels), InvStd: b.filled("invStd", channels),
	}
	x, r, dy, relu := activation("x"), activation("r"), activation("dy"), activation("y")
	y, dx, dr := b.New(typ, dims...), b.New(typ, dims...), b.New(typ, dims...)
	dgamma, dbeta := b.room(channels), b.room(channels)
	for _, run := range []func(){
		func() { b.BatchNorm(y, x, n) },
		func() { b.BatchNormReLU(y, x, n) },
		func() { b.BatchNormAddReLU(y, x, r, n) },
		func() { b.BatchNormBackward(dx, dgamma, dbeta, dy, x, n) },
		func() { b.BatchNormReLUBackward(dx, dgamma, dbeta, dy, relu, x, n) },
		func() { b.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, relu, x, n) },
	} {
		run()
		for _, result := range []kernels.Tensor{y, dx, dr, dgamma, dbeta} {
			results = append(results, kerneltest.Get(b, result))
		}
	}
	return results
}
