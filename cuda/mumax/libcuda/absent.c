// A libcuda.so.1 that answers every call and does nothing, so that what remains of a launch is the host's share: the package cu, cgo
// and the thread of the context. For a kernel of four parameters.
//
//	gcc -O2 -shared -fPIC -o /tmp/libcuda.so.1 cuda/mumax/libcuda/absent.c
//	LD_LIBRARY_PATH=/tmp go test -tags cuda,gpu -run '^$' -bench 'Launch|Graph' ./cuda/mumax    # with the settings of the Makefile

#include "cuda.h"

#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

// The functions below stand in the place of these.
#define cuDriverGetVersion noVersion
#define cuDeviceGetCount noCount
#define cuDeviceGetName noName
#define cuDeviceGetAttribute noAttribute
#define cuFuncGetAttribute noFunctionAttribute
#define cuFuncGetParamInfo noParameter
#define cuMemGetInfo_v2 noMemory

#define FUNCTION(name, parameters, arguments) \
	CUresult name parameters { return CUDA_SUCCESS; }
#include "functions.h"

#undef cuDriverGetVersion
#undef cuDeviceGetCount
#undef cuDeviceGetName
#undef cuDeviceGetAttribute
#undef cuFuncGetAttribute
#undef cuFuncGetParamInfo
#undef cuMemGetInfo_v2

CUresult cuDriverGetVersion(int *version) {
	*version = 12040;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
	*count = 1;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice device) {
	strncpy(name, "absent", bytes);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
	*value = 9;
	return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
	*value = 1024;
	return CUDA_SUCCESS;
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *bytes) {
	*offset = 8 * index;
	*bytes = 8;
	return index < 4 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
	*available = *total = (size_t)1 << 36;
	return CUDA_SUCCESS;
}
