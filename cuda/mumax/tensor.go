//go:build cuda

package mumax

// This file encodes tensor maps.

/*
#include <cuda.h>
#include <string.h>

// tensor is what both kinds of maps have.
typedef struct {
	int type, swizzle;
	unsigned int rank;
	CUdeviceptr at;
	cuuint64_t sizes[5], strides[4];
	cuuint32_t steps[5];
} tensor;

// The map is made where it is aligned, and copied.
static CUresult encodeTiled(void *to, tensor t, const cuuint32_t *box) {
	CUtensorMap map;
	CUresult result = cuTensorMapEncodeTiled(&map, t.type, t.rank, (void *)t.at, t.sizes, t.strides, box, t.steps,
		CU_TENSOR_MAP_INTERLEAVE_NONE, t.swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
	if (result == CUDA_SUCCESS)
		memcpy(to, &map, sizeof map);
	return result;
}

static CUresult encodeIm2col(void *to, tensor t, const int *lower, const int *upper, cuuint32_t channels, cuuint32_t pixels) {
	CUtensorMap map;
	CUresult result = cuTensorMapEncodeIm2col(&map, t.type, t.rank, (void *)t.at, t.sizes, t.strides, lower, upper, channels, pixels,
		t.steps, CU_TENSOR_MAP_INTERLEAVE_NONE, t.swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
	if (result == CUDA_SUCCESS)
		memcpy(to, &map, sizeof map);
	return result;
}
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
)

// The numbers of types and swizzles are CUDA's; the build fails where they are not.
var (
	_ [driver.BFloat16 - C.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16]struct{} = [0]struct{}{}
	_ [driver.TFloat32 - C.CU_TENSOR_MAP_DATA_TYPE_TFLOAT32]struct{} = [0]struct{}{}
	_ [driver.Swizzle128 - C.CU_TENSOR_MAP_SWIZZLE_128B]struct{}     = [0]struct{}{}
)

// errTensor is the error where CUDA refuses a tensor, without harm to the device.
var errTensor = errors.New("CUDA refuses the tensor: an address, size, stride, step or box out of bounds")

// EncodeTiled makes the tensor map of boxes.
func (d *Device) EncodeTiled(t driver.Tiled) (made driver.TensorMap, err error) {
	err = d.do("EncodeTiled", func() error {
		if err := t.Check(); err != nil {
			return err
		}
		var box [5]C.cuuint32_t
		for n, size := range t.Box {
			box[n] = C.cuuint32_t(size)
		}
		return encoded(C.encodeTiled(unsafe.Pointer(&made), toTensor(&t.Tensor), &box[0]))
	})
	return made, err
}

// EncodeIm2col makes the tensor map of pixels.
func (d *Device) EncodeIm2col(t driver.Im2col) (made driver.TensorMap, err error) {
	err = d.do("EncodeIm2col", func() error {
		if err := t.Check(); err != nil {
			return err
		}
		var lower, upper [3]C.int
		for n := range t.Lower {
			lower[n], upper[n] = C.int(t.Lower[n]), C.int(t.Upper[n])
		}
		return encoded(C.encodeIm2col(unsafe.Pointer(&made), toTensor(&t.Tensor), &lower[0], &upper[0], C.cuuint32_t(t.Channels), C.cuuint32_t(t.Pixels)))
	})
	return made, err
}

func encoded(result C.CUresult) error {
	if result == C.CUDA_ERROR_INVALID_VALUE {
		return errTensor
	}
	if result != C.CUDA_SUCCESS {
		panic(cu.Result(result))
	}
	return nil
}

func toTensor(t *driver.Tensor) C.tensor {
	c := C.tensor{_type: C.int(t.Type), swizzle: C.int(t.Swizzle), rank: C.uint(len(t.Sizes)), at: C.CUdeviceptr(t.At)}
	for n, size := range t.Sizes {
		c.sizes[n], c.steps[n] = C.cuuint64_t(size), 1
	}
	for n, stride := range t.Strides {
		c.strides[n] = C.cuuint64_t(stride)
	}
	for n, step := range t.Steps {
		c.steps[n] = C.cuuint32_t(step)
	}
	return c
}
