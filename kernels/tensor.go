package kernels

import (
	"math"
	"math/bits"
	"unsafe"
)

// Type is the element type of a tensor.
type Type uint8

const (
	// Float32 is the type of weights, their gradients, moments and statistics on every device that trains.
	Float32 Type = iota + 1
	// Float64 is the type of sums, losses and norms on every device, and of weights on the float64 reference.
	Float64
	// BFloat16 is the type of activations and their gradients where a run asks for it and the device supports it: the
	// upper half of a float32, rounded to nearest even at every store.
	BFloat16
	// Int32 is the type of labels and indices.
	Int32
)

// Size is the number of bytes of one element.
func (t Type) Size() int {
	switch t {
	case BFloat16:
		return 2
	case Float32, Int32:
		return 4
	case Float64:
		return 8
	}
	panic("kernels: Type: unknown element type")
}

// Float reports whether the elements are floating-point numbers.
func (t Type) Float() bool { return t == Float32 || t == Float64 || t == BFloat16 }

func (t Type) String() string {
	switch t {
	case Float32:
		return "float32"
	case Float64:
		return "float64"
	case BFloat16:
		return "bfloat16"
	case Int32:
		return "int32"
	}
	return "none"
}

// maxRank is the largest number of dimensions: N, H, W, C.
const maxRank = 4

// Tensor is a dense row-major block of elements in the memory of one device: an element type, dimensions, and where in
// which [Memory] it begins. It is a small value: copying a Tensor copies the reference, not the elements. The zero Tensor
// holds nothing.
type Tensor struct {
	typ    Type
	rank   int
	dims   [maxRank]int
	memory *Memory
	offset int // bytes
}

// FromFloat32 makes a tensor of the given dimensions over data, whose length must be their product. It is host memory of
// no device, which every device that computes in host memory takes.
func FromFloat32(data []float32, dims ...int) Tensor {
	t := shaped(Float32, dims)
	if t.Len() != len(data) {
		panic("kernels: FromFloat32: length differs from the product of the dimensions")
	}
	return t.over(unsafe.Pointer(unsafe.SliceData(data)))
}

// FromFloat64 is FromFloat32 for float64.
func FromFloat64(data []float64, dims ...int) Tensor {
	t := shaped(Float64, dims)
	if t.Len() != len(data) {
		panic("kernels: FromFloat64: length differs from the product of the dimensions")
	}
	return t.over(unsafe.Pointer(unsafe.SliceData(data)))
}

// FromInt32 is FromFloat32 for int32.
func FromInt32(data []int32, dims ...int) Tensor {
	t := shaped(Int32, dims)
	if t.Len() != len(data) {
		panic("kernels: FromInt32: length differs from the product of the dimensions")
	}
	return t.over(unsafe.Pointer(unsafe.SliceData(data)))
}

// over is the tensor with its elements in host memory of no device.
func (t Tensor) over(host unsafe.Pointer) Tensor {
	t.memory = hostMemory(nil, host, t.Bytes())
	return t
}

// maxElements is how many elements a tensor has at most, so that neither their number nor that of their bytes overflows. A
// dimension of 0 counts as 1.
const maxElements = math.MaxInt / 16

func shaped(typ Type, dims []int) Tensor {
	if len(dims) == 0 || len(dims) > maxRank {
		panic("kernels: Tensor: a tensor has 1 to 4 dimensions")
	}
	t := Tensor{typ: typ, rank: len(dims)}
	elements := uint64(1)
	for i, d := range dims {
		if d < 0 {
			panic("kernels: Tensor: negative dimension")
		}
		over, product := bits.Mul64(elements, uint64(max(d, 1)))
		if over > 0 || product > maxElements {
			panic("kernels: Tensor: more elements than any memory has")
		}
		elements, t.dims[i] = product, d
	}
	return t
}

// Type is the element type, 0 for the zero Tensor.
func (t Tensor) Type() Type { return t.typ }

// Rank is the number of dimensions.
func (t Tensor) Rank() int { return t.rank }

// Dim is dimension i; negative i counts from the last, so Dim(-1) is the channel of an activation.
func (t Tensor) Dim(i int) int {
	if i < 0 {
		i += t.rank
	}
	if i < 0 || i >= t.rank {
		panic("kernels: Tensor.Dim: no such dimension")
	}
	return t.dims[i]
}

