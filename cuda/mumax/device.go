//go:build cuda

// Package mumax is the driver of a machine with an NVIDIA GPU: the package cuda/cu of mumax3, unmodified, and beside it the
// calls that cu lacks (extension.go). It needs the build tag cuda and is linked with the functions of folder libcuda, which find
// the driver's library, libcuda.so.1, when the program runs; `make cuda` does both.
//
// mumax3 is under the GPL, version 3 or later: so is a program that was built with the tag.
package mumax

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

const (
	oldestCUDA       = 12040 // 1000*major + 10*minor: it has cuFuncGetParamInfo
	oldestCapability = 80    // which the kernels are written for
)

// Device is a GPU. One thread of the system owns its CUDA context and makes all calls, one after the other. Work for streams is
// left to it, so that a launch does not cost two changes of threads; all other calls wait for it. A call that fails makes the
// device fail for good: every later one returns the first error. What the driver itself refuses, such as a launch with too few
// arguments, does not.
type Device struct {
	work   chan request // for the thread that owns the context
	done   chan error   // of the requests that somebody waits for
	failed atomic.Pointer[error]
	closed bool

	arguments [mostAhead + 2][]byte // of the calls that may wait for the thread, in turn
	left      int                   // of such calls

	name       string
	attributes map[driver.Attribute]int
	blocking   bool // wait for each launch, so that an error names its kernel

	// What follows belongs to the thread.
	context  cu.Context
	host     map[*byte]int // bytes of memory of AllocHost
	launched string        // the last kernel since somebody waited
}

// mostAhead is how many calls of streams may wait for the thread: about those of a step of training.
const mostAhead = 1024

var _ driver.Device = (*Device)(nil)

// Unavailable is the error of Open on a machine without a GPU, or without its driver.
type Unavailable struct{ Reason string }

func (e *Unavailable) Error() string { return e.Reason }

// Open makes a context on the GPU with the given number, from 0 on. Where there is no GPU the error is an [Unavailable]. With
// CUDA_LAUNCH_BLOCKING=1 in the environment the device waits for each kernel, which is slow.
func Open(ordinal int) (*Device, error) {
	d := &Device{
		work: make(chan request, mostAhead), done: make(chan error), attributes: map[driver.Attribute]int{}, host: map[*byte]int{},
		blocking: os.Getenv("CUDA_LAUNCH_BLOCKING") == "1",
	}
	go d.thread()
	if err := d.do("Open", func() error { return d.start(ordinal) }); err != nil {
		if d.context != 0 {
			_ = d.Close() // the first error says more
		} else {
			close(d.work)
		}
		return nil, err
	}
	return d, nil
}

// start finds the GPU and makes the context.
func (d *Device) start(ordinal int) error {
	if result := attempt(func() { cu.Init(0) }); result == cu.ERROR_NO_DEVICE {
		if why := missingLibrary(); why != "" {
			return &Unavailable{"no NVIDIA driver: " + why}
		}
		return &Unavailable{"the driver finds no GPU"}
	} else if result != cu.SUCCESS {
		panic(result)
	}
	if version := cu.Version(); version < oldestCUDA {
		return fmt.Errorf("the driver is for CUDA %d.%d, expected 12.4 or newer", version/1000, version%1000/10)
	}
	count := cu.DeviceGetCount()
	if count == 0 {
		return &Unavailable{"the driver finds no GPU"}
	}
	if ordinal < 0 || ordinal >= count {
		return fmt.Errorf("there is no GPU %d, expected 0 to %d", ordinal, count-1)
	}
	device := cu.DeviceGet(ordinal)
	d.name = device.Name()
	major, minor := device.ComputeCapability()
	if 10*major+minor < oldestCapability {
		return fmt.Errorf("%s has compute capability %d.%d, expected 8.0 or newer", d.name, major, minor)
	}
	d.attributes[driver.ComputeCapability] = 10*major + minor
	for attribute, number := range attributeNumbers {
		_ = attempt(func() { d.attributes[attribute] = device.Attribute(number) }) // an unknown one stays 0
	}
	d.context = cu.CtxCreate(blockingContext, device)
	d.context.SetCurrent()
	return nil
}

// request is a call for the thread that owns the context: work or, where that is nil, what a stream is to do: the issued work, or the
// graph. Without a stream the issued work is for a node of the graph.
type request struct {
	call   string
	work   func() error
	stream *stream
	graph  *graph
	node   int
	issued driver.Work
	waited bool // somebody waits for its end
	always bool // also on a device that has failed
}

// thread makes all calls, on one thread of the system. The thread ends with it.
func (d *Device) thread() {
	runtime.LockOSThread()
	for {
		r, more := <-d.work
		if !more {
			return
		}
		err := d.run(r)
		if r.waited {
			d.done <- err
		}
	}
}

// run makes a call. No panic of the package cu leaves it.
func (d *Device) run(r request) (err error) {
	if failed := d.failed.Load(); failed != nil && !r.always {
		return *failed
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			failed := d.describe(r.call, panicked)
			d.failed.CompareAndSwap(nil, &failed)
			err = failed
		}
	}()
	switch {
	case r.work != nil:
		if err := r.work(); err != nil {
			return fmt.Errorf("mumax: %s: %w", r.call, err)
		}
	case r.graph == nil:
		r.stream.run(&r.issued)
	case r.stream == nil:
		r.graph.add(r.node, &r.issued)
	default:
		r.graph.launch(r.stream)
	}
	return nil
}

