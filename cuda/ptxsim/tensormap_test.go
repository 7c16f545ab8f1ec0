package ptxsim

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/toolkit"
)

// tensorCase is a copy of a part of a tensor of uint16 numbers, dimension 0 the innermost.
type tensorCase struct {
	name         string
	sizes, pitch []int // elements; of pitch the distance in memory of neighbours, by dimension from the second on
	box, steps   []int
	lower, upper []int // of im2col, whose box is channels and pixels
	offsets      []int
	at           []int
	span         int
}

var tensorCases = []tensorCase{
	{name: "line", sizes: []int{100}, box: []int{64}, at: []int{50}},
	{name: "line before", sizes: []int{100}, box: []int{16}, at: []int{-3}},
	{name: "line outside", sizes: []int{100}, box: []int{16}, at: []int{100}},
	{name: "plane", sizes: []int{40, 9}, pitch: []int{48}, box: []int{32, 4}, at: []int{0, 3}},
	{name: "plane corner", sizes: []int{40, 9}, pitch: []int{48}, box: []int{16, 8}, at: []int{30, 5}},
	{name: "plane odd", sizes: []int{41, 9}, pitch: []int{48}, box: []int{64, 8}, at: []int{-7, -2}},
	{name: "swizzle 32", sizes: []int{40, 40}, pitch: []int{40}, box: []int{16, 32}, at: []int{8, 4}, span: 32},
	{name: "swizzle 64", sizes: []int{40, 40}, pitch: []int{40}, box: []int{32, 32}, at: []int{16, 20}, span: 64},
	{name: "swizzle 128", sizes: []int{72, 40}, pitch: []int{80}, box: []int{64, 32}, at: []int{1, 2}, span: 128},
	{name: "space", sizes: []int{16, 5, 4}, pitch: []int{16, 80}, box: []int{8, 3, 2}, at: []int{8, -1, 3}},
	{name: "steps", sizes: []int{16, 9, 7}, pitch: []int{16, 160}, box: []int{16, 5, 4}, steps: []int{3, 2, 3}, at: []int{0, 1, 0}},
	{name: "four", sizes: []int{8, 3, 4, 5}, pitch: []int{8, 24, 96}, box: []int{8, 2, 2, 3}, at: []int{0, 2, 1, 3}},
	{name: "five", sizes: []int{8, 3, 4, 3, 2}, pitch: []int{8, 24, 96, 288}, box: []int{8, 2, 2, 2, 2}, at: []int{0, 1, 3, 1, 0}},
	{name: "pixels", sizes: []int{16, 6, 5, 3}, pitch: []int{16, 96, 480}, box: []int{8, 20}, lower: []int{-1, -1}, upper: []int{-1, -1},
		offsets: []int{2, 0}, at: []int{8, 3, 2, 0}},
	{name: "pixels to the end", sizes: []int{16, 6, 5, 3}, pitch: []int{16, 96, 480}, box: []int{16, 40}, lower: []int{-1, -1}, upper: []int{-1, -1},
		offsets: []int{1, 2}, at: []int{0, -1, -1, 2}},
	{name: "pixels with steps", sizes: []int{64, 8, 9, 2}, pitch: []int{64, 512, 4608}, box: []int{64, 24}, steps: []int{1, 2, 2, 1}, lower: []int{-1, -1},
		upper: []int{-1, -1}, offsets: []int{0, 1}, at: []int{0, 1, 3, 0}, span: 128},
	{name: "pixels of lines", sizes: []int{8, 11, 2}, pitch: []int{8, 88}, box: []int{8, 16}, lower: []int{-2}, upper: []int{2}, offsets: []int{4}, at: []int{0, 0, 0}},
	{name: "pixels of space", sizes: []int{8, 4, 3, 4, 2}, pitch: []int{8, 32, 96, 384}, box: []int{8, 50}, lower: []int{-1, 0, -1}, upper: []int{-1, -2, -1},
		offsets: []int{2, 1, 0}, at: []int{0, 2, 0, 1, 0}},
}

// encode makes the map.
func (c *tensorCase) encode(d *Device, p driver.Pointer) (driver.TensorMap, error) {
	t := driver.Tensor{Type: driver.BFloat16, At: p, Swizzle: map[int]driver.Swizzle{32: driver.Swizzle32, 64: driver.Swizzle64, 128: driver.Swizzle128}[c.span]}
	for _, n := range c.sizes {
		t.Sizes = append(t.Sizes, uint64(n))
	}
	for _, n := range c.pitch {
		t.Strides = append(t.Strides, uint64(2*n))
	}
	for _, n := range c.steps {
		t.Steps = append(t.Steps, uint32(n))
	}
	if c.offsets == nil {
		tiled := driver.Tiled{Tensor: t}
		for _, n := range c.box {
			tiled.Box = append(tiled.Box, uint32(n))
		}
		return d.EncodeTiled(tiled)
	}
	pixels := driver.Im2col{Tensor: t, Channels: uint32(c.box[0]), Pixels: uint32(c.box[1])}
	for n := range c.lower {
		pixels.Lower, pixels.Upper = append(pixels.Lower, int32(c.lower[n])), append(pixels.Upper, int32(c.upper[n]))
	}
	return d.EncodeIm2col(pixels)
}

