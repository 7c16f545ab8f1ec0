package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/kernels"
)

// Set copies values into a tensor of the device, rounded once to its type.
func Set(dev kernels.Device, t kernels.Tensor, values []float64) { dev.WriteFloat64(t, values) }

// Get is the elements of a tensor of the device. It panics with the device's error where that has failed.
func Get(dev kernels.Device, t kernels.Tensor) []float64 {
	values := make([]float64, t.Len())
	if err := dev.ReadFloat64(values, t); err != nil {
		panic("kerneltest: Get: " + err.Error())
	}
	return values
}

// types are the element types that a device has.
func types(dev kernels.Device) []kernels.Type {
	all := []kernels.Type{kernels.Float32, kernels.Float64, kernels.BFloat16, kernels.Int32}
	return slices.DeleteFunc(all, func(t kernels.Type) bool { return !dev.Supports(t) })
}

// checkTransfer carries values through tensors of every type, from their beginning and from within.
func checkTransfer(t *testing.T, dev kernels.Device) {
	floats := []float64{1, -0.5, math.Inf(1), 1e-40, math.Copysign(0, -1), 3e38, math.Pi, 1 + 0x1p-8 + 0x1p-30}
	for _, typ := range types(dev) {
		values := floats
		if typ == kernels.Int32 {
			values = []float64{0, 1, -1, 7, -12345, 1 << 20, math.MaxInt16, math.MinInt16}
		}
		n := len(values)
		for _, tensor := range []kernels.Tensor{dev.New(typ, n), dev.New(typ, 2*n+3).Slice(n+2, n)} {
			transferFloat64(t, dev, tensor, values)
			transferFloat32(t, dev, tensor, values)
			transferMisuse(t, dev, tensor)
			if typ == kernels.Int32 {
				transferInt32(t, dev, tensor)
			}
		}
	}
}

// stored is what a tensor of a type holds after a value was written to it.
func stored(typ kernels.Type, v float64) float64 {
	switch typ {
	case kernels.Float32:
		return float64(float32(v))
	case kernels.BFloat16:
		return float64(kernels.FromBFloat16(kernels.ToBFloat16(v)))
	}
	return v
}

func transferFloat64(t *testing.T, dev kernels.Device, tensor kernels.Tensor, values []float64) {
	src := slices.Clone(values)
	dev.WriteFloat64(tensor, src)
	clear(src) // it may be used again
	for i, got := range Get(dev, tensor) {
		if want := stored(tensor.Type(), values[i]); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%v: WriteFloat64 wrote %v, ReadFloat64 read %v, want %v", tensor.Type(), values[i], got, want)
		}
	}
}

// transferFloat32 writes from memory that may be used again at once, and from a buffer, which may be after a wait.
func transferFloat32(t *testing.T, dev kernels.Device, tensor kernels.Tensor, values []float64) {
	host, buffer, back := make([]float32, len(values)), dev.NewBuffer(len(values)), make([]float32, len(values))
	for _, src := range [][]float32{host, buffer} {
		for i, v := range values {
			src[i] = float32(v)
		}
		dev.Fill(tensor, 3)
		dev.Write(tensor, src)
		if &src[0] == &host[0] {
			clear(src)
		}
		if err := dev.Read(back, tensor); err != nil {
			t.Fatal(err)
		}
		clear(src)
		for i, got := range back {
			if want := float32(stored(tensor.Type(), float64(float32(values[i])))); math.Float32bits(got) != math.Float32bits(want) {
				t.Errorf("%v: Write wrote %v, Read read %v, want %v", tensor.Type(), values[i], got, want)
			}
		}
	}
	dev.FreeBuffer(buffer)
}

