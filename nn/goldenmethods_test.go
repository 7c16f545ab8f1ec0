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

// TestGoldenMethods repeats PyTorch's trainings by SimSiam, SimCLR and MoCo: every loss and number of positives, and
// weights, key network and queue at the end.
func TestGoldenMethods(t *testing.T) {
	var goldens []kerneltest.MethodGolden
	kerneltest.LoadGolden(t, "methods.json", &goldens)
	devices := append(tiers(t), opened{"float64", reference.New(kernels.Float64)})
	for _, g := range goldens {
		for _, d := range devices {
			t.Run(fmt.Sprintf("%s/%s/%s/%s%s", g.Method, g.Optimizer, d.name, g.Normaliser, g.Blocks), func(t *testing.T) {
				if testing.Short() && strings.HasPrefix(d.dev.Name(), "reference") {
					t.Skip("the portable device takes seconds for a trajectory; run without -short")
				}
				if testing.Short() && g.Optimizer == "sgd" {
					t.Skip("the other trainings by this method stay; run without -short")
				}
				goldenMethod(t, d.dev, g)
			})
		}
	}
}

func goldenMethod(t *testing.T, dev kernels.Device, g kerneltest.MethodGolden) {
	bound := 5e-4
	steps := goldenSteps(dev, len(g.Losses))
	if dev.Type() == kernels.Float64 {
		bound = 3e-8 // what the images, which are float32, leave
		if g.Method == "simclr" {
			bound = 1e-6
		}
	}
	tr := goldenMethodTrainer(t, dev, g, "float32")
	for k, want := range g.Losses[:steps] {
		m, err := tr.Step(goldenMethodBatch(g, k))
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(m.Loss-want) <= bound) {
			t.Fatalf("step %d: the loss is %.9f, PyTorch's is %.9f, allowed difference %g", k, m.Loss, want, bound)
		}
		rows := float64(g.Batch)
		if g.Method == "simclr" {
			rows *= 2
		}
		if got := (m.PositivesPerAnchor + 1) * rows; math.Abs(got-float64(g.Positives[k])) > 1e-6 {
			t.Fatalf("step %d: %v positives, PyTorch's are %d", k, got, g.Positives[k])
		}
	}
	if steps < len(g.Losses) {
		return
	}
	last := map[string]string{"simsiam": "6", "simclr": "3", "moco": "2"}[g.Method]
	w := tr.method.trained().weights
	g.Conv1.Check(t, "conv1", torch(dev, w.named("backbone.conv1.weight")), 1e-3)
	g.ProjectorLast.Check(t, "the projector's last layer", torch(dev, w.named(projectorPrefix+last+".weight")), 1e-3)
	if m, ok := tr.method.(*moco); ok {
		g.KeyConv1.Check(t, "conv1 of the key network", torch(dev, m.follower.net.weights.named("backbone.conv1.weight")), 1e-3)
		g.Queue.Check(t, "queue", torch(dev, m.queue.keys), 1e-3)
	}
}

// goldenMethodTrainer is a trainer with the settings and weights of a golden training, in a precision.
func goldenMethodTrainer(t *testing.T, dev kernels.Device, g kerneltest.MethodGolden, precision string) *Trainer {
	t.Helper()
	c := MethodConfig(g.Method, Arch{g.Depth, g.Width, 3})
	c.Height, c.Width, c.Batch, c.Steps = g.Size, g.Size, g.Batch, len(g.Losses)
	c.ProjectorHidden, c.Embedding, c.LR, c.Schedule = 96, 24, g.LR, "constant"
	c.Optimiser = Optimiser{Name: g.Optimizer, Beta1: g.Betas[0], Beta2: g.Betas[1], Eps: g.Eps, Momentum: g.Momentum, WeightDecay: g.WeightDecay}
	form := Contrast{Temperature: g.Temperature, Normaliser: g.Normaliser}
	switch g.Method {
	case "simsiam":
		c.PredictorHidden, c.Embedding = 24, 96
	case "simclr":
		c.SimCLR = SimCLR{Contrast: form, Blocks: g.Blocks}
	case "moco":
		c.MoCo.Contrast, c.MoCo.Queue = form, g.Slots
	}
	c.Precision = precision
	tr := newTrainer(t, dev, c)
	fillWeights(dev, tr.method.trained().weights, "", "", g.Depth)
	tr.method.restart()
	tr.renew()
	if m, ok := tr.method.(*moco); ok {
		kerneltest.Set(dev, m.queue.keys, kerneltest.Fill("method.queue", -1, 1, g.Slots, c.Embedding))
		norms := dev.New(dev.Type(), g.Slots)
		dev.NormalizeRows(m.queue.keys, norms, m.queue.keys, normalizeEps)
	}
	return tr
}

// goldenMethodBatch is the batch of step k: view 2 is view 1 flipped left to right.
func goldenMethodBatch(g kerneltest.MethodGolden, k int) *Batch {
	n, s := g.Items, g.Size
	x := kerneltest.ChannelsLast(kerneltest.Fill("method.x", -1, 1, n, 3, s, s), n, 3, s, s)
	b := &Batch{Weights: goldenWeights("method.pos", n)}
	for i := range g.Batch {
		item := (g.Batch*k + i) % n
		b.Items = append(b.Items, item)
		for p, v := range x[item*s*s*3 : (item+1)*s*s*3] {
			b.Views[0] = append(b.Views[0], float32(v))
			flipped := p + 3*(s-1-2*(p/3%s))
			b.Views[1] = append(b.Views[1], float32(x[item*s*s*3+flipped]))
		}
	}
	return b
}
