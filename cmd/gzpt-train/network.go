package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/nn"
	"gzpt/nn/pretrain"
)

// networkSettings says what is trained and how.
type networkSettings struct {
	methodSettings

	arch, precision, optimiser, schedule, init string
	width, batch, accumulate, epochs, steps    int
	lr, warmup, weightDecay                    float64
	decayWeightsOnly                           bool
	seed                                       uint64
}

// torchvisionWidth is the number of channels of the stem of torchvision's networks.
const torchvisionWidth = 64

var archs = []string{"resnet18", "resnet34", "resnet50", "resnet101"}

func (s *networkSettings) addFlags(f *flags) {
	usual := nn.DefaultConfig(nn.Arch{Depth: 18, Width: torchvisionWidth, Channels: 3})
	g := f.group("Network")
	s.addBackbone(f, g)
	f.path(g, &s.init, "init", "start from the backbone in `FILE`: safetensors, .pth or .pt under torchvision's names")

	s.methodSettings.addFlags(f)

	g = f.group("Training")
	s.addBatch(g)
	g.IntVar(&s.epochs, "epochs", 100, "passes through the items: `N` (phantoms: 60)")
	g.IntVar(&s.steps, "steps", 0, "length of the run in steps instead of epochs: `N` (0: by --epochs)")
	g.Float64Var(&s.lr, "lr", usual.LR, "largest learning rate: `X` (phantoms: 0.003)")
	f.choice(g, &s.schedule, "schedule", []string{"cosine", "constant"}, "learning rate after the warm-up: `NAME`")
	g.Float64Var(&s.warmup, "warmup", 0.1, "`SHARE` of the run in which the learning rate rises")
	s.addOptimiser(f, g)
	g.Float64Var(&s.weightDecay, "weight-decay", usual.Optimiser.WeightDecay, "weight decay `X` (sgd: 1e-4)")
	g.BoolVar(&s.decayWeightsOnly, "decay-weights-only", false, "no weight decay on biases and normalisations (lars: always)")
	s.addPrecision(f, g)
	g.Uint64Var(&s.seed, "seed", 0, "`N` from which every random number follows")
}

// The flags that profile has too.

func (s *networkSettings) addBackbone(f *flags, g *pflag.FlagSet) {
	f.choice(g, &s.arch, "arch", archs, "`BACKBONE`")
	g.IntVar(&s.width, "width", torchvisionWidth, "channels of the stem: `N`; 64 is torchvision's network (phantoms: 16)")
}

func (s *networkSettings) addBatch(g *pflag.FlagSet) {
	usual := nn.DefaultConfig(nn.Arch{Depth: 18, Width: torchvisionWidth, Channels: 3})
	g.IntVar(&s.batch, "batch", usual.Batch, "items in a step: `N` (phantoms: 64)")
	g.IntVar(&s.accumulate, "accumulate", usual.Accumulate, "steps for an update: `N`; byol and simsiam find positives within a step")
}

func (s *networkSettings) addOptimiser(f *flags, g *pflag.FlagSet) {
	f.choice(g, &s.optimiser, "optimiser", []string{"adamw", "sgd", "lars"}, "update `RULE` (also --optimizer)")
}

func (s *networkSettings) addPrecision(f *flags, g *pflag.FlagSet) {
	f.choice(g, &s.precision, "precision", []string{"float32", "tf32", "bfloat16"},
		"`TYPE` of activations; tf32: float32, multiplied on a GPU's tensor cores; bfloat16: on a GPU or GZPT_CPU=reference")
}

