// Package driver is what the GPU device asks of a driver: memory, copies, modules, launches with one packed block of
// arguments, streams, events, graphs and attributes. The interpreter of package ptxsim is one driver, the CUDA driver
// of a machine with a GPU another.
//
// Errors name what failed and, for a kernel, where. A driver whose kernel failed stays failed, as a CUDA context does:
// every later call returns the first error. A driver may take other failures as seriously.
package driver

import "time"

// Pointer is an address in the memory of the device.
type Pointer uint64

// Attribute is a property of a device.
type Attribute int

// The attributes, for which a device answers with a whole number.
const (
	ComputeCapability            Attribute = iota // 10*major + minor
	Multiprocessors                               // number of them
	WarpSize                                      // threads
	MaxThreadsPerBlock                            // threads
	MaxThreadsPerMultiprocessor                   // threads
	MaxBlocksPerMultiprocessor                    // blocks
	RegistersPerMultiprocessor                    // 32-bit registers
	SharedBytesPerBlock                           // without SetDynamicShared
	SharedBytesPerBlockMost                       // after SetDynamicShared
	SharedBytesPerMultiprocessor                  // bytes
	ReservedSharedBytesPerBlock                   // bytes that the system takes of each block's
	ClockKHz                                      // of the multiprocessors
	MemoryBusBits                                 // width of the memory bus
	MemoryClockKHz                                // of the memory
)

// Device is one GPU with its memory. Its methods may be called by one goroutine at a time.
type Device interface {
	// Name is the device's name for people.
	Name() string
	// Attribute is the value of a, 0 where the device does not know it.
	Attribute(a Attribute) int
	// Alloc takes bytes of device memory, aligned to 256. Its contents are undefined. Where there is not enough the error is a
	// kernels.OutOfMemory.
	Alloc(bytes int) (Pointer, error)
	// Free gives back what Alloc took.
	Free(Pointer) error
	// AllocHost takes zeroed host memory, of which a device copies fastest and without the host: CopyIn from it returns at
	// once, and reads it later.
	AllocHost(bytes int) ([]byte, error)
	// FreeHost gives back what AllocHost took, as a whole. No work may use it any more.
	FreeHost([]byte) error
	// Memory is the number of bytes free and in all.
	Memory() (free, total int, err error)
	// Load compiles PTX; name stands for it in errors.
	Load(name, ptx string) (Module, error)
	// EncodeTiled makes the tensor map of boxes of a tensor, for kernels of compute capability 90. Its memory need not be there yet.
	EncodeTiled(Tiled) (TensorMap, error)
	// EncodeIm2col makes the tensor map of pixels of images.
	EncodeIm2col(Im2col) (TensorMap, error)
	// NewStream makes a queue of work whose order holds only within it.
	NewStream() (Stream, error)
	// NewEvent makes a mark that a stream can record and another wait for.
	NewEvent() (Event, error)
	// NewGraph makes a graph of work, each behind the one before, none of it empty. Host memory that it copies from or to is of
	// AllocHost. The list and its arguments may be used again when it returns.
	NewGraph([]Work) (Graph, error)
	// Synchronize waits for all work and returns the error that the device has met, if any.
	Synchronize() error
	// Close gives back all that the device holds.
	Close() error
}

// Module is compiled PTX.
type Module interface {
	// Function finds an entry.
	Function(name string) (Function, error)
	// Global finds a variable of the module: its address and its size in bytes.
	Global(name string) (Pointer, int, error)
	// Unload gives back the module's memory. Its functions must not be launched any more.
	Unload() error
}

// FunctionAttributes is what a compiled function needs.
type FunctionAttributes struct {
	Registers          int // 32-bit registers a thread, 0 where the driver does not know it
	SharedBytes        int // static, a block
	LocalBytes         int // a thread
	MaxThreadsPerBlock int
	ArgumentBytes      int // size of the packed block of arguments
	ArgumentOffsets    []int
	DynamicSharedBytes int    // the most that a launch may ask for
	RequiredThreads    [3]int // zero where none are, or where the driver does not know them
	Target             int    // 10*major + minor of the module's target
}

// Function is an entry of a module.
type Function interface {
	Name() string
	Attributes() FunctionAttributes
	// SetDynamicShared lets launches ask for so many bytes of dynamic shared memory, which must be said above 48 KiB.
	SetDynamicShared(bytes int) error
	// BlocksPerMultiprocessor is the number of blocks of so many threads, with so many bytes of dynamic shared memory,
	// that a multiprocessor holds at a time.
	BlocksPerMultiprocessor(threads, shared int) (int, error)
}

// Launch is a call of a kernel.
type Launch struct {
	Function Function
	Grid     [3]int // blocks
	Block    [3]int // threads
	// Cluster is the blocks of a cluster, where that is not left to the kernel, whose .reqnctapercluster says it. Not every driver can.
	Cluster [3]int
	Shared  int // bytes of dynamic shared memory
	// Arguments is the block of parameters, each at its natural alignment, as a C structure has them. A kernel with the one
	// parameter `.param .align 64 .b8 p[N]` takes any structure whose size is a multiple of 8, through drivers too that
	// pass every argument as 8 bytes.
	Arguments []byte
}

// Stream is a queue of work. A call may return before its work is done; host memory handed to it must stay as it is
// until Synchronize.
type Stream interface {
	// CopyIn copies from host memory to the device.
	CopyIn(to Pointer, from []byte) error
	// CopyOut copies from the device to host memory.
	CopyOut(to []byte, from Pointer) error
	// Copy copies bytes inside the device. The areas must not overlap.
	Copy(to, from Pointer, bytes int) error
	// Fill sets words 32-bit words.
	Fill(to Pointer, value uint32, words int) error
	Launch(Launch) error
	// Record marks the work issued so far; Wait holds later work of this stream back until the event's.
	Record(Event) error
	Wait(Event) error
	// Synchronize waits for the work of the stream.
	Synchronize() error
	Destroy() error
}

// Event is a mark in a stream.
type Event interface {
	// Synchronize waits for the work before the mark.
	Synchronize() error
	// Since is the time between an earlier event and this one, both recorded and done.
	Since(earlier Event) (time.Duration, error)
	Destroy() error
}
