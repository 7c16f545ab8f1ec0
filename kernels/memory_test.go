package kernels

import (
	"slices"
	"strings"
	"testing"
)

// memoryDevice is a device that has memory and no operations.
type memoryDevice struct {
	Device
	HostHeap
	buffers int
}

func newMemoryDevice() *memoryDevice {
	d := &memoryDevice{}
	d.Owner = d
	return d
}

func (d *memoryDevice) New(t Type, dims ...int) Tensor { return d.HostHeap.New(t, dims...) }
func (d *memoryDevice) Free(t Tensor)                  { d.HostHeap.Free(t) }
func (d *memoryDevice) InUse() int64                   { return d.HostHeap.InUse() }

func (d *memoryDevice) NewBuffer(n int) []float32 {
	d.buffers++
	return make([]float32, n)
}

func (d *memoryDevice) FreeBuffer([]float32) { d.buffers-- }

func TestMemoryTensor(t *testing.T) {
	m := DeviceMemory(t, 0x1000, 40)
	if m.Bytes() != 40 || m.Address() != 0x1000 {
		t.Errorf("a block of %d bytes at %#x", m.Bytes(), m.Address())
	}
	tests := []struct {
		typ    Type
		offset int
		dims   []int
		fits   bool
	}{
		{Float32, 0, []int{2, 5}, true}, {Float32, 0, []int{11}, false}, {Float32, 36, []int{1}, true}, {Float32, 40, []int{1}, false},
		{Float32, 40, []int{0}, true}, {Float32, -4, []int{1}, false}, {Float32, 2, []int{1}, false}, {BFloat16, 2, []int{19}, true},
		{BFloat16, 1, []int{1}, false}, {BFloat16, 2, []int{20}, false}, {Float64, 8, []int{4}, true}, {Float64, 4, []int{1}, false},
		{Int32, 4, []int{9}, true}, {Float64, 1<<62 + 8, []int{1<<59 - 1}, false}, // whose end overflows
	}
	for _, test := range tests {
		text := panics(func() {
			x := m.Tensor(test.typ, test.offset, test.dims...)
			if x.Address() != 0x1000+uintptr(test.offset) || x.Memory() != m || x.Host() != (x.Len() == 0) {
				t.Errorf("%+v: at %#x, in host memory: %v", test, x.Address(), x.Host())
			}
		})
		if fits := text == ""; fits != test.fits || !fits && !strings.HasPrefix(text, "kernels: Memory.Tensor: ") {
			t.Errorf("%+v: panics with %q", test, text)
		}
	}
	for name, reach := range map[string]func(Tensor){
		"Float32": func(x Tensor) { x.Float32() }, "Float64": func(x Tensor) { x.Float64() },
		"BFloat16": func(x Tensor) { x.BFloat16() }, "Int32": func(x Tensor) { x.Int32() },
	} {
		typ := map[string]Type{"Float32": Float32, "Float64": Float64, "BFloat16": BFloat16, "Int32": Int32}[name]
		if text := panics(func() { reach(m.Tensor(typ, 0, 1)) }); !strings.HasPrefix(text, "kernels: Tensor."+name+": ") {
			t.Errorf("%s reaches memory of a device: %q", name, text)
		}
	}
}

func TestHostHeap(t *testing.T) {
	d, other := newMemoryDevice(), newMemoryDevice()
	x, y := d.New(Float32, 3), d.New(BFloat16, 2, 5)
	if d.InUse() != 12+20 || other.InUse() != 0 {
		t.Errorf("%d bytes are in use, expected 32", d.InUse())
	}
	for _, empty := range []Tensor{d.New(Float64, 0, 7), {}} {
		d.Free(empty)
	}
	if text := panics(func() { other.Free(x) }); text != "kernels: Free: memory of another device" {
		t.Errorf("another device takes it: %q", text)
	}
	d.Free(x.Slice(1, 1))
	if d.InUse() != 20 {
		t.Errorf("%d bytes are in use, expected 20", d.InUse())
	}
	if text := panics(func() { d.Free(x) }); text != "kernels: Free: the memory was given back before" {
		t.Errorf("it is given back twice: %q", text)
	}
	if text := panics(func() { x.Float32() }); !strings.HasPrefix(text, "kernels: Tensor.Float32: ") {
		t.Errorf("it is reached after it was given back: %q", text)
	}
	check := Check{Type: Float32, Owner: d, Host: true}
	if text := panics(func() { check.Fill(x) }); text != "kernels: Fill: the memory of a tensor was given back" {
		t.Errorf("it is used after it was given back: %q", text)
	}
	d.Free(y)
	if d.InUse() != 0 {
		t.Errorf("%d bytes are in use, expected 0", d.InUse())
	}
}

