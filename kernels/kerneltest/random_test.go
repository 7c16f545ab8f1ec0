package kerneltest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// TestRandomOperations: there are random calls of every operation of the contract, and each makes calls of its own name.
func TestRandomOperations(t *testing.T) {
	var names []string
	for _, op := range randomOperations() {
		names = append(names, op.name)
		calls := op.calls(&draw{work: 1})
		if !slices.ContainsFunc(calls, func(c call) bool { return c.op == op.name }) {
			t.Errorf("%s: none among its calls", op.name)
		}
		for _, values := range op.values {
			if !slices.ContainsFunc(calls, func(c call) bool {
				return slices.ContainsFunc(c.operands, func(o operand) bool { return o.name == values })
			}) {
				t.Errorf("%s: none of its calls has an operand %s", op.name, values)
			}
		}
	}
	for _, family := range []reflect.Type{
		reflect.TypeFor[kernels.Elementwise](), reflect.TypeFor[kernels.Convolution](), reflect.TypeFor[kernels.Normalisation](),
		reflect.TypeFor[kernels.Pooling](), reflect.TypeFor[kernels.Algebra](), reflect.TypeFor[kernels.Losses](),
		reflect.TypeFor[kernels.Optimisers](), reflect.TypeFor[kernels.Augmentation](),
	} {
		for i := range family.NumMethod() {
			if name := family.Method(i).Name; !slices.Contains(names, name) {
				t.Errorf("no random calls of %s", name)
			}
		}
	}
}

// TestRandomSeesFaults: random calls find a device that is wrong for some shapes alone, and a small one of these.
func TestRandomSeesFaults(t *testing.T) {
	const wrong = 5
	dev := broken{Device: reference.New(kernels.Float32),
		relu:         func(d broken, y, x kernels.Tensor) { d.Device.ReLU(y, x) },
		reluBackward: func(d broken, dx, dy, y kernels.Tensor) { d.Device.ReLUBackward(dx, dy, y) },
		sumSquares:   func(d broken, out, x kernels.Tensor) { d.Device.SumSquares(out, x) },
		convolve:     func(d broken, y, x, w kernels.Tensor, c kernels.Conv) { d.Device.Conv2D(y, x, w, c) },
		addBiasBackward: func(d broken, db, dy kernels.Tensor) {
			d.Device.AddBiasBackward(db, dy)
			if db.Len() >= wrong && dy.Rows() > 1 {
				db.Slice(wrong-1, 1).Float32()[0]++
			}
		},
	}
	r, found := Random{Work: 1 << 10}, 0
	for seed := range uint64(600) {
		fault := Suite{}.randomFault(dev, r, seed)
		if fault == "" {
			continue
		}
		found++
		_, last, _ := strings.Cut(fault, "\nsmaller: ")
		if !strings.HasPrefix(fault, "AddBiasBackward/") || !strings.HasPrefix(last, "AddBiasBackward/8x8: ") {
			t.Errorf("seed %d: %s", seed, fault)
		}
	}
	if found == 0 {
		t.Error("no call found it")
	}
}
