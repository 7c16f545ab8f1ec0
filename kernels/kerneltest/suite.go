// Package kerneltest is the one suite that every device passes. [Run] compares each operation of a device with the
// float64 reference on exactly the same inputs, within bounds that follow from the sums of absolute products; checks
// what an operation may touch (operands flush against unmapped pages, canaries, aliasing), how NaN and infinity
// travel, that gradients accumulate and nothing is allocated; and checks the golden values.
//
// Package fardevice beside it is a device whose tensors the host cannot reach, which stands in for a GPU.
//
// It also holds what other packages' tests need of the golden files: [Fill] repeats their inputs, [Probe] compares
// outputs, [ChannelsLast] and [ChannelsFirst] convert layouts.
package kerneltest

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest/internal/race"
)

// family is the calls of one part of the contract. They are the same every time, and some need results of the reference: they are
// made once.
type family struct {
	name  string
	calls func() []call
}

// selected leaves out the large calls where time is short, and most shapes of every operation on a slow device.
func (s Suite) selected(f family) []call {
	seen := map[string]int{}
	return slices.DeleteFunc(s.rounding(slices.Clone(f.calls())), func(c call) bool {
		seen[c.op]++
		return c.large && (testing.Short() || race.Enabled || s.Slow) || s.Slow && seen[c.op]%slowShapes != 1
	})
}

// rounding is calls that know the roundings of the device.
func (s Suite) rounding(calls []call) []call {
	for i := range calls {
		calls[i].roundings = s.Roundings
	}
	return calls
}

// slowShapes is how many shapes of an operation there are for one that a slow device is given.
const slowShapes = 7

var families = []family{
	{"Elementwise", sync.OnceValue(elementwiseCalls)},
	{"Convolution", sync.OnceValue(convolutionCalls)},
	{"Normalisation", sync.OnceValue(normalisationCalls)},
	{"Pooling", sync.OnceValue(poolingCalls)},
	{"Algebra", sync.OnceValue(algebraCalls)},
	{"Losses", sync.OnceValue(lossCalls)},
	{"Optimisers", sync.OnceValue(optimiserCalls)},
	{"Augmentation", sync.OnceValue(augmentCalls)},
}

// Suite is the tests that every device passes.
type Suite struct {
	// Open opens the device; the suite does it anew for every part, and closes it.
	Open func(tb testing.TB) kernels.Device
	// Slow leaves out most shapes, all but two of the offsets that operands are placed at and of the numbers of processors: for a
	// device that takes milliseconds for an operation.
	Slow bool
	// Scalar says that the device takes its operands element by element, as plain Go does, so that two of the offsets stand for all.
	Scalar bool
	// Allocates says that the device allocates host memory in its operations, which others must not.
	Allocates bool
	// Roundings are those of the device's products of matrices, nil for multiply-adds in its type.
	Roundings Roundings
	// Parts, where there are any, leave out all families of calls and all properties but those whose name has one of them.
	Parts []string
}

// has says whether the suite has the part of a name.
func (s Suite) has(name string) bool {
	return len(s.Parts) == 0 || slices.ContainsFunc(s.Parts, func(part string) bool { return strings.Contains(name, part) })
}

// Run runs the whole suite on the device that open gives.
func Run(t *testing.T, open func(tb testing.TB) kernels.Device) { Suite{Open: open}.Run(t) }

// Run runs the whole suite. Where the host cannot reach the memory of the device, the guard pages are left out, and the
// canaries are read through the device.
func (s Suite) Run(t *testing.T) {
	for _, f := range families {
		if !s.has(f.name) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			dev := s.Open(t)
			defer dev.Close()
			calls := withMixed(dev, s.selected(f))
			for _, c := range calls {
				t.Run(c.name(), func(t *testing.T) { s.check(t, dev, c) })
			}
			t.Run("Misuse", func(t *testing.T) { checkMisuse(t, dev, calls) })
			if n := dev.InUse(); n != 0 {
				t.Errorf("%d bytes were not given back", n)
			}
		})
	}
	t.Run("Processors", func(t *testing.T) { s.checkProcessors(t) })
	for _, p := range properties {
		if !s.has(p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			dev := s.Open(t)
			defer dev.Close()
			scope := kernels.NewScope(dev)
			p.check(s, t, scope)
			scope.Close()
			if n := dev.InUse(); n != 0 {
				t.Errorf("%d bytes were not given back", n)
			}
		})
	}
}

// properties are what single calls do not show.
var properties = []struct {
	name  string
	check func(s Suite, t *testing.T, dev kernels.Device)
}{
	{"Transfer", exactly(checkTransfer)},
	{"Memory", exactly(checkMemory)},
	{"Numbers", exactly(checkNumbers)},
	{"Recorder", exactly(checkRecorder)},
	{"FusedConvolutions", exactly(checkFusedConvolutions)},
	{"FusedNormalisations", exactly(checkFusedNormalisations)},
	{"OffsetConvolutions", exactly(checkOffsetConvolutions)},
	{"OffsetNormalisations", exactly(checkOffsetNormalisations)},
	{"Contrast", exactly(checkContrast)},
	{"Exponential", exactly(checkExponential)},
	{"Augment", exactly(checkAugment)},
	{"Gradients", exactly(checkGradients)},
	{"GoldenConvolutions", Suite.checkGoldenConvolutions},
	{"GoldenOps", Suite.checkGoldenOps},
	{"GoldenLosses", Suite.checkGoldenLosses},
	{"GoldenMixed", Suite.checkGoldenMixed},
}

