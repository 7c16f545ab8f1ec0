// Package reference is the portable device: every operation of package kernels as the plain loop that its doc comment
// defines, in Go alone. It is the oracle of the conformance suite and the device of machines without assembly.
//
// Storage is float32 or float64; every sum is taken in float64 and rounded once, when it is stored. Long loops are
// spread over goroutines, cut by shape and never by worker, so the bits do not depend on GOMAXPROCS. Unlike the other
// devices it allocates: scratch for transposed operands, and its goroutines.
package reference

import "gzpt/kernels"

// float is the element type of a device's tensors.
type float interface{ float32 | float64 }

// device keeps nothing between operations.
type device[T float] struct {
	check kernels.Check
	name  string
	of    func(kernels.Tensor) []T         // the elements of a tensor of the device's type
	from  func([]T, ...int) kernels.Tensor // the tensor over elements
}

var _ kernels.Device = (*device[float32])(nil)

// New opens the reference device with the given element type. Its operations may be called from several goroutines as
// long as their tensors are apart.
func New(typ kernels.Type) kernels.Device {
	check := kernels.Check{Type: typ}
	switch typ {
	case kernels.Float32:
		return &device[float32]{check, "reference/float32", kernels.Tensor.Float32, kernels.FromFloat32}
	case kernels.Float64:
		return &device[float64]{check, "reference/float64", kernels.Tensor.Float64, kernels.FromFloat64}
	}
	panic("reference: New: unknown element type")
}

func (d *device[T]) Name() string { return d.name }

func (d *device[T]) Type() kernels.Type { return d.check.Type }

func (d *device[T]) New(dims ...int) kernels.Tensor {
	return d.from(make([]T, product(dims)), dims...)
}

func (d *device[T]) NewFloat64(dims ...int) kernels.Tensor {
	return kernels.FromFloat64(make([]float64, product(dims)), dims...)
}

// product is the number of elements of a tensor, 0 for dimensions that no tensor can have: the tensor's constructor
// names that mistake.
func product(dims []int) int {
	n := 1
	for _, v := range dims {
		n *= max(v, 0)
	}
	return n
}

func (d *device[T]) Write(dst kernels.Tensor, src []float32) {
	d.check.Transfer("Write", dst, len(src))
	if dst.Type() == kernels.Float64 {
		convert(dst.Float64(), src)
		return
	}
	copy(dst.Float32(), src)
}

func (d *device[T]) Read(dst []float32, src kernels.Tensor) {
	d.check.Transfer("Read", src, len(dst))
	if src.Type() == kernels.Float64 {
		convert(dst, src.Float64())
		return
	}
	copy(dst, src.Float32())
}

func (d *device[T]) ReadFloat64(dst []float64, src kernels.Tensor) {
	d.check.Transfer("ReadFloat64", src, len(dst))
	if src.Type() == kernels.Float64 {
		copy(dst, src.Float64())
		return
	}
	convert(dst, src.Float32())
}

func convert[A, B float](dst []A, src []B) {
	for i, v := range src {
		dst[i] = A(v)
	}
}

// Sync has nothing to wait for: every operation returns when it is done.
func (d *device[T]) Sync() {}

// Close has nothing to release.
func (d *device[T]) Close() {}
