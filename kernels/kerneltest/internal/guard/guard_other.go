//go:build !unix

// Package guard gives memory at whose end, or beginning, a load or store of one element too many faults.
package guard

import "unsafe"

// Page is ordinary memory where pages cannot be protected in a portable way; the canaries remain.
func Page(size int, _ bool) (from unsafe.Pointer, release func()) {
	return unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8+1))), func() {}
}
