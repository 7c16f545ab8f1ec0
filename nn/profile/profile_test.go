package profile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/kernels/trace"
	"gzpt/nn"
	"gzpt/nn/profile"
)

// small is a training of a method that takes milliseconds.
func small(method string) nn.Config {
	c := nn.MethodConfig(method, nn.Arch{Depth: 18, Width: 4, Channels: 1})
	c.Height, c.Width, c.Batch = 32, 32, 4
	c.ProjectorHidden, c.Embedding = 16, 8
	if c.PredictorHidden > 0 {
		c.PredictorHidden = 16
	}
	if method == "moco" {
		c.MoCo.Queue = 10 // a batch of 4 runs over its end
	}
	return c
}

func target() profile.Target {
	return profile.Target{Name: "reference", Device: reference.New(kernels.Float32), Ceilings: func() profile.Ceilings {
		return profile.Ceilings{Peak: 100, Copies: []profile.Copy{{Bytes: 1e3, Rate: 50}, {Bytes: 1e6, Rate: 10}}, Source: "made up"}
	}}
}

// TestRun: every method is profiled, in one batch and in micro-batches of bfloat16; every convolution has its layer; what is counted is a step.
func TestRun(t *testing.T) {
	for _, method := range nn.Methods() {
		for _, accumulate := range []int{1, 2} {
			c := small(method)
			c.Accumulate = accumulate
			if accumulate == 2 { // layers read the shadow of their weights
				c.Precision = "bfloat16"
			}
			s, err := profile.Run(context.Background(), target(), c, 2)
			if err != nil {
				t.Fatal(err)
			}
			var share, calls float64
			layers := map[string]bool{}
			for _, g := range s.Groups {
				share, calls = share+g.Share, calls+g.Calls
				if strings.HasPrefix(g.Operation, "Conv2D") {
					layers[g.Layer] = true
				}
			}
			if math.Abs(share-1) > 1e-9 || !(s.Seconds > 0) || !(s.Recorded > 0) || s.Host() < 0 {
				t.Errorf("%s: shares sum to %v, a step takes %v s", method, share, s.Seconds)
			}
			if want := float64(len(s.Calls[0])+len(s.Calls[1])) / 2; calls != want || len(s.Calls) != 2 {
				t.Errorf("%s: groups of %v calls, expected %v", method, calls, want)
			}
			for _, layer := range []string{"conv1", "layer1.0.conv1", "layer2.0.downsample.0", "layer4.1.conv2"} {
				if !slices.ContainsFunc(s.Groups, func(g profile.Group) bool {
					return g.Operation == "Conv2DBackwardWeights" && strings.HasSuffix(g.Layer, " "+layer)
				}) {
					t.Errorf("%s: no gradient of the weights of %s among %v", method, layer, layers)
				}
			}
			if layers[""] {
				t.Errorf("%s: a convolution has no layer", method)
			}
		}
	}
}

// TestRunIsTheTraining: a network behind a recorder makes the same numbers as without.
func TestRunIsTheTraining(t *testing.T) {
	c := small("byol")
	c.Steps = 3
	var losses [2][]float64
	for i, dev := range []kernels.Device{reference.New(kernels.Float32), trace.New(reference.New(kernels.Float32), nil)} {
		if recorder, is := dev.(*trace.Device); is {
			recorder.Begin()
		}
		trainer, err := nn.NewTrainer(dev, c)
		if err != nil {
			t.Fatal(err)
		}
		batch := profile.NewBatch(dev, trainer)
		for range c.Steps {
			m, err := trainer.Step(&batch.Batch)
			if err != nil {
				t.Fatal(err)
			}
			losses[i] = append(losses[i], m.Loss)
		}
		trainer.Close()
		batch.Free(dev)
		if n := dev.InUse(); n != 0 {
			t.Errorf("%d bytes were not given back", n)
		}
	}
	if !slices.Equal(losses[0], losses[1]) {
		t.Errorf("losses %v recorded, %v without", losses[1], losses[0])
	}
}

