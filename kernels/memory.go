package kernels

import (
	"sync/atomic"
	"unsafe"
)

// Memory is one block of memory of one device. Tensors are views of it. A device makes one for each call of New:
// [HostHeap] does it for devices that compute in host memory, [DeviceMemory] for a device whose memory the host cannot
// reach.
type Memory struct {
	owner    any            // the device; nil for host memory that the caller brought
	bytes    int            // size
	host     unsafe.Pointer // nil where the host cannot reach the memory
	address  uintptr        // of memory that the host cannot reach
	released bool           // given back to the device
}

// DeviceMemory describes a block that the host cannot reach: bytes at an address of the owner, a device.
func DeviceMemory(owner any, address uintptr, bytes int) *Memory {
	return &Memory{owner: owner, address: address, bytes: bytes}
}

// hostMemory describes a block of host memory of an owner, or of nobody.
func hostMemory(owner any, host unsafe.Pointer, bytes int) *Memory {
	return &Memory{owner: owner, host: host, bytes: bytes}
}

// Bytes is the size of the block.
func (m *Memory) Bytes() int { return m.bytes }

// Address is where the block begins: the address that [DeviceMemory] was given, or that of host memory.
func (m *Memory) Address() uintptr { return m.begin(0) }

// Release marks the block as given back: from now on every operation refuses its views. A device calls it in Free, after
// [Check].Free.
func (m *Memory) Release() { m.host, m.released = nil, true }

// Tensor is the view of the block that starts offset bytes into it.
func (m *Memory) Tensor(t Type, offset int, dims ...int) Tensor {
	v := shaped(t, dims)
	if offset < 0 || offset%t.Size() != 0 || offset > m.bytes-v.Bytes() {
		panic("kernels: Memory.Tensor: outside the block, or at an offset that is no multiple of the element's size")
	}
	v.memory, v.offset = m, offset
	return v
}

// begin is the address of byte offset of the block: of host memory or of the owner's.
func (m *Memory) begin(offset int) uintptr {
	if m.host != nil {
		return uintptr(m.host) + uintptr(offset)
	}
	return m.address + uintptr(offset)
}

// HostHeap is the memory of a device that computes where the host does: New and Free of the contract, and how much of it
// is in use. Its Owner is the device, which it marks every tensor with.
type HostHeap struct {
	Owner any
	inUse atomic.Int64
}

// alignment is one cache line, the widest load of any tier: a 64-byte load that straddles lines costs two.
const alignment = 64

// New is a zeroed tensor that begins on a cache line.
func (h *HostHeap) New(t Type, dims ...int) Tensor {
	v := shaped(t, dims)
	bytes := v.Bytes()
	block := make([]uint64, (bytes+alignment+7)/8)
	skip := int(-uintptr(unsafe.Pointer(&block[0])) % alignment)
	v.memory = hostMemory(h.Owner, unsafe.Pointer(&block[skip/8]), bytes)
	h.inUse.Add(int64(bytes))
	return v
}

// Free gives the memory of t back. The zero Tensor has none.
func (h *HostHeap) Free(t Tensor) {
	m := t.memory
	if m == nil {
		return
	}
	checkFree(t, h.Owner)
	h.inUse.Add(-int64(m.bytes))
	m.Release()
}

// checkFree demands that a tensor may be given back to its device.
func checkFree(t Tensor, owner any) {
	switch {
	case t.memory.owner != owner:
		fail("Free", "memory of another device")
	case t.memory.released:
		fail("Free", "the memory was given back before")
	}
}

// InUse is the bytes of all tensors that were made and not given back.
func (h *HostHeap) InUse() int64 { return h.inUse.Load() }

// Int32s is a buffer of [Device].NewBuffer as int32 numbers, for WriteInt32: the same memory.
func Int32s(buffer []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(buffer))), len(buffer))
}
