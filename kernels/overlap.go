package kernels

import "unsafe"

// sameBlock reports whether two tensors start at the same element and have the same length.
func sameBlock(a, b Tensor) bool {
	switch {
	case len(a.f32) > 0 && len(b.f32) > 0:
		return &a.f32[0] == &b.f32[0] && len(a.f32) == len(b.f32)
	case len(a.f64) > 0 && len(b.f64) > 0:
		return &a.f64[0] == &b.f64[0] && len(a.f64) == len(b.f64)
	}
	return false
}

// overlap reports whether two slices share elements without being the same slice.
func overlap[T float32 | float64](a, b []T, size uintptr) bool {
	a0, b0 := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	if a0 == b0 && len(a) == len(b) {
		return false
	}
	return a0 < b0+uintptr(len(b))*size && b0 < a0+uintptr(len(a))*size
}
