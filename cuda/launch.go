package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

const (
	blockThreads = 256 // of kernels with one thread an element
	warpThreads  = 32
)

// argument is one of a kernel: every parameter takes 8 bytes, as some drivers pass no other size.
type argument = uint64

// at is the address of a tensor, 0 for the zero Tensor.
func at(t kernels.Tensor) argument { return argument(t.Address()) }

func size(n int) argument { return argument(n) }

func number(v float64) argument { return math.Float64bits(v) }

func flag(b bool) argument {
	if b {
		return 1
	}
	return 0
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

// each launches a kernel with one thread for each of n elements, the kernel's last argument.
func (d *Device) each(op, kernel string, n int, arguments ...argument) {
	if n == 0 {
		return
	}
	if n > math.MaxInt32 {
		d.fail(op, errTooLong)
	}
	d.launch(op, kernel, (n+blockThreads-1)/blockThreads, blockThreads, append(arguments, size(n)))
}

// rows launches a kernel with one warp for each of n rows.
func (d *Device) rows(op, kernel string, n int, arguments ...argument) {
	if n > 0 {
		d.launch(op, kernel, n, warpThreads, arguments)
	}
}

// launch launches a kernel unless the device has failed.
func (d *Device) launch(op, kernel string, blocks, threads int, arguments []argument) {
	if d.err != nil {
		return
	}
	f, err := d.function(kernel)
	if err != nil {
		d.fail(op, fmt.Errorf("kernel %s: %w", kernel, err))
		return
	}
	d.arguments = d.arguments[:0]
	for _, a := range arguments {
		d.arguments = binary.LittleEndian.AppendUint64(d.arguments, a)
	}
	if err := d.stream.Launch(driver.Launch{Function: f, Grid: [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1}, Arguments: d.arguments}); err != nil {
		d.fail(op, fmt.Errorf("kernel %s: %w", kernel, err))
	}
}

const (
	// leastShare is the fewest rows of a part of a sum in two stages.
	leastShare = 64
	// mostThreads is how many threads the first stage of a sum has at most: some hundred thousand fill every GPU.
	mostThreads = 1 << 18
)

// parts cuts the sum over rows for each of n results into parts of share rows: into as many as give threads to a GPU.
func parts(rows, n int) (count, share int) {
	most := max(mostThreads/max(n, 1), 1)
	share = max(leastShare, (rows+most-1)/most)
	return (rows + share - 1) / share, share
}
