package kernels

// extent is the bytes of a tensor in an address space: the host's, or that of the device that owns it.
func (t Tensor) extent() (space any, begin, end uintptr) {
	if t.Len() == 0 || t.memory == nil {
		return nil, 0, 0
	}
	begin = t.memory.begin(t.offset)
	if t.memory.host == nil {
		space = t.memory.owner
	}
	return space, begin, begin + uintptr(t.Bytes())
}

// touch reports whether two tensors share any memory.
func touch(a, b Tensor) bool {
	aSpace, aBegin, aEnd := a.extent()
	bSpace, bBegin, bEnd := b.extent()
	return aSpace == bSpace && aBegin < bEnd && bBegin < aEnd
}

// sameBlock reports whether two tensors are exactly the same memory.
func sameBlock(a, b Tensor) bool {
	aSpace, aBegin, aEnd := a.extent()
	bSpace, bBegin, bEnd := b.extent()
	return aSpace == bSpace && aBegin < aEnd && aBegin == bBegin && aEnd == bEnd
}

// overlaps reports whether two tensors share memory without being the same block.
func overlaps(a, b Tensor) bool { return touch(a, b) && !sameBlock(a, b) }
