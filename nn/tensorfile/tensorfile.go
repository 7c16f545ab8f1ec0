// Package tensorfile is what files of named tensors have in common, whatever their format: the types of elements, what a
// tensor says about itself, and the way from bytes to numbers. Formats have packages of their own beside it.
package tensorfile

import (
	"fmt"
	"math"
)

// File is an open file of named tensors. Elements are read from the file when they are asked for.
type File interface {
	// Tensors is every tensor in the order of the file.
	Tensors() []Info
	// Floats reads the elements of Tensors()[i], a floating-point tensor, row-major, as float32. Another type and a failed
	// read are errors that name the tensor.
	Floats(i int) ([]float32, error)
	// Ints reads the elements of Tensors()[i], an int64 tensor, row-major.
	Ints(i int) ([]int64, error)
}

// Info is what a file says about a tensor.
type Info struct {
	Name  string
	Type  Type
	Shape []int // empty for a scalar
}

// Len is the number of elements.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// String is name, type and shape, for messages: "fc.bias (F32 [1000])".
func (i Info) String() string { return fmt.Sprintf("%s (%s %v)", i.Name, i.Type, i.Shape) }

// Bytes is how many bytes the elements of the shape take, or false for a negative dimension, an unknown type, and more
// bytes than an int64 counts.
func Bytes(t Type, shape []int) (int64, bool) {
	size := t.Size()
	if size == 0 {
		return 0, false
	}
	bytes := size
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
	}
	for _, d := range shape {
		if d == 0 {
			return 0, true
		}
	}
	for _, d := range shape {
		if bytes > math.MaxInt64/int64(d) {
			return 0, false
		}
		bytes *= int64(d)
	}
	return bytes, true
}
