// Package ptxsim is a driver without a GPU: an interpreter of PTX in plain Go. It runs the kernels that ship, warp by warp,
// and stops at the first thing that a kernel must not do: an access out of bounds, misaligned, of freed or of unwritten
// memory, a race, a wrong barrier, a deadlock, a divergent .sync. The error names kernel, line, block and thread.
//
// It takes PTX that nobody here wrote too: what nvcc makes of CUDA C, optimised or for a debugger, with the headers of the toolkit,
// inline assembly with modifiers in any order, printf (Options.Output), malloc, and grids whose blocks wait for each other.
//
// Blocks of a cluster, up to 8, run one among the other under the same seed, clusters on all cores. They reach each other's shared memory
// by mapa, loads, stores, atomics, st.async, red.async, bulk copies and multicast, and meet at barrier.cluster and at mbarriers of any of
// them. Addresses of shared memory have the rank of the block in bits 24 and up, as in the code that ptxas makes for sm_90. A fault is, besides
// those within a block, whatever touches the memory of a block that need not have begun, or need not be there any more.
//
// What it does not have: of sm_90a integers and sparse matrices in wgmma, cp.reduce.async.bulk, multimem, tensor maps that are
// interleaved, convert or fill with NaN; whatever needs sm_100; textures and surfaces, for which the driver's interface has no objects;
// clusters of 16; mma.m8n8k4 of float16, wmma of 4 bits and of bits; values of 128 bits;
// vmad, vset, vshl, vshr and selectors of video instructions;
// registers that are vectors, parameters in registers; dynamic parallelism. Loading a kernel with any of these, or encoding such
// a map, fails and says so with the line and the instruction.
//
// A register or memory without a value is a fault where something depends on it: a branch, an address, a vote, an atomic, a product by
// wgmma or wmma, or what global memory keeps. Until then it may be moved, computed with, shuffled, loaded by ldmatrix and multiplied by
// mma, where it spoils its row or column, and kept in shared or local memory, as compilers and kernels do in lanes that do not need it. Padding that is copied stays padding. The fault names the line where the value was missing.
//
// Of the memory model: two threads may store the same value into a word at a time, different ones are a race. A plain load may meet
// atomics of others and has the value of a moment, which may be asked (a branch, a compare-and-swap) and not be kept. Any other load or
// store that meets a store of another thread is a race unless the model of PTX orders the two: by barriers, by a release and an acquire
// of one word, or by fences of the very threads whose strong accesses tell and learn, in front of the one and behind the other, all of a
// scope that has both. What a barrier has brought before a fence is told too. Fences in sequence (membar, fence.sc) may have barriers
// between them and the access. So a last block that merges what others have written needs a fence of the thread that counts on both
// sides of the atomic, and a barrier on both sides of that.
//
// Caches and time are not modelled. Proxies are told apart in shared memory only: a missing fence.proxy.async.global is not found.
// Races are looked for in shared memory, and in global memory by launches of more than one block; of reads that come before a store of
// another block it is only asked whether the two have talked at all, and those of the same block are not looked into. Scopes are not told
// apart in shared memory: an mbarrier orders blocks where .cta is its scope too, as the usual libraries write it.
// Sums of float8 in mma and wgmma are cut as those of float16, which no source says of the hardware. Inferred, and to be verified on a
// card, are of sparse products that their sums are those of a dense product of half the depth, and which thread has the metadata of which
// row where elements have 8 bits or fewer. Streams run their work at once, so they hide no missing wait of the host for a stream.
package ptxsim

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/machine"
	"gzpt/cuda/ptxsim/internal/tensor"
	"gzpt/kernels"
)

// Options are how a device runs. The zero value suits tests.
type Options struct {
	// Seed draws the order in which warps of a block run. A kernel without races gives the same bits for every seed.
	Seed uint64
	// Workers are the blocks that run at a time, 0 for one a core.
	Workers int
	// MemoryBytes is the size of the device's memory, 0 for 8 GiB.
	MemoryBytes int
	// BlockInstructions are those of warps that a block may run before it counts as endless, 0 for 2^28.
	BlockInstructions int
	// Target is what the device says it is, 10*major + minor; 0 for 90.
	Target int
	// IgnoreRaces leaves out the search for races between blocks in global memory, which takes six times the memory that
	// kernels touch.
	IgnoreRaces bool
	// Sample, where set, runs so many blocks of every launch instead of all, spread evenly over the grid, on memory that has no
	// contents: what is read is 0, what is written is lost. So the counters of a launch can be had whose operands fill a GPU, where
	// the way of the kernel follows from its arguments and not from what it reads. Launches that differ in nothing but the
	// allocations that they work on are run once.
	Sample int
	// Known, where set, is what samples have found, which devices that load the same kernels and have one Sample can share.
	Known map[string]*Profile
	// Output, where set, is given what kernels print.
	Output io.Writer
	// Observe, where set, is given the counters of every launch that ends without a fault.
	Observe func(*Profile)
}

// The counters of a launch; see package machine for their fields.
type (
	// Profile is what a launch did: by line, by class of instruction, in all.
	Profile = machine.Profile
	// Counts are instructions, requests, sectors, bank conflicts and bytes.
	Counts = machine.Counts
	// LineCounts are the counts of one instruction.
	LineCounts = machine.LineCounts
	// Fault is the error of a kernel that did what it must not.
	Fault = machine.Fault
	// Class is a kind of instruction.
	Class = machine.Class
)

