package kerneltest

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
)

// family is the calls of one part of the contract.
type family struct {
	name  string
	calls func() []call
}

// selected leaves out the large calls where time is short.
func (f family) selected() []call {
	return slices.DeleteFunc(f.calls(), func(c call) bool { return c.large && (testing.Short() || raceDetector) })
}

var families = []family{
	{"Elementwise", elementwiseCalls},
	{"Convolution", convolutionCalls},
	{"Normalisation", normalisationCalls},
	{"Pooling", poolingCalls},
	{"Algebra", algebraCalls},
	{"Losses", lossCalls},
	{"Optimisers", optimiserCalls},
}

// Run runs the whole suite on the device that open gives; the suite opens it anew for every part and closes it. The
// device's tensors lie in host memory.
func Run(t *testing.T, open func(tb testing.TB) kernels.Device) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			dev := open(t)
			defer dev.Close()
			calls := f.selected()
			for _, c := range calls {
				t.Run(c.name(), func(t *testing.T) { c.check(t, dev) })
			}
			t.Run("Misuse", func(t *testing.T) { checkMisuse(t, dev, calls) })
		})
	}
	t.Run("Processors", func(t *testing.T) { checkProcessors(t, open) })
	for _, p := range properties {
		t.Run(p.name, func(t *testing.T) {
			dev := open(t)
			defer dev.Close()
			p.check(t, dev)
		})
	}
}

// properties are what single calls do not show.
var properties = []struct {
	name  string
	check func(t *testing.T, dev kernels.Device)
}{
	{"Transfer", checkTransfer},
	{"Fused", checkFused},
	{"Offsets", checkOffsets},
	{"Exponential", checkExponential},
	{"Symmetry", checkSymmetry},
	{"Gradients", checkGradients},
	{"GoldenOps", checkGoldenOps},
	{"GoldenLosses", checkGoldenLosses},
}

// check reports everything that is wrong with a call.
func (c call) check(t *testing.T, dev kernels.Device) {
	for _, fault := range c.faults(dev) {
		t.Error(fault)
	}
}

// faults compares a call with the reference and then repeats it in every placement, which must not change a bit.
func (c call) faults(dev kernels.Device) []string {
	first := c.apply(dev, plain)
	if d := c.difference(dev.Type(), first.values, c.want(), leniency{}); d != "" {
		return []string{d}
	}
	faults := first.faults
	again := func(what string, place placement) {
		r := c.apply(dev, place)
		if d := c.changed(first.values, r.values); d != "" {
			r.faults = append(r.faults, d)
		}
		for _, f := range r.faults {
			faults = append(faults, what+": "+f)
		}
	}
	again("repeated", plain)
	for i, o := range c.operands {
		for j, in := range c.operands {
			if slices.Contains(o.inPlace, in.name) {
				again(o.name+" in place of "+in.name, aliased(i, j))
			}
		}
	}
	if c.large || raceDetector {
		return faults
	}
	for start := range 16 {
		again(fmt.Sprintf("offset %d", start), offset(start))
	}
	again("at the end of a page", guarded(true))
	again("at the start of a page", guarded(false))
	return append(append(faults, c.nonFiniteFaults(dev)...), c.allocationFaults(dev)...)
}

// changed says which output differs by a bit, or "".
func (c call) changed(first, second [][]float64) string {
	for i, o := range c.operands {
		if o.out && !sameBits(first[i], second[i]) {
			return o.name + ": not the same bits as in the first call"
		}
	}
	return ""
}

// nonFiniteFaults puts a NaN into the first, middle and last element of every input and infinities into the middle one:
// they must reach exactly the outputs that the reference says.
func (c call) nonFiniteFaults(dev kernels.Device) []string {
	var faults []string
	for i, o := range c.operands {
		n := len(o.values)
		if n == 0 || o.derived {
			continue
		}
		poison := func(at int, v float64) {
			poisoned := c.with(i, at, v)
			lenient := leniency{infinities: !math.IsNaN(v)}
			if o.reaches != nil {
				lenient.reaches = func(out int) bool { return o.reaches(at, out) }
			}
			got := poisoned.apply(dev, plain).values
			if d := poisoned.difference(dev.Type(), got, poisoned.want(), lenient); d != "" {
				faults = append(faults, fmt.Sprintf("%s[%d] = %g: %s", o.name, at, v, d))
			}
		}
		for _, at := range slices.Compact([]int{0, n / 2, n - 1}) {
			poison(at, math.NaN())
		}
		poison(n/2, math.Inf(1))
		poison(n/2, math.Inf(-1))
	}
	return faults
}

// allocationFaults demands that a call allocates nothing once it has seen its shape. The reference is exempt: it
// starts goroutines and transposes into new memory.
func (c call) allocationFaults(dev kernels.Device) []string {
	if strings.HasPrefix(dev.Name(), "reference/") {
		return nil
	}
	p := plain(dev, c)
	for i, o := range c.operands {
		if o.values != nil {
			Set(dev, p.tensors[i], o.values)
		}
	}
	if n := testing.AllocsPerRun(2, func() { c.run(dev, p.tensors) }); n != 0 {
		return []string{fmt.Sprintf("%v allocations a call", n)}
	}
	return nil
}

// checkProcessors runs every call under several GOMAXPROCS.
func checkProcessors(t *testing.T, open func(tb testing.TB) kernels.Device) {
	var calls []call
	for _, f := range families {
		calls = append(calls, f.selected()...)
	}
	for _, fault := range processorFaults(calls, func() kernels.Device { return open(t) }) {
		t.Error(fault)
	}
}

// processorFaults are the calls that give other bits for another GOMAXPROCS.
func processorFaults(calls []call, open func() kernels.Device) []string {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var faults []string
	first := make([]result, len(calls))
	for _, processors := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(processors)
		dev := open()
		for i, c := range calls {
			r := c.apply(dev, plain)
			if processors == 1 {
				first[i] = r
			} else if d := c.changed(first[i].values, r.values); d != "" {
				faults = append(faults, fmt.Sprintf("%s: GOMAXPROCS %d: %s", c.name(), processors, d))
			}
		}
		dev.Close()
	}
	return faults
}
