//go:build !unix

package kerneltest

import "gzpt/kernels"

// guard gives an operand ordinary memory where pages cannot be protected in a portable way; the canaries remain.
func guard(o operand, typ kernels.Type, _ bool) (t kernels.Tensor, release func()) {
	switch o.typeOn(typ) {
	case kernels.Float64:
		return kernels.FromFloat64(make([]float64, o.len()), o.dims...), func() {}
	case kernels.Int32:
		return kernels.FromInt32(make([]int32, o.len()), o.dims...), func() {}
	}
	return kernels.FromFloat32(make([]float32, o.len()), o.dims...), func() {}
}
