//go:build cuda

package simdriver

// This file is the functions of the CUDA driver that concern devices, contexts, memory and modules. A handle is a number here,
// which C passes as it does a pointer.

// #include <stdlib.h>
import "C"

import (
	"syscall"
	"unsafe"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
)

//export cuInit
func cuInit(flags C.uint) C.int {
	return C.int(call("cuInit", func() int { return success }))
}

//export cuDriverGetVersion
func cuDriverGetVersion(version *C.int) C.int {
	return C.int(call("cuDriverGetVersion", func() int {
		*version = 12040
		return success
	}))
}

// texts are those that the caller keeps.
var texts = map[string]*C.char{}

func text(s string) *C.char {
	if texts[s] == nil {
		texts[s] = C.CString(s)
	}
	return texts[s]
}

//export cuGetErrorName
func cuGetErrorName(result C.int, name **C.char) C.int {
	lib.Lock()
	defer lib.Unlock()
	known, is := names[int(result)]
	if !is {
		return invalidValue
	}
	*name = text(known)
	return success
}

//export cuGetErrorString
func cuGetErrorString(result C.int, meaning **C.char) C.int {
	lib.Lock()
	defer lib.Unlock()
	*meaning = text(lib.meaning(int(result)))
	return success
}

//export cuDeviceGetCount
func cuDeviceGetCount(count *C.int) C.int {
	return C.int(call("cuDeviceGetCount", func() int {
		*count = 1
		return success
	}))
}

//export cuDeviceGet
func cuDeviceGet(device *C.int, ordinal C.int) C.int {
	return C.int(call("cuDeviceGet", func() int {
		if ordinal != 0 {
			return invalidDevice
		}
		*device = 0
		return success
	}))
}

//export cuDeviceGetName
func cuDeviceGetName(name *C.char, bytes C.int, device C.int) C.int {
	return C.int(call("cuDeviceGetName", func() int {
		to := unsafe.Slice((*byte)(unsafe.Pointer(name)), int(bytes))
		n := copy(to[:len(to)-1], "ptxsim behind the CUDA driver's interface")
		to[n] = 0
		return success
	}))
}

// attributes are those of CUDA's numbers that the interpreter knows.
var attributes = map[C.int]driver.Attribute{
	1: driver.MaxThreadsPerBlock, 8: driver.SharedBytesPerBlock, 10: driver.WarpSize, 16: driver.Multiprocessors,
	39: driver.MaxThreadsPerMultiprocessor, 81: driver.SharedBytesPerMultiprocessor, 82: driver.RegistersPerMultiprocessor,
	97: driver.SharedBytesPerBlockMost, 106: driver.MaxBlocksPerMultiprocessor, 111: driver.ReservedSharedBytesPerBlock,
}

//export cuDeviceGetAttribute
func cuDeviceGetAttribute(value *C.int, attribute, device C.int) C.int {
	return C.int(call("cuDeviceGetAttribute", func() int {
		d := ptxsim.Open(Options)
		capability := d.Attribute(driver.ComputeCapability)
		known, is := attributes[attribute]
		switch {
		case attribute == 75:
			*value = C.int(capability / 10)
		case attribute == 76:
			*value = C.int(capability % 10)
		case is:
			*value = C.int(d.Attribute(known))
		default:
			return invalidValue
		}
		return success
	}))
}

//export cuCtxCreate_v2
func cuCtxCreate_v2(context *C.size_t, flags C.uint, device C.int) C.int {
	return C.int(call("cuCtxCreate_v2", func() int {
		if lib.device != nil || device != 0 {
			return invalidDevice // one context is all that the tests need
		}
		lib.device, lib.thread, lib.fault = ptxsim.Open(Options), syscall.Gettid(), nil
		*context = C.size_t(lib.add(lib.device))
		return success
	}))
}

