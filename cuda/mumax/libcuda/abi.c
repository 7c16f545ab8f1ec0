// Compiles only where cuda.h, ours or NVIDIA's, has the functions, types and constants that this program calls the driver with.

#include <cuda.h>
#include <stddef.h>

#define SAME(name, value) _Static_assert((name) == (value), #name);
#define RESULT SAME
#define DEVICE_ATTRIBUTE SAME
#define FUNCTION_ATTRIBUTE SAME
#define POINTER_ATTRIBUTE SAME
#define JIT_OPTION SAME
#define TENSOR_TYPE SAME
#define TENSOR_INTERLEAVE SAME
#define TENSOR_SWIZZLE SAME
#define TENSOR_PROMOTION SAME
#define TENSOR_FILL SAME
#define FLAG SAME
#include "constants.h"

#define FUNCTION(name, parameters, arguments) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(name), CUresult parameters), #name);
#include "functions.h"

_Static_assert(CUDA_VERSION >= 12040, "the driver's interface is older than CUDA 12.4");
_Static_assert(sizeof(CUdevice) == 4 && (CUdevice)-1 < 0, "a device is an int");
_Static_assert(sizeof(CUdeviceptr) == 8 && (CUdeviceptr)-1 > 0, "an address is 64 bits");
_Static_assert(sizeof(CUresult) == 4 && sizeof(CUdevice_attribute) == 4 && sizeof(CUfunction_attribute) == 4, "enumerations");
_Static_assert(sizeof(CUpointer_attribute) == 4 && sizeof(CUjit_option) == 4, "enumerations");
_Static_assert(sizeof(CUcontext) == 8 && sizeof(CUmodule) == 8 && sizeof(CUfunction) == 8 && sizeof(CUstream) == 8, "handles");
_Static_assert(sizeof(CUevent) == 8 && sizeof(CUgraph) == 8 && sizeof(CUgraphNode) == 8 && sizeof(CUgraphExec) == 8, "handles");
_Static_assert(sizeof(CUtensorMap) == 128 && _Alignof(CUtensorMap) % 64 == 0, "a tensor map");
_Static_assert(sizeof(CUtensorMapDataType) == 4 && sizeof(CUtensorMapSwizzle) == 4 && sizeof(CUtensorMapL2promotion) == 4, "enumerations");

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field);
AT(CUDA_KERNEL_NODE_PARAMS, func, 0)
AT(CUDA_KERNEL_NODE_PARAMS, gridDimX, 8)
AT(CUDA_KERNEL_NODE_PARAMS, gridDimY, 12)
AT(CUDA_KERNEL_NODE_PARAMS, gridDimZ, 16)
AT(CUDA_KERNEL_NODE_PARAMS, blockDimX, 20)
AT(CUDA_KERNEL_NODE_PARAMS, blockDimY, 24)
AT(CUDA_KERNEL_NODE_PARAMS, blockDimZ, 28)
AT(CUDA_KERNEL_NODE_PARAMS, sharedMemBytes, 32)
AT(CUDA_KERNEL_NODE_PARAMS, kernelParams, 40)
AT(CUDA_KERNEL_NODE_PARAMS, extra, 48)
AT(CUDA_KERNEL_NODE_PARAMS, ctx, 64)
_Static_assert(sizeof(CUDA_KERNEL_NODE_PARAMS) == 72, "parameters of a kernel's node");
AT(CUDA_MEMCPY3D, srcMemoryType, 32)
AT(CUDA_MEMCPY3D, srcHost, 40)
AT(CUDA_MEMCPY3D, srcDevice, 48)
AT(CUDA_MEMCPY3D, srcHeight, 80)
AT(CUDA_MEMCPY3D, dstMemoryType, 120)
AT(CUDA_MEMCPY3D, dstHost, 128)
AT(CUDA_MEMCPY3D, dstDevice, 136)
AT(CUDA_MEMCPY3D, WidthInBytes, 176)
AT(CUDA_MEMCPY3D, Height, 184)
AT(CUDA_MEMCPY3D, Depth, 192)
_Static_assert(sizeof(CUDA_MEMCPY3D) == 200, "parameters of a copy's node");
AT(CUDA_MEMSET_NODE_PARAMS, dst, 0)
AT(CUDA_MEMSET_NODE_PARAMS, value, 16)
AT(CUDA_MEMSET_NODE_PARAMS, elementSize, 20)
AT(CUDA_MEMSET_NODE_PARAMS, width, 24)
AT(CUDA_MEMSET_NODE_PARAMS, height, 32)
_Static_assert(sizeof(CUDA_MEMSET_NODE_PARAMS) == 40, "parameters of a fill's node");