// TestShares: a call that takes twice as long as the ceilings allow is at half of the roof, by the copy of its size.
func TestShares(t *testing.T) {
	ceilings := target().Ceilings()
	if a, b, c := ceilings.Bandwidth(500), ceilings.Bandwidth(2000), ceilings.Bandwidth(1e9); a != 50 || b != 10 || c != 10 {
		t.Errorf("copies at %v, %v and %v GB/s, expected 50, 10, 10", a, b, c)
	}
	clock := &fixed{seconds: 2e-6}
	dev := trace.New(reference.New(kernels.Float32), clock)
	x := dev.New(kernels.Float32, 10, 10)
	dev.Begin()
	dev.MatMul(dev.New(kernels.Float32, 10, 10), x, dev.New(kernels.Float32, 10, 10), kernels.Product{}) // 2000 operations, 1200 bytes
	dev.ReLU(x, x)                                                                                       // 100 operations, 800 bytes
	s := &profile.Step{Ceilings: ceilings, Calls: [][]trace.Call{dev.End()}}
	groups := s.By(profile.ByOperation)
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-9*want }
	for _, g := range groups {
		switch g.Operation {
		case "MatMul":
			if !near(g.OfPeak, 0.01) || !near(g.OfCopy, 0.06) || !near(g.GFLOPs(), 1) || !near(g.GBs(), 0.6) || !near(g.Share, 0.5) {
				t.Errorf("%+v: %v GFLOP/s, %v GB/s", g, g.GFLOPs(), g.GBs())
			}
		case "ReLU":
			if !near(g.OfCopy, 0.008) || g.OfRoof() != g.OfCopy {
				t.Errorf("%+v", g)
			}
		}
	}
	rows := profile.Rows([]*profile.Step{s, {Ceilings: ceilings, Calls: [][]trace.Call{s.Calls[0][:1]}}}, profile.ByOperation)
	if len(rows) != 2 || rows[0].Operation != "MatMul" || rows[0].Ratio(1) != 1 || !math.IsNaN(rows[1].Ratio(1)) {
		t.Errorf("%+v", rows)
	}
	if sum := profile.Sum(rows); sum.On[0].Calls != 2 || !near(sum.On[0].OfCopy, 0.034) || sum.On[0].Bytes != 2000 {
		t.Errorf("sum %+v", sum)
	}
}

// TestMedians: the time of a group is the median of its times in the steps, one in which it has no call being one of 0.
func TestMedians(t *testing.T) {
	for want, steps := range map[float64][]time.Duration{2: {2, 1, 9}, 3: {9, 2, 1, 4}, 5: {5}, 1: {0, 1, 7}} {
		s := &profile.Step{}
		for _, took := range steps {
			var calls []trace.Call
			if took > 0 { // in two calls
				for _, part := range []time.Duration{250, 750} {
					calls = append(calls, trace.Call{Operation: "ReLU", Reading: trace.Reading{Took: part * took}})
				}
			}
			s.Calls = append(s.Calls, calls)
		}
		if groups := s.By(profile.ByOperation); len(groups) != 1 || math.Abs(groups[0].Seconds-want*1e-6) > 1e-15 {
			t.Errorf("steps of %v us: %+v, expected %v us", steps, groups, want)
		}
	}
}

// fixed is a clock after which every operation takes as long.
type fixed struct {
	seconds float64
	calls   int
}

// TestTrace: the trace has a process for every device and the operations of each step inside its step.
func TestTrace(t *testing.T) {
	s, err := profile.Run(context.Background(), target(), small("simclr"), 2)
	if err != nil {
		t.Fatal(err)
	}
	r := profile.Report{Steps: 2, Devices: []*profile.Step{s, {Device: "H200", Predicted: true, Calls: s.Calls}}}
	var out bytes.Buffer
	if err := r.WriteTrace(&out); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Events []struct {
			Name, Ph string
			Ts, Dur  float64
			Pid, Tid int
			Args     map[string]any
		} `json:"traceEvents"`
	}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var names []string
	var stepEnd, stepBegin float64
	for _, e := range read.Events {
		switch {
		case e.Ph == "M" && e.Name == "process_name":
			names = append(names, e.Args["name"].(string))
		case e.Ph == "X" && e.Tid == 1:
			stepBegin, stepEnd = e.Ts, e.Ts+e.Dur
			count["step"]++
		case e.Ph == "X":
			count["operation"]++
			if e.Ts < stepBegin-1e-3 || e.Ts+e.Dur > stepEnd+1e-3 {
				t.Fatalf("%s from %v to %v lies outside its step from %v to %v", e.Name, e.Ts, e.Ts+e.Dur, stepBegin, stepEnd)
			}
		}
	}
	if want := 2 * (len(s.Calls[0]) + len(s.Calls[1])); count["operation"] != want || count["step"] != 4 {
		t.Errorf("%v events, expected %d operations in 4 steps", count, want)
	}
	if !slices.Equal(names, []string{"reference", "H200 (predicted)"}) {
		t.Errorf("processes %q", names)
	}
}

func (f *fixed) Reset() {}
func (f *fixed) Start() {}

func (f *fixed) Stop(string, trace.Work) trace.Reading {
	took := time.Duration(f.seconds * 1e9)
	f.calls++
	return trace.Reading{Began: time.Duration(f.calls-1) * took, Took: took}
}
