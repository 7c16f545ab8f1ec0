package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest/internal/race"
)

// offsets are how far the means of channels lie from 0, in standard deviations.
var offsets = []float64{0, 30, 100, 300, 1000, 3000}

// checkOffsetNormalisations demands of batch normalisation that its error grows no faster with the offset of a channel than that of a
// mean which is rounded to the type of the device.
func checkOffsetNormalisations(t *testing.T, dev kernels.Device) {
	shapes := [][2]int{{32 * 16 * 16, 64}, {7, 13}, {300, 65}, {700, 3}, {2500, 1}, {5, 130}, {2, 5}, {33, 300}}
	if testing.Short() || race.Enabled {
		shapes = shapes[1:]
	}
	for _, s := range shapes {
		for _, offset := range offsets {
			t.Run(fmt.Sprintf("BatchNorm/%s/%g", shapeName(s[0], s[1]), offset), func(t *testing.T) {
				for _, fault := range newNormInputs(s[0], s[1], offset).faults(dev) {
					t.Error(fault)
				}
			})
		}
	}
}

// checkOffsetConvolutions demands it of the moments of a convolution.
func checkOffsetConvolutions(t *testing.T, dev kernels.Device) {
	for _, g := range []Geometry{geometry(2, 9, 9, 13, 33, 3, 3), geometry(3, 14, 14, 16, 64, 3, 3, 2, 1), geometry(4, 12, 12, 64, 65, 1, 1)} {
		for _, offset := range offsets {
			t.Run(fmt.Sprintf("Conv2DStats/%s/%g", g, offset), func(t *testing.T) { offsetConv(Suite{}.workbench(dev, t), g, offset) })
		}
	}
}

// momentsFault says which moment of the channels of x is not as good as momentsBound asks, or "".
func momentsFault(dev kernels.Device, moments kernels.Tensor, x []float64) string {
	channels := moments.Dim(1)
	want, bound := momentsOf(x, channels), momentsBound(x, make([]float64, len(x)), channels)
	for i, v := range Get(dev, moments) {
		if allowed := epsilon(dev.Type()) * bound[i]; !(math.Abs(v-want[i]) <= allowed) {
			return fmt.Sprintf("moments[%d] = %g, want %g with an error of at most %.3g", i, v, want[i], allowed)
		}
	}
	return ""
}

// moments fails the test where the moments of the channels of x have a fault.
func (b workbench) moments(moments kernels.Tensor, x []float64) {
	b.t.Helper()
	if fault := momentsFault(b, moments, x); fault != "" {
		b.t.Error(fault)
	}
}

// offsetConv adds an input channel of ones to a convolution, whose weights move the output.
func offsetConv(b workbench, g Geometry, offset float64) {
	xs, ws := Fill("conv.x", -1, 1, g.x()...), Fill("conv.w", -1, 1, g.w()...)
	for i := 0; i < len(xs); i += g.C {
		xs[i] = 1
	}
	spread := math.Sqrt(float64(g.R*g.S*g.C)) / 3 // the standard deviation of an output is about that
	for k := range g.K {
		ws[(k*g.R*g.S+g.R*g.S/2)*g.C] = offset * spread
	}
	x, w := b.tensor(xs, g.x()...), b.tensor(ws, g.w()...)
	y, moments := b.New(b.Type(), g.y()...), b.New(kernels.Float64, 2, g.K)
	b.Conv2DStats(y, moments, x, w, g.Conv)
	b.moments(moments, Get(b, y))
}

// normInputs is a batch normalisation of rows x channels; gate is the output of a ReLU, for the gradients through one.
type normInputs struct {
	rows, channels           int
	x, dy, gate, gamma, beta []float64
}

func newNormInputs(rows, channels int, offset float64) normInputs {
	in := normInputs{
		rows: rows, channels: channels,
		x: Fill("offset.x", -math.Sqrt(3), math.Sqrt(3), rows, channels), dy: Fill("offset.dy", -1, 1, rows, channels),
		gate:  Fill("offset.gate", -1, 1, rows, channels),
		gamma: Fill("offset.gamma", 0.5, 1.5, channels), beta: Fill("offset.beta", -1, 1, channels),
	}
	for i, std := range Fill("offset.std", 0.5, 2, channels) {
		mean := offset * float64(1-i%2*2)
		for at := i; at < len(in.x); at += channels {
			in.x[at] = (in.x[at] + mean) * std
		}
	}
	for _, v := range [][]float64{in.x, in.dy, in.gate, in.gamma, in.beta} {
		copy(v, rounded(v))
	}
	return in
}

// backwards are the gradients of batch normalisation; in all of them dr is the gradient of its output.
var backwards = []struct {
	name  string
	gated bool
	run   func(dev kernels.Device, dx, dr, dgamma, dbeta, dy, gate, x kernels.Tensor, n kernels.Norm)
}{
	{"BatchNormBackward", false, func(dev kernels.Device, dx, _, dgamma, dbeta, dy, _, x kernels.Tensor, n kernels.Norm) {
		dev.BatchNormBackward(dx, dgamma, dbeta, dy, x, n)
	}},
	{"BatchNormReLUBackward", true, func(dev kernels.Device, dx, _, dgamma, dbeta, dy, gate, x kernels.Tensor, n kernels.Norm) {
		dev.BatchNormReLUBackward(dx, dgamma, dbeta, dy, gate, x, n)
	}},
	{"BatchNormAddReLUBackward", true, func(dev kernels.Device, dx, dr, dgamma, dbeta, dy, gate, x kernels.Tensor, n kernels.Norm) {
		dev.BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, gate, x, n)
	}},
}

// quantity is a result of a batch normalisation, or what its error is measured by.
type quantity struct {
	name   string
	values []float64
}