// resolve refuses what this version lacks and fills in what follows from the optimiser.
func (s *networkSettings) resolve(f *flags) error {
	switch {
	case f.given("epochs") && f.given("steps"):
		return usagef("--epochs and --steps both say how long the run is: give one")
	case s.epochs < 1 || s.steps < 0:
		return usagef("--epochs %d, --steps %d: expected a run of at least one", s.epochs, s.steps)
	case s.steps > 0 && s.accumulate > s.steps:
		return usagef("--accumulate %d: expected at most --steps %d, or the weights would never change", s.accumulate, s.steps)
	case s.batch < 2:
		return usagef("--batch %d: expected at least 2, batch normalisation needs a batch", s.batch)
	case !(s.warmup >= 0 && s.warmup <= 1):
		return usagef("--warmup %g: expected a share of the run, 0 to 1", s.warmup)
	}
	if err := s.methodSettings.resolve(f); err != nil {
		return err
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

// checkInit opens the file of --init once, before anything is made: one that cannot be read leaves no run behind.
func (s *networkSettings) checkInit() error {
	if s.init == "" {
		return nil
	}
	file, err := nn.OpenWeightFile(s.init)
	if err != nil {
		return err
	}
	return file.Close()
}

// settings is the settings of the training on views of the given data; s has been resolved.
func (s *networkSettings) settings(d *dataSettings) (pretrain.Settings, error) {
	depth, err := strconv.Atoi(strings.TrimPrefix(s.arch, "resnet"))
	if err != nil {
		return pretrain.Settings{}, err
	}
	t := pretrain.MethodSettings(s.method, nn.Arch{Depth: depth, Width: s.width, Channels: d.Channels})
	t.Epochs, t.Warmup, t.Init = s.epochs, s.warmup, s.init
	c := &t.Network
	c.Height, c.Width = d.ImageSize, d.ImageSize
	c.Batch, c.Accumulate, c.Precision = s.batch, s.accumulate, s.precision
	if s.steps > 0 {
		c.Steps, t.Epochs = s.steps, 0
	}
	s.methodSettings.apply(c)
	c.Schedule, c.LR, c.Seed = s.schedule, s.lr, s.seed
	c.Optimiser = nn.DefaultOptimiser(s.optimiser)
	c.Optimiser.WeightDecay, c.Optimiser.DecayWeightsOnly = s.weightDecay, s.decayWeightsOnly
	return t, nil
}

// methodSettings says by which method is trained. Of the flags that some methods lack only those of the chosen one may be
// given.
type methodSettings struct {
	method, normaliser, blocks, queueStart, queueSelf string
	projector, predictor, embedding, queue            int
	temperature, targetMomentum, keyMomentum          float64
}

// methodFlags is the flags that belong to some methods alone.
var methodFlags = []struct {
	flag    string
	methods []string
}{
	{"predictor", []string{"byol", "simsiam"}},
	{"target-momentum", []string{"byol"}},
	{"temperature", []string{"moco", "simclr"}},
	{"normaliser", []string{"moco", "simclr"}},
	{"simclr-blocks", []string{"simclr"}},
	{"queue", []string{"moco"}},
	{"queue-start", []string{"moco"}},
	{"queue-self", []string{"moco"}},
	{"key-momentum", []string{"moco"}},
}

func (s *methodSettings) addFlags(f *flags) {
	arch := nn.Arch{Depth: 18, Width: torchvisionWidth, Channels: 3}
	byol, simclr, moco := nn.MethodConfig("byol", arch), nn.MethodConfig("simclr", arch).SimCLR, nn.MethodConfig("moco", arch).MoCo
	g := f.group("Method")
	f.choice(g, &s.method, "method", nn.Methods(), "pre-training `METHOD`")
	g.IntVar(&s.projector, "projector", 0, "width `N` of the projector's hidden layers (0: the method's; phantoms: 512)")
	g.IntVar(&s.predictor, "predictor", 0, "byol, simsiam: the same of the predictor: `N`")
	g.IntVar(&s.embedding, "embedding", 0, "width `N` of the embeddings (0: the method's; phantoms: 64)")
	g.Float64Var(&s.targetMomentum, "target-momentum", byol.TargetMomentum, "byol: momentum `M` of the target network at the beginning; it rises to 1")
	g.Float64Var(&s.temperature, "temperature", 0, fmt.Sprintf("moco, simclr: what cosines are divided by: `T` (0: the method's, %g and %g)", moco.Temperature, simclr.Temperature))
	f.choice(g, &s.normaliser, "normaliser", []string{"global", "anchor"}, "moco, simclr: positives `BY` which the loss is divided")
	f.choice(g, &s.blocks, "simclr-blocks", []string{"view1", "all"}, "simclr: `VIEWS` between which gaze makes positives")
	g.IntVar(&s.queue, "queue", moco.Queue, "moco: keys of earlier updates that are kept: `N`")
	f.choice(g, &s.queueStart, "queue-start", []string{"empty", "random"}, "moco: `ITEMS` of the keys before the first")
	f.choice(g, &s.queueSelf, "queue-self", []string{"same", "released"}, "moco: `RULE` of older keys of an item")
	g.Float64Var(&s.keyMomentum, "key-momentum", moco.KeyMomentum, "moco: momentum `M` of the key network")
}

// resolve refuses the flags of other methods.
func (s *methodSettings) resolve(f *flags) error {
	for _, m := range methodFlags {
		if f.given(m.flag) && !slices.Contains(m.methods, s.method) {
			return usagef("--%s is for --method %s, not for %s", m.flag, strings.Join(m.methods, " and "), s.method)
		}
	}
	return nil
}

// apply puts the flags into the settings of the method, which are its defaults.
func (s *methodSettings) apply(c *nn.Config) {
	replace := func(to *int, flag int) {
		if flag != 0 {
			*to = flag
		}
	}
	replace(&c.ProjectorHidden, s.projector)
	replace(&c.Embedding, s.embedding)
	if c.PredictorHidden > 0 {
		replace(&c.PredictorHidden, s.predictor)
	}
	switch s.method {
	case "byol":
		c.TargetMomentum = s.targetMomentum
	case "simclr":
		c.SimCLR.Blocks = s.blocks
		s.contrast(&c.SimCLR.Contrast)
	case "moco":
		c.MoCo.Queue, c.MoCo.QueueStart, c.MoCo.QueueSelf, c.MoCo.KeyMomentum = s.queue, s.queueStart, s.queueSelf, s.keyMomentum
		s.contrast(&c.MoCo.Contrast)
	}
}

func (s *methodSettings) contrast(c *nn.Contrast) {
	c.Normaliser = s.normaliser
	if s.temperature != 0 {
		c.Temperature = s.temperature
	}
}