// places are the elements of the copy in their order: indices in memory, -1 for those outside of the tensor. It says what the
// manual says, element by element.
func (c *tensorCase) places() (list []int) {
	index := func(at []int) int {
		sum := 0
		for d, x := range at {
			if x < 0 || x >= c.sizes[d] {
				return -1
			}
			if d == 0 {
				sum = x
			} else {
				sum += x * c.pitch[d-1]
			}
		}
		return sum
	}
	step := func(d int) int {
		if c.steps == nil || d == 0 {
			return 1
		}
		return c.steps[d]
	}
	if c.offsets != nil {
		base := slices.Clone(c.at)
		for range c.box[1] {
			for channel := range c.box[0] {
				at := slices.Clone(base)
				at[0] += channel
				for d, offset := range c.offsets {
					at[1+d] += offset
				}
				list = append(list, index(at))
			}
			for d := 1; d < len(base); d++ {
				base[d] += step(d)
				if d == len(base)-1 || base[d] < c.sizes[d]+c.upper[d-1] {
					break
				}
				base[d] = c.lower[d-1]
			}
		}
		return list
	}
	var walk func(d int, at []int)
	walk = func(d int, at []int) {
		if d < 0 {
			list = append(list, index(at))
			return
		}
		for x := 0; x < c.box[d]; x += step(d) {
			at[d] = c.at[d] + x
			walk(d-1, at)
		}
	}
	walk(len(c.box)-1, make([]int, len(c.box)))
	return list
}

// vector sets registers, and is their vector.
func vector(letter string, list []int) (set, text string) {
	var names []string
	for n, x := range list {
		set += fmt.Sprintf("\tmov.b%d %%%s%d, %d;\n", map[string]int{"c": 32, "h": 16}[letter], letter, n, x)
		names = append(names, fmt.Sprintf("%%%s%d", letter, n))
	}
	return set, "{" + strings.Join(names, ", ") + "}"
}

// kernel loads the part into shared memory by one thread, and all copy it to out; back stores it where the map says instead.
func (c *tensorCase) kernel(bytes int, back bool) string {
	coordinates, at := vector("c", c.at)
	offsets, moves, mode := "", "", "tile"
	if c.offsets != nil {
		mode = "im2col"
		offsets, moves = vector("h", c.offsets)
		moves = ", " + moves
	}
	load := fmt.Sprintf(`	mbarrier.arrive.expect_tx.shared::cta.b64 %%d2, [full], %d;
	cp.async.bulk.tensor.%dd.shared::cluster.global.%s.mbarrier::complete_tx::bytes [s], [%%map, %s], [full]%s;
WAIT:
	mbarrier.try_wait.parity.shared::cta.b64 %%p1, [full], 0;
	@!%%p1 bra WAIT;
`, bytes, len(c.sizes), mode, at, moves)
	rest := fmt.Sprintf(`	mov.u32 %%r1, s;
	mov.u32 %%r2, %d;
OUT:
	ld.shared.v4.u32 {%%r4,%%r5,%%r6,%%r7}, [%%r1];
	st.global.v4.u32 [%%d1], {%%r4,%%r5,%%r6,%%r7};
	add.u32 %%r1, %%r1, 16;
	add.u64 %%d1, %%d1, 16;
	sub.u32 %%r2, %%r2, 16;
	setp.ne.u32 %%p2, %%r2, 0;
	@%%p2 bra OUT;
`, bytes)
	if back {
		mode = strings.Replace(mode, "im2col", "im2col_no_offs", 1)
		load = ""
		rest = fmt.Sprintf(`	mov.u32 %%r1, s;
	mov.u32 %%r2, %d;
IN:
	ld.global.v4.u32 {%%r4,%%r5,%%r6,%%r7}, [%%d1];
	st.shared.v4.u32 [%%r1], {%%r4,%%r5,%%r6,%%r7};
	add.u32 %%r1, %%r1, 16;
	add.u64 %%d1, %%d1, 16;
	sub.u32 %%r2, %%r2, 16;
	setp.ne.u32 %%p2, %%r2, 0;
	@%%p2 bra IN;
	fence.proxy.async.shared::cta;
	cp.async.bulk.tensor.%dd.global.shared::cta.%s.bulk_group [%%map, %s], [s];
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group.read 0;
`, bytes, len(c.sizes), mode, at)
	}
	return `.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .align 64 .b8 map[128], .param .u64 out)
{
	.reg .pred %p<4>;
	.reg .b16 %h<4>;
	.reg .b32 %r<8>, %c<8>;
	.reg .b64 %d<8>, %map;
	.shared .align 128 .b8 s[8192];
	.shared .align 8 .b64 full;
	mov.b64 %map, map;
	cvta.param.u64 %map, %map;
	ld.param.u64 %d1, [out];
	mbarrier.init.shared::cta.b64 [full], 1;
	fence.mbarrier_init.release.cluster;
` + coordinates + offsets + load + rest + "\tret;\n}\n"
}

