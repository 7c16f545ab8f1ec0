// Package safetensors reads and writes files of named tensors in the safetensors format of Hugging Face
// (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the header, which gives the
// type, shape and place of every tensor, and the elements, little-endian and row-major.
//
// It knows the types that the weights of an image encoder have: F32 and, for PyTorch's counters, I64. A file is never
// trusted: the header is bounded, and every name, type, shape and place is checked before a tensor can be read.
package safetensors

// DType is the type of the elements of a tensor, as the header spells it.
type DType string

// The types that this package reads and writes.
const (
	Float32 DType = "F32"
	Int64   DType = "I64"
)

// size is the number of bytes of an element, 0 for a type that is not known here.
func (t DType) size() int64 {
	switch t {
	case Float32:
		return 4
	case Int64:
		return 8
	}
	return 0
}

// metadataKey is the entry of the header that is no tensor.
const metadataKey = "__metadata__"

// maxHeader bounds the header that is read or written: thousands of tensors fit.
const maxHeader = 16 << 20
