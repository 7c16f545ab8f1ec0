//go:build amd64 && !noasm

package asm

import (
	"unsafe"

	"gzpt/kernels"
)

// MatMul is a 1x1 convolution of one image of m pixels: with b transposed the forward pass, with neither operand the data
// gradient, with a transposed the weight gradient.
func (d *device) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	m, n, depth := d.check.MatMul(c, a, b, p)
	out, left, right := c.Float32(), a.Float32(), b.Float32()
	if p.TransA && p.TransB {
		left = d.transposed(left, depth, m)
		p.TransA = false
	}
	switch {
	case p.TransA:
		d.weightGradient(out, left, right, pixelwise(depth, n, m), p.Accumulate)
	case p.TransB:
		d.forward(out, left, right, pixelwise(m, depth, n), nil, p.Accumulate)
	default:
		d.backward(out, left, right, pixelwise(m, n, depth), p.Accumulate)
	}
}

// pixelwise is a 1x1 convolution of pixels of c channels to k.
func pixelwise(pixels, c, k int) geometry {
	return geometry{
		Conv: kernels.Conv{Stride: 1, Dilation: 1, Groups: 1},
		n:    1, h: 1, w: pixels, c: c, k: k, r: 1, s: 1, oh: 1, ow: pixels,
	}
}

// transposed is the transpose of a [rows, columns], in scratch.
func (d *device) transposed(a []float32, rows, columns int) []float32 {
	d.conv.partial = growFloats(d.conv.partial, len(a))
	packColumns(unsafe.SliceData(d.conv.partial), rows, unsafe.SliceData(a), columns, columns, rows)
	return d.conv.partial[:len(a)]
}
