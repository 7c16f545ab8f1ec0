//go:build unix

package kerneltest

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"gzpt/kernels"
)

// guard maps an operand between two pages that fault, flush against the last (atEnd) or the first.
func guard(o operand, typ kernels.Type, atEnd bool) (t kernels.Tensor, release func()) {
	typ = o.typeOn(typ)
	page := unix.Getpagesize()
	size := o.len() * typ.Size()
	inner := max((size+page-1)/page, 1) * page
	block, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic("kerneltest: guard: " + err.Error())
	}
	for _, end := range [][]byte{block[:page], block[page+inner:]} {
		if err := unix.Mprotect(end, unix.PROT_NONE); err != nil {
			panic("kerneltest: guard: " + err.Error())
		}
	}
	from := unsafe.Pointer(&block[page])
	if atEnd {
		from = unsafe.Pointer(&block[page : page+inner+1][inner-size])
	}
	switch typ {
	case kernels.Float64:
		t = kernels.FromFloat64(unsafe.Slice((*float64)(from), o.len()), o.dims...)
	case kernels.Int32:
		t = kernels.FromInt32(unsafe.Slice((*int32)(from), o.len()), o.dims...)
	default:
		t = kernels.FromFloat32(unsafe.Slice((*float32)(from), o.len()), o.dims...)
	}
	return t, func() {
		if err := unix.Munmap(block); err != nil {
			panic("kerneltest: guard: " + err.Error())
		}
	}
}
