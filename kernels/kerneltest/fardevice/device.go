// Package fardevice is a device for tests that is as far from the host as the contract allows; it stands in for a GPU.
package fardevice

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// Options says what a far device is like.
type Options struct {
	// Type is the type of the device, 0 for float32.
	Type kernels.Type
	// Capacity is the size of its memory in bytes, 0 for one that never ends.
	Capacity int64
	// FailAt is the number of the call that fails, from 1; 0 for none. [Device.Calls] counts them.
	FailAt int
}

// Device is a far device. It computes what the reference computes, to the bit, but the host cannot reach its tensors, and it
// works on a goroutine of its own: an operation is held back until somebody waits or many are held, so that a source of Write
// that is used again too early shows. Memory that is given back is poisoned, that of tensors and that of buffers.
type Device struct {
	options Options
	check   kernels.Check
	host    kernels.Device // carries out the operations in order, in the memory that stands for that of the device
	blocks  map[*kernels.Memory]kernels.Tensor
	next    uintptr // address of the next block
	inUse   int64
	buffers [][]float32
	calls   int
	waits   int

	held   []command
	queue  chan batch
	failed error // belongs to the goroutine; read when it is known to rest
}

// command is one call that the goroutine carries out.
type command struct {
	op  string
	run func() error
}

// batch is commands, and where to say that they are done.
type batch struct {
	commands []command
	done     chan struct{}
}

const (
	// mostHeld is how many commands are held back at most: more than a training step has, so that a step is held back whole.
	mostHeld = 4096
	// farBase and farGap place the blocks: no address of the host, every block aligned for any load, none beside another.
	farBase = 1 << 60
	farGap  = 4096
)

var _ kernels.Device = (*Device)(nil)

// New opens a far device.
func New(o Options) *Device {
	if o.Type == 0 {
		o.Type = kernels.Float32
	}
	f := &Device{options: o, host: reference.New(o.Type), blocks: map[*kernels.Memory]kernels.Tensor{}, next: farBase, queue: make(chan batch)}
	f.check = kernels.Check{Type: o.Type, Owner: f, BFloat16: true}
	go f.work()
	return f
}

// work carries out commands until the device is closed. After a failure it carries out none.
func (f *Device) work() {
	for b := range f.queue {
		for _, c := range b.commands {
			if f.failed != nil {
				break
			}
			if err := c.run(); err != nil {
				f.failed = fmt.Errorf("%s: %s: %w", f.Name(), c.op, err)
			}
		}
		close(b.done)
	}
}

// release hands what is held back to the goroutine. The channel is closed when it is done.
func (f *Device) release() chan struct{} {
	b := batch{f.held, make(chan struct{})}
	f.held = nil
	f.queue <- b
	return b.done
}

// errTold is the failure that the options ask for.
var errTold = errors.New("failed as it was told to")

// call holds a command back.
func (f *Device) call(op string, run func() error) {
	f.calls++
	if f.calls == f.options.FailAt {
		run = func() error { return errTold }
	}
	f.held = append(f.held, command{op, run})
	if len(f.held) >= mostHeld {
		f.release()
	}
}

// issue holds an operation back: run on the reference, with the memory that stands for that of the tensors.
func (f *Device) issue(op string, run func(host kernels.Device, t []kernels.Tensor), tensors ...kernels.Tensor) {
	here := make([]kernels.Tensor, len(tensors))
	for i, t := range tensors {
		here[i] = f.here(t)
	}
	f.call(op, func() error {
		run(f.host, here)
		return nil
	})
}

// here is a tensor in the memory that stands for that of the device; the zero Tensor where New has failed.
func (f *Device) here(t kernels.Tensor) kernels.Tensor {
	block, ok := f.blocks[t.Memory()]
	if !ok {
		return kernels.Tensor{}
	}
	dims := make([]int, t.Rank())
	for i := range dims {
		dims[i] = t.Dim(i)
	}
	return block.Slice(int(t.Address()-t.Memory().Address())/t.Type().Size(), dims...)
}

// Calls counts the calls so far that can fail: those of New, NewBuffer, the transfers and the operations.
func (f *Device) Calls() int { return f.calls }

// Waits counts the times that the host has waited for the device: the calls of Read, ReadFloat64 and Sync.
func (f *Device) Waits() int { return f.waits }

// Buffers is how many buffers were made and not given back.
func (f *Device) Buffers() int { return len(f.buffers) }

func (f *Device) Name() string { return "far/" + f.options.Type.String() }

func (f *Device) Type() kernels.Type { return f.options.Type }

func (f *Device) Supports(t kernels.Type) bool { return f.host.Supports(t) }

