// Package safetensors reads and writes files of named tensors in the safetensors format of Hugging Face
// (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the header, which gives the
// type, shape and place of every tensor, and the elements, little-endian and row-major.
//
// A file is never trusted: the header is bounded, and every name, type, shape and place is checked before a tensor can be
// read. Written are float32 and, for PyTorch's counters, int64.
package safetensors

// metadataKey is the entry of the header that is no tensor.
const metadataKey = "__metadata__"

// maxHeader bounds the header that is read or written: thousands of tensors fit.
const maxHeader = 16 << 20
