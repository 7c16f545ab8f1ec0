// Package tensor knows where the elements of matrices and tensors lie in memory: tensor maps of cp.async.bulk.tensor, matrix
// descriptors of wgmma, and the swizzles that both share.
package tensor

// This file encodes tensor maps. Theirs is a format of this interpreter's own: NVIDIA's is not documented. Neither is how its
// copies round to tf32: Triton's test of a card of capability 12.0 found to nearest with ties to even, Inf and NaN as they are
// (its pull request 11751), and CUTLASS relies on the rounding on 9.0.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"

	"gzpt/cuda/internal/driver"
)

// Most of anything that a map has: dimensions, and those between channels and images.
const (
	mostDimensions = 5
	mostSpace      = mostDimensions - 2
)

// Map is a decoded tensor map. Its encoding is these fields, one after the other, little-endian.
type Map struct {
	Name         [8]byte
	At           uint64
	Strides      [mostDimensions - 1]uint64
	Sizes        [mostDimensions]uint32
	Box          [mostDimensions]uint16 // of im2col the channels and the pixels
	Lower, Upper [mostSpace]int16
	Steps        [mostDimensions]uint8
	Dimensions   uint8
	ElementBytes uint8
	Span         uint8 // bytes of the swizzle, 0 for none
	Im2col       bool
	TF32         bool // float32 that copies to shared memory round
	_            [20]byte
	Sum          uint64 // of all before it
}

const mapSize = len(driver.TensorMap{})

var mapName = [8]byte{'g', 'z', 'p', 't', 'm', 'a', 'p', '1'}

var elementBytes = map[driver.ElementType]uint8{
	driver.Uint8: 1, driver.Uint16: 2, driver.Uint32: 4, driver.Int32: 4, driver.Uint64: 8, driver.Int64: 8,
	driver.Float16: 2, driver.Float32: 4, driver.Float64: 8, driver.BFloat16: 2, driver.TFloat32: 4,
}

// EncodeTiled makes the map of boxes of a tensor.
func EncodeTiled(t driver.Tiled) (driver.TensorMap, error) {
	if err := t.Check(); err != nil {
		return driver.TensorMap{}, err
	}
	m, err := newMap(t.Tensor)
	if err != nil {
		return driver.TensorMap{}, err
	}
	for n, size := range t.Box {
		if size < 1 || size > 256 {
			return driver.TensorMap{}, fmt.Errorf("a box of %d elements in dimension %d, expected 1 to 256", size, n)
		}
		m.Box[n] = uint16(size)
	}
	return m.encode()
}

// EncodeIm2col makes the map of pixels of a batch of images.
func EncodeIm2col(t driver.Im2col) (driver.TensorMap, error) {
	if err := t.Check(); err != nil {
		return driver.TensorMap{}, err
	}
	m, err := newMap(t.Tensor)
	if err != nil {
		return driver.TensorMap{}, err
	}
	space := len(t.Sizes) - 2
	if t.Channels < 1 || t.Channels > 256 || t.Pixels < 1 || t.Pixels > 1024 {
		return driver.TensorMap{}, fmt.Errorf("%d channels of %d pixels, expected 1 to 256 and 1 to 1024", t.Channels, t.Pixels)
	}
	limit := int32(cornerLimit(space))
	for n := range space {
		lower, upper := t.Lower[n], t.Upper[n]
		if lower < -limit || lower >= limit || upper < -limit || upper >= limit {
			return driver.TensorMap{}, fmt.Errorf("corners %d and %d, expected %d to %d", lower, upper, -limit, limit-1)
		}
		if int64(lower) > int64(t.Sizes[1+n])-1+int64(upper) {
			return driver.TensorMap{}, fmt.Errorf("an empty box: corners %d and %d of %d pixels", lower, upper, t.Sizes[1+n])
		}
		m.Lower[n], m.Upper[n] = int16(lower), int16(upper)
	}
	m.Im2col, m.Box[0], m.Box[1] = true, uint16(t.Channels), uint16(t.Pixels)
	return m.encode()
}

// cornerLimit bounds the corners of im2col: -limit to limit-1, for 1 to 3 dimensions of space.
func cornerLimit(space int) int { return [...]int{1 << 15, 1 << 7, 1 << 4}[space-1] }

// newMap checks what both kinds have.
func newMap(t driver.Tensor) (*Map, error) {
	m := &Map{Name: mapName, At: uint64(t.At), Dimensions: uint8(len(t.Sizes)), ElementBytes: elementBytes[t.Type], TF32: t.Type == driver.TFloat32}
	switch {
	case m.ElementBytes == 0:
		return nil, fmt.Errorf("elements of type %d are not modelled", t.Type)
	case t.At%16 != 0:
		return nil, fmt.Errorf("misaligned: a tensor at %#x, expected a multiple of 16", uint64(t.At))
	case t.Swizzle < driver.NoSwizzle || t.Swizzle > driver.Swizzle128:
		return nil, fmt.Errorf("swizzle %d is not modelled", t.Swizzle)
	}
	m.Span = [...]uint8{0, 32, 64, 128}[t.Swizzle]
	for n, size := range t.Sizes {
		if size < 1 || size > 1<<31 {
			return nil, fmt.Errorf("%d elements in dimension %d, expected 1 to 2^31", size, n)
		}
		m.Sizes[n], m.Steps[n] = uint32(size), 1
	}
	for n, stride := range t.Strides {
		if stride%16 != 0 || stride >= 1<<40 {
			return nil, fmt.Errorf("a stride of %d bytes, expected a multiple of 16 below 2^40", stride)
		}
		m.Strides[n] = stride
	}
	for n, step := range t.Steps {
		if step < 1 || step > 8 {
			return nil, fmt.Errorf("a step of %d elements in dimension %d, expected 1 to 8", step, n)
		}
		if n > 0 { // in the first every element is copied
			m.Steps[n] = uint8(step)
		}
	}
	return m, nil
}

func (m *Map) encode() (encoded driver.TensorMap, err error) {
	row := m.rowBytes()
	if row%16 != 0 || m.Span != 0 && row != int(m.Span) {
		if m.Span != 0 && row < int(m.Span) {
			return encoded, fmt.Errorf("rows of %d bytes with a swizzle of %d are not modelled, expected as many", row, m.Span)
		}
		return encoded, fmt.Errorf("rows of %d bytes with a swizzle of %d, expected a multiple of 16 and no more than the swizzle", row, m.Span)
	}
	if _, err = binary.Encode(encoded[:], binary.LittleEndian, m); err != nil {
		return encoded, err
	}
	binary.LittleEndian.PutUint64(encoded[len(encoded)-8:], sum(encoded[:]))
	return encoded, nil
}

func sum(encoded []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(encoded[:len(encoded)-8])
	return h.Sum64()
}

// Named reports whether bytes begin with a map.
func Named(b []byte) bool { return len(b) >= mapSize && bytes.Equal(b[:8], mapName[:]) }

// Forget clears what is known of the map at the beginning of b by its address alone, so that maps of equal tensors are equal.
func Forget(b []byte) { clear(b[mapSize-8 : mapSize]) }

// Decode reads a map.
func Decode(encoded []byte) (*Map, error) {
	m := new(Map)
	if len(encoded) != mapSize || !Named(encoded) {
		return nil, errors.New("there is no tensor map")
	}
	if _, err := binary.Decode(encoded, binary.LittleEndian, m); err != nil {
		return nil, err
	}
	if m.Sum != sum(encoded) {
		return nil, errors.New("the tensor map has been changed")
	}
	return m, nil
}
