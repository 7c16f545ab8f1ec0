package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gzpt/cuda/predict"
	"gzpt/cuda/sass"
	"gzpt/kernels/trace"
	"gzpt/nn/profile"
)

// TestNetwork predicts a small step and demands that the parts are the whole, that every convolution has a row with its layer, and
// that the page says what it is.
func TestNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("a network on the interpreter, and no goroutines of its own; run without -short")
	}
	s := &settings{batch: 2, size: 32}
	n, err := s.network(18, "float32", predict.Registers{}, predict.Samples{})
	if err != nil {
		t.Fatal(err)
	}
	if len(n.steps) != len(predict.GPUs()) {
		t.Fatalf("%d GPUs", len(n.steps))
	}
	for _, step := range n.steps {
		var seconds, operations float64
		calls := 0
		for key, p := range step.parts {
			seconds, operations, calls = seconds+p.seconds, operations+p.Operations, calls+p.calls
			if strings.HasPrefix(key.Operation, "Conv2D") && (len(p.layers) == 0 || p.share() > 1 || p.share() <= 0) {
				t.Errorf("%s: %+v is at %v of the roof, layers %v", step.gpu.Name, key, p.share(), p.layers)
			}
		}
		if w := step.whole; math.Abs(seconds-w.seconds) > 1e-9 || math.Abs(operations-w.Operations) > 1 || calls != w.calls || calls != len(step.profile.Calls[0]) {
			t.Errorf("%s: parts of %v s and %d calls, the whole has %v s and %d", step.gpu.Name, seconds, calls, w.seconds, w.calls)
		}
		if step.memory < 100e6 || step.threads["convolve_f32_128x64"] != 128 {
			t.Errorf("%s: %d bytes, blocks %v", step.gpu.Name, step.memory, step.threads)
		}
	}
	p := &page{settings: s, networks: []*network{n}, kernels: []sass.Kernel{{Name: "convolve_f32_128x64", File: "convolution_gather_f32.ptx", Target: "sm_80", Registers: 128, Loop: sass.Mix{"float32": 4}}}}
	text := p.text()
	for _, want := range []string{
		"**Every time on this page is a prediction; no GPU was used.**", "| resnet18, float32 | A100 |", "| Conv2DBackwardWeights | layer4.1.conv2",
		"| convolve_f32_128x64 | convolution_gather_f32.ptx | sm_80 | 128 | 0 | 36864 | 128 | 4 | 25 % |", "4: 4 float32 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for number, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "NaN") || strings.Contains(line, "Inf") {
			t.Errorf("line %d: %s", number+1, line)
		}
	}
}

// TestBlame: what keeps a part from its target is named, the longest bound first; what reaches it has nothing to blame.
func TestBlame(t *testing.T) {
	const peak, bandwidth = 100e9, 10e9
	launch := predict.Launch{Terms: []predict.Term{{Name: "tensor", Seconds: 1}, {Name: "access", Seconds: 4}, {Name: "issue", Seconds: 2}, {Name: "memory", Seconds: 0.5}}}
	call := trace.Call{Work: trace.Work{Operations: peak, Bytes: bandwidth / 2}}
	for _, c := range []struct {
		took float64
		want string
	}{{4, "access 4x, issue 2x"}, {1.6, ""}, {1.7, "access 4x, issue 2x"}} {
		p := part{terms: map[string]float64{}}
		call.Took = seconds(c.took)
		p.add(peak, bandwidth, call, []predict.Launch{launch})
		if got := p.blame(); got != c.want || p.target() != ofPeak {
			t.Errorf("%v s: %q to blame, expected %q", c.took, got, c.want)
		}
	}
	launch.Kernel = "product_wgmma_128x256"
	byWarpgroups := part{terms: map[string]float64{}}
	call.Took = seconds(1.3)
	byWarpgroups.add(peak, bandwidth, call, []predict.Launch{launch})
	if got := byWarpgroups.blame(); got != "access 4x, issue 2x" || byWarpgroups.target() != ofPeakByWarpgroups {
		t.Errorf("77 %% of the peak by warpgroups: %q to blame", got)
	}
	bytes := part{terms: map[string]float64{}}
	bytes.add(peak, bandwidth, trace.Call{Work: trace.Work{Bytes: bandwidth}, Reading: trace.Reading{Took: seconds(1.2)}}, nil)
	if bytes.target() != ofBandwidth || bytes.share() >= ofBandwidth {
		t.Errorf("%v of %v", bytes.share(), bytes.target())
	}
}

func TestSpills(t *testing.T) {
	good := sass.Kernel{Name: "a", Target: "sm_80", Registers: 20}
	if err := spills([]sass.Kernel{good}); err != nil {
		t.Error(err)
	}
	bad := sass.Kernel{Name: "b", Target: "sm_90", SpillBytes: 8}
	if err := spills([]sass.Kernel{good, bad}); err == nil || err.Error() != "b on sm_90 spills 8 bytes: expected no spills" {
		t.Error(err)
	}
	if r := registersOf([]sass.Kernel{good, bad}); r["sm_80"]["a"] != 20 || len(r) != 2 {
		t.Errorf("%v", r)
	}
}

// TestRows: operations of a layer and pools have rows by shape, others one row.
func TestRows(t *testing.T) {
	for _, c := range []struct {
		call trace.Call
		want profile.Key
	}{
		{trace.Call{Operation: "Conv2D", Shape: "s", Layer: "online conv1"}, profile.Key{Operation: "Conv2D", Shape: "s"}},
		{trace.Call{Operation: "MaxPool", Shape: "s"}, profile.Key{Operation: "MaxPool", Shape: "s"}},
		{trace.Call{Operation: "AdamW", Shape: "s"}, profile.Key{Operation: "AdamW"}},
	} {
		if got := keyOf(c.call); got != c.want {
			t.Errorf("%+v, expected %+v", got, c.want)
		}
	}
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(file, "below")
	for _, s := range []settings{{out: below, registers: filepath.Join(t.TempDir(), "a")}, {out: filepath.Join(t.TempDir(), "a"), registers: below}} {
		if err := s.run(); err == nil || !strings.Contains(err.Error(), below) {
			t.Errorf("error %v, expected one of %s", err, below)
		}
	}
}