// transferInt32 writes whole numbers from both kinds of memory.
func transferInt32(t *testing.T, dev kernels.Device, tensor kernels.Tensor) {
	ints := []int32{math.MaxInt32, math.MinInt32, 0, 3, 4, 5, 6, 1 << 30}
	buffer := dev.NewBuffer(len(ints))
	defer dev.FreeBuffer(buffer)
	host := make([]int32, len(ints))
	for _, src := range [][]int32{host, kernels.Int32s(buffer)} {
		copy(src, ints)
		dev.Fill(tensor, 3)
		dev.WriteInt32(tensor, src)
		if &src[0] == &host[0] {
			clear(src)
		}
		got := Get(dev, tensor)
		clear(src)
		for i, v := range got {
			if v != float64(ints[i]) {
				t.Errorf("WriteInt32 wrote %v, ReadFloat64 read %v", ints[i], v)
			}
		}
	}
}

func transferMisuse(t *testing.T, dev kernels.Device, tensor kernels.Tensor) {
	n := tensor.Len() - 1
	for op, run := range map[string]func(){
		"Write":        func() { dev.Write(tensor, make([]float32, n)) },
		"WriteFloat64": func() { dev.WriteFloat64(tensor, make([]float64, n)) },
		"WriteInt32":   func() { dev.WriteInt32(tensor, make([]int32, n)) },
		"Read":         func() { _ = dev.Read(make([]float32, n), tensor) },
		"ReadFloat64":  func() { _ = dev.ReadFloat64(make([]float64, n), tensor) },
	} {
		if fault := refusal(op, "a short slice", run); fault != "" {
			t.Errorf("%s: %s", op, fault)
		}
	}
	if tensor.Type() != kernels.Int32 {
		if fault := refusal("WriteInt32", "a tensor of another type", func() { dev.WriteInt32(tensor, make([]int32, n+1)) }); fault != "" {
			t.Error(fault)
		}
	}
}

// checkMemory checks what New and Free promise.
func checkMemory(t *testing.T, dev kernels.Device) {
	before := dev.InUse()
	for range 2 { // the second time the memory of the first may come back
		for _, typ := range types(dev) {
			x := dev.New(typ, 3, 5)
			if x.Type() != typ || x.Len() != 15 || x.Address()%64 != 0 {
				t.Errorf("New(%v, 3, 5) makes %d elements of %v at %#x", typ, x.Len(), x.Type(), x.Address())
			}
			if got := dev.InUse() - before; got != int64(15*typ.Size()) {
				t.Errorf("%v: 15 elements take %d bytes", typ, got)
			}
			if got := Get(dev, x); slices.ContainsFunc(got, func(v float64) bool { return v != 0 }) {
				t.Errorf("%v: a new tensor holds %v", typ, got)
			}
			dev.Fill(x, 7)
			dev.Free(x.Slice(4, 2)) // any view stands for its memory
			if got := dev.InUse(); got != before {
				t.Errorf("%v: after Free %d bytes are in use, %d before New", typ, got, before)
			}
			freeMisuse(t, dev, x)
		}
	}
	dev.Free(kernels.Tensor{})
	if !dev.Supports(kernels.BFloat16) {
		if fault := refusal("New", "an element type that the device lacks", func() { dev.New(kernels.BFloat16, 1) }); fault != "" {
			t.Error(fault)
		}
	}
	if dev.Supports(0) {
		t.Error("the device supports type 0")
	}
}

// freeMisuse uses a tensor that was given back in every way that needs no other.
func freeMisuse(t *testing.T, dev kernels.Device, gone kernels.Tensor) {
	n := gone.Len()
	for op, run := range map[string]func(){
		"Free":         func() { dev.Free(gone) },
		"Fill":         func() { dev.Fill(gone.View(n), 1) },
		"Write":        func() { dev.Write(gone, make([]float32, n)) },
		"WriteFloat64": func() { dev.WriteFloat64(gone, make([]float64, n)) },
		"Read":         func() { _ = dev.Read(make([]float32, n), gone) },
		"ReadFloat64":  func() { _ = dev.ReadFloat64(make([]float64, n), gone) },
	} {
		if fault := refusal(op, "memory that was given back", run); fault != "" {
			t.Errorf("%s: %s", op, fault)
		}
	}
	if fault := refusal("Free", "memory of no device", func() { dev.Free(kernels.FromFloat32(make([]float32, 1), 1)) }); fault != "" {
		t.Error(fault)
	}
}

