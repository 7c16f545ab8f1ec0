// The functions of the CUDA driver that this program calls, or the package cu under it: FUNCTION(name in the library,
// parameters, arguments). cuda.h declares them, libcuda.c looks them up, abi.c compares them with NVIDIA's header.
// This is the one place that a further function is added to.

// Driver, devices, errors
FUNCTION(cuInit, (unsigned int flags), (flags))
FUNCTION(cuDriverGetVersion, (int *version), (version))
FUNCTION(cuGetErrorName, (CUresult result, const char **name), (result, name))
FUNCTION(cuGetErrorString, (CUresult result, const char **text), (result, text))
FUNCTION(cuDeviceGet, (CUdevice *device, int ordinal), (device, ordinal))
FUNCTION(cuDeviceGetCount, (int *count), (count))
FUNCTION(cuDeviceGetName, (char *name, int bytes, CUdevice device), (name, bytes, device))
FUNCTION(cuDeviceTotalMem_v2, (size_t *bytes, CUdevice device), (bytes, device))
FUNCTION(cuDeviceGetAttribute, (int *value, CUdevice_attribute attribute, CUdevice device), (value, attribute, device))
FUNCTION(cuDeviceCanAccessPeer, (int *can, CUdevice device, CUdevice peer), (can, device, peer))

// Contexts
#if !defined(CUDA_VERSION) || CUDA_VERSION < 13000 // the library of CUDA 13 still has it, its header does not
FUNCTION(cuCtxCreate_v2, (CUcontext *context, unsigned int flags, CUdevice device), (context, flags, device))
#endif
FUNCTION(cuCtxDestroy_v2, (CUcontext context), (context))
FUNCTION(cuCtxGetApiVersion, (CUcontext context, unsigned int *version), (context, version))
FUNCTION(cuCtxGetCurrent, (CUcontext *context), (context))
FUNCTION(cuCtxSetCurrent, (CUcontext context), (context))
FUNCTION(cuCtxGetDevice, (CUdevice *device), (device))
FUNCTION(cuCtxSynchronize, (void), ())
FUNCTION(cuCtxEnablePeerAccess, (CUcontext peer, unsigned int flags), (peer, flags))
FUNCTION(cuCtxDisablePeerAccess, (CUcontext peer), (peer))

// Modules and functions
FUNCTION(cuModuleLoad, (CUmodule *module, const char *file), (module, file))
FUNCTION(cuModuleLoadData, (CUmodule *module, const void *image), (module, image))
FUNCTION(cuModuleLoadDataEx, (CUmodule *module, const void *image, unsigned int count, CUjit_option *options, void **values),
	(module, image, count, options, values))
FUNCTION(cuModuleUnload, (CUmodule module), (module))
FUNCTION(cuModuleGetFunction, (CUfunction *function, CUmodule module, const char *name), (function, module, name))
FUNCTION(cuModuleGetGlobal_v2, (CUdeviceptr *at, size_t *bytes, CUmodule module, const char *name), (at, bytes, module, name))
FUNCTION(cuFuncGetAttribute, (int *value, CUfunction_attribute attribute, CUfunction function), (value, attribute, function))
FUNCTION(cuFuncSetAttribute, (CUfunction function, CUfunction_attribute attribute, int value), (function, attribute, value))
FUNCTION(cuFuncGetParamInfo, (CUfunction function, size_t index, size_t *offset, size_t *bytes), (function, index, offset, bytes))
FUNCTION(cuOccupancyMaxActiveBlocksPerMultiprocessor, (int *blocks, CUfunction function, int threads, size_t shared),
	(blocks, function, threads, shared))
FUNCTION(cuLaunchKernel,
	(CUfunction function, unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX, unsigned int blockY,
		unsigned int blockZ, unsigned int shared, CUstream stream, void **parameters, void **extra),
	(function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, parameters, extra))

// Tensor maps
FUNCTION(cuTensorMapEncodeTiled,
	(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *at, const cuuint64_t *sizes, const cuuint64_t *strides,
		const cuuint32_t *box, const cuuint32_t *steps, CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
		CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill),
	(map, type, rank, at, sizes, strides, box, steps, interleave, swizzle, promotion, fill))
FUNCTION(cuTensorMapEncodeIm2col,
	(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *at, const cuuint64_t *sizes, const cuuint64_t *strides,
		const int *lower, const int *upper, cuuint32_t channels, cuuint32_t pixels, const cuuint32_t *steps,
		CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill),
	(map, type, rank, at, sizes, strides, lower, upper, channels, pixels, steps, interleave, swizzle, promotion, fill))

