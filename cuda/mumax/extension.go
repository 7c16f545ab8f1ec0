//go:build cuda

package mumax

// This file makes the calls that the package cu lacks, and panics as it does: with a cu.Result.

/*
#cgo LDFLAGS: -ldl
#include <cuda.h>
#include <dlfcn.h>

// load compiles text and leaves what the compiler says against it in log.
static CUresult load(CUmodule *module, const char *text, char *log, size_t bytes) {
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {log, (void *)bytes};
	return cuModuleLoadDataEx(module, text, 2, options, values);
}

// missing is why the driver's library cannot be opened, NULL where it can.
static const char *missing(void) {
	return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) ? NULL : dlerror();
}
*/
import "C"

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
)

// blockingContext lets a thread that waits for the GPU sleep, because the cores have batches to prepare. The constant that cu has for it
// means another thing.
const blockingContext = C.CU_CTX_SCHED_BLOCKING_SYNC

// attributeNumbers is what CUDA calls the attributes, but for the compute capability, which are two there.
var attributeNumbers = map[driver.Attribute]cu.DeviceAttribute{
	driver.Multiprocessors:              C.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
	driver.WarpSize:                     C.CU_DEVICE_ATTRIBUTE_WARP_SIZE,
	driver.MaxThreadsPerBlock:           C.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
	driver.MaxThreadsPerMultiprocessor:  C.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
	driver.MaxBlocksPerMultiprocessor:   C.CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR,
	driver.RegistersPerMultiprocessor:   C.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR,
	driver.SharedBytesPerBlock:          C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK,
	driver.SharedBytesPerBlockMost:      C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
	driver.SharedBytesPerMultiprocessor: C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR,
	driver.ReservedSharedBytesPerBlock:  C.CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK,
	driver.ClockKHz:                     C.CU_DEVICE_ATTRIBUTE_CLOCK_RATE,
	driver.MemoryBusBits:                C.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH,
	driver.MemoryClockKHz:               C.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE,
}

// mostDynamicShared is the attribute of a function that cuFuncSetAttribute sets.
const mostDynamicShared = C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

func check(result C.CUresult) {
	if result != C.CUDA_SUCCESS {
		panic(cu.Result(result))
	}
}

// missingLibrary is why the driver's library cannot be opened, "" where it can.
func missingLibrary() string { return C.GoString(C.missing()) }

// explain is name, number and meaning of a result.
func explain(result cu.Result) string {
	var name, meaning *C.char
	if C.cuGetErrorName(C.CUresult(result), &name) != C.CUDA_SUCCESS || C.cuGetErrorString(C.CUresult(result), &meaning) != C.CUDA_SUCCESS {
		return fmt.Sprintf("%v (%d)", result, int(result))
	}
	return fmt.Sprintf("%s (%d): %s", C.GoString(name), int(result), C.GoString(meaning))
}

// loadModule compiles PTX. Where the compiler refuses it, the error has what it says.
func loadModule(ptx string) (cu.Module, error) {
	const most = 16 << 10
	text, log := C.CString(ptx), (*C.char)(C.calloc(1, most))
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(log))
	var module C.CUmodule
	if result := C.load(&module, text, log, most-1); result != C.CUDA_SUCCESS {
		if said := strings.TrimSpace(C.GoString(log)); said != "" {
			return 0, fmt.Errorf("%s: %s", explain(cu.Result(result)), said)
		}
		check(result)
	}
	return cu.Module(uintptr(unsafe.Pointer(module))), nil
}

func toModule(m cu.Module) C.CUmodule       { return C.CUmodule(handle(m)) }
func toFunction(f cu.Function) C.CUfunction { return C.CUfunction(handle(f)) }
func toStream(s cu.Stream) C.CUstream       { return C.CUstream(handle(s)) }

// handle is a handle of cu as CUDA has it. It is no address of Go's.
func handle[H ~uintptr](h H) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }

func unloadModule(m cu.Module) { check(C.cuModuleUnload(toModule(m))) }

func moduleGlobal(m cu.Module, name string) (driver.Pointer, int) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var at C.CUdeviceptr
	var bytes C.size_t
	check(C.cuModuleGetGlobal(&at, &bytes, toModule(m), text))
	return driver.Pointer(at), int(bytes)
}

// cSize is C's type of sizes.
type cSize = C.size_t

// parameter is where a parameter of a function lies in the packed block.
type parameter struct{ offset, bytes int }

// parameters asks until CUDA refuses the number.
func parameters(f cu.Function) (list []parameter) {
	for i := 0; ; i++ {
		var offset, bytes C.size_t
		result := C.cuFuncGetParamInfo(toFunction(f), C.size_t(i), &offset, &bytes)
		if result == C.CUDA_ERROR_INVALID_VALUE {
			return list
		}
		check(result)
		list = append(list, parameter{int(offset), int(bytes)})
	}
}

func setDynamicShared(f cu.Function, bytes int) {
	check(C.cuFuncSetAttribute(toFunction(f), mostDynamicShared, C.int(bytes)))
}

func blocksPerMultiprocessor(f cu.Function, threads, shared int) int {
	var blocks C.int
	check(C.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, toFunction(f), C.int(threads), C.size_t(shared)))
	return int(blocks)
}

// newStream is a stream that does not wait for CUDA's default stream.
func newStream() cu.Stream {
	var s C.CUstream
	check(C.cuStreamCreate(&s, C.CU_STREAM_NON_BLOCKING))
	return cu.Stream(uintptr(unsafe.Pointer(s)))
}

type eventHandle = C.CUevent

func newEvent() (e eventHandle) {
	check(C.cuEventCreate(&e, C.CU_EVENT_DEFAULT))
	return e
}

func destroyEvent(e eventHandle)             { check(C.cuEventDestroy(e)) }
func synchronizeEvent(e eventHandle)         { check(C.cuEventSynchronize(e)) }
func recordEvent(e eventHandle, s cu.Stream) { check(C.cuEventRecord(e, toStream(s))) }
func waitEvent(s cu.Stream, e eventHandle)   { check(C.cuStreamWaitEvent(toStream(s), e, 0)) }

func elapsed(from, to eventHandle) time.Duration {
	var milliseconds C.float
	check(C.cuEventElapsedTime(&milliseconds, from, to))
	return time.Duration(float64(milliseconds) * float64(time.Millisecond))
}
