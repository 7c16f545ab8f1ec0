package driver

import "fmt"

// This file is the tensor maps of a device: how cp.async.bulk.tensor finds its bytes.

// ElementType is the type of the elements of a tensor, by CUDA's number.
type ElementType int

// The types of elements.
const (
	Uint8 ElementType = iota
	Uint16
	Uint32
	Int32
	Uint64
	Int64
	Float16
	Float32
	Float64
	BFloat16
	_
	TFloat32 // float32 in memory, which copies to shared memory round to tf32: to nearest, ties to even
)

// Swizzle is how the 16-byte pieces of a row are exchanged in shared memory, by CUDA's number.
type Swizzle int

// The swizzles: within so many bytes.
const (
	NoSwizzle Swizzle = iota
	Swizzle32
	Swizzle64
	Swizzle128
)

// Tensor is an array in device memory of 1 to 5 dimensions. All lists begin with the dimension whose elements lie side by side.
type Tensor struct {
	Type    ElementType
	At      Pointer  // a multiple of 16
	Sizes   []uint64 // elements, by dimension
	Strides []uint64 // bytes from one to the next, by dimension from the second on, multiples of 16
	Steps   []uint32 // elements from one that is copied to the next, 1 to 8, by dimension; nil for 1
	Swizzle Swizzle
}

// Tiled is a tensor of which boxes are copied. What lies outside the tensor is read as 0 and not written.
type Tiled struct {
	Tensor
	Box []uint32 // elements, by dimension, 1 to 256
}

// Im2col is a batch of images, dimensions C W (H (D)) N, of which channels of so many pixels one after the other are copied.
// The pixels go through the box that the corners tell, and on through the next image.
type Im2col struct {
	Tensor
	Lower, Upper []int32 // corners of the box from the first and the last pixel, by W (H (D))
	Channels     uint32  // to copy of a pixel, 1 to 256
	Pixels       uint32  // to copy, 1 to 1024
}

// TensorMap is an encoded description, which only the driver that made it and its kernels understand. Kernels are given its
// address: that of a parameter with 64 bytes of alignment, or of memory that the host wrote before the launch.
type TensorMap [128]byte

// Check says what is wrong with the lengths of the lists.
func (t *Tiled) Check() error {
	if len(t.Box) != len(t.Sizes) {
		return fmt.Errorf("a box of %d dimensions in a tensor of %d", len(t.Box), len(t.Sizes))
	}
	return t.check(1)
}

// Check says what is wrong with the lengths of the lists.
func (t *Im2col) Check() error {
	if len(t.Lower) != len(t.Sizes)-2 || len(t.Upper) != len(t.Sizes)-2 {
		return fmt.Errorf("corners of %d and %d dimensions in a tensor of %d, expected 2 fewer", len(t.Lower), len(t.Upper), len(t.Sizes))
	}
	return t.check(3)
}

func (t *Tensor) check(least int) error {
	n := len(t.Sizes)
	switch {
	case n < least || n > 5 || len(t.Strides) != n-1:
		return fmt.Errorf("%d sizes and %d strides, expected %d to 5 and one fewer", n, len(t.Strides), least)
	case t.Steps != nil && len(t.Steps) != n:
		return fmt.Errorf("%d steps in a tensor of %d dimensions", len(t.Steps), n)
	}
	return nil
}