// results carries out everything on a device, from the moments to the gradients.
func (in normInputs) results(dev kernels.Device) (moments kernels.Tensor, results []quantity) {
	b := Suite{}.workbench(dev, nil)
	dims := []int{in.rows, in.channels}
	x, dy, gate := b.tensor(in.x, dims...), b.tensor(in.dy, dims...), b.tensor(in.gate, dims...)
	vector := func() kernels.Tensor { return b.New(b.Type(), in.channels) }
	n := kernels.Norm{Gamma: b.tensor(in.gamma, in.channels), Beta: b.tensor(in.beta, in.channels), Mean: vector(), InvStd: vector()}
	y, runningMean, runningVar := b.New(b.Type(), dims...), vector(), vector()
	moments = b.New(kernels.Float64, 2, in.channels)
	b.ChannelMoments(moments, x)
	b.BatchNormStats(n, runningMean, runningVar, moments, in.rows, 1e-5, 0.1)
	b.BatchNorm(y, x, n)
	add := func(name string, t kernels.Tensor) { results = append(results, quantity{name, Get(b, t)}) }
	add("running mean", runningMean)
	add("running variance", runningVar)
	add("y", y)
	for _, back := range backwards {
		dx, dr, dgamma, dbeta := b.New(b.Type(), dims...), b.New(b.Type(), dims...), vector(), vector()
		back.run(b, dx, dr, dgamma, dbeta, dy, gate, x, n)
		add(back.name+": dx", dx)
		add(back.name+": dgamma", dgamma)
		add(back.name+": dbeta", dbeta)
	}
	return moments, results
}

// sizes is what the error of each of the results is measured by: the terms of its definition, and what a mean that is off
// by eps times its own size and the standard deviation adds to it.
func (in normInputs) sizes() (sizes []quantity) {
	rows, m := float64(in.rows), momentsOf(in.x, in.channels)
	xhat, y := make([]float64, len(in.x)), make([]float64, len(in.x))
	invStd, shift, mean, variance := make([]float64, in.channels), make([]float64, in.channels), make([]float64, in.channels), make([]float64, in.channels)
	for c := range invStd {
		variance[c] = m[in.channels+c] / rows
		invStd[c] = 1 / math.Sqrt(variance[c]+1e-5)
		off := math.Abs(m[c]) + math.Sqrt(variance[c])
		shift[c], mean[c] = off*invStd[c], 0.1*off
		variance[c] *= 0.1 * rows / max(rows-1, 1)
	}
	for i, x := range in.x {
		c := i % in.channels
		xhat[i] = (x - m[c]) * invStd[c]
		y[i] = in.gamma[c]*(shift[c]+math.Abs(xhat[i])) + math.Abs(in.beta[c])
	}
	sizes = []quantity{{"running mean", mean}, {"running variance", variance}, {"y", y}}
	for _, back := range backwards {
		dx, dgamma, dbeta := in.gradientSizes(xhat, shift, back.gated)
		for i := range dx {
			dx[i] *= in.gamma[i%in.channels] * invStd[i%in.channels]
		}
		sizes = append(sizes, quantity{back.name + ": dx", dx}, quantity{back.name + ": dgamma", dgamma}, quantity{back.name + ": dbeta", dbeta})
	}
	return sizes
}

// gradientSizes are the sizes of dx, without its factor gamma*invStd, dgamma and dbeta, where an error of eps in the mean
// moves every xhat by shift.
func (in normInputs) gradientSizes(xhat, shift []float64, gated bool) (dx, dgamma, dbeta []float64) {
	dx, dgamma, dbeta = make([]float64, len(xhat)), make([]float64, in.channels), make([]float64, in.channels)
	sums, products, magnitudes := make([]float64, in.channels), make([]float64, in.channels), make([]float64, in.channels)
	gradient := func(i int) float64 {
		if gated && in.gate[i] <= 0 {
			return 0
		}
		return in.dy[i]
	}
	for i, v := range xhat {
		c, g := i%in.channels, gradient(i)
		sums[c] += g
		products[c] += g * v
		dbeta[c] += math.Abs(g)
		magnitudes[c] += math.Abs(g * v)
	}
	for c := range dgamma {
		dgamma[c] = magnitudes[c] + shift[c]*math.Abs(sums[c])
	}
	for i, v := range xhat {
		c := i % in.channels
		moved := dbeta[c] + math.Abs(v)*dgamma[c] + shift[c]*math.Abs(products[c])
		dx[i] = math.Abs(gradient(i)) + moved/float64(in.rows)
	}
	return dx, dgamma, dbeta
}

// offsetRoundings is the error that a batch normalisation may have, in units of eps and of its size. PyTorch 2.15.0 has at
// most 1.8 in float32 on these inputs in NCHW; in NHWC, where it adds up all rows in float32, up to 12000.
const offsetRoundings = 2

// faults is the results of a device that are off by more.
func (in normInputs) faults(dev kernels.Device) (faults []string) {
	moments, got := in.results(dev)
	if fault := momentsFault(dev, moments, in.x); fault != "" {
		faults = append(faults, fault)
	}
	scope := kernels.NewScope(oracle)
	defer scope.Close()
	_, want := in.results(scope)
	for q, size := range in.sizes() {
		for i, v := range got[q].values {
			if allowed := offsetRoundings * epsilon(dev.Type()) * size.values[i]; !(math.Abs(v-want[q].values[i]) <= allowed) {
				faults = append(faults, fmt.Sprintf("%s[%d] = %g, want %g with an error of at most %.3g", size.name, i, v, want[q].values[i], allowed))
				break
			}
		}
	}
	return faults
}
