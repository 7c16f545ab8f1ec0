package main

import (
	"fmt"
	"slices"
	"strings"

	"gzpt/nn"
)

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
