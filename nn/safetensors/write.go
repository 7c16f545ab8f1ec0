package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"gzpt/kernels/checksum"
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
func Write(w io.Writer, tensors []Tensor) error { return write(w, tensors, nil) }

// WriteSealed is Write with more metadata, and with a checksum of the whole file among them, by which [File.Verify] knows it.
func WriteSealed(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	all := maps.Clone(metadata)
	if all == nil {
		all = map[string]string{}
	}
	all[checksumKey] = unsealed
	return write(w, tensors, all)
}

func write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	ordered := slices.Clone(tensors)
	slices.SortStableFunc(ordered, func(a, b Tensor) int { return int(b.dtype().Size() - a.dtype().Size()) })
	header, err := header(ordered, metadata)
	if err != nil {
		return err
	}
	if metadata[checksumKey] != "" {
		sum := checksum.New()
		writeElements(sum, ordered) // a hash takes everything
		seal(header, sum)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	if err := writeElements(w, ordered); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return nil
}

// writeElements writes the elements of the tensors one after the other.
func writeElements(w io.Writer, tensors []Tensor) error {
	const chunk = 1 << 13
	buffer := make([]byte, 0, 8*chunk)
	for _, t := range tensors {
		for ints := range slices.Chunk(t.Ints, chunk) {
			buffer = buffer[:0]
			for _, v := range ints {
				buffer = binary.LittleEndian.AppendUint64(buffer, uint64(v))
			}
			if _, err := w.Write(buffer); err != nil {
				return err
			}
		}
		for floats := range slices.Chunk(t.Floats, chunk) {
			buffer = buffer[:4*len(floats)]
			for i, v := range floats {
				binary.LittleEndian.PutUint32(buffer[4*i:], math.Float32bits(v))
			}
			if _, err := w.Write(buffer); err != nil {
				return err
			}
		}
	}
	return nil
}

// header is the JSON of the metadata and of the tensors in the order of their elements, padded with blanks to a multiple of 8
// bytes.
func header(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	all := map[string]string{"format": "pt"}
	maps.Copy(all, metadata)
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("safetensors: write: metadata: %w", err)
	}
	h := append([]byte(`{"`+metadataKey+`":`), text...)
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