// exactly is a check that knows no roundings but those of the device's type.
func exactly(check func(t *testing.T, dev kernels.Device)) func(Suite, *testing.T, kernels.Device) {
	return func(_ Suite, t *testing.T, dev kernels.Device) { check(t, dev) }
}

// check reports everything that is wrong with a call.
func (s Suite) check(t *testing.T, dev kernels.Device, c call) {
	for _, fault := range s.faults(dev, c) {
		t.Error(fault)
	}
}

// offsets are where the operands of a call are placed, in elements past a boundary of 64 bytes.
func (s Suite) offsets() []int {
	if s.Slow || s.Scalar {
		return []int{1, 8}
	}
	return []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
}

// faults compares a call with the reference and then repeats it in every placement, which must not change a bit.
func (s Suite) faults(dev kernels.Device, c call) []string {
	c = c.remembering()
	first := c.apply(dev, plain)
	if d := c.difference(dev.Type(), first.values, c.want(), leniency{}); d != "" {
		return append(first.faults, d)
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
	if c.large || race.Enabled {
		return faults
	}
	for _, start := range s.offsets() {
		again(fmt.Sprintf("offset %d", start), offset(start))
	}
	if nearHost(dev) && !c.halves() {
		again("at the end of a page", guarded(true))
		again("at the start of a page", guarded(false))
	}
	faults = append(faults, c.nonFiniteFaults(dev)...)
	if !s.Allocates {
		faults = append(faults, c.allocationFaults(dev)...)
	}
	return faults
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
		if n == 0 || o.derived || o.indices {
			continue
		}
		poison := func(at int, v float64) {
			if fault := c.poisonFault(dev, i, at, v); fault != "" {
				faults = append(faults, fault)
			}
		}
		for _, at := range slices.Compact([]int{0, n / 2, n - 1}) {
			poison(at, math.NaN())
		}
		if !c.finite {
			poison(n/2, math.Inf(1))
			poison(n/2, math.Inf(-1))
		}
	}
	return faults
}

// poisonFault says where a NaN or an infinity in element at of an operand does not reach what the reference says, or "".
func (c call) poisonFault(dev kernels.Device, operand, at int, v float64) string {
	o, poisoned := c.operands[operand], c.with(operand, at, v)
	lenient := leniency{infinities: !math.IsNaN(v)}
	if o.reaches != nil {
		lenient.reaches = func(out int) bool { return o.reaches(at, out) }
	}
	got := poisoned.apply(dev, plain)
	if len(got.faults) > 0 {
		return fmt.Sprintf("%s[%d] = %g: %s", o.name, at, v, got.faults[0])
	}
	if d := poisoned.difference(dev.Type(), got.values, poisoned.want(), lenient); d != "" {
		return fmt.Sprintf("%s[%d] = %g: %s", o.name, at, v, d)
	}
	return ""
}

// CheckAllocations demands that no operation allocates once it has seen its shape, whatever Allocates says, and looks at no results: it
// is for a device whose operations only go as far as to record what is to be done.
func (s Suite) CheckAllocations(t *testing.T) {
	dev := s.Open(t)
	defer dev.Close()
	for _, f := range families {
		for _, c := range withMixed(dev, s.selected(f)) {
			for _, fault := range c.allocationFaults(dev) {
				t.Errorf("%s: %s", c.name(), fault)
			}
		}
	}
}

// allocationFaults demands that a call allocates nothing once it has seen its shape.
func (c call) allocationFaults(dev kernels.Device) []string {
	scope := kernels.NewScope(dev)
	defer scope.Close()
	p := plain(scope, c)
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
func (s Suite) checkProcessors(t *testing.T) {
	var calls []call
	for _, f := range families {
		if s.has(f.name) {
			calls = append(calls, s.selected(f)...)
		}
	}
	counts := []int{1, 2, 5}
	if s.Slow {
		counts = []int{1, 5}
	}
	for _, fault := range processorFaults(calls, counts, func() kernels.Device { return s.Open(t) }) {
		t.Error(fault)
	}
}

// processorFaults are the calls that give other bits for another GOMAXPROCS than the first.
func processorFaults(calls []call, counts []int, open func() kernels.Device) []string {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var faults []string
	var first []result
	for n, processors := range counts {
		runtime.GOMAXPROCS(processors)
		dev := open()
		calls := withMixed(dev, slices.Clone(calls))
		for i, c := range calls {
			r := c.apply(dev, plain)
			if n == 0 {
				first = append(first, r)
			} else if d := c.changed(first[i].values, r.values); d != "" {
				faults = append(faults, fmt.Sprintf("%s: GOMAXPROCS %d: %s", c.name(), processors, d))
			}
		}
		dev.Close()
	}
	return faults
}
