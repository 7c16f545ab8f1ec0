package cuda

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// memory is what a device has taken from its driver.
type memory struct {
	blocks  map[*kernels.Memory]driver.Pointer
	buffers [][]byte // host memory of NewBuffer
	inUse   int64
	nowhere uintptr // the next address for a tensor that New had no memory for

	// scratch is the memory between the launches of one operation. As operations run in order, all share it.
	scratch      driver.Pointer
	scratchBytes int
	// counters are words of 0, which kernels that count their blocks leave so.
	counters     driver.Pointer
	counterWords int
}

// nowhere is above all addresses of a GPU, so that such tensors overlap nothing.
const nowhere = 1 << 60

func newMemory() memory {
	return memory{blocks: map[*kernels.Memory]driver.Pointer{}, nowhere: nowhere}
}

// New allocates a zeroed tensor; drivers align to 256 bytes.
func (d *Device) New(t kernels.Type, dims ...int) kernels.Tensor {
	d.check.New(t)
	bytes := kernels.DeviceMemory(d, 0, math.MaxInt).Tensor(t, 0, dims...).Bytes() // which refuses wrong dimensions
	at, ok := d.alloc("New", bytes)
	if !ok {
		m := kernels.DeviceMemory(d, d.memory.nowhere, bytes)
		d.memory.nowhere += uintptr(bytes+255) / 256 * 256
		return m.Tensor(t, 0, dims...)
	}
	m := kernels.DeviceMemory(d, uintptr(at), bytes)
	v := m.Tensor(t, 0, dims...)
	d.memory.blocks[m] = at
	d.memory.inUse += int64(bytes)
	if bytes > 0 {
		d.do("New", driver.Work{Kind: driver.Fill, To: at, Words: (bytes + 3) / 4})
	}
	return v
}

// alloc takes memory of the driver; where there is not enough the device fails.
func (d *Device) alloc(op string, bytes int) (at driver.Pointer, ok bool) {
	if d.err != nil {
		return 0, false
	}
	free, total, err := d.driver.Memory()
	if err == nil && bytes > free {
		err = &kernels.OutOfMemory{Asked: int64(bytes), Free: int64(free), Total: int64(total)}
	}
	if err == nil {
		at, err = d.driver.Alloc(max((bytes+3)/4, 1) * 4) // whole words, which are zeroed; a tensor without elements has an address too
	}
	d.fail(op, err)
	return at, err == nil
}

// release gives memory back to the driver, behind the operations that were issued before.
func (d *Device) release(op string, at driver.Pointer) {
	if d.synchronize(op); d.err == nil {
		d.fail(op, d.driver.Free(at))
	}
}

// Free gives the memory of a tensor back. It waits for the operations that were issued before.
func (d *Device) Free(t kernels.Tensor) {
	d.check.Free(t)
	m := t.Memory()
	if m == nil {
		return
	}
	m.Release()
	at, ok := d.memory.blocks[m]
	if !ok { // New has failed
		return
	}
	delete(d.memory.blocks, m)
	d.memory.inUse -= int64(m.Bytes())
	d.release("Free", at)
}

// InUse is the bytes of all tensors that were made and not given back.
func (d *Device) InUse() int64 { return d.memory.inUse }

// NewBuffer allocates host memory of n floats that the device copies from by itself, later.
func (d *Device) NewBuffer(n int) []float32 {
	if n == 0 || d.err != nil {
		return make([]float32, n)
	}
	bytes, err := d.driver.AllocHost(4 * n)
	if err != nil {
		d.fail("NewBuffer", err)
		return make([]float32, n)
	}
	d.memory.buffers = append(d.memory.buffers, bytes)
	return unsafe.Slice((*float32)(unsafe.Pointer(&bytes[0])), n)
}

// FreeBuffer gives a buffer back to the driver, behind the operations that were issued before. One that NewBuffer made after
// the device had failed is ordinary memory.
func (d *Device) FreeBuffer(b []float32) {
	i := slices.IndexFunc(d.memory.buffers, func(bytes []byte) bool {
		return unsafe.Pointer(unsafe.SliceData(bytes)) == unsafe.Pointer(unsafe.SliceData(b))
	})
	if i < 0 {
		return
	}
	bytes := d.memory.buffers[i]
	d.memory.buffers = slices.Delete(d.memory.buffers, i, i+1)
	if d.wait("FreeBuffer") == nil {
		d.fail("FreeBuffer", d.driver.FreeHost(bytes))
	}
}

// hostIsLittleEndian: host memory holds numbers as devices do.
var hostIsLittleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// bytesIn is the bytes of numbers that lie in a buffer of NewBuffer, nil for other memory.
func bytesIn[E float32 | int32](m *memory, values []E) []byte {
	if !hostIsLittleEndian || len(values) == 0 {
		return nil
	}
	at := uintptr(unsafe.Pointer(&values[0]))
	for _, bytes := range m.buffers {
		if start := uintptr(unsafe.Pointer(&bytes[0])); start <= at && at < start+uintptr(len(bytes)) {
			return bytes[at-start:][:4*len(values)]
		}
	}
	return nil
}

// scratch is memory of n float64 until the end of the operation. Its contents are undefined.
func (d *Device) scratch(op string, n int) scratch {
	if bytes := 8 * n; bytes > d.memory.scratchBytes && d.err == nil {
		if d.memory.scratchBytes > 0 {
			d.release(op, d.memory.scratch)
		}
		at, ok := d.alloc(op, bytes)
		if !ok {
			bytes = 0
		}
		d.memory.scratch, d.memory.scratchBytes = at, bytes
	}
	return scratch(d.memory.scratch)
}

// scratch is an address of float64 numbers.
type scratch uint64

// argument is the address as an argument of a kernel.
func (s scratch) argument() argument { return argument{bits: uint64(s), address: true} }

// from is the numbers from number n on.
func (s scratch) from(n int) scratch { return s + scratch(8*n) }

// leastCounters is the fewest words of counters that a device takes.
const leastCounters = 1024

// counters is the address of n words of 0.
func (d *Device) counters(op string, n int) argument {
	if n > d.memory.counterWords && d.err == nil {
		if d.memory.counterWords > 0 {
			d.release(op, d.memory.counters)
			d.memory.counterWords = 0
		}
		n = max(n, leastCounters)
		at, ok := d.alloc(op, 4*n)
		if !ok {
			return argument{}
		}
		d.memory.counters, d.memory.counterWords = at, n
		d.do(op, driver.Work{Kind: driver.Fill, To: at, Words: n})
	}
	return argument{bits: uint64(d.memory.counters), address: true}
}
