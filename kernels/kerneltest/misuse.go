package kerneltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
)

// checkMisuse makes the mistakes a caller can make, on the first call of every operation that has elements.
func checkMisuse(t *testing.T, dev kernels.Device, calls []call) {
	var seen []string
	for _, c := range calls {
		small := slices.ContainsFunc(c.operands, func(o operand) bool { return o.len() < 2 && !o.sums })
		if small || slices.Contains(seen, c.op) {
			continue
		}
		seen = append(seen, c.op)
		t.Run(c.op, func(t *testing.T) {
			for _, fault := range c.misuseFaults(dev) {
				t.Error(fault)
			}
		})
	}
}

// refusal is "" where run panics with a text of package kernels that names the operation.
func refusal(op, mistake string, run func()) (fault string) {
	want := "kernels: " + op + ": "
	defer func() {
		if text := recover(); text != nil && !strings.HasPrefix(fmt.Sprint(text), want) {
			fault = fmt.Sprintf("%s: panics with %q, want a text that begins with %q", mistake, text, want)
		} else if text != nil {
			fault = ""
		}
	}()
	fault = mistake + ": accepted"
	run()
	return fault
}

// misuseFaults are the mistakes that the device does not refuse.
func (c call) misuseFaults(dev kernels.Device) []string {
	var faults []string
	try := func(mistake string, change func(tensors []kernels.Tensor)) {
		tensors := plain(dev, c).tensors
		change(tensors)
		if fault := refusal(c.op, mistake, func() { c.run(dev, tensors) }); fault != "" {
			faults = append(faults, fault)
		}
	}
	for i, o := range c.operands {
		if !o.free {
			dims := slices.Clone(o.dims)
			dims[0]++
			dims[len(dims)-1] += 2
			try(fmt.Sprintf("%s of shape %v instead of %v", o.name, dims, o.dims),
				func(tensors []kernels.Tensor) { tensors[i] = allocate(dev, o, dims...) })
		}
		if c.op != "Fill" { // the one operation for tensors of any type
			try(o.name+" of the other element type", func(tensors []kernels.Tensor) { tensors[i] = otherType(tensors[i], o.dims) })
		}
		for j, other := range c.operands {
			if o.out && i != j && o.sums == other.sums && o.indices == other.indices {
				c.tryOverlaps(dev, i, j, try)
			}
		}
	}
	return faults
}

func otherType(t kernels.Tensor, dims []int) kernels.Tensor {
	if t.Type() == kernels.Float64 {
		return kernels.FromFloat32(make([]float32, t.Len()), dims...)
	}
	return kernels.FromFloat64(make([]float64, t.Len()), dims...)
}

// tryOverlaps lets output i share one element with operand j, and be exactly the same memory where that is not allowed.
func (c call) tryOverlaps(dev kernels.Device, i, j int, try func(string, func([]kernels.Tensor))) {
	o, other := c.operands[i], c.operands[j]
	place := func(at int) func([]kernels.Tensor) {
		return func(tensors []kernels.Tensor) {
			block := allocate(dev, o, o.len()+other.len())
			tensors[i], tensors[j] = block.Slice(0, o.dims...), block.Slice(at, other.dims...)
		}
	}
	try(o.name+" shares an element with "+other.name, place(o.len()-1))
	allowed := slices.Contains(o.inPlace, other.name) || slices.Contains(other.inPlace, o.name)
	if o.len() == other.len() && !allowed {
		try(o.name+" is the same memory as "+other.name, place(0))
	}
}