//export cuCtxSetCurrent
func cuCtxSetCurrent(context C.size_t) C.int {
	return C.int(call("cuCtxSetCurrent", func() int {
		if d, ok := object[*ptxsim.Device](uintptr(context)); !ok || d != lib.device {
			return invalidContext
		}
		lib.thread = syscall.Gettid()
		return success
	}))
}

//export cuCtxDestroy_v2
func cuCtxDestroy_v2(context C.size_t) C.int {
	return C.int(call("cuCtxDestroy_v2", func() int {
		if d, ok := object[*ptxsim.Device](uintptr(context)); !ok || d != lib.device {
			return invalidContext
		}
		_ = lib.device.Close()
		lib.device, lib.objects = nil, map[uintptr]any{}
		return success
	}))
}

//export cuCtxSynchronize
func cuCtxSynchronize() C.int {
	return C.int(inContext("cuCtxSynchronize", lib.wait))
}

//export cuMemAlloc_v2
func cuMemAlloc_v2(at *C.ulonglong, bytes C.size_t) C.int {
	return C.int(inContext("cuMemAlloc_v2", func() int {
		p, err := lib.device.Alloc(int(bytes))
		*at = C.ulonglong(p)
		return lib.resultOf(err)
	}))
}

//export cuMemFree_v2
func cuMemFree_v2(at C.ulonglong) C.int {
	return C.int(inContext("cuMemFree_v2", func() int {
		if result := lib.wait(); result != success {
			return result
		}
		return lib.resultOf(lib.device.Free(driver.Pointer(at)))
	}))
}

//export cuMemGetInfo_v2
func cuMemGetInfo_v2(available, total *C.size_t) C.int {
	return C.int(inContext("cuMemGetInfo_v2", func() int {
		f, t, err := lib.device.Memory()
		*available, *total = C.size_t(f), C.size_t(t)
		return lib.resultOf(err)
	}))
}

//export cuMemAllocHost_v2
func cuMemAllocHost_v2(at *unsafe.Pointer, bytes C.size_t) C.int {
	return C.int(inContext("cuMemAllocHost_v2", func() int {
		*at = C.malloc(bytes)
		lib.pinned = append(lib.pinned, pinned{at: uintptr(*at), bytes: int(bytes)})
		return success
	}))
}

// cuMemFreeHost fills the memory with what no test expects and keeps it, so that a copy which is still to come shows.
//
//export cuMemFreeHost
func cuMemFreeHost(at unsafe.Pointer) C.int {
	return C.int(inContext("cuMemFreeHost", func() int {
		p := lib.pinnedAt(uintptr(at))
		if p == nil || p.at != uintptr(at) || p.gone {
			return invalidValue
		}
		p.gone = true
		memory := unsafe.Slice((*byte)(at), p.bytes)
		for i := range memory {
			memory[i] = 0xFB
		}
		return success
	}))
}

const (
	errorLog      = 5 // options of the compiler
	errorLogBytes = 6
)

//export cuModuleLoadDataEx
func cuModuleLoadDataEx(made *C.size_t, image unsafe.Pointer, count C.uint, options *C.int, values *unsafe.Pointer) C.int {
	return C.int(inContext("cuModuleLoadDataEx", func() int {
		m, err := lib.device.Load("module", C.GoString((*C.char)(image)))
		if err == nil {
			*made = C.size_t(lib.add(module{m}))
			return success
		}
		var log []byte
		for i, option := range unsafe.Slice(options, int(count)) {
			value := unsafe.Slice(values, int(count))[i]
			switch option {
			case errorLog:
				log = unsafe.Slice((*byte)(value), 1)
			case errorLogBytes:
				log = unsafe.Slice(unsafe.SliceData(log), int(uintptr(value)))
			}
		}
		if len(log) > 0 {
			log[copy(log[:len(log)-1], err.Error())] = 0
		}
		return invalidPTX
	}))
}

