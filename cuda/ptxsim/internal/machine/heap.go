package machine

// This file is the memory that kernels take themselves, by malloc and free of CUDA C, which PTX calls without their bodies.

import (
	"sync"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// heapBytes is the heap's size, which is that of CUDA where nobody asks for another, on a small device half of what is free.
const heapBytes = 8 << 20

// heap is one allocation of global memory from which kernels take parts. None is used again, so that a use after free shows.
type heap struct {
	sync.Mutex
	base  uint64
	size  uint64
	next  uint64
	parts map[uint64]uint64 // bytes by address, of those not given back
}

// prepareHeap makes the heap of a device at the first launch that may need it.
func (g *Global) prepareHeap() error {
	if g.heap != nil {
		return nil
	}
	size := min(heapBytes, (g.limit-g.used)/2)
	base, err := g.Alloc(size)
	if err == nil {
		g.heap = &heap{base: base, size: uint64(size), parts: map[uint64]uint64{}}
	}
	return err
}

// take is malloc: 0 where there is no room.
func (h *heap) take(bytes uint64) uint64 {
	h.Lock()
	defer h.Unlock()
	if bytes > h.size-h.next {
		return 0
	}
	at := h.base + h.next
	h.parts[at] = bytes
	h.next = min(h.size, (h.next+max(bytes, 1)+15)&^15)
	return at
}

// giveBack is free, and says how many bytes that are, and whether there was such a part.
func (h *heap) giveBack(at uint64) (bytes uint64, known bool) {
	h.Lock()
	defer h.Unlock()
	bytes, known = h.parts[at]
	delete(h.parts, at)
	return bytes, known
}

// callAllocator is a call of malloc.
func (c *compiler) callAllocator(arguments, results []*syntax.Operand) {
	size, result := c.locals[arguments[0].Variable], c.locals[results[0].Variable]
	c.allocates = true
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			at := w.block.launch.global.heap.take(number(w.local.lane(lane).data[size : size+8]))
			p, _ := w.local.access(lane, uint64(result), 8, true)
			putNumber(p, at)
		}
		g.pc++
	}
}

// callFree is a call of free. What is given back has no value any more.
func (c *compiler) callFree(arguments, _ []*syntax.Operand) {
	pointer := c.locals[arguments[0].Variable]
	c.allocates = true
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			at := number(w.local.lane(lane).data[pointer : pointer+8])
			if at == 0 {
				continue
			}
			bytes, known := w.block.launch.global.heap.giveBack(at)
			if !known {
				fail(lane, "free of %#x, which malloc has not given or which is free already", at)
			}
			for n := range bytes {
				w.forgetByte(globalSpace, lane, at+n)
			}
		}
		g.pc++
	}
}