var errClosed = errors.New("mumax: the device is closed")

// err is why nothing more can be done, if so.
func (d *Device) err() error {
	if d.closed {
		return errClosed
	}
	if failed := d.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// do makes a call, unless the device has failed, and waits until it returns. Then all calls before it have been made.
func (d *Device) do(call string, work func() error) error {
	if err := d.err(); err != nil {
		return err
	}
	d.work <- request{call: call, work: work, waited: true}
	return <-d.done
}

// leave leaves a call to the thread, unless the device has failed. Its error is that of the calls after it. Arguments may be used again
// when it returns.
func (d *Device) leave(r request) error {
	if err := d.err(); err != nil {
		return err
	}
	if len(r.issued.Arguments) > 0 {
		// When this place was last used, so many requests ago that all before the last two have been taken, its call was made.
		mine := &d.arguments[d.left%len(d.arguments)]
		d.left++
		*mine = append((*mine)[:0], r.issued.Arguments...)
		r.issued.Arguments = *mine
	}
	d.work <- r
	return nil
}

// describe makes an error of what the package cu panics with.
func (d *Device) describe(call string, r any) error {
	result, is := r.(cu.Result)
	if !is {
		return fmt.Errorf("mumax: %s: %v", call, r)
	}
	text := fmt.Sprintf("mumax: %s: %s", call, explain(result))
	if d.launched != "" {
		text += "; the last kernel that nobody had waited for is " + d.launched + ": CUDA_LAUNCH_BLOCKING=1 in the environment names the one that failed"
	}
	return &Error{text, int(result)}
}

// Error is a call of the CUDA driver that failed.
type Error struct {
	text   string
	Result int // the CUresult
}

func (e *Error) Error() string { return e.text }

// attempt is the result of a call of the package cu, which panics with all but success.
func attempt(call func()) (result cu.Result) {
	defer func() {
		if r := recover(); r != nil {
			failed, is := r.(cu.Result)
			if !is {
				panic(r)
			}
			result = failed
		}
	}()
	call()
	return cu.SUCCESS
}

// Name is what the maker calls the GPU.
func (d *Device) Name() string { return d.name }

// Attribute is a property of the GPU.
func (d *Device) Attribute(a driver.Attribute) int { return d.attributes[a] }

// Alloc takes device memory, which CUDA aligns to 256 bytes.
func (d *Device) Alloc(bytes int) (at driver.Pointer, err error) {
	err = d.do("Alloc", func() error {
		if bytes <= 0 {
			return fmt.Errorf("%d bytes asked for", bytes)
		}
		if result := attempt(func() { at = driver.Pointer(cu.MemAlloc(int64(bytes))) }); result == cu.ERROR_OUT_OF_MEMORY {
			return outOfMemory(bytes)
		} else if result != cu.SUCCESS {
			panic(result)
		}
		return nil
	})
	return at, err
}

// took reports whether AllocHost took the memory that an address lies in.
func (d *Device) took(at unsafe.Pointer) bool {
	for begin, bytes := range d.host {
		if first := uintptr(unsafe.Pointer(begin)); first <= uintptr(at) && uintptr(at) < first+uintptr(bytes) {
			return true
		}
	}
	return false
}

func outOfMemory(asked int) error {
	free, total := cu.MemGetInfo()
	return &kernels.OutOfMemory{Asked: int64(asked), Free: free, Total: total}
}

// Free waits for work that may use the memory, and gives it back.
func (d *Device) Free(at driver.Pointer) error {
	return d.do("Free", func() error {
		cu.MemFree(cu.DevicePtr(at))
		return nil
	})
}

// Memory is the number of bytes free and in all.
func (d *Device) Memory() (free, total int, err error) {
	err = d.do("Memory", func() error {
		f, t := cu.MemGetInfo()
		free, total = int(f), int(t)
		return nil
	})
	return free, total, err
}

// AllocHost takes host memory that is never moved or swapped out, so that the GPU copies from it by itself.
func (d *Device) AllocHost(bytes int) (b []byte, err error) {
	err = d.do("AllocHost", func() error {
		if bytes <= 0 {
			return fmt.Errorf("%d bytes asked for", bytes)
		}
		b = unsafe.Slice((*byte)(cu.MemAllocHost(int64(bytes))), bytes)
		clear(b)
		d.host[&b[0]] = bytes
		return nil
	})
	return b, err
}

// FreeHost gives back what AllocHost took.
func (d *Device) FreeHost(b []byte) error {
	return d.do("FreeHost", func() error {
		at := unsafe.SliceData(b)
		if _, ours := d.host[at]; !ours {
			return errors.New("memory that AllocHost did not take, or that was given back")
		}
		delete(d.host, at)
		cu.MemFreeHost(unsafe.Pointer(at))
		return nil
	})
}

// Synchronize waits for all work.
func (d *Device) Synchronize() error {
	return d.do("Synchronize", func() error {
		cu.CtxSynchronize()
		d.launched = ""
		return nil
	})
}

// Close destroys the context with all that it holds, and ends its thread.
func (d *Device) Close() error {
	if d.closed {
		return errClosed
	}
	d.work <- request{call: "Close", waited: true, always: true, work: func() error {
		d.context.Destroy()
		return nil
	}}
	err := <-d.done
	d.closed = true
	close(d.work)
	return err
}
