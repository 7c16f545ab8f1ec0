//go:build cuda

// Package simdriver is the CUDA driver without a GPU: a program that imports it is linked with these functions instead of those of
// folder libcuda, and its kernels run on the interpreter of package ptxsim. So the whole program is tested, the package cu
// included, but for the library of NVIDIA's.
//
// It is as late as a GPU may be: streams keep their work until somebody waits. Memory that the host may not yet use again, a
// wrong order and a missing wait show. A context belongs to the thread of the system that made it current. After a kernel's
// fault every call fails, as in a CUDA context.
package simdriver

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"syscall"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
)

// FailVariable is the variable of the environment that makes a call fail: "FUNCTION:CALL:RESULT", the call counted from 1.
const FailVariable = "GZPT_SIMDRIVER_FAIL"

// Options are how contexts that are made from now on run.
var Options ptxsim.Options

// The results that functions return here.
const (
	success        = 0
	invalidValue   = 1
	outOfMemory    = 2
	invalidDevice  = 101
	invalidContext = 201
	invalidPTX     = 218
	invalidHandle  = 400
	notFound       = 500
	notReady       = 600
	illegalAddress = 700
	launchFailed   = 719
	notPermitted   = 800
)

var names = map[int]string{
	success: "CUDA_SUCCESS", invalidValue: "CUDA_ERROR_INVALID_VALUE", outOfMemory: "CUDA_ERROR_OUT_OF_MEMORY",
	invalidDevice: "CUDA_ERROR_INVALID_DEVICE", invalidContext: "CUDA_ERROR_INVALID_CONTEXT", invalidPTX: "CUDA_ERROR_INVALID_PTX",
	invalidHandle: "CUDA_ERROR_INVALID_HANDLE", notFound: "CUDA_ERROR_NOT_FOUND", notReady: "CUDA_ERROR_NOT_READY",
	222: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", illegalAddress: "CUDA_ERROR_ILLEGAL_ADDRESS", launchFailed: "CUDA_ERROR_LAUNCH_FAILED", notPermitted: "CUDA_ERROR_NOT_PERMITTED",
}

// library is what the driver remembers.
type library struct {
	sync.Mutex
	calls map[string]int // so far, by function
	fails failure
	fault error

	device  *ptxsim.Device // of the context; nil where there is none
	thread  int            // where the context is current
	objects map[uintptr]any
	next    uintptr
	pinned  []pinned
}

// failure is a call that fails, and its result.
type failure struct {
	function     string
	call, result int
}

var lib = &library{calls: map[string]int{}, objects: map[uintptr]any{}, next: 0x1000, fails: asked(os.Getenv(FailVariable))}

// asked reads the variable of the environment.
func asked(text string) (f failure) {
	if text == "" {
		return f
	}
	function, numbers, _ := strings.Cut(text, ":")
	if n, err := fmt.Sscanf(numbers, "%d:%d", &f.call, &f.result); n != 2 {
		panic(fmt.Sprintf("simdriver: %s=%s: %v", FailVariable, text, err))
	}
	f.function = function
	return f
}

// Fail makes a call of a function fail with a result; calls are counted from 1 and from now on. A context that somebody left is gone.
func Fail(function string, call, result int) {
	lib.Lock()
	defer lib.Unlock()
	lib.calls, lib.fails = map[string]int{}, failure{function, call, result}
	lib.device, lib.objects, lib.fault = nil, map[uintptr]any{}, nil
}

// Calls is the number of calls by function, since the program began or since Fail.
func Calls() map[string]int {
	lib.Lock()
	defer lib.Unlock()
	return maps.Clone(lib.calls)
}

// call is a call that needs no context.
func call(name string, work func() int) int {
	lib.Lock()
	defer lib.Unlock()
	lib.calls[name]++
	if name == lib.fails.function && lib.calls[name] == lib.fails.call {
		return lib.fails.result
	}
	return work()
}

// inContext is a call that needs one on this thread, which no kernel has broken.
func inContext(name string, work func() int) int {
	return call(name, func() int {
		if lib.device == nil || lib.thread != syscall.Gettid() {
			return invalidContext
		}
		if lib.fault != nil {
			return illegalAddress
		}
		return work()
	})
}

// resultOf is the result that stands for an error of the interpreter.
func (l *library) resultOf(err error) int {
	var fault *ptxsim.Fault
	var full *kernels.OutOfMemory
	switch {
	case err == nil:
		return success
	case errors.As(err, &fault):
		l.fault = err
		return illegalAddress
	case errors.As(err, &full) || strings.Contains(err.Error(), "out of memory"):
		return outOfMemory
	}
	return invalidValue
}

// meaning is the text for a result: for a kernel's fault what the interpreter says of it.
func (l *library) meaning(result int) string {
	if l.fault != nil && result == illegalAddress {
		return l.fault.Error()
	}
	return fmt.Sprintf("result %d of the simulated driver", result)
}

// add gives an object a handle.
func (l *library) add(object any) uintptr {
	l.next += 16
	l.objects[l.next] = object
	return l.next
}

// object is what a handle stands for.
func object[T any](handle uintptr) (T, bool) {
	o, ok := lib.objects[handle].(T)
	return o, ok
}

// pinned is host memory that the driver gave out.
type pinned struct {
	at    uintptr
	bytes int
	gone  bool
}

// pinnedAt finds the memory that an address lies in, nil for memory that is not the driver's.
func (l *library) pinnedAt(at uintptr) *pinned {
	for i := range l.pinned {
		if p := &l.pinned[i]; p.at <= at && at < p.at+uintptr(p.bytes) {
			return p
		}
	}
	return nil
}

// stream is work that waits, in order.
type stream struct {
	queue []func() error
	runs  driver.Stream
}

type event struct {
	on   *stream // that recorded it
	mark driver.Event
	done bool
}

type module struct{ driver.Module }

type function struct{ driver.Function }

// issue leaves work to a stream.
func (s *stream) issue(work func() error) int {
	s.queue = append(s.queue, work)
	return success
}

// drain does the work of a stream.
func (s *stream) drain() error {
	for len(s.queue) > 0 {
		work := s.queue[0]
		s.queue = s.queue[1:]
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

// wait does the work of all streams.
func (l *library) wait() int {
	for _, o := range l.objects {
		if s, is := o.(*stream); is {
			if result := l.resultOf(s.drain()); result != success {
				return result
			}
		}
	}
	return success
}
