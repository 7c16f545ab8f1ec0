// The part of the CUDA driver's interface that this program uses, written from its documentation: no toolkit is needed to build.
// It is not NVIDIA's header. The package cu includes it by this name.

#ifndef GZPT_CUDA_H
#define GZPT_CUDA_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h> // which the package cu expects its cuda.h to bring

typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef uint32_t cuuint32_t;
typedef uint64_t cuuint64_t;
typedef struct CUtensorMap_st {
	_Alignas(64) cuuint64_t opaque[16];
} CUtensorMap;

#define ENUMERATOR(name, value) name = value,

#define RESULT ENUMERATOR
typedef enum {
#include "constants.h"
} CUresult;

#define DEVICE_ATTRIBUTE ENUMERATOR
typedef enum {
#include "constants.h"
} CUdevice_attribute;

#define FUNCTION_ATTRIBUTE ENUMERATOR
typedef enum {
#include "constants.h"
} CUfunction_attribute;

#define POINTER_ATTRIBUTE ENUMERATOR
typedef enum {
#include "constants.h"
} CUpointer_attribute;

#define JIT_OPTION ENUMERATOR
typedef enum {
#include "constants.h"
} CUjit_option;

#define TENSOR_TYPE ENUMERATOR
typedef enum {
#include "constants.h"
} CUtensorMapDataType;

#define TENSOR_INTERLEAVE ENUMERATOR
typedef enum {
#include "constants.h"
} CUtensorMapInterleave;

#define TENSOR_SWIZZLE ENUMERATOR
typedef enum {
#include "constants.h"
} CUtensorMapSwizzle;

#define TENSOR_PROMOTION ENUMERATOR
typedef enum {
#include "constants.h"
} CUtensorMapL2promotion;

#define TENSOR_FILL ENUMERATOR
typedef enum {
#include "constants.h"
} CUtensorMapFloatOOBfill;

#define FLAG ENUMERATOR
enum {
#include "constants.h"
};

#undef ENUMERATOR

// What nodes of graphs do.

typedef struct {
	CUfunction func;
	unsigned int gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
	void **kernelParams, **extra;
	void *kern; // of another kind of kernels
	CUcontext ctx;
} CUDA_KERNEL_NODE_PARAMS;

typedef struct {
	size_t srcXInBytes, srcY, srcZ, srcLOD;
	unsigned int srcMemoryType;
	const void *srcHost;
	CUdeviceptr srcDevice;
	void *srcArray, *reserved0;
	size_t srcPitch, srcHeight;
	size_t dstXInBytes, dstY, dstZ, dstLOD;
	unsigned int dstMemoryType;
	void *dstHost;
	CUdeviceptr dstDevice;
	void *dstArray, *reserved1;
	size_t dstPitch, dstHeight;
	size_t WidthInBytes, Height, Depth;
} CUDA_MEMCPY3D;

typedef struct {
	CUdeviceptr dst;
	size_t pitch;
	unsigned int value, elementSize;
	size_t width, height;
} CUDA_MEMSET_NODE_PARAMS;

#define FUNCTION(name, parameters, arguments) CUresult name parameters;
#include "functions.h"
#undef FUNCTION

// The oldest version of CUDA whose driver has all of these.
#define CUDA_VERSION 12040

// Names in source text for functions that the library has in a newer version.
#define cuDeviceTotalMem cuDeviceTotalMem_v2
#define cuCtxCreate cuCtxCreate_v2
#define cuCtxDestroy cuCtxDestroy_v2
#define cuModuleGetGlobal cuModuleGetGlobal_v2
#define cuMemAlloc cuMemAlloc_v2
#define cuMemFree cuMemFree_v2
#define cuMemAllocHost cuMemAllocHost_v2
#define cuMemGetInfo cuMemGetInfo_v2
#define cuMemGetAddressRange cuMemGetAddressRange_v2
#define cuMemcpyDtoD cuMemcpyDtoD_v2
#define cuMemcpyDtoDAsync cuMemcpyDtoDAsync_v2
#define cuMemcpyHtoD cuMemcpyHtoD_v2
#define cuMemcpyHtoDAsync cuMemcpyHtoDAsync_v2
#define cuMemcpyDtoH cuMemcpyDtoH_v2
#define cuMemcpyDtoHAsync cuMemcpyDtoHAsync_v2
#define cuMemsetD8 cuMemsetD8_v2
#define cuMemsetD32 cuMemsetD32_v2
#define cuStreamDestroy cuStreamDestroy_v2
#define cuEventDestroy cuEventDestroy_v2
#define cuGraphAddKernelNode cuGraphAddKernelNode_v2
#define cuGraphExecKernelNodeSetParams cuGraphExecKernelNodeSetParams_v2

#endif
