package kerneltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// checkMisuse makes the mistakes a caller can make, on the first call of every operation that has elements.
func checkMisuse(t *testing.T, dev kernels.Device, calls []call) {
	var seen []string
	for _, c := range calls {
		if !c.tried() || slices.Contains(seen, c.op) {
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

// tried reports whether the mistakes are made on the call: its operands have elements, and the types of the device.
func (c call) tried() bool {
	return !c.halves() && !slices.ContainsFunc(c.operands, func(o operand) bool { return o.len() == 0 || o.len() == 1 && !o.sums })
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
	stranger := reference.New(dev.Type())
	try := func(mistake string, change func(scope *kernels.Scope, tensors []kernels.Tensor)) {
		scope := kernels.NewScope(dev)
		defer scope.Close()
		tensors := plain(scope, c).tensors
		change(scope, tensors)
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
				func(scope *kernels.Scope, tensors []kernels.Tensor) { tensors[i] = allocate(scope, o, dims...) })
		}
		if c.op != "Fill" { // the one operation for tensors of any type
			try(o.name+" of the other element type", func(scope *kernels.Scope, tensors []kernels.Tensor) {
				tensors[i] = scope.New(c.otherType(tensors[i].Type()), o.dims...)
			})
		}
		if dev.Supports(kernels.BFloat16) && !c.acceptsHalf(o.name) {
			try(o.name+" of bfloat16", func(scope *kernels.Scope, tensors []kernels.Tensor) {
				tensors[i] = scope.New(kernels.BFloat16, o.dims...)
			})
		}
		try(o.name+" of another device", func(_ *kernels.Scope, tensors []kernels.Tensor) { tensors[i] = allocate(stranger, o, o.dims...) })
		try(o.name+" after it was given back", func(scope *kernels.Scope, tensors []kernels.Tensor) { scope.Free(tensors[i]) })
		for j, other := range c.operands {
			if o.out && i != j && o.typeOn(dev) == other.typeOn(dev) {
				c.tryOverlaps(i, j, try)
			}
		}
	}
	return faults
}

// otherType is a type that every device has and no operand of the given one may have.
func (c call) otherType(t kernels.Type) kernels.Type {
	if t == kernels.Float64 || c.op == "Convert" {
		return kernels.Int32
	}
	return kernels.Float64
}

// acceptsHalf reports whether an operand may be bfloat16 where the others are not: any of Fill and Convert, and the only
// activation.
func (c call) acceptsHalf(name string) bool {
	names := activations[c.op]
	return c.op == "Fill" || c.op == "Convert" || slices.Contains(names, name) && c.count(names) == 1
}

// count is how many of the call's operands have one of the names.
func (c call) count(names []string) int {
	n := 0
	for _, o := range c.operands {
		if slices.Contains(names, o.name) {
			n++
		}
	}
	return n
}

// tryOverlaps lets output i share one element with operand j, and be exactly the same memory where that is not allowed.
func (c call) tryOverlaps(i, j int, try func(string, func(*kernels.Scope, []kernels.Tensor))) {
	o, other := c.operands[i], c.operands[j]
	place := func(at int) func(*kernels.Scope, []kernels.Tensor) {
		return func(scope *kernels.Scope, tensors []kernels.Tensor) {
			block := allocate(scope, o, o.len()+other.len())
			tensors[i], tensors[j] = block.Slice(0, o.dims...), block.Slice(at, other.dims...)
		}
	}
	try(o.name+" shares an element with "+other.name, place(o.len()-1))
	allowed := slices.Contains(o.inPlace, other.name) || slices.Contains(other.inPlace, o.name)
	if o.len() == other.len() && !allowed {
		try(o.name+" is the same memory as "+other.name, place(0))
	}
}
