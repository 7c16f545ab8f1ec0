package nn

import (
	"errors"
	"fmt"
	"math"

	"gzpt/kernels"
)

// Optimiser is an update rule and its constants; package kernels defines the rules.
type Optimiser struct {
	// Name is "adamw", "sgd" or "lars".
	Name string `json:"name"`
	// Beta1 and Beta2 are the decays of AdamW's two moments.
	Beta1 float64 `json:"beta1"`
	Beta2 float64 `json:"beta2"`
	// Eps is added to the divisor of AdamW and of LARS.
	Eps float64 `json:"eps"`
	// Momentum is that of SGD and LARS.
	Momentum float64 `json:"momentum"`
	// Trust is the trust coefficient of LARS.
	Trust       float64 `json:"trust"`
	WeightDecay float64 `json:"weight_decay"`
	// DecayWeightsOnly spares biases and normalisations from weight decay, and from the scaling of LARS.
	DecayWeightsOnly bool `json:"decay_weights_only"`
}

// DefaultOptimiser is the constants that GzPT trains with: AdamW with betas .9 and .95 and weight decay 1e-6, SGD with
// momentum .9 and weight decay 1e-4, LARS with momentum .9, trust .001 and weight decay 1e-6.
func DefaultOptimiser(name string) Optimiser {
	switch name {
	case "sgd":
		return Optimiser{Name: name, Momentum: 0.9, WeightDecay: 1e-4}
	case "lars":
		return Optimiser{Name: name, Momentum: 0.9, WeightDecay: 1e-6, Trust: 0.001, Eps: 1e-8, DecayWeightsOnly: true}
	}
	return Optimiser{Name: name, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 1e-6}
}

// Validate says what is wrong with the settings: every fault, one per line.
func (o Optimiser) Validate() error {
	var faults []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("nn: optimiser: "+format, args...))
		}
	}
	demand(o.Name == "adamw" || o.Name == "sgd" || o.Name == "lars", "unknown name %q: expected adamw, sgd or lars", o.Name)
	demand(within(o.WeightDecay, 0, math.MaxFloat32), "weight decay is %v: expected a number from 0 to 3.4e38", o.WeightDecay)
	demand(within(o.Eps, 0, math.MaxFloat32), "eps is %v: expected a number from 0 to 3.4e38", o.Eps)
	demand(within(o.Momentum, 0, 1), "momentum is %v: expected 0 to 1", o.Momentum)
	if o.Name == "adamw" {
		demand(within(o.Beta1, 0, 1) && o.Beta1 < 1 && within(o.Beta2, 0, 1) && o.Beta2 < 1, "betas are %v and %v: expected from 0 to below 1", o.Beta1, o.Beta2)
	}
	if o.Name == "lars" {
		demand(within(o.Trust, 0, math.MaxFloat32), "trust is %v: expected a number from 0 to 3.4e38", o.Trust)
	}
	return errors.Join(faults...)
}

// span is a range of the arena that one call of the update rule covers.
type span struct {
	p, g, m, v kernels.Tensor
	decay      float64
	scaled     bool // by LARS
}

// optimiser updates the weights of a network from its gradients.
type optimiser struct {
	dev     kernels.Device
	rule    Optimiser
	moments []kernels.Tensor // blocks of the layout of the weights: two for AdamW, one for the others
	spans   []span
}

func newOptimiser(dev kernels.Device, rule Optimiser, n *network) *optimiser {
	o := &optimiser{dev: dev, rule: rule, moments: []kernels.Tensor{dev.New(dev.Type(), n.weights.size())}}
	if rule.Name == "adamw" {
		o.moments = append(o.moments, dev.New(dev.Type(), n.weights.size()))
	}
	add := func(begin, end int, vectors bool) {
		if begin == end {
			return
		}
		s := span{p: n.weights.block.Slice(begin, end-begin), g: n.gradients.block.Slice(begin, end-begin), m: o.moments[0].Slice(begin, end-begin)}
		if len(o.moments) > 1 {
			s.v = o.moments[1].Slice(begin, end-begin)
		}
		if s.scaled = !(vectors && rule.DecayWeightsOnly); s.scaled {
			s.decay = rule.WeightDecay
		}
		o.spans = append(o.spans, s)
	}
	begin := n.weights.begin
	switch {
	case rule.Name == "lars": // its scale belongs to one tensor
		for _, p := range n.weights.parameters {
			add(p.offset, p.offset+p.len(), len(p.dims) == 1)
		}
	case rule.DecayWeightsOnly:
		add(0, begin[encoderVectors], false)
		add(begin[encoderVectors], begin[headWeights], true)
		add(begin[headWeights], begin[groups], false)
	default:
		add(0, begin[groups], false)
	}
	return o
}

// update is update number step, from 1.
func (o *optimiser) update(lr float64, step int) {
	r := o.rule
	for _, s := range o.spans {
		switch {
		case r.Name == "adamw":
			o.dev.AdamW(s.p, s.g, s.m, s.v, kernels.AdamW{LR: lr, Beta1: r.Beta1, Beta2: r.Beta2, Eps: r.Eps, WeightDecay: s.decay, Step: step})
		case r.Name == "lars" && s.scaled:
			o.dev.LARS(s.p, s.g, s.m, kernels.LARS{LR: lr, Momentum: r.Momentum, WeightDecay: s.decay, Trust: r.Trust, Eps: r.Eps})
		default:
			o.dev.SGD(s.p, s.g, s.m, kernels.SGD{LR: lr, Momentum: r.Momentum, WeightDecay: s.decay})
		}
	}
}

// learningRate is the rate of update u of n, u from 0, the first warm of which warm up:
//
//	LR * decay * rise
//	decay = (1+cos(pi*u/n))/2 for the cosine schedule, otherwise 1
//	rise  = 1 - (1-u/warm)*(1-WarmupRatio) for u < warm, otherwise 1
//
// The cosine runs over the whole run and the warm-up multiplies it, as in the schedule that GzPT was trained with.
func learningRate(c Config, u, warm, n int) float64 {
	lr := c.LR
	if c.Schedule == "cosine" {
		lr *= (1 + math.Cos(math.Pi*float64(u)/float64(n))) / 2
	}
	if u < warm {
		lr *= 1 - (1-float64(u)/float64(warm))*(1-c.WarmupRatio)
	}
	return lr
}

// targetMomentum is the momentum of the target network after micro-batch k of n, k from 0: m0 at the start, 1 at the
// end, along a cosine (Grill et al. 2020).
func targetMomentum(m0 float64, k, n int) float64 {
	return 1 - (1-m0)*(math.Cos(math.Pi*float64(k)/float64(n))+1)/2
}
