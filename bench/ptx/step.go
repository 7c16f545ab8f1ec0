package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gzpt/cuda/predict"
	"gzpt/kernels/trace"
	"gzpt/nn"
	"gzpt/nn/profile"
)

// step is the prediction for a training step on a GPU.
type step struct {
	gpu     predict.GPU
	profile *profile.Step
	memory  int64          // bytes that the training takes
	threads map[string]int // of a block, by kernel
	shared  map[string]int // bytes of a block, dynamic ones included
	parts   map[profile.Key]*part
	order   []profile.Key // of parts, as the step comes to them
	whole   part
}

// part is the calls of one operation and shape.
type part struct {
	layers []string
	calls  int
	trace.Work
	seconds float64
	// atPeak and atBandwidth are the seconds that the published rates allow for its operations and bytes, roof the longer one of
	// each call.
	atPeak, atBandwidth, roof float64
	terms                     map[string]float64 // seconds of each bound, over all launches
	warpgroups                bool               // multiply: wgmma reaches more than mma.sync
}

// predictStep predicts the step of c. The memory has no end, so that layers are known of steps that do not fit.
func predictStep(ctx context.Context, gpu predict.GPU, c nn.Config, registers predict.Registers, samples predict.Samples) (*step, error) {
	s := &step{gpu: gpu, threads: map[string]int{}, shared: map[string]int{}, parts: map[profile.Key]*part{}, whole: part{terms: map[string]float64{}}}
	gpu.MemoryBytes = 1 << 42
	dev, err := predict.OpenWith(gpu, c.Precision, registers, samples)
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	ceilings := profile.Ceilings{Peak: gpu.Peak(c.Precision) / 1e9, Copies: []profile.Copy{{Rate: gpu.Bandwidth / 1e9}}, Source: "published"}
	target := profile.Target{Name: gpu.Name, Device: dev, Clock: dev, Predicted: true, Ceilings: func() profile.Ceilings {
		s.memory = max(s.memory, dev.InUse())
		return ceilings
	}}
	if s.profile, err = profile.Run(ctx, target, c, 1); err != nil {
		return nil, err
	}
	calls := s.profile.Calls[0]
	if len(calls) != len(dev.Operations) {
		return nil, fmt.Errorf("%d operations recorded, %d predicted", len(calls), len(dev.Operations))
	}
	for i, call := range calls {
		key := keyOf(call)
		if s.parts[key] == nil {
			s.parts[key] = &part{terms: map[string]float64{}}
			s.order = append(s.order, key)
		}
		for _, p := range []*part{s.parts[key], &s.whole} {
			p.add(gpu.Peak(c.Precision), gpu.Bandwidth, call, dev.Operations[i])
		}
		for _, l := range dev.Operations[i] {
			s.threads[l.Kernel] = max(s.threads[l.Kernel], l.Threads)
			s.shared[l.Kernel] = max(s.shared[l.Kernel], l.SharedBytes)
		}
	}
	return s, nil
}

// keyOf is what the calls of a row of the page have in common. Those of no layer and no pool, such as copies, losses and updates,
// have their operation alone.
func keyOf(call trace.Call) profile.Key {
	if call.Layer == "" && !strings.Contains(call.Operation, "Pool") {
		return profile.Key{Operation: call.Operation}
	}
	return profile.Key{Operation: call.Operation, Shape: call.Shape}
}

func (p *part) add(peak, bandwidth float64, call trace.Call, launches []predict.Launch) {
	if _, layer, named := strings.Cut(call.Layer, " "); named && !slices.Contains(p.layers, layer) {
		p.layers = append(p.layers, layer)
	}
	p.calls++
	p.Work = p.Add(call.Work)
	p.seconds += call.Took.Seconds()
	atPeak, atBandwidth := call.Operations/peak, call.Bytes/bandwidth
	p.atPeak, p.atBandwidth, p.roof = p.atPeak+atPeak, p.atBandwidth+atBandwidth, p.roof+max(atPeak, atBandwidth)
	for _, l := range launches {
		p.warpgroups = p.warpgroups || strings.Contains(l.Kernel, "wgmma")
		for _, t := range l.Terms {
			p.terms[t.Name] += t.Seconds
		}
	}
}

const (
	// What a kernel is to reach: of the peak where the roofline says that operations limit it, more of it where warpgroups multiply,
	// of the bandwidth where bytes do.
	ofPeak, ofPeakByWarpgroups, ofBandwidth = 0.60, 0.80, 0.85
)

// share is that of the roofline.
func (p *part) share() float64 { return p.roof / p.seconds }

// target is the share to reach.
func (p *part) target() float64 {
	switch {
	case p.atPeak <= p.atBandwidth:
		return ofBandwidth
	case p.warpgroups:
		return ofPeakByWarpgroups
	}
	return ofPeak
}

// blame names the bounds that keep a part from its target, with how many times the roofline's time each takes; "" where the target
// is reached.
func (p *part) blame() string {
	if p.share() >= p.target() || len(p.terms) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(p.terms), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.terms[b], p.terms[a]), cmp.Compare(a, b))
	})
	var words []string
	for _, name := range names[:min(2, len(names))] {
		if times := p.terms[name] / p.roof; times > 1 {
			words = append(words, fmt.Sprintf("%s %.3gx", name, times))
		}
	}
	if len(words) == 0 { // each launch has another limit, and their sum misses the target
		return "launches of different limits"
	}
	return strings.Join(words, ", ")
}
