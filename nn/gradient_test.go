package nn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// update is a method on its own device with the micro-batches of one update.
type update struct {
	dev     kernels.Device
	method  method
	report  *report
	batches []*microBatch
}

func newUpdate(dev kernels.Device, c Config) *update {
	u := &update{dev: dev, report: newReport(dev, c.Batch, c.Embedding)}
	u.method = methods[c.Method].build(dev, c, u.report)
	for k := range c.Accumulate {
		b := tinyBatch(c, k)
		m := &microBatch{views: b.Views, items: b.Items, pairs: pairs{b.Weights, 0, c.Seed}, step: k, index: k, n: c.Accumulate}
		for v := range m.images {
			m.images[v] = dev.New(dev.Type(), c.Batch, c.Height, c.Width, c.Arch.Channels)
		}
		u.batches = append(u.batches, m)
	}
	return u
}

// loss carries out the update up to where the weights would change and returns its loss: that of all items for methods that
// gather them, otherwise the mean over the micro-batches. Gradients are those of this loss.
func (u *update) loss() float64 {
	u.dev.Fill(u.method.trained().gradients.block, 0)
	var sum float64
	for _, m := range u.batches {
		for v := range m.images {
			u.dev.Write(m.images[v], m.views[v])
		}
		u.dev.Fill(u.report.loss, 0)
		u.method.gradients(m)
		loss := kerneltest.Get(u.dev, u.report.loss)[0]
		switch u.method.(type) {
		case *simclr, *moco:
			sum = loss
		default:
			sum += loss / float64(m.n)
		}
	}
	return sum
}

// frozen is the loss of SimSiam with the targets of now, through which no gradient goes.
func (u *update) frozen(s *simsiam) func() float64 {
	u.loss()
	m, a := u.batches[0], s.alignment
	var targets [2]kernels.Tensor
	for v := range targets {
		targets[v] = u.dev.New(u.dev.Type(), a.targets[v].rows.Dim(0), a.targets[v].rows.Dim(1))
		u.dev.Copy(targets[v], a.targets[v].rows)
	}
	return func() float64 {
		u.dev.Fill(u.report.loss, 0)
		for v, b := range s.views {
			b.forward(m.images[v])
			a.predicted.take(u.dev, b.predicted())
			u.dev.AlignmentLoss(u.report.loss, a.predicted.rows, targets[1-v], a.positives, a.scale)
		}
		return kerneltest.Get(u.dev, u.report.loss)[0]
	}
}

// TestGradientIsDerivative compares the gradient of a whole update of every method, in float64, with differences of the loss
// along the gradient of single parameters. Targets and keys are constants.
func TestGradientIsDerivative(t *testing.T) {
	if raceEnabled {
		t.Skip("thousands of passes in one goroutine, whose operations the suite of the reference has under the race detector")
	}
	for _, method := range Methods() {
		for _, depth := range []int{18, 50} {
			for _, accumulate := range []int{1, 2} {
				c := tinyMethod(method, depth)
				c.Accumulate = accumulate
				if c.Method == "moco" {
					c.MoCo.KeyMomentum = 1
				}
				if method == "simclr" {
					c.SimCLR.Temperature = 0.5
				}
				t.Run(fmt.Sprintf("%s/resnet%d/accumulate=%d", method, depth, accumulate), func(t *testing.T) {
					if depth == 50 && (testing.Short() || accumulate > 1) {
						t.Skip("50 layers: only without -short, and in one micro-batch")
					}
					if method != "simsiam" && accumulate == 1 && testing.Short() {
						t.Skip("two micro-batches have in them what one has; run without -short")
					}
					if method == "simsiam" && accumulate > 1 {
						t.Skip("the targets of one micro-batch are frozen")
					}
					u := newUpdate(reference.New(kernels.Float64), c)
					at := u.loss
					if s, ok := u.method.(*simsiam); ok {
						at = u.frozen(s)
					}
					isDerivative(t, u, at)
				})
			}
		}
	}
}

func isDerivative(t *testing.T, u *update, at func() float64) {
	u.loss()
	net := u.method.trained()
	gradient := append([]float64(nil), net.gradients.block.Float64()...)
	for i, p := range net.weights.parameters {
		w := net.weights.at(i).Float64()
		g := gradient[p.offset : p.offset+p.len()]
		var squares float64
		for _, v := range g {
			squares += v * v
		}
		if squares < 1e-24 { // the bias in front of a normalisation has no effect
			if !strings.HasSuffix(p.name, "0.bias") {
				t.Errorf("%s has no gradient", p.name)
			}
			continue
		}
		// along the gradient, by a step so small that no ReLU changes sides, yet well above rounding
		norm := math.Sqrt(squares)
		h := min(1e-7, 1e-6/norm) / norm
		shift := func(by float64) {
			for j := range w {
				w[j] += by * g[j]
			}
		}
		shift(h)
		up := at()
		shift(-2 * h)
		down := at()
		shift(h)
		if slope := (up - down) / (2 * h); math.Abs(slope-squares) > 1e-4*squares+1e-9 {
			t.Errorf("%s: the loss changes by %g along the gradient, expected %g", p.name, slope, squares)
		}
	}
}