// Memory
FUNCTION(cuMemAlloc_v2, (CUdeviceptr *at, size_t bytes), (at, bytes))
FUNCTION(cuMemFree_v2, (CUdeviceptr at), (at))
FUNCTION(cuMemAllocHost_v2, (void **at, size_t bytes), (at, bytes))
FUNCTION(cuMemFreeHost, (void *at), (at))
FUNCTION(cuMemGetInfo_v2, (size_t *available, size_t *total), (available, total))
FUNCTION(cuMemGetAddressRange_v2, (CUdeviceptr *base, size_t *bytes, CUdeviceptr at), (base, bytes, at))
FUNCTION(cuPointerGetAttribute, (void *value, CUpointer_attribute attribute, CUdeviceptr at), (value, attribute, at))

// Copies
FUNCTION(cuMemcpy, (CUdeviceptr to, CUdeviceptr from, size_t bytes), (to, from, bytes))
FUNCTION(cuMemcpyAsync, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream), (to, from, bytes, stream))
FUNCTION(cuMemcpyDtoD_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes), (to, from, bytes))
FUNCTION(cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream), (to, from, bytes, stream))
FUNCTION(cuMemcpyHtoD_v2, (CUdeviceptr to, const void *from, size_t bytes), (to, from, bytes))
FUNCTION(cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream), (to, from, bytes, stream))
FUNCTION(cuMemcpyDtoH_v2, (void *to, CUdeviceptr from, size_t bytes), (to, from, bytes))
FUNCTION(cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, size_t bytes, CUstream stream), (to, from, bytes, stream))
FUNCTION(cuMemcpyPeer, (CUdeviceptr to, CUcontext toContext, CUdeviceptr from, CUcontext fromContext, size_t bytes),
	(to, toContext, from, fromContext, bytes))
FUNCTION(cuMemcpyPeerAsync,
	(CUdeviceptr to, CUcontext toContext, CUdeviceptr from, CUcontext fromContext, size_t bytes, CUstream stream),
	(to, toContext, from, fromContext, bytes, stream))
FUNCTION(cuMemsetD8_v2, (CUdeviceptr to, unsigned char value, size_t count), (to, value, count))
FUNCTION(cuMemsetD8Async, (CUdeviceptr to, unsigned char value, size_t count, CUstream stream), (to, value, count, stream))
FUNCTION(cuMemsetD32_v2, (CUdeviceptr to, unsigned int value, size_t count), (to, value, count))
FUNCTION(cuMemsetD32Async, (CUdeviceptr to, unsigned int value, size_t count, CUstream stream), (to, value, count, stream))

// Streams, events, graphs
FUNCTION(cuStreamCreate, (CUstream *stream, unsigned int flags), (stream, flags))
FUNCTION(cuStreamDestroy_v2, (CUstream stream), (stream))
FUNCTION(cuStreamQuery, (CUstream stream), (stream))
FUNCTION(cuStreamSynchronize, (CUstream stream), (stream))
FUNCTION(cuStreamWaitEvent, (CUstream stream, CUevent event, unsigned int flags), (stream, event, flags))
FUNCTION(cuEventCreate, (CUevent *event, unsigned int flags), (event, flags))
FUNCTION(cuEventDestroy_v2, (CUevent event), (event))
FUNCTION(cuEventRecord, (CUevent event, CUstream stream), (event, stream))
FUNCTION(cuEventSynchronize, (CUevent event), (event))
FUNCTION(cuEventElapsedTime, (float *milliseconds, CUevent start, CUevent end), (milliseconds, start, end))
FUNCTION(cuGraphCreate, (CUgraph *made, unsigned int flags), (made, flags))
FUNCTION(cuGraphAddKernelNode_v2,
	(CUgraphNode *made, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_KERNEL_NODE_PARAMS *parameters),
	(made, graph, after, count, parameters))
FUNCTION(cuGraphAddMemcpyNode,
	(CUgraphNode *made, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_MEMCPY3D *parameters, CUcontext context),
	(made, graph, after, count, parameters, context))
FUNCTION(cuGraphAddMemsetNode,
	(CUgraphNode *made, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_MEMSET_NODE_PARAMS *parameters, CUcontext context),
	(made, graph, after, count, parameters, context))
FUNCTION(cuGraphExecKernelNodeSetParams_v2, (CUgraphExec graph, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *parameters),
	(graph, node, parameters))
FUNCTION(cuGraphExecMemcpyNodeSetParams, (CUgraphExec graph, CUgraphNode node, const CUDA_MEMCPY3D *parameters, CUcontext context),
	(graph, node, parameters, context))
FUNCTION(cuGraphExecMemsetNodeSetParams, (CUgraphExec graph, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *parameters, CUcontext context),
	(graph, node, parameters, context))
FUNCTION(cuGraphInstantiateWithFlags, (CUgraphExec *made, CUgraph graph, unsigned long long flags), (made, graph, flags))
FUNCTION(cuGraphDestroy, (CUgraph graph), (graph))
FUNCTION(cuGraphLaunch, (CUgraphExec graph, CUstream stream), (graph, stream))
FUNCTION(cuGraphExecDestroy, (CUgraphExec graph), (graph))