func (f *Device) InUse() int64 { return f.inUse }

func (f *Device) New(t kernels.Type, dims ...int) kernels.Tensor {
	f.check.New(t)
	here := f.host.New(t, dims...)
	bytes := here.Bytes()
	m := kernels.DeviceMemory(f, f.next, bytes)
	f.next += uintptr(bytes+farGap) / farGap * farGap
	f.call("New", func() error { return nil })
	if f.calls != f.options.FailAt && f.room("New", bytes) {
		f.blocks[m] = here
		f.inUse += int64(bytes)
	}
	return m.Tensor(t, 0, dims...)
}

// room reports whether bytes are there. Where they are not the device fails.
func (f *Device) room(op string, bytes int) bool {
	free := f.options.Capacity - f.inUse
	if f.options.Capacity == 0 || int64(bytes) <= free {
		return true
	}
	f.call(op, func() error {
		return &kernels.OutOfMemory{Asked: int64(bytes), Free: free, Total: f.options.Capacity}
	})
	return false
}

func (f *Device) Free(t kernels.Tensor) {
	f.check.Free(t)
	m := t.Memory()
	if m == nil {
		return
	}
	m.Release()
	here, ok := f.blocks[m]
	if !ok { // New has failed
		return
	}
	delete(f.blocks, m)
	f.inUse -= int64(m.Bytes())
	f.held = append(f.held, command{"Free", func() error {
		poison := math.NaN()
		if here.Type() == kernels.Int32 {
			poison = math.MinInt32
		}
		f.host.Fill(here, poison)
		f.host.Free(here)
		return nil
	}})
}

func (f *Device) NewBuffer(n int) []float32 {
	b := make([]float32, n, n+1) // a buffer without elements has an address too
	f.call("NewBuffer", func() error { return nil })
	f.buffers = append(f.buffers, b)
	return b
}

func (f *Device) FreeBuffer(b []float32) {
	i := slices.IndexFunc(f.buffers, func(v []float32) bool { return unsafe.SliceData(v) == unsafe.SliceData(b) })
	if i < 0 {
		panic("fardevice: FreeBuffer: no buffer of the device")
	}
	f.buffers = slices.Delete(f.buffers, i, i+1)
	f.held = append(f.held, command{"FreeBuffer", func() error {
		for i := range b {
			b[i] = float32(math.NaN())
		}
		return nil
	}})
}

// late reports whether Write may read a source of words after it has returned: one that lies in a buffer.
func late[E float32 | int32](f *Device, src []E) bool {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(src)))
	return slices.ContainsFunc(f.buffers, func(b []float32) bool {
		begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		return at >= begin && at < begin+uintptr(4*len(b))
	})
}

func (f *Device) Write(dst kernels.Tensor, src []float32) {
	f.check.Transfer("Write", dst, len(src))
	if !late(f, src) {
		src = slices.Clone(src)
	}
	f.issue("Write", func(host kernels.Device, t []kernels.Tensor) { host.Write(t[0], src) }, dst)
}

func (f *Device) WriteFloat64(dst kernels.Tensor, src []float64) {
	f.check.Transfer("WriteFloat64", dst, len(src))
	src = slices.Clone(src)
	f.issue("WriteFloat64", func(host kernels.Device, t []kernels.Tensor) { host.WriteFloat64(t[0], src) }, dst)
}

func (f *Device) WriteInt32(dst kernels.Tensor, src []int32) {
	f.check.Transfer("WriteInt32", dst, len(src))
	if !late(f, src) {
		src = slices.Clone(src)
	}
	f.issue("WriteInt32", func(host kernels.Device, t []kernels.Tensor) { host.WriteInt32(t[0], src) }, dst)
}

func (f *Device) Read(dst []float32, src kernels.Tensor) error {
	f.check.Transfer("Read", src, len(dst))
	here := f.here(src)
	f.call("Read", func() error { return f.host.Read(dst, here) })
	return f.wait()
}

func (f *Device) ReadFloat64(dst []float64, src kernels.Tensor) error {
	f.check.Transfer("ReadFloat64", src, len(dst))
	here := f.here(src)
	f.call("ReadFloat64", func() error { return f.host.ReadFloat64(dst, here) })
	return f.wait()
}

func (f *Device) Sync() error {
	f.call("Sync", func() error { return nil })
	return f.wait()
}

// wait is the end of every call that waits for the device.
func (f *Device) wait() error {
	f.waits++
	<-f.release()
	return f.failed
}

// Close waits for the goroutine and ends it.
func (f *Device) Close() {
	<-f.release()
	close(f.queue)
}
