package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

const (
	blockThreads = 256 // of kernels with one thread an element
	warpThreads  = 32
)

// argument is one of a kernel: every parameter takes 8 bytes, as some drivers pass no other size. What it is decides which
// variant of the kernel runs.
type argument struct {
	bits    uint64
	address bool
	bytes   int  // of an element, of the address of a tensor
	half    bool // the address of bfloat16
	period  bool // a length that the elements of a thread must not straddle
}

// at is the address of a tensor, 0 for the zero Tensor.
func at(t kernels.Tensor) argument {
	a := argument{bits: uint64(t.Address()), address: true, half: t.Type() == kernels.BFloat16}
	if t.Rank() > 0 {
		a.bytes = t.Type().Size()
	}
	return a
}

// arguments is memory for those of the launch at hand, which every launch uses again.
type arguments struct {
	list  [mostArguments]argument
	bytes []byte
}

// mostArguments is more than any kernel has.
const mostArguments = 48

// list is arguments to which more can be appended without memory being taken. The next list takes their place.
func (d *Device) list(a ...argument) []argument { return append(d.arguments.list[:0], a...) }

func size(n int) argument { return argument{bits: uint64(n)} }

// period is a size that says how often something repeats, such as the number of channels.
func period(n int) argument { return argument{bits: uint64(n), period: true} }

func number(v float64) argument { return argument{bits: math.Float64bits(v)} }

func flag(b bool) argument {
	if b {
		return size(1)
	}
	return size(0)
}

var errTooLong = errors.New("more than 2147483647 elements, which the kernels cannot count")

// fits fails the device where a tensor has more elements than the kernels can count.
func (d *Device) fits(op string, ts ...kernels.Tensor) {
	for _, t := range ts {
		if t.Len() > math.MaxInt32 {
			d.fail(op, errTooLong)
		}
	}
}

// each launches a kernel with one thread for each of n elements, the kernel's last argument, or one for several elements where
// a variant of the kernel can have that.
func (d *Device) each(op, kernel string, n int, arguments ...argument) {
	if n == 0 {
		return
	}
	if n > math.MaxInt32 {
		d.fail(op, errTooLong)
	}
	half := slices.ContainsFunc(arguments, func(a argument) bool { return a.half })
	chosen, width := instance{kernel, variant{half: half}}, 1
	wide := instance{kernel, variant{half: half, wide: true}}
	if w := d.functions[wide].width; w > 0 && fits(w, n, arguments) {
		chosen, width = wide, w
	}
	threads := n / width
	d.launch(op, chosen, (threads+blockThreads-1)/blockThreads, blockThreads, append(d.list(arguments...), size(n))...)
}

// fits reports whether n elements and everything that repeats are whole threads of width elements, and all addresses multiples
// of 16 bytes.
func fits(width, n int, arguments []argument) bool {
	for _, a := range arguments {
		if a.address && a.bits%16 != 0 || a.period && a.bits%uint64(width) != 0 {
			return false
		}
	}
	return n%width == 0
}

// mapped is each for a kernel that works on every element alone: those behind the last whole thread have a launch of their own.
func (d *Device) mapped(op, kernel string, n int, arguments ...argument) {
	whole := n / mostElements * mostElements
	d.each(op, kernel, whole, arguments...)
	for i, a := range arguments {
		arguments[i].bits += uint64(whole * a.bytes)
	}
	d.each(op, kernel, n-whole, arguments...)
}

// rows launches a kernel with one warp for each of n rows, whose threads take several elements at a time where a variant of the
// kernel can have that.
func (d *Device) rows(op, kernel string, n int, arguments ...argument) {
	d.rowsOf(op, kernel, n, warpThreads, arguments...)
}

// rowsOf is rows with a block of threads for each row.
func (d *Device) rowsOf(op, kernel string, n, threads int, arguments ...argument) {
	if n == 0 {
		return
	}
	chosen, wide := instance{kernel: kernel}, instance{kernel, variant{wide: true}}
	if w := d.functions[wide].width; w > 0 && fits(w, 0, arguments) {
		chosen = wide
	}
	d.launch(op, chosen, n, threads, arguments...)
}

// launch launches a kernel unless the device has failed.
func (d *Device) launch(op string, kernel instance, blocks, threads int, arguments ...argument) {
	d.launchMapped(op, kernel, blocks, threads, 0, nil, arguments...)
}

// launchMapped is launch of a kernel with shared bytes of dynamic shared memory, and with tensor maps before its arguments.
func (d *Device) launchMapped(op string, kernel instance, blocks, threads, shared int, maps []driver.TensorMap, arguments ...argument) {
	if d.err != nil {
		return
	}
	f, err := d.function(kernel, shared)
	if err != nil {
		d.fail(op, fmt.Errorf("kernel %s: %w", kernel, err))
		return
	}
	packed := d.arguments.bytes[:0]
	for i := range maps {
		packed = append(packed, maps[i][:]...)
	}
	for _, a := range arguments {
		packed = binary.LittleEndian.AppendUint64(packed, a.bits)
	}
	d.arguments.bytes = packed
	l := driver.Launch{Function: f, Grid: [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1}, Shared: shared, Arguments: packed}
	d.do(op, driver.Work{Launch: l})
}

const (
	// leastShare is the fewest rows of a part of a sum in two stages.
	leastShare = 16
	// mostThreads is how many threads the first stage of a sum has at most: some hundred thousand fill every GPU.
	mostThreads = 1 << 19
)

// parts cuts the sum over rows for each of n results into parts of share rows: into as many as give threads to a GPU.
func parts(rows, n int) (count, share int) {
	most := max(mostThreads/max(n, 1), 1)
	share = max(leastShare, (rows+most-1)/most)
	return (rows + share - 1) / share, share
}