//export cuModuleUnload
func cuModuleUnload(handle C.size_t) C.int {
	return C.int(inContext("cuModuleUnload", func() int {
		m, ok := object[module](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		delete(lib.objects, uintptr(handle))
		if result := lib.wait(); result != success {
			return result
		}
		return lib.resultOf(m.Unload())
	}))
}

//export cuModuleGetFunction
func cuModuleGetFunction(made *C.size_t, handle C.size_t, name *C.char) C.int {
	return C.int(inContext("cuModuleGetFunction", func() int {
		m, ok := object[module](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		f, err := m.Function(C.GoString(name))
		if err != nil {
			return notFound
		}
		*made = C.size_t(lib.add(function{f}))
		return success
	}))
}

//export cuModuleGetGlobal_v2
func cuModuleGetGlobal_v2(at *C.ulonglong, bytes *C.size_t, handle C.size_t, name *C.char) C.int {
	return C.int(inContext("cuModuleGetGlobal_v2", func() int {
		m, ok := object[module](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		p, n, err := m.Global(C.GoString(name))
		if err != nil {
			return notFound
		}
		*at, *bytes = C.ulonglong(p), C.size_t(n)
		return success
	}))
}

//export cuFuncGetAttribute
func cuFuncGetAttribute(value *C.int, attribute C.int, handle C.size_t) C.int {
	return C.int(inContext("cuFuncGetAttribute", func() int {
		f, ok := object[function](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		a := f.Attributes()
		known := map[C.int]int{
			0: a.MaxThreadsPerBlock, 1: a.SharedBytes, 3: a.LocalBytes, 4: a.Registers, 5: a.Target, 6: a.Target, 8: a.DynamicSharedBytes,
		}
		v, is := known[attribute]
		if !is {
			return invalidValue
		}
		*value = C.int(v)
		return success
	}))
}

//export cuFuncSetAttribute
func cuFuncSetAttribute(handle C.size_t, attribute, value C.int) C.int {
	return C.int(inContext("cuFuncSetAttribute", func() int {
		f, ok := object[function](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		if attribute != 8 {
			return invalidValue
		}
		return lib.resultOf(f.SetDynamicShared(int(value)))
	}))
}

// parameter is where a parameter lies in the block of arguments, and how many bytes it has at most.
func (f function) parameter(i int) (offset, bytes int, ok bool) {
	a := f.Attributes()
	if i < 0 || i >= len(a.ArgumentOffsets) {
		return 0, 0, false
	}
	end := a.ArgumentBytes
	if i+1 < len(a.ArgumentOffsets) {
		end = a.ArgumentOffsets[i+1]
	}
	return a.ArgumentOffsets[i], end - a.ArgumentOffsets[i], true
}

// block copies the arguments of a call.
func (f function) block(parameters *unsafe.Pointer) []byte {
	block := make([]byte, f.Attributes().ArgumentBytes)
	for i, at := range unsafe.Slice(parameters, len(f.Attributes().ArgumentOffsets)) {
		offset, bytes, _ := f.parameter(i)
		copy(block[offset:], unsafe.Slice((*byte)(at), bytes))
	}
	return block
}

//export cuFuncGetParamInfo
func cuFuncGetParamInfo(handle, index C.size_t, offset, bytes *C.size_t) C.int {
	return C.int(inContext("cuFuncGetParamInfo", func() int {
		f, ok := object[function](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		o, n, ok := f.parameter(int(index))
		if !ok {
			return invalidValue
		}
		*offset, *bytes = C.size_t(o), C.size_t(n)
		return success
	}))
}

//export cuOccupancyMaxActiveBlocksPerMultiprocessor
func cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks *C.int, handle C.size_t, threads C.int, shared C.size_t) C.int {
	return C.int(inContext("cuOccupancyMaxActiveBlocksPerMultiprocessor", func() int {
		f, ok := object[function](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		n, err := f.BlocksPerMultiprocessor(int(threads), int(shared))
		*blocks = C.int(n)
		return lib.resultOf(err)
	}))
}
