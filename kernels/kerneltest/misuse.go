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
		if !c.mayLack(o) {
			try(o.name+" left out", func(_ *kernels.Scope, tensors []kernels.Tensor) { tensors[i] = kernels.Tensor{} })
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

// mayLack reports whether a call is legal with the zero Tensor in the place of an operand.
func (c call) mayLack(o operand) bool {
	return o.free || c.op == "Fill" || o.name == "dk" || o.name == "queue"
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

// checkNumbers makes mistakes in numbers and choices, each with operands of the shapes that follow from it.
func checkNumbers(t *testing.T, dev kernels.Device) {
	x := dev.New(dev.Type(), 1, 4, 4, 2)
	conv := func(what string, side int, c kernels.Conv) {
		y, w, moments := dev.New(dev.Type(), 1, side, side, 2), dev.New(dev.Type(), 2, 3, 3, 2), dev.New(kernels.Float64, 2, 2)
		refused(t, "Conv2D", what, func() { dev.Conv2D(y, x, w, c) })
		refused(t, "Conv2DStats", what, func() { dev.Conv2DStats(y, moments, x, w, c) })
		refused(t, "Conv2DBackwardData", what, func() { dev.Conv2DBackwardData(x, y, w, c) })
		refused(t, "Conv2DBackwardDataAdd", what, func() { dev.Conv2DBackwardDataAdd(x, y, w, c) })
		refused(t, "Conv2DBackwardWeights", what, func() { dev.Conv2DBackwardWeights(w, y, x, c) })
	}
	conv("no stride", 2, kernels.Conv{})
	conv("a negative stride", 2, kernels.Conv{Stride: -1})
	conv("a negative padding", 0, kernels.Conv{Stride: 1, Pad: -1})
	conv("a negative dilation", 6, kernels.Conv{Stride: 1, Dilation: -1})
	conv("negative groups", 2, kernels.Conv{Stride: 1, Groups: -1})
	conv("groups that do not divide the channels", 2, kernels.Conv{Stride: 1, Groups: 3})
	conv("a stride that few numbers hold", 1, kernels.Conv{Stride: 1 << 32})
	conv("a padding whose double overflows", 0, kernels.Conv{Stride: 1, Pad: 1 << 62})
	conv("a dilation that overflows", 0, kernels.Conv{Stride: 1, Dilation: 1 << 62})

	pool := func(what string, rows, side int, p kernels.Pool) {
		image := func() kernels.Tensor { return dev.New(dev.Type(), 1, rows, 4, 2) }
		y := dev.New(dev.Type(), 1, side, side, 2)
		refused(t, "MaxPool", what, func() { dev.MaxPool(y, image(), p) })
		refused(t, "MaxPoolBackward", what, func() { dev.MaxPoolBackward(image(), y, y, image(), p) })
	}
	pool("no size", 4, 5, kernels.Pool{Stride: 1})
	pool("no stride", 4, 2, kernels.Pool{Size: 3})
	pool("a padding of more than half the window", 4, 6, kernels.Pool{Size: 3, Stride: 1, Pad: 2})
	pool("a padding whose double overflows", 4, 0, kernels.Pool{Size: 3, Stride: 1, Pad: 1 << 62})
	pool("a stride that few numbers hold", 4, 1, kernels.Pool{Size: 3, Stride: 1 << 32})
	pool("windows without pixels", 0, 1, kernels.Pool{Size: 2, Stride: 5, Pad: 1})

	vector, moments := func() kernels.Tensor { return dev.New(dev.Type(), 2) }, dev.New(kernels.Float64, 2, 2)
	refused(t, "BatchNormStats", "no rows", func() {
		dev.BatchNormStats(kernels.Norm{Mean: vector(), InvStd: vector()}, vector(), vector(), moments, 0, 1e-5, 0.1)
	})
	refused(t, "AdamW", "a step before the first", func() { dev.AdamW(vector(), vector(), vector(), vector(), kernels.AdamW{Step: 0}) })
	contrastMisuse(t, dev)
	augmentMisuse(t, dev)
}

// contrastMisuse makes the choices of losses that there are not.
func contrastMisuse(t *testing.T, dev kernels.Device) {
	matrix := func() kernels.Tensor { return dev.New(dev.Type(), 2, 3) }
	loss, none := dev.New(kernels.Float64, 1), kernels.Normaliser(2)
	refused(t, "PositivesLoss", "an unknown normaliser", func() { dev.PositivesLoss(loss, matrix(), matrix(), none, 1) })
	refused(t, "PositivesLossBackward", "an unknown normaliser", func() { dev.PositivesLossBackward(matrix(), matrix(), matrix(), none, 1) })
	labels := kernels.Labels{Offsets: dev.New(kernels.Int32, 3), Columns: dev.New(kernels.Int32, 1), Weights: dev.New(dev.Type(), 1)}
	lse, more := dev.New(dev.Type(), 2), func() kernels.Tensor { return dev.New(dev.Type(), 4, 3) }
	for what, c := range map[string]kernels.Contrast{
		"an unknown normaliser": {Normaliser: none}, "an unknown choice of keys": {Keys: 3},
		"more keys than anchors, each without its own": {Keys: kernels.OtherKeys}, "more keys than anchors, each its own": {Keys: kernels.OwnKey},
	} {
		queue := kernels.Tensor{}
		refused(t, "ContrastiveLoss", what, func() { dev.ContrastiveLoss(loss, lse, matrix(), more(), queue, labels, c, 1) })
		refused(t, "ContrastiveLossBackward", what, func() { dev.ContrastiveLossBackward(matrix(), more(), lse, matrix(), more(), queue, labels, c, 1) })
		refused(t, "ContrastiveLossAndBackward", what, func() {
			dev.ContrastiveLossAndBackward(loss, lse, matrix(), more(), matrix(), more(), queue, labels, c, 1)
		})
	}
}

// augmentMisuse tells of images that there are not.
func augmentMisuse(t *testing.T, dev kernels.Device) {
	for what, v := range map[string]kernels.Views{
		"no pixels": {Bits: 8}, "7 bits": {Side: 4, Bits: 7}, "a side whose square overflows": {Side: 1 << 31, Bits: 8},
	} {
		y, images := dev.New(dev.Type(), 1, 2, 2, 1), dev.New(kernels.Int32, 1, v.Row(1))
		table := dev.New(kernels.Float64, 1, kernels.ViewColumns(0))
		refused(t, "Augment", what, func() { dev.Augment(y, images, table, v) })
	}
}

// refused fails the test where a call is not.
func refused(t *testing.T, op, mistake string, run func()) {
	t.Helper()
	if fault := refusal(op, mistake, run); fault != "" {
		t.Errorf("%s: %s", op, fault)
	}
}
