package tensor

// This file reads the matrix descriptors of wgmma.

import (
	"errors"
	"fmt"
)

// Swizzle exchanges the 16-byte pieces of shared memory within spans of 32, 64 or 128 bytes, 0 for none, by the number of the
// 128-byte line that they lie in.
func Swizzle(address uint64, span int) uint64 { return swizzleFrom(address, span, 0) }

// swizzleFrom is Swizzle where the pattern begins at line base instead of at a multiple of eight.
func swizzleFrom(address uint64, span, base int) uint64 {
	if span == 0 {
		return address
	}
	return address ^ (address>>7-uint64(base))&uint64(span/16-1)<<4
}

// Descriptor is where a matrix of wgmma lies in shared memory. Its pieces are 16 bytes, along k where it is K-major, along rows
// of A or columns of B where it is transposed.
type Descriptor struct {
	Start           uint64
	Leading, Stride uint64 // bytes
	Base            int    // lines
	Span            int    // of the swizzle, 0 for none
}

// reserved are the bits of a descriptor that mean nothing.
const reserved = 3<<14 | 3<<30 | 7<<46 | 1<<62 - 1<<52

// ParseDescriptor reads a descriptor:
//
//	bits 0-13 start / 16, 16-29 leading byte offset / 16, 32-45 stride byte offset / 16, 49-51 base offset, 62-63 swizzle
func ParseDescriptor(bits uint64) (d Descriptor, err error) {
	field := func(at int) uint64 { return bits >> at & (1<<14 - 1) * 16 }
	d = Descriptor{Start: field(0), Leading: field(16), Stride: field(32), Base: int(bits >> 49 & 7), Span: [...]int{0, 128, 64, 32}[bits>>62]}
	switch {
	case bits&reserved != 0:
		return d, fmt.Errorf("matrix descriptor %#x: bits %#x mean nothing", bits, bits&reserved)
	case d.Span == 0 && d.Base != 0:
		return d, errors.New("matrix descriptor: a base offset without a swizzle")
	}
	// The pattern repeats after eight spans. The start may lie within the first of them.
	if line := d.Start % uint64(8*max(d.Span, 16)) / uint64(max(d.Span, 16)); d.Span != 0 && line != uint64(d.Base*128/d.Span)%8 {
		return d, fmt.Errorf("misaligned: a matrix at shared address %#x with a swizzle of %d bytes and a base offset of %d, expected a multiple of %d",
			d.Start, d.Span, d.Base, 8*d.Span)
	}
	return d, nil
}

// Along is the address of a piece of a K-major matrix: the 16 bytes from k = piece*16/size on of a row of A, a column of B.
//
//	without swizzle: start + line/8*stride + line%8*16 + piece*leading
//	else:            start + line/8*stride + line%8*span + piece*16
func (d *Descriptor) Along(line, piece int) uint64 {
	at := d.Start + uint64(line/8)*d.Stride
	if d.Span == 0 {
		return at + uint64(line%8)*16 + uint64(piece)*d.Leading
	}
	return swizzleFrom(at+uint64(line%8*d.Span)+uint64(piece)*16, d.Span, d.Base)
}

// Across is the address of a piece of a transposed matrix: 8 rows of A, columns of B, of one k.
//
//	without swizzle: start + piece*stride + k/8*leading + k%8*16
//	else:            start + piece/(span/16)*leading + k/8*stride + k%8*span + piece%(span/16)*16
func (d *Descriptor) Across(piece, k int) uint64 {
	if d.Span == 0 {
		return d.Start + uint64(piece)*d.Stride + uint64(k/8)*d.Leading + uint64(k%8)*16
	}
	pieces := d.Span / 16
	at := d.Start + uint64(piece/pieces)*d.Leading + uint64(k/8)*d.Stride
	return swizzleFrom(at+uint64(k%8*d.Span)+uint64(piece%pieces)*16, d.Span, d.Base)
}