// The classes of instructions.
const (
	Integer       = machine.Integer
	Float32       = machine.Float32
	Float64       = machine.Float64
	Half          = machine.Half
	Special       = machine.Special
	Conversion    = machine.Conversion
	Move          = machine.Move
	Tensor        = machine.Tensor
	GlobalLoad    = machine.GlobalLoad
	GlobalStore   = machine.GlobalStore
	SharedLoad    = machine.SharedLoad
	SharedStore   = machine.SharedStore
	LocalAccess   = machine.LocalAccess
	ParamAccess   = machine.ParamAccess
	GenericAccess = machine.GenericAccess
	Atomic        = machine.Atomic
	AsyncCopy     = machine.AsyncCopy
	WarpOperation = machine.WarpOperation
	Barrier       = machine.Barrier
	Control       = machine.Control
	Classes       = machine.Classes // their number
)

// Device is the interpreter as a driver.
type Device struct {
	options  Options
	global   *machine.Global
	launches uint32
	host     map[*byte]bool // memory of AllocHost
	failed   error
	closed   bool
}

var _ driver.Device = (*Device)(nil)

// Open makes a device.
func Open(options Options) *Device {
	if options.MemoryBytes == 0 {
		options.MemoryBytes = 8 << 30
	}
	if options.BlockInstructions == 0 {
		options.BlockInstructions = 1 << 28
	}
	if options.Target == 0 {
		options.Target = 90
	}
	d := &Device{options: options, global: machine.NewGlobal(options.MemoryBytes), host: map[*byte]bool{}}
	if options.Sample > 0 {
		d.global = machine.NewHollow(options.MemoryBytes)
		if options.Known == nil {
			d.options.Known = map[string]*Profile{}
		}
	}
	return d
}

var errClosed = errors.New("ptxsim: the device is closed")

// err is why nothing more can be done, if so.
func (d *Device) err() error {
	if d.closed {
		return errClosed
	}
	return d.failed
}

// do runs what a call asks for unless the device has failed.
func (d *Device) do(what string, work func() error) error {
	if err := d.err(); err != nil {
		return err
	}
	if err := work(); err != nil {
		return fmt.Errorf("ptxsim: %s: %w", what, err)
	}
	return nil
}

// Name is what the device is.
func (d *Device) Name() string { return "ptxsim, an interpreter of PTX" }

// Attribute gives the limits of an H100 or, below target 90, of an A100.
func (d *Device) Attribute(a driver.Attribute) int {
	limit := limitsOf(d.options.Target)
	switch a {
	case driver.ComputeCapability:
		return d.options.Target
	case driver.Multiprocessors:
		return limit.multiprocessors
	case driver.WarpSize:
		return 32
	case driver.MaxThreadsPerBlock:
		return 1024
	case driver.MaxThreadsPerMultiprocessor:
		return limit.threads
	case driver.MaxBlocksPerMultiprocessor:
		return limit.blocks
	case driver.RegistersPerMultiprocessor:
		return limit.registers
	case driver.SharedBytesPerBlock:
		return usualShared
	case driver.SharedBytesPerBlockMost:
		return limit.sharedMost
	case driver.SharedBytesPerMultiprocessor:
		return limit.shared
	case driver.ReservedSharedBytesPerBlock:
		return reservedShared
	}
	return 0
}

// Alloc takes device memory, which holds nothing until it is written.
func (d *Device) Alloc(bytes int) (at driver.Pointer, err error) {
	err = d.do("Alloc", func() error {
		if free := d.global.Limit() - d.global.Used(); bytes > free {
			return &kernels.OutOfMemory{Asked: int64(bytes), Free: int64(free), Total: int64(d.global.Limit())}
		}
		address, err := d.global.Alloc(bytes)
		at = driver.Pointer(address)
		return err
	})
	return at, err
}

// Free gives memory back; its addresses stay unusable.
func (d *Device) Free(at driver.Pointer) error {
	return d.do("Free", func() error { return d.global.Free(uint64(at)) })
}

// AllocHost makes memory as all host memory is, aligned to 8 bytes.
func (d *Device) AllocHost(bytes int) (b []byte, err error) {
	err = d.do("AllocHost", func() error {
		if bytes <= 0 {
			return fmt.Errorf("%d bytes asked for", bytes)
		}
		b = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(make([]uint64, (bytes+7)/8)))), bytes)
		d.host[&b[0]] = true
		return nil
	})
	return b, err
}

// FreeHost forgets it.
func (d *Device) FreeHost(b []byte) error {
	return d.do("FreeHost", func() error {
		at := unsafe.SliceData(b)
		if !d.host[at] {
			return errors.New("memory that AllocHost did not take, or that was given back")
		}
		delete(d.host, at)
		return nil
	})
}

// Memory is the number of bytes free and in all.
func (d *Device) Memory() (free, total int, err error) {
	return d.global.Limit() - d.global.Used(), d.global.Limit(), d.err()
}

// EncodeTiled makes a tensor map in a format of the interpreter's own.
func (d *Device) EncodeTiled(t driver.Tiled) (made driver.TensorMap, err error) {
	err = d.do("EncodeTiled", func() error {
		made, err = tensor.EncodeTiled(t)
		return err
	})
	return made, err
}

// EncodeIm2col makes a tensor map in a format of the interpreter's own.
func (d *Device) EncodeIm2col(t driver.Im2col) (made driver.TensorMap, err error) {
	err = d.do("EncodeIm2col", func() error {
		made, err = tensor.EncodeIm2col(t)
		return err
	})
	return made, err
}

// Synchronize returns the fault that the device has met, if any: there is nothing to wait for.
func (d *Device) Synchronize() error { return d.err() }

// Close lets the memory go.
func (d *Device) Close() error {
	if d.closed {
		return errClosed
	}
	d.closed, d.global = true, nil
	return nil
}