// swizzled is where a byte of the copy lies, as the manual's tables of 16-byte cells have it.
func (c *tensorCase) swizzled(at int) int {
	cell, row := at/16%8, at/128
	switch c.span {
	case 32:
		cell ^= row % 2
	case 64:
		cell ^= row % 4
	case 128:
		cell ^= row % 8
	}
	return row*128 + cell*16 + at%16
}

func TestTensorLoad(t *testing.T) {
	for _, c := range tensorCases {
		t.Run(c.name, func(t *testing.T) {
			places := c.places()
			r := newRig(t, Options{}, "tensor.ptx", c.kernel(2*len(places), false))
			in, p := c.memory(r)
			encoded, err := c.encode(r.device, p)
			if err != nil {
				t.Fatal(err)
			}
			out := r.room(2 * len(places))
			r.launch("k", line(1), line(1), 0, encoded[:], out)
			got := make([]uint16, len(places))
			r.out(got, out)
			for n, at := range places {
				want := uint16(0)
				if at >= 0 {
					want = in[at]
				}
				if bits := got[c.swizzled(2*n)/2]; bits != want {
					t.Fatalf("element %d: %d, expected %d", n, bits, want)
				}
			}
		})
	}
}

// memory is the tensor, numbered from 1 on.
func (c *tensorCase) memory(r *rig) ([]uint16, driver.Pointer) {
	count := c.sizes[0]
	if n := len(c.pitch); n > 0 {
		count = c.pitch[n-1] * c.sizes[n]
	}
	in := make([]uint16, count)
	for n := range in {
		in[n] = uint16(n + 1)
	}
	return in, r.in(in)
}

func TestTensorStore(t *testing.T) {
	for _, c := range tensorCases {
		if slices.Min(c.at) < 0 || c.offsets != nil && slices.Min(c.lower) < 0 {
			continue // not in this direction
		}
		c.checkStore(t)
	}
	c := tensorCase{name: "pixels within", sizes: []int{8, 6, 5, 3}, pitch: []int{8, 48, 240}, box: []int{8, 20}, lower: []int{1, 0}, upper: []int{-1, -1},
		offsets: []int{0, 0}, at: []int{0, 3, 2, 0}}
	c.checkStore(t)
}

func (c *tensorCase) checkStore(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		places := c.places()
		r := newRig(t, Options{}, "tensor.ptx", c.kernel(2*len(places), true))
		want, p := c.memory(r)
		encoded, err := c.encode(r.device, p)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]uint16, len(places))
		for n, at := range places {
			values[c.swizzled(2*n)/2] = uint16(10_000 + n)
			if at >= 0 {
				want[at] = uint16(10_000 + n)
			}
		}
		r.launch("k", line(1), line(1), 0, encoded[:], r.in(values))
		got := make([]uint16, len(want))
		r.out(got, p)
		if !slices.Equal(got, want) {
			t.Errorf("memory %v, expected %v", got, want)
		}
	})
}

