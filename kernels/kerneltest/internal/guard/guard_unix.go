//go:build unix

// Package guard gives memory at whose end, or beginning, a load or store of one element too many faults.
package guard

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Page is size bytes of zeros between two pages that fault, flush against the last (atEnd) or the first.
func Page(size int, atEnd bool) (from unsafe.Pointer, release func()) {
	page := unix.Getpagesize()
	inner := max((size+page-1)/page, 1) * page
	block, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic("guard: Page: " + err.Error())
	}
	for _, end := range [][]byte{block[:page], block[page+inner:]} {
		if err := unix.Mprotect(end, unix.PROT_NONE); err != nil {
			panic("guard: Page: " + err.Error())
		}
	}
	from = unsafe.Pointer(&block[page])
	if atEnd {
		from = unsafe.Pointer(&block[page : page+inner+1][inner-size])
	}
	return from, func() {
		if err := unix.Munmap(block); err != nil {
			panic("guard: Page: " + err.Error())
		}
	}
}