// checkRecorder demands the same values of operations that are recorded and of operations that are not, whatever happens during a
// recording: lists like those of before with other numbers, lists like no other, waits, memory that comes and goes, host memory
// that is used again as early as it may be. On a device that does not record it holds by itself.
func checkRecorder(t *testing.T, dev kernels.Device) {
	for seed := range uint64(3) {
		want := newDeeds(t, dev, seed, false).run()
		if got := newDeeds(t, dev, seed, true).run(); !slices.Equal(got, want) {
			t.Errorf("seed %d: recorded operations give other values", seed)
		}
	}
}

// deeds are operations that follow from a seed.
type deeds struct {
	testing.TB
	dev              kernels.Device
	random           *rand.Rand
	record           bool
	x, narrow, sums  kernels.Tensor
	buffer, ordinary []float32
	values           []float64 // that were read
}

const deedLength = 64

func newDeeds(t *testing.T, dev kernels.Device, seed uint64, record bool) *deeds {
	typ := kernels.Float64
	if dev.Supports(kernels.BFloat16) {
		typ = kernels.BFloat16
	}
	return &deeds{
		TB: t, dev: dev, random: rand.New(rand.NewPCG(seed, 0)), record: record,
		x: dev.New(dev.Type(), deedLength), narrow: dev.New(typ, deedLength), sums: dev.New(kernels.Float64, 2, 4),
		buffer: dev.NewBuffer(deedLength), ordinary: make([]float32, deedLength),
	}
}

// begin records from now on, if these deeds are to be recorded.
func (d *deeds) begin() {
	if d.record {
		kernels.Record(d.dev)
	}
}

func (d *deeds) read(v kernels.Tensor) { d.values = append(d.values, Get(d.dev, v)...) }

func (d *deeds) fill(host []float32) {
	for i := range host {
		host[i] = d.random.Float32()
	}
}

// list is operations on n elements, a multiple of 4.
func (d *deeds) list(n int) {
	x, dev := d.x.Slice(0, n), d.dev
	d.fill(d.ordinary)
	dev.Write(x, d.ordinary[:n])
	clear(d.ordinary) // which is allowed
	dev.Convert(d.narrow.Slice(0, n), x)
	dev.ChannelMoments(d.sums, d.x.Slice(0, n/4, 4))
	dev.Fill(d.x.Slice(n/2, n/2), d.random.Float64())
	dev.Copy(d.x.Slice(0, n/4), d.x.Slice(n/2, n/4))
	dev.AddBiasBackward(d.x.Slice(deedLength-4, 4), d.x.Slice(0, n/4, 4))
}

func (d *deeds) run() []float64 {
	dev := d.dev
	d.begin()
	for range 120 {
		switch d.random.IntN(8) {
		case 0, 1:
			d.list(16)
		case 2:
			d.list(8 + 4*d.random.IntN(10))
		case 3: // which wants more of a device for the length of the operation
			large := dev.New(dev.Type(), 64*(1+d.random.IntN(8)), 4)
			dev.Fill(large, d.random.Float64())
			dev.ChannelMoments(d.sums, large)
			dev.Free(large)
		case 4:
			d.fill(d.buffer)
			dev.Write(d.x, d.buffer)
			d.read(d.x) // after which the buffer may change
		case 5:
			d.read(d.narrow)
			d.read(d.sums)
		case 6:
			kernels.Issue(dev)
		case 7:
			kernels.Stop(dev)
			dev.Fill(d.x, d.random.Float64())
			d.begin()
		}
		if d.random.IntN(4) == 0 {
			if err := dev.Sync(); err != nil {
				d.Fatal(err)
			}
		}
	}
	kernels.Stop(dev)
	for _, v := range []kernels.Tensor{d.x, d.narrow, d.sums} {
		d.read(v)
		dev.Free(v)
	}
	dev.FreeBuffer(d.buffer)
	return d.values
}