// TestTensorFaults: coordinates and offsets that the manual does not allow, a box that a copy out of shared memory may not have,
// and a map that somebody has changed.
func TestTensorFaults(t *testing.T) {
	pixels := tensorCase{sizes: []int{8, 6, 5, 3}, pitch: []int{8, 48, 240}, box: []int{8, 16}, lower: []int{-1, -1}, upper: []int{-1, -1}, offsets: []int{0, 0}, at: []int{0, 0, 0, 0}}
	for _, test := range []struct {
		spoil func(c *tensorCase)
		back  bool
		want  string
	}{
		{func(c *tensorCase) { c.at = []int{0, -2, 0, 0} }, false, "coordinate -2 of dimension 1, expected -1 to 4 of the box"},
		{func(c *tensorCase) { c.at = []int{0, 0, 4, 0} }, false, "coordinate 4 of dimension 2, expected -1 to 3 of the box"},
		{func(c *tensorCase) { c.offsets = []int{0, 256} }, false, "offset 256, expected below 256"},
		{func(c *tensorCase) {}, true, "whose box goes beyond the images"},
	} {
		c := pixels
		test.spoil(&c)
		r := newRig(t, Options{}, "tensor.ptx", c.kernel(256, test.back))
		_, p := c.memory(r)
		encoded, err := c.encode(r.device, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.try("k", line(1), line(1), 0, encoded[:], r.in(make([]byte, 256))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, expected %q", err, test.want)
		}
	}
	r := newRig(t, Options{}, "tensor.ptx", pixels.kernel(256, false))
	_, p := pixels.memory(r)
	encoded, err := pixels.encode(r.device, p)
	if err != nil {
		t.Fatal(err)
	}
	encoded[60]++
	if err := r.try("k", line(1), line(1), 0, encoded[:], r.room(256)); err == nil || !strings.Contains(err.Error(), "the tensor map has been changed") {
		t.Errorf("error %v after a change of the map", err)
	}
}

// TestTensorAgainstPtxas demands that the assembler accepts the kernels.
func TestTensorAgainstPtxas(t *testing.T) {
	if testing.Short() {
		t.Skip("ptxas, and no goroutine of ours; run without -short")
	}
	ptxas := toolkit.Tool(t, "ptxas")
	var whole strings.Builder
	whole.WriteString(".version 8.0\n.target sm_90\n.address_size 64\n")
	for n, c := range tensorCases {
		for _, back := range []bool{false, true} {
			_, body, _ := strings.Cut(c.kernel(1024, back), ".address_size 64\n")
			whole.WriteString(strings.Replace(body, "entry k(", fmt.Sprintf("entry k%d%t(", n, back), 1))
		}
	}
	file := filepath.Join(t.TempDir(), "tensor.ptx")
	if err := os.WriteFile(file, []byte(whole.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	if usage, err := toolkit.Assemble(ptxas, file, "sm_90"); err != nil || len(usage) != 2*len(tensorCases) {
		t.Errorf("%d kernels, error %v", len(usage), err)
	}
}

// TestTensorMapsRefused: what CUDA refuses, and what the interpreter does not model, is no tensor map.
func TestTensorMapsRefused(t *testing.T) {
	d := Open(Options{})
	good := func() driver.Tiled {
		return driver.Tiled{Tensor: driver.Tensor{Type: driver.BFloat16, At: 1 << 20, Sizes: []uint64{64, 8}, Strides: []uint64{128}, Steps: []uint32{1, 1}}, Box: []uint32{64, 8}}
	}
	if _, err := d.EncodeTiled(good()); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(m *driver.Tiled){
		"misaligned":        func(m *driver.Tiled) { m.At += 8 },
		"type":              func(m *driver.Tiled) { m.Type = 12 },
		"sizes":             func(m *driver.Tiled) { m.Strides = nil },
		"elements in":       func(m *driver.Tiled) { m.Sizes[1] = 0 },
		"a stride":          func(m *driver.Tiled) { m.Strides[0] = 120 },
		"a step":            func(m *driver.Tiled) { m.Steps[1] = 9 },
		"steps in":          func(m *driver.Tiled) { m.Steps = m.Steps[:1] },
		"a box of 257":      func(m *driver.Tiled) { m.Box[1] = 257 },
		"a box of 1":        func(m *driver.Tiled) { m.Box = m.Box[:1] },
		"rows of 2 bytes":   func(m *driver.Tiled) { m.Box[0] = 1 },
		"no more than":      func(m *driver.Tiled) { m.Swizzle = driver.Swizzle64 },
		"not modelled":      func(m *driver.Tiled) { m.Swizzle, m.Box[0] = driver.Swizzle128, 32 },
		"swizzle 4 is not ": func(m *driver.Tiled) { m.Swizzle = 4 },
	} {
		m := good()
		spoil(&m)
		if _, err := d.EncodeTiled(m); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	images := func() driver.Im2col {
		return driver.Im2col{Tensor: driver.Tensor{Type: driver.Float32, At: 1 << 20, Sizes: []uint64{8, 4, 4, 2}, Strides: []uint64{32, 128, 512}},
			Lower: []int32{-1, -1}, Upper: []int32{-1, -1}, Channels: 8, Pixels: 64}
	}
	if _, err := d.EncodeIm2col(images()); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(m *driver.Im2col){
		"corners of 1":     func(m *driver.Im2col) { m.Lower = m.Lower[:1] },
		"corners -129":     func(m *driver.Im2col) { m.Lower[0] = -129 },
		"an empty box":     func(m *driver.Im2col) { m.Upper[1] = -5 },
		"channels of 1025": func(m *driver.Im2col) { m.Pixels = 1025 },
	} {
		m := images()
		spoil(&m)
		if _, err := d.EncodeIm2col(m); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}
