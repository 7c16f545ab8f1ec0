//go:build amd64 && !noasm

package asm

import "unsafe"

// lanes is the floats of one 256-bit register, the width that packing works in.
const lanes = 8

// at is the address of p[i].
func at(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*i)) }

// packRows copies n rows of the first width floats of src, stride floats apart, to rows of columns floats of dst, filled
// with zeros past width. dst may be written up to 7 floats past its last row.
func packRows(dst *float32, columns int, src *float32, stride, n, width int) {
	for j := 0; j < columns; j += lanes {
		if mask := min(lanes, width-j); mask > 0 {
			packRows8(at(dst, j), 4*columns, at(src, j), 4*stride, n, maskOf(mask))
			continue
		}
		packRows8(at(dst, j), 4*columns, src, 4*stride, n, maskOf(0))
	}
}

// packColumns transposes the first n floats of width rows of src, stride floats apart, to n rows of columns floats of dst,
// filled with zeros past width.
func packColumns(dst *float32, columns int, src *float32, stride, n, width int) {
	transpose(dst, columns, src, stride, n, width)
	if width < columns {
		for k := range n {
			clear(unsafe.Slice(at(dst, k*columns+width), columns-width))
		}
	}
}

// transpose copies the first n floats of width rows of src, srcStride floats apart, to the first width floats of n rows of
// dst, dstStride floats apart.
func transpose(dst *float32, dstStride int, src *float32, srcStride, n, width int) {
	whole, full := n/lanes*lanes, width/lanes*lanes
	for j := 0; j < full; j += lanes {
		packColumns8(at(dst, j), 4*dstStride, at(src, j*srcStride), 4*srcStride, whole/lanes)
	}
	for k := range n {
		first := full
		if k >= whole {
			first = 0
		}
		for j := first; j < width; j++ {
			*at(dst, k*dstStride+j) = *at(src, j*srcStride+k)
		}
	}
}

// packRows8 copies 8 columns of a matrix, steps in bytes:
//
//	for r := range n { for j := range 8 { dst[r*dstStep+j] = mask[j] ? src[r*srcStep+j] : 0 } }
//
//go:noescape
func packRows8(dst *float32, dstStep int, src *float32, srcStep, n int, mask *int32)

// packPanels copies rows of a matrix to panels of 8*blocks columns, steps in bytes, blocks 1, 2 or 4:
//
//	for r := range n { for p := range panels { for j := range 8*blocks {
//		dst[p*panelStep+r*dstStep+j] = src[r*srcStep+p*dstStep+j]
//	}}}
//
//go:noescape
func packPanels(dst *float32, panelStep, dstStep int, src *float32, srcStep, n, panels, blocks int)

// packColumns8 transposes 8 rows of 8*n floats, steps in bytes:
//
//	for d := range 8*n { for j := range 8 { dst[d*dstStep+j] = src[j*srcStep+d] } }
//
//go:noescape
func packColumns8(dst *float32, dstStep int, src *float32, srcStep, n int)

// addFloats adds a block to another:
//
//	for i := range n { dst[i] += src[i] }
//
//go:noescape
func addFloats(dst, src *float32, n int)
