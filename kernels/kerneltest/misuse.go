package kerneltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
)

// checkMisuse makes the mistakes a caller can make, on the first call of every operation that has elements: each must
// panic and name the operation.
func checkMisuse(t *testing.T, dev kernels.Device, calls []call) {
	var seen []string
	for _, c := range calls {
		empty := slices.ContainsFunc(c.operands, func(o operand) bool { return o.len() < 2 && !o.sums })
		if empty || slices.Contains(seen, c.op) {
			continue
		}
		seen = append(seen, c.op)
		t.Run(c.op, func(t *testing.T) {
			c.checkShapes(t, dev)
			c.checkTypes(t, dev)
			c.checkOverlaps(t, dev)
		})
	}
}

// refused fails the test unless run panics with a text of package kernels that names the operation.
func refused(t *testing.T, op, mistake string, run func()) {
	t.Helper()
	want := "kernels: " + op + ": "
	defer func() {
		if text, ok := recover().(string); !ok || !strings.HasPrefix(text, want) {
			t.Errorf("%s: panics with %q, want a text that begins with %q", mistake, text, want)
		}
	}()
	run()
	panic("nothing: the mistake was accepted")
}

// checkShapes gives one operand more rows, or where rows are free more channels, than the others.
func (c call) checkShapes(t *testing.T, dev kernels.Device) {
	for i, o := range c.operands {
		if o.free {
			continue
		}
		tensors := plain(dev, c).tensors
		dims := slices.Clone(o.dims)
		dims[0]++
		dims[len(dims)-1] += 2
		tensors[i] = allocate(dev, o, dims...)
		refused(t, c.op, fmt.Sprintf("%s of shape %v instead of %v", o.name, dims, o.dims), func() { c.run(dev, tensors) })
	}
}

// checkTypes gives one operand the other element type.
func (c call) checkTypes(t *testing.T, dev kernels.Device) {
	for i, o := range c.operands {
		if c.op == "Fill" { // the one operation for tensors of any type
			continue
		}
		tensors := plain(dev, c).tensors
		if tensors[i].Type() == kernels.Float64 {
			tensors[i] = kernels.FromFloat32(make([]float32, o.len()), o.dims...)
		} else {
			tensors[i] = kernels.FromFloat64(make([]float64, o.len()), o.dims...)
		}
		refused(t, c.op, o.name+" of the other element type", func() { c.run(dev, tensors) })
	}
}

// checkOverlaps lets an output share one element with every other operand of its type, and be exactly the same memory
// where that is not allowed.
func (c call) checkOverlaps(t *testing.T, dev kernels.Device) {
	for i, o := range c.operands {
		for j, other := range c.operands {
			if !o.out || i == j || o.sums != other.sums {
				continue
			}
			tensors := plain(dev, c).tensors
			block := allocate(dev, o, o.len()+other.len()-1)
			tensors[i] = block.Slice(0, o.dims...)
			tensors[j] = block.Slice(o.len()-1, other.dims...)
			refused(t, c.op, o.name+" shares an element with "+other.name, func() { c.run(dev, tensors) })

			allowed := slices.Contains(o.inPlace, other.name) || slices.Contains(other.inPlace, o.name)
			if o.len() == other.len() && !allowed {
				tensors[i], tensors[j] = block.Slice(0, o.dims...), block.Slice(0, other.dims...)
				refused(t, c.op, o.name+" is the same memory as "+other.name, func() { c.run(dev, tensors) })
			}
		}
	}
}
