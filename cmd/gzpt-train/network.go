package main

import (
	"slices"
	"strconv"
	"strings"

	"gzpt/nn"
	"gzpt/nn/pretrain"
)

// networkSettings says what is trained and how.
type networkSettings struct {
	arch, method, precision, optimiser, schedule, init string
	width, projector, predictor, embedding             int
	batch, accumulate, epochs, steps                   int
	lr, warmup, weightDecay, momentum                  float64
	decayWeightsOnly                                   bool
	seed                                               uint64
}

// torchvisionWidth is the number of channels of the stem of torchvision's networks.
const torchvisionWidth = 64

var archs = []string{"resnet18", "resnet34", "resnet50", "resnet101"}

func (s *networkSettings) addFlags(f *flags) {
	usual := nn.DefaultConfig(nn.Arch{Depth: 18, Width: torchvisionWidth, Channels: 3})
	g := f.group("Network")
	f.choice(g, &s.arch, "arch", archs, "`BACKBONE`")
	g.IntVar(&s.width, "width", torchvisionWidth, "channels of the stem: `N`; 64 is torchvision's network (phantoms: 16)")
	g.IntVar(&s.projector, "projector", 0, "width `N` of the projector's hidden layer (0: the method's)")
	g.IntVar(&s.predictor, "predictor", 0, "width `N` of the predictor's hidden layer (0: the method's)")
	g.IntVar(&s.embedding, "embedding", 0, "width `N` of the embeddings (0: the method's)")
	f.path(g, &s.init, "init", "start from the backbone in `FILE`, safetensors under torchvision's names")

	g = f.group("Training")
	f.choice(g, &s.method, "method", append(nn.Methods(), otherMethods...), "pre-training `METHOD`; this version has "+strings.Join(nn.Methods(), ", "))
	g.IntVar(&s.batch, "batch", usual.Batch, "items in a step: `N` (phantoms: 64)")
	g.IntVar(&s.accumulate, "accumulate", usual.Accumulate, "steps for an update of the weights: `N`; positives stay within a step")
	g.IntVar(&s.epochs, "epochs", 100, "passes through the items: `N` (phantoms: 60)")
	g.IntVar(&s.steps, "steps", 0, "length of the run in steps instead of epochs: `N`")
	g.Float64Var(&s.lr, "lr", usual.LR, "largest learning rate: `X` (phantoms: 0.003)")
	f.choice(g, &s.schedule, "schedule", []string{"cosine", "constant"}, "learning rate after the warm-up: `NAME`")
	g.Float64Var(&s.warmup, "warmup", 0.1, "`SHARE` of the run in which the learning rate rises")
	f.choice(g, &s.optimiser, "optimiser", []string{"adamw", "sgd", "lars"}, "update `RULE` (also --optimizer)")
	g.Float64Var(&s.weightDecay, "weight-decay", usual.Optimiser.WeightDecay, "weight decay `X` (sgd: 1e-4)")
	g.BoolVar(&s.decayWeightsOnly, "decay-weights-only", false, "no weight decay on biases and normalisations (lars: always)")
	g.Float64Var(&s.momentum, "target-momentum", usual.TargetMomentum, "momentum `M` of the target network at the beginning; it rises to 1")
	f.choice(g, &s.precision, "precision", []string{"float32", "bfloat16"}, "`TYPE` of the backbone's activations; bfloat16: GZPT_CPU=reference")
	g.Uint64Var(&s.seed, "seed", 0, "`N` from which every random number follows")
}

// otherMethods are known by name, so that asking for one is answered by what there is.
var otherMethods = []string{"simsiam", "moco", "simclr"}

// resolve refuses what this version lacks and fills in what follows from the optimiser.
func (s *networkSettings) resolve(f *flags) error {
	switch {
	case !slices.Contains(nn.Methods(), s.method):
		return usagef("--method %s: this version has %s", s.method, strings.Join(nn.Methods(), ", "))
	case f.given("epochs") && f.given("steps"):
		return usagef("--epochs and --steps both say how long the run is: give one")
	case s.epochs < 1 || s.steps < 0:
		return usagef("--epochs %d, --steps %d: expected a run of at least one", s.epochs, s.steps)
	case s.batch < 2:
		return usagef("--batch %d: expected at least 2, batch normalisation needs a batch", s.batch)
	case !(s.warmup >= 0 && s.warmup <= 1):
		return usagef("--warmup %g: expected a share of the run, 0 to 1", s.warmup)
	}
	usual := nn.DefaultOptimiser(s.optimiser)
	if !f.given("weight-decay") {
		s.weightDecay = usual.WeightDecay
	}
	if !f.given("decay-weights-only") {
		s.decayWeightsOnly = usual.DecayWeightsOnly
	}
	return nil
}

// settings is the settings of the training on views of the given data; s has been resolved.
func (s *networkSettings) settings(d *dataSettings) (pretrain.Settings, error) {
	depth, err := strconv.Atoi(strings.TrimPrefix(s.arch, "resnet"))
	if err != nil {
		return pretrain.Settings{}, err
	}
	t := pretrain.DefaultSettings(nn.Arch{Depth: depth, Width: s.width, Channels: d.Channels})
	t.Epochs, t.Warmup, t.Init = s.epochs, s.warmup, s.init
	c := &t.Network
	c.Method, c.Height, c.Width = s.method, d.ImageSize, d.ImageSize
	c.Batch, c.Accumulate, c.Precision = s.batch, s.accumulate, s.precision
	if s.steps > 0 {
		c.Steps, t.Epochs = s.steps, 0
	}
	for _, head := range []struct {
		to   *int
		flag int
	}{{&c.ProjectorHidden, s.projector}, {&c.PredictorHidden, s.predictor}, {&c.Embedding, s.embedding}} {
		if head.flag != 0 {
			*head.to = head.flag
		}
	}
	c.TargetMomentum, c.Schedule, c.LR, c.Seed = s.momentum, s.schedule, s.lr, s.seed
	c.Optimiser = nn.DefaultOptimiser(s.optimiser)
	c.Optimiser.WeightDecay, c.Optimiser.DecayWeightsOnly = s.weightDecay, s.decayWeightsOnly
	return t, nil
}
