// Compiles only where cuda.h, ours or NVIDIA's, has the functions, types and constants that this program calls the driver with.

#include <cuda.h>

#define SAME(name, value) _Static_assert((name) == (value), #name);
#define RESULT SAME
#define DEVICE_ATTRIBUTE SAME
#define FUNCTION_ATTRIBUTE SAME
#define POINTER_ATTRIBUTE SAME
#define JIT_OPTION SAME
#define CAPTURE_MODE SAME
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
_Static_assert(sizeof(CUpointer_attribute) == 4 && sizeof(CUjit_option) == 4 && sizeof(CUstreamCaptureMode) == 4, "enumerations");
_Static_assert(sizeof(CUcontext) == 8 && sizeof(CUmodule) == 8 && sizeof(CUfunction) == 8 && sizeof(CUstream) == 8, "handles");
_Static_assert(sizeof(CUevent) == 8 && sizeof(CUgraph) == 8 && sizeof(CUgraphExec) == 8, "handles");
_Static_assert(sizeof(CUtensorMap) == 128 && _Alignof(CUtensorMap) % 64 == 0, "a tensor map");
_Static_assert(sizeof(CUtensorMapDataType) == 4 && sizeof(CUtensorMapSwizzle) == 4 && sizeof(CUtensorMapL2promotion) == 4, "enumerations");
