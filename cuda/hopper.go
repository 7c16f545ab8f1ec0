package cuda

import (
	"fmt"
	"strings"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// Kernels for sm_90a copy by tensor maps and multiply by warpgroups. Their families say so by their target and are compiled at
// their first call, on a GPU of compute capability 9.0 alone: neither older GPUs nor newer ones have its instructions. A kernel of
// theirs has one parameter, p: its maps, 128 bytes each, and then the arguments, 8 bytes each. So every driver can pass it.

// hopper is the compute capability that sm_90a is of.
const hopper = 90

// forHopper reports whether a family is for that capability alone.
func (f family) forHopper() bool { return strings.Contains(f.text, "\n.target sm_90a\n") }

// hasHopper reports whether the kernels for sm_90a run.
func (d *Device) hasHopper() bool {
	return !d.settings.Portable && d.driver.Attribute(driver.ComputeCapability) == hopper
}

const (
	mapBytes = len(driver.TensorMap{})
	mostMaps = 4096 // that a device keeps
)

// mapping is what a tensor map shows of a tensor, its innermost dimension first: boxes, or where pixels is not 0 so many pixels of
// images, as in driver.Tiled and driver.Im2col. It can be compared, so that a device encodes each once.
type mapping struct {
	typ              kernels.Type // BFloat16, or Float32, which is rounded to tf32 on its way, unless it is exact
	exact            bool
	at               uint64 // a multiple of 16
	rank             int
	sizes            [5]int // elements
	strides          [4]int // bytes, from the second dimension on: multiples of 16
	steps            [5]int // from one pixel to the next; 0 is 1
	swizzle          driver.Swizzle
	box              [5]int // elements
	lower, upper     [3]int
	channels, pixels int
}

// matrixMapping is boxes of boxRows rows and boxColumns columns of a matrix whose rows are stride bytes apart, exchanged in shared
// memory as wgmma reads rows of 128 bytes.
func matrixMapping(typ kernels.Type, at uint64, rows, columns, stride, boxRows, boxColumns int) mapping {
	return mapping{
		typ: typ, at: at, rank: 2, sizes: [5]int{columns, rows}, strides: [4]int{stride},
		swizzle: driver.Swizzle128, box: [5]int{boxColumns, boxRows},
	}
}

// tensorMap is the encoded mapping. Where the driver refuses it the device fails.
func (d *Device) tensorMap(op string, m mapping) driver.TensorMap {
	encoded, known := d.maps[m]
	if known || d.err != nil {
		return encoded
	}
	var err error
	if m.pixels > 0 {
		encoded, err = d.driver.EncodeIm2col(m.im2col())
	} else {
		encoded, err = d.driver.EncodeTiled(m.tiled())
	}
	if err != nil {
		d.fail(op, fmt.Errorf("tensor map: %w", err))
		return encoded
	}
	if len(d.maps) == mostMaps {
		clear(d.maps)
	}
	d.maps[m] = encoded
	return encoded
}

// tensor is what both kinds of maps have.
func (m mapping) tensor() driver.Tensor {
	t := driver.Tensor{Type: driver.TFloat32, At: driver.Pointer(m.at), Swizzle: m.swizzle}
	switch {
	case m.typ == kernels.BFloat16:
		t.Type = driver.BFloat16
	case m.exact:
		t.Type = driver.Float32
	}
	for n := range m.rank {
		t.Sizes = append(t.Sizes, uint64(m.sizes[n]))
		t.Steps = append(t.Steps, uint32(max(m.steps[n], 1)))
		if n > 0 {
			t.Strides = append(t.Strides, uint64(m.strides[n-1]))
		}
	}
	return t
}

func (m mapping) tiled() driver.Tiled {
	t := driver.Tiled{Tensor: m.tensor()}
	for _, n := range m.box[:m.rank] {
		t.Box = append(t.Box, uint32(n))
	}
	return t
}

func (m mapping) im2col() driver.Im2col {
	t := driver.Im2col{Tensor: m.tensor(), Channels: uint32(m.channels), Pixels: uint32(m.pixels)}
	for n := range m.rank - 2 {
		t.Lower = append(t.Lower, int32(m.lower[n]))
		t.Upper = append(t.Upper, int32(m.upper[n]))
	}
	return t
}