func TestTensorsOfOtherDevices(t *testing.T) {
	d, other := newMemoryDevice(), newMemoryDevice()
	const refused = "kernels: Fill: tensor of another device"
	near, far := Check{Type: Float32, Owner: d, Host: true}, Check{Type: Float32, Owner: d}
	tests := []struct {
		name  string
		check Check
		x     Tensor
		text  string
	}{
		{"its own", near, d.New(Float32, 2), ""},
		{"another's", near, other.New(Float32, 2), refused},
		{"nobody's", near, counted(2), ""},
		{"nobody's, out of reach", far, counted(2), refused},
		{"nobody's, without elements", far, counted(0), refused},
		{"none", far, Tensor{}, ""},
	}
	for _, test := range tests {
		if text := panics(func() { test.check.Fill(test.x) }); text != test.text {
			t.Errorf("%s: panics with %q, want %q", test.name, text, test.text)
		}
	}
}

func TestScope(t *testing.T) {
	d := newMemoryDevice()
	outside := d.New(Float32, 100)
	s := NewScope(d)
	x, y := s.New(Float32, 4), s.New(Float64, 4)
	a, b := s.NewBuffer(3), s.NewBuffer(3)
	s.Free(x.View(2, 2))
	s.FreeBuffer(a)
	if d.InUse() != 400+32 || d.buffers != 1 {
		t.Errorf("%d bytes and %d buffers are in use, expected 432 and 1", d.InUse(), d.buffers)
	}
	if b[0] = 1; len(b) != 3 {
		t.Error("another buffer went back")
	}
	inner := NewScope(s)
	inner.New(Int32, 5)
	inner.Close()
	s.Close()
	if d.InUse() != 400 || d.buffers != 0 {
		t.Errorf("%d bytes and %d buffers are in use, expected 400 and 0", d.InUse(), d.buffers)
	}
	s.Close() // nothing is left to give back
	if text := panics(func() { d.Free(y) }); text != "kernels: Free: the memory was given back before" {
		t.Errorf("it is given back twice: %q", text)
	}
	d.Free(outside)
}

// TestOverlapOfMemory: overlap is judged by address in one memory: slices of one array of the host overlap whoever made
// tensors of them, and memory of two devices never does, whatever its address.
func TestOverlapOfMemory(t *testing.T) {
	array := make([]float32, 10)
	one, two := FromFloat32(array[:6], 6), FromFloat32(array[5:], 5)
	far := DeviceMemory(t, 0x1000, 40)
	again := DeviceMemory(t, 0x1000+20, 40) // beside the first, as a device would not make it
	elsewhere := DeviceMemory(new(int), 0x1000, 40)
	host := DeviceMemory(t, one.Address(), 24)
	tests := []struct {
		name           string
		a, b           Tensor
		touch, overlap bool
	}{
		{"two tensors of one array", one, two, true, true},
		{"neighbours in one array", one.Slice(0, 5), two, false, false},
		{"one array twice", one, FromFloat32(array[:6], 6), true, false},
		{"one block", far.Tensor(Float32, 0, 5), far.Tensor(Float32, 16, 5), true, true},
		{"one block, other types", far.Tensor(Float32, 0, 5), far.Tensor(BFloat16, 18, 4), true, true},
		{"one block, the same bytes", far.Tensor(Float32, 0, 4), far.Tensor(Float64, 0, 2), true, false},
		{"neighbours in one block", far.Tensor(Float32, 0, 5), far.Tensor(Float32, 20, 5), false, false},
		{"blocks of one device", far.Tensor(Float32, 0, 10), again.Tensor(Float32, 0, 10), true, true},
		{"two devices", far.Tensor(Float32, 0, 10), elsewhere.Tensor(Float32, 0, 10), false, false},
		{"device and host", host.Tensor(Float32, 0, 6), one, false, false},
		{"nothing", far.Tensor(Float32, 0, 0), far.Tensor(Float32, 0, 1), false, false},
	}
	for _, test := range tests {
		for _, pair := range [][2]Tensor{{test.a, test.b}, {test.b, test.a}} {
			if got := touch(pair[0], pair[1]); got != test.touch {
				t.Errorf("%s: touch = %v", test.name, got)
			}
			if got := overlaps(pair[0], pair[1]); got != test.overlap {
				t.Errorf("%s: overlaps = %v", test.name, got)
			}
		}
	}
	if !slices.Equal(array, make([]float32, 10)) {
		t.Error("judging overlap writes")
	}
}
