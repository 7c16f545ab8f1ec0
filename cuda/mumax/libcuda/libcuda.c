// Functions that stand for those of the CUDA driver when the program is linked. Each finds the driver's own at its first call,
// so the program builds and starts on a machine without a driver. Without libcuda.so.1 they return CUDA_ERROR_NO_DEVICE; where the
// library lacks the function, because it is old, CUDA_ERROR_NOT_FOUND.
//
// They are weak: an interpreter that is linked in as the driver, or a real libcuda, takes their place.

#include "cuda.h"

#include <dlfcn.h>

// Threads that meet here open the library once more, which does no harm.
static void *library(void) {
	static void *opened;
	void *handle = __atomic_load_n(&opened, __ATOMIC_ACQUIRE);
	if (!handle) {
		handle = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
		__atomic_store_n(&opened, handle, __ATOMIC_RELEASE);
	}
	return handle;
}

static void *find(void **found, const char *name) {
	void *function = __atomic_load_n(found, __ATOMIC_ACQUIRE);
	if (!function && library()) {
		function = dlsym(library(), name);
		__atomic_store_n(found, function, __ATOMIC_RELEASE);
	}
	return function;
}

#define FUNCTION(name, parameters, arguments) \
	__attribute__((weak)) CUresult name parameters { \
		static void *found; \
		CUresult(*theirs) parameters = (CUresult(*) parameters)find(&found, #name); \
		if (!theirs) \
			return library() ? CUDA_ERROR_NOT_FOUND : CUDA_ERROR_NO_DEVICE; \
		return theirs arguments; \
	}
#include "functions.h"
