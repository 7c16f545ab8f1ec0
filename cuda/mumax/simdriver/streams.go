//go:build cuda

package simdriver

// This file is the functions of the CUDA driver that leave work to a stream, or wait for it.

import "C"

import (
	"time"
	"unsafe"

	"gzpt/cuda/internal/driver"
)

//export cuStreamCreate
func cuStreamCreate(made *C.size_t, flags C.uint) C.int {
	return C.int(inContext("cuStreamCreate", func() int {
		runs, err := lib.device.NewStream()
		*made = C.size_t(lib.add(&stream{runs: runs}))
		return lib.resultOf(err)
	}))
}

// onStream is a call for a stream.
func onStream(name string, handle C.size_t, work func(s *stream) int) C.int {
	return C.int(inContext(name, func() int {
		s, ok := object[*stream](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		return work(s)
	}))
}

//export cuStreamDestroy_v2
func cuStreamDestroy_v2(handle C.size_t) C.int {
	return onStream("cuStreamDestroy_v2", handle, func(s *stream) int {
		result := lib.resultOf(s.drain())
		delete(lib.objects, uintptr(handle))
		return result
	})
}

//export cuStreamSynchronize
func cuStreamSynchronize(handle C.size_t) C.int {
	return onStream("cuStreamSynchronize", handle, func(s *stream) int { return lib.resultOf(s.drain()) })
}

//export cuMemcpyHtoDAsync_v2
func cuMemcpyHtoDAsync_v2(to C.ulonglong, from unsafe.Pointer, bytes, handle C.size_t) C.int {
	return onStream("cuMemcpyHtoDAsync_v2", handle, func(s *stream) int {
		memory := unsafe.Slice((*byte)(from), int(bytes))
		p := lib.pinnedAt(uintptr(from))
		if p != nil && p.gone {
			return invalidValue
		}
		if p == nil { // CUDA copies ordinary memory aside before it returns
			memory = append([]byte(nil), memory...)
		}
		return s.issue(func() error { return s.runs.CopyIn(driver.Pointer(to), memory) })
	})
}

//export cuMemcpyDtoHAsync_v2
func cuMemcpyDtoHAsync_v2(to unsafe.Pointer, from C.ulonglong, bytes, handle C.size_t) C.int {
	return onStream("cuMemcpyDtoHAsync_v2", handle, func(s *stream) int {
		memory := unsafe.Slice((*byte)(to), int(bytes))
		result := s.issue(func() error { return s.runs.CopyOut(memory, driver.Pointer(from)) })
		if lib.pinnedAt(uintptr(to)) == nil { // CUDA has filled ordinary memory when it returns
			return lib.resultOf(s.drain())
		}
		return result
	})
}

//export cuMemcpyDtoDAsync_v2
func cuMemcpyDtoDAsync_v2(to, from C.ulonglong, bytes, handle C.size_t) C.int {
	return onStream("cuMemcpyDtoDAsync_v2", handle, func(s *stream) int {
		return s.issue(func() error { return s.runs.Copy(driver.Pointer(to), driver.Pointer(from), int(bytes)) })
	})
}

//export cuMemsetD32Async
func cuMemsetD32Async(to C.ulonglong, value C.uint, count, handle C.size_t) C.int {
	return onStream("cuMemsetD32Async", handle, func(s *stream) int {
		return s.issue(func() error { return s.runs.Fill(driver.Pointer(to), uint32(value), int(count)) })
	})
}

//export cuLaunchKernel
func cuLaunchKernel(
	handle C.size_t, gridX, gridY, gridZ, blockX, blockY, blockZ, shared C.uint, on C.size_t, parameters, extra *unsafe.Pointer,
) C.int {
	return onStream("cuLaunchKernel", on, func(s *stream) int {
		f, ok := object[function](uintptr(handle))
		if !ok || extra != nil {
			return invalidHandle
		}
		launch := driver.Launch{
			Function: f.Function, Grid: [3]int{int(gridX), int(gridY), int(gridZ)}, Block: [3]int{int(blockX), int(blockY), int(blockZ)},
			Shared: int(shared), Arguments: f.block(parameters),
		}
		return s.issue(func() error { return s.runs.Launch(launch) })
	})
}

//export cuEventCreate
func cuEventCreate(made *C.size_t, flags C.uint) C.int {
	return C.int(inContext("cuEventCreate", func() int {
		mark, err := lib.device.NewEvent()
		*made = C.size_t(lib.add(&event{mark: mark}))
		return lib.resultOf(err)
	}))
}

func onEvent(name string, handle C.size_t, work func(e *event) int) C.int {
	return C.int(inContext(name, func() int {
		e, ok := object[*event](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		return work(e)
	}))
}

//export cuEventDestroy_v2
func cuEventDestroy_v2(handle C.size_t) C.int {
	return onEvent("cuEventDestroy_v2", handle, func(*event) int {
		delete(lib.objects, uintptr(handle))
		return success
	})
}

//export cuEventRecord
func cuEventRecord(handle, on C.size_t) C.int {
	return onStream("cuEventRecord", on, func(s *stream) int {
		e, ok := object[*event](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		e.on, e.done = s, false
		return s.issue(func() error {
			e.done = true
			return s.runs.Record(e.mark)
		})
	})
}

//export cuStreamWaitEvent
func cuStreamWaitEvent(on, handle C.size_t, flags C.uint) C.int {
	return onStream("cuStreamWaitEvent", on, func(s *stream) int {
		e, ok := object[*event](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		return s.issue(func() error {
			if e.on != nil && e.on != s {
				return e.on.drain()
			}
			return nil
		})
	})
}

//export cuEventSynchronize
func cuEventSynchronize(handle C.size_t) C.int {
	return onEvent("cuEventSynchronize", handle, func(e *event) int {
		if e.on == nil {
			return success
		}
		return lib.resultOf(e.on.drain())
	})
}

//export cuEventElapsedTime
func cuEventElapsedTime(milliseconds *C.float, from, to C.size_t) C.int {
	return onEvent("cuEventElapsedTime", to, func(end *event) int {
		start, ok := object[*event](uintptr(from))
		if !ok {
			return invalidHandle
		}
		if !start.done || !end.done {
			return notReady
		}
		between, err := end.mark.Since(start.mark)
		*milliseconds = C.float(float64(between) / float64(time.Millisecond))
		return lib.resultOf(err)
	})
}
