package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"gzpt/nn/tensorfile"
)

// Tensor is one tensor to write. Its elements are in Floats or, for counters, in Ints; the other is nil.
type Tensor struct {
	Name   string
	Shape  []int // empty for a scalar
	Floats []float32
	Ints   []int64
}

func (t Tensor) dtype() tensorfile.Type {
	if t.Ints != nil {
		return tensorfile.Int64
	}
	return tensorfile.Float32
}

// entry is what the header says about a tensor.
type entry struct {
	DType   tensorfile.Type `json:"dtype"`
	Shape   []int           `json:"shape"`
	Offsets []int64         `json:"data_offsets"` // begin and end
}

// Write writes the tensors to w with the metadata format=pt that PyTorch's loaders look for. Tensors of int64 come first,
// so that every tensor is aligned to its elements; otherwise the order is that of the argument. The same tensors give
// the same bytes. A tensor whose number of elements differs from its shape, a name that occurs twice, or a header
// that Open would refuse for its size is an error, and so is a failed write.
func Write(w io.Writer, tensors []Tensor) error {
	ordered := slices.Clone(tensors)
	slices.SortStableFunc(ordered, func(a, b Tensor) int { return int(b.dtype().Size() - a.dtype().Size()) })
	header, err := header(ordered)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(len(header)))
	out.Write(b[:]) // a bufio.Writer keeps its first error for Flush
	out.Write(header)
	for _, t := range ordered {
		for _, v := range t.Ints {
			binary.LittleEndian.PutUint64(b[:], uint64(v))
			out.Write(b[:8])
		}
		for _, v := range t.Floats {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			out.Write(b[:4])
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return nil
}

// header is the JSON of the tensors in the order of their elements, padded with blanks to a multiple of 8 bytes.
func header(tensors []Tensor) ([]byte, error) {
	h := []byte(`{"` + metadataKey + `":{"format":"pt"}`)
	seen := map[string]bool{metadataKey: true}
	var end int64
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("safetensors: write: the name %q occurs twice", t.Name)
		}
		seen[t.Name] = true
		n := 1
		for _, d := range t.Shape {
			n *= d
		}
		if n != len(t.Floats)+len(t.Ints) {
			return nil, fmt.Errorf("safetensors: write: %s: shape %v, but %d elements", t.Name, t.Shape, len(t.Floats)+len(t.Ints))
		}
		begin := end
		end += int64(n) * t.dtype().Size()
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, fmt.Errorf("safetensors: write: name %q: %w", t.Name, err)
		}
		value, err := json.Marshal(entry{t.dtype(), append([]int{}, t.Shape...), []int64{begin, end}})
		if err != nil {
			return nil, fmt.Errorf("safetensors: write: %s: %w", t.Name, err)
		}
		h = append(append(append(append(h, ','), name...), ':'), value...)
	}
	h = append(h, '}')
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	if len(h) > maxHeader {
		return nil, fmt.Errorf("safetensors: write: a header of %d bytes, a reader accepts %d", len(h), maxHeader)
	}
	return h, nil
}
