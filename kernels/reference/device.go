// Package reference is the portable device: every operation of package kernels as the plain loop that its doc comment
// defines, in Go alone. It is the oracle of the conformance suite and the device of machines without assembly.
//
// Storage is float32 or float64, of activations also bfloat16; every sum is taken in float64 and rounded when it is
// stored, to bfloat16 by way of the device's type; the sums of Augment alone are those of package augment. Long loops are
// spread over goroutines, cut by shape and never by worker, so the bits do not depend on GOMAXPROCS. Unlike the other devices it
// allocates: scratch for operands and sums, and its goroutines.
package reference

import "gzpt/kernels"

// float is the element type of a device's tensors.
type float interface{ float32 | float64 }

// device keeps nothing between operations.
type device[T float] struct {
	kernels.HostHeap
	check    kernels.Check
	name     string
	elements func(kernels.Tensor) []T // of a tensor of the device's type
}

var _ kernels.Device = (*device[float32])(nil)

// New opens the reference device with the given element type. Its operations may be called from several goroutines as
// long as their tensors are apart.
func New(typ kernels.Type) kernels.Device {
	switch typ {
	case kernels.Float32:
		return open(typ, kernels.Tensor.Float32)
	case kernels.Float64:
		return open(typ, kernels.Tensor.Float64)
	}
	panic("reference: New: the element type is neither float32 nor float64")
}

func open[T float](typ kernels.Type, elements func(kernels.Tensor) []T) kernels.Device {
	d := &device[T]{name: "reference/" + typ.String(), elements: elements}
	d.Owner = d
	d.check = kernels.Check{Type: typ, Owner: d, Host: true, BFloat16: true}
	return d
}

func (d *device[T]) Name() string { return d.name }

func (d *device[T]) Type() kernels.Type { return d.check.Type }

func (d *device[T]) Supports(t kernels.Type) bool {
	return t == d.check.Type || t == kernels.Float64 || t == kernels.BFloat16 || t == kernels.Int32
}

func (d *device[T]) New(t kernels.Type, dims ...int) kernels.Tensor {
	d.check.New(t)
	return d.HostHeap.New(t, dims...)
}

func (d *device[T]) NewBuffer(n int) []float32 { return make([]float32, n) }

func (d *device[T]) FreeBuffer([]float32) {}

// of is the elements of a tensor: its memory, or of a bfloat16 one a copy, which store puts back.
func (d *device[T]) of(t kernels.Tensor) []T {
	if t.Type() != kernels.BFloat16 {
		return d.elements(t)
	}
	values := make([]T, t.Len())
	for i, b := range t.BFloat16() {
		values[i] = T(kernels.FromBFloat16(b))
	}
	return values
}

// wide is the elements of a tensor in float64, a copy unless that is its type: a loop that reads each many times converts it once.
func (d *device[T]) wide(t kernels.Tensor) []float64 {
	if t.Type() == kernels.Float64 {
		return t.Float64()
	}
	values := make([]float64, t.Len())
	convert(values, d.of(t))
	return values
}

// store makes values, which came from of, the elements of a tensor.
func (d *device[T]) store(t kernels.Tensor, values []T) {
	if t.Type() != kernels.BFloat16 {
		return
	}
	to := t.BFloat16()
	for i, v := range values {
		to[i] = kernels.ToBFloat16(float64(v))
	}
}

func (d *device[T]) Write(dst kernels.Tensor, src []float32) {
	d.check.Transfer("Write", dst, len(src))
	kernels.HostWrite(dst, src)
}

func (d *device[T]) WriteFloat64(dst kernels.Tensor, src []float64) {
	d.check.Transfer("WriteFloat64", dst, len(src))
	kernels.HostWrite(dst, src)
}

func (d *device[T]) WriteInt32(dst kernels.Tensor, src []int32) {
	d.check.Transfer("WriteInt32", dst, len(src))
	copy(dst.Int32(), src)
}

func (d *device[T]) Read(dst []float32, src kernels.Tensor) error {
	d.check.Transfer("Read", src, len(dst))
	kernels.HostRead(dst, src)
	return nil
}

func (d *device[T]) ReadFloat64(dst []float64, src kernels.Tensor) error {
	d.check.Transfer("ReadFloat64", src, len(dst))
	kernels.HostRead(dst, src)
	return nil
}

func convert[A, B float](dst []A, src []B) {
	for i, v := range src {
		dst[i] = A(v)
	}
}

// Sync has nothing to wait for: every operation returns when it is done.
func (d *device[T]) Sync() error { return nil }

// Close has nothing to release.
func (d *device[T]) Close() {}
