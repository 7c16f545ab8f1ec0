package kernels

// Type is the element type of a tensor.
type Type uint8

const (
	// Float32 is the storage type of every device that trains.
	Float32 Type = iota + 1
	// Float64 is the type of sums, losses and norms on every device, and the storage type of the float64 reference.
	Float64
)

// Size is the number of bytes of one element.
func (t Type) Size() int {
	switch t {
	case Float32:
		return 4
	case Float64:
		return 8
	}
	panic("kernels: Type: unknown element type")
}

func (t Type) String() string {
	switch t {
	case Float32:
		return "float32"
	case Float64:
		return "float64"
	}
	return "none"
}

// maxRank is the largest number of dimensions: N, H, W, C.
const maxRank = 4

// Tensor is a dense row-major block of elements in the memory of one device. It is a small value: copying a Tensor
// copies the reference, not the elements. The zero Tensor holds nothing.
type Tensor struct {
	rank int
	dims [maxRank]int
	f32  []float32
	f64  []float64
}

// FromFloat32 makes a tensor of the given dimensions over data, whose length must be their product.
func FromFloat32(data []float32, dims ...int) Tensor {
	t := shaped(dims)
	if t.Len() != len(data) {
		panic("kernels: FromFloat32: length differs from the product of the dimensions")
	}
	t.f32 = data[:len(data):len(data)]
	return t
}

// FromFloat64 makes a tensor of the given dimensions over data, whose length must be their product.
func FromFloat64(data []float64, dims ...int) Tensor {
	t := shaped(dims)
	if t.Len() != len(data) {
		panic("kernels: FromFloat64: length differs from the product of the dimensions")
	}
	t.f64 = data[:len(data):len(data)]
	return t
}

func shaped(dims []int) Tensor {
	if len(dims) == 0 || len(dims) > maxRank {
		panic("kernels: Tensor: a tensor has 1 to 4 dimensions")
	}
	t := Tensor{rank: len(dims)}
	for i, d := range dims {
		if d < 0 {
			panic("kernels: Tensor: negative dimension")
		}
		t.dims[i] = d
	}
	return t
}

// Type is the element type, 0 for the zero Tensor.
func (t Tensor) Type() Type {
	switch {
	case t.f32 != nil:
		return Float32
	case t.f64 != nil:
		return Float64
	}
	return 0
}

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
	v := shaped(dims)
	if v.Len() != t.Len() {
		panic("kernels: Tensor.View: the product of the dimensions differs from the length")
	}
	v.f32, v.f64 = t.f32, t.f64
	return v
}

// Slice is the elements offset, offset+1, ... of the flat tensor under the given dimensions: how a parameter is cut
// from the arena, or a few items from a batch.
func (t Tensor) Slice(offset int, dims ...int) Tensor {
	v := shaped(dims)
	n := v.Len()
	if offset < 0 || offset+n > t.Len() {
		panic("kernels: Tensor.Slice: out of range")
	}
	if t.f32 != nil {
		v.f32 = t.f32[offset : offset+n : offset+n]
	}
	if t.f64 != nil {
		v.f64 = t.f64[offset : offset+n : offset+n]
	}
	return v
}

// Host reports whether the elements lie in host memory, where Float32 or Float64 reach them.
func (t Tensor) Host() bool { return t.f32 != nil || t.f64 != nil || t.Len() == 0 }

// Float32 is the elements of a float32 tensor in host memory; writing to it writes to the tensor. It panics for any
// other tensor. Code that runs on every device uses [Device].Read and Write instead.
func (t Tensor) Float32() []float32 {
	if t.f32 == nil && t.Len() > 0 {
		panic("kernels: Tensor.Float32: not a float32 tensor in host memory")
	}
	return t.f32
}

// Float64 is the elements of a float64 tensor in host memory; writing to it writes to the tensor. It panics for any
// other tensor.
func (t Tensor) Float64() []float64 {
	if t.f64 == nil && t.Len() > 0 {
		panic("kernels: Tensor.Float64: not a float64 tensor in host memory")
	}
	return t.f64
}
