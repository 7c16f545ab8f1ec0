//go:build amd64 && !noasm

package asm

// streamed is an operation on flat blocks that can be cut: span computes the elements first, ..., first+n-1. The spans of a
// call may run in any order and on any worker.
type streamed interface {
	span(first, n, worker int)
}

// streamJob cuts n elements into items of size elements.
type streamJob struct {
	op      streamed
	n, size int
}

func (j *streamJob) do(item, worker int) {
	first := item * j.size
	j.op.span(first, min(j.size, j.n-first), worker)
}

// streamFloats is the floats that an item takes from each operand: 128 KiB from one to four operands stay in L2, so that
// a second look at them is free, and take 20 to 60 microseconds from memory.
const streamFloats = 32 << 10

// spanOf is the elements of one span of a stream in whole units.
func spanOf(unit int) int { return max(streamFloats/unit, 1) * unit }

// stream carries out op on n elements, cut between units: the spans start at multiples of spanOf(unit) and depend on
// nothing else. It allocates nothing if op is a pointer into the state of the device.
func (d *device) stream(op streamed, n, unit int) {
	size := spanOf(unit)
	d.elem.stream = streamJob{op: op, n: n, size: size}
	d.pool.run(&d.elem.stream, ceil(n, size))
}