// Len is the number of elements, 0 for the zero Tensor.
func (t Tensor) Len() int {
	if t.rank == 0 {
		return 0
	}
	n := 1
	for _, d := range t.dims[:t.rank] {
		n *= d
	}
	return n
}

// Bytes is the size of the elements.
func (t Tensor) Bytes() int {
	if t.rank == 0 {
		return 0
	}
	return t.Len() * t.typ.Size()
}

// Rows is the product of all dimensions but the last: the rows of the matrix [Rows, Channels].
func (t Tensor) Rows() int {
	n := 1
	for _, d := range t.dims[:max(t.rank-1, 0)] {
		n *= d
	}
	return n
}

// Channels is the last dimension.
func (t Tensor) Channels() int { return t.Dim(-1) }

// SameShape reports whether both tensors have the same rank and dimensions.
func (t Tensor) SameShape(u Tensor) bool { return t.rank == u.rank && t.dims == u.dims }

// View is the same elements under other dimensions, whose product must be Len.
func (t Tensor) View(dims ...int) Tensor {
	v := shaped(t.typ, dims)
	if v.Len() != t.Len() {
		panic("kernels: Tensor.View: the product of the dimensions differs from the length")
	}
	v.memory, v.offset = t.memory, t.offset
	return v
}

// Slice is the elements offset, offset+1, ... of the flat tensor under the given dimensions: how a parameter is cut
// from the arena, or a few items from a batch.
func (t Tensor) Slice(offset int, dims ...int) Tensor {
	v := shaped(t.typ, dims)
	if offset < 0 || offset > t.Len()-v.Len() {
		panic("kernels: Tensor.Slice: out of range")
	}
	v.memory, v.offset = t.memory, t.offset
	if offset > 0 {
		v.offset += offset * t.typ.Size()
	}
	return v
}

// Address is where the first element lies in the memory of its device: the address that the device gave to
// [DeviceMemory], or that of host memory.
func (t Tensor) Address() uintptr {
	if t.memory == nil {
		return 0
	}
	return t.memory.begin(t.offset)
}

// Memory is the block that the tensor is a view of, nil for the zero Tensor.
func (t Tensor) Memory() *Memory { return t.memory }

// Host reports whether the elements lie in host memory, where Float32 and its like reach them.
func (t Tensor) Host() bool { return t.memory != nil && t.memory.host != nil || t.Len() == 0 }

// Float32 is the elements of a float32 tensor in host memory; writing to it writes to the tensor. It panics for any
// other tensor. Code that runs on every device uses [Device].Read and Write instead.
func (t Tensor) Float32() []float32 {
	if t.Len() == 0 {
		return nil
	}
	if t.typ != Float32 || t.memory.host == nil {
		panic("kernels: Tensor.Float32: not a float32 tensor in host memory")
	}
	return elements[float32](t)
}

// Float64 is Float32 for float64 tensors.
func (t Tensor) Float64() []float64 {
	if t.Len() == 0 {
		return nil
	}
	if t.typ != Float64 || t.memory.host == nil {
		panic("kernels: Tensor.Float64: not a float64 tensor in host memory")
	}
	return elements[float64](t)
}

// BFloat16 is Float32 for bfloat16 tensors, whose elements are [ToBFloat16] of their values.
func (t Tensor) BFloat16() []uint16 {
	if t.Len() == 0 {
		return nil
	}
	if t.typ != BFloat16 || t.memory.host == nil {
		panic("kernels: Tensor.BFloat16: not a bfloat16 tensor in host memory")
	}
	return elements[uint16](t)
}

// Int32 is Float32 for int32 tensors.
func (t Tensor) Int32() []int32 {
	if t.Len() == 0 {
		return nil
	}
	if t.typ != Int32 || t.memory.host == nil {
		panic("kernels: Tensor.Int32: not an int32 tensor in host memory")
	}
	return elements[int32](t)
}

func elements[E any](t Tensor) []E {
	return unsafe.Slice((*E)(unsafe.Add(t.memory.host, t.offset)), t.Len())
}
