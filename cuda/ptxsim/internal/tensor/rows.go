package tensor

// This file walks through what one cp.async.bulk.tensor copies.

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Row is a run of elements along the first dimension.
type Row struct {
	Shared   int    // where it begins in the copy, in bytes, before the swizzle
	Global   uint64 // the address of its byte From
	From, To int    // the bytes of it that lie in the tensor; the others are 0
}

// rowBytes is the length of a row.
func (m *Map) rowBytes() int { return int(m.Box[0]) * int(m.ElementBytes) }

// Bytes is how much one copy brings, what lies outside the tensor included.
func (m *Map) Bytes() int { return m.rows() * m.rowBytes() }

func (m *Map) rows() int {
	if m.Im2col {
		return int(m.Box[1])
	}
	n := 1
	for d := 1; d < int(m.Dimensions); d++ {
		n *= m.count(d)
	}
	return n
}

// count is the number of elements that a box copies along a dimension.
func (m *Map) count(dimension int) int {
	step := int(m.Steps[dimension])
	return (int(m.Box[dimension]) + step - 1) / step
}

// RowBytes is the length of a row of the copy.
func (m *Map) RowBytes() int { return m.rowBytes() }

// Round rounds a row as the copy does.
func (m *Map) Round(row []byte) {
	if !m.TF32 {
		return
	}
	const dropped, infinite = 13, 0x7f800000
	for ; len(row) > 0; row = row[4:] {
		bits := binary.LittleEndian.Uint32(row)
		if bits&infinite == infinite {
			continue
		}
		bits += 1<<(dropped-1) - 1 + bits>>dropped&1
		binary.LittleEndian.PutUint32(row, bits&^(1<<dropped-1))
	}
}

// row is the run that begins at a place, which may lie outside in any dimension.
func (m *Map) row(number int, at [mostDimensions]int64) Row {
	size, bytes := int64(m.ElementBytes), int64(m.rowBytes())
	r := Row{Shared: number * int(bytes)}
	address := int64(m.At)
	for d := 1; d < int(m.Dimensions); d++ {
		if at[d] < 0 || at[d] >= int64(m.Sizes[d]) {
			return r
		}
		address += at[d] * int64(m.Strides[d-1])
	}
	from := min(max(0, -at[0]*size), bytes)
	to := max(from, min(bytes, (int64(m.Sizes[0])-at[0])*size))
	r.From, r.To, r.Global = int(from), int(to), uint64(address+at[0]*size+from)
	return r
}

// Tiles are the rows of the box at coordinates:
//
//	for z: for y: box[z][y][0...] = tensor[c2+z*step2][c1+y*step1][c0...]
func (m *Map) Tiles(coordinates []int32) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for n := range m.rows() {
			at := [mostDimensions]int64{int64(coordinates[0])}
			rest := n
			for d := 1; d < int(m.Dimensions); d++ {
				at[d] = int64(coordinates[d]) + int64(rest%m.count(d))*int64(m.Steps[d])
				rest /= m.count(d)
			}
			if !yield(m.row(n, at)) {
				return
			}
		}
	}
}

// Pixels are the rows of im2col: from the pixel at coordinates on through the box, each moved by the offsets. The coordinates
// but for channel and image must lie in the box.
func (m *Map) Pixels(coordinates []int32, offsets []uint16) (iter.Seq[Row], error) {
	space := int(m.Dimensions) - 2
	var from, to [mostSpace]int64
	for d := range space {
		from[d], to[d] = int64(m.Lower[d]), int64(m.Sizes[1+d])-1+int64(m.Upper[d])
		if c := int64(coordinates[1+d]); c < from[d] || c > to[d] {
			return nil, fmt.Errorf("coordinate %d of dimension %d, expected %d to %d of the box", c, 1+d, from[d], to[d])
		}
		if d < len(offsets) && int(offsets[d]) >= 2*cornerLimit(space) {
			return nil, fmt.Errorf("offset %d, expected below %d", offsets[d], 2*cornerLimit(space))
		}
	}
	return func(yield func(Row) bool) {
		var base [mostDimensions]int64
		for d, c := range coordinates {
			base[d] = int64(c)
		}
		for n := range int(m.Box[1]) {
			at := base
			for d, offset := range offsets {
				at[1+d] += int64(offset)
			}
			if !yield(m.row(n, at)) {
				return
			}
			m.advance(&base, from, to)
		}
	}, nil
}

// advance goes to the next pixel of the box, or to the first one of the next image.
func (m *Map) advance(base *[mostDimensions]int64, from, to [mostSpace]int64) {
	space := int(m.Dimensions) - 2
	for d := range space {
		if base[1+d] += int64(m.Steps[1+d]); base[1+d] <= to[d] {
			return
		}
		base[1+d] = from[d]
	}
	base[1+space] += int64(m.Steps[1+space])
}

// Contained says whether the box of im2col lies in the images, as a copy to global memory needs it.
func (m *Map) Contained() bool {
	for d := range mostSpace {
		if m.Lower[d] < 0 || m.Upper[d] > 0 {
			return false
		}
	}
	return true
}
