//go:build cuda

package simdriver

// This file encodes tensor maps, as the interpreter does.

import "C"

import (
	"unsafe"

	"gzpt/cuda/internal/driver"
)

// tensorOf is what both kinds of maps have.
func tensorOf(kind, rank C.uint, at C.ulonglong, sizes, strides *C.ulonglong, steps *C.uint, swizzle C.uint) driver.Tensor {
	t := driver.Tensor{Type: driver.ElementType(kind), At: driver.Pointer(at), Steps: numbers[uint32](steps, rank), Swizzle: driver.Swizzle(swizzle)}
	t.Sizes, t.Strides = numbers[uint64](sizes, rank), numbers[uint64](strides, rank-1)
	return t
}

// numbers copies a list of C's.
func numbers[T uint32 | int32 | uint64, From any](at *From, count C.uint) (list []T) {
	return append(list, unsafe.Slice((*T)(unsafe.Pointer(at)), int(count))...)
}

//export cuTensorMapEncodeTiled
func cuTensorMapEncodeTiled(to unsafe.Pointer, kind, rank C.uint, at C.ulonglong, sizes, strides *C.ulonglong, box, steps *C.uint,
	interleave, swizzle, promotion, fill C.uint) C.int {
	return C.int(inContext("cuTensorMapEncodeTiled", func() int {
		if interleave != 0 || fill != 0 {
			return invalidValue
		}
		t := driver.Tiled{Tensor: tensorOf(kind, rank, at, sizes, strides, steps, swizzle), Box: numbers[uint32](box, rank)}
		made, err := lib.device.EncodeTiled(t)
		return keepMap(to, made, err)
	}))
}

//export cuTensorMapEncodeIm2col
func cuTensorMapEncodeIm2col(to unsafe.Pointer, kind, rank C.uint, at C.ulonglong, sizes, strides *C.ulonglong, lower, upper *C.int,
	channels, pixels C.uint, steps *C.uint, interleave, swizzle, promotion, fill C.uint) C.int {
	return C.int(inContext("cuTensorMapEncodeIm2col", func() int {
		if interleave != 0 || fill != 0 || rank < 3 {
			return invalidValue
		}
		made, err := lib.device.EncodeIm2col(driver.Im2col{
			Tensor: tensorOf(kind, rank, at, sizes, strides, steps, swizzle), Lower: numbers[int32](lower, rank-2), Upper: numbers[int32](upper, rank-2),
			Channels: uint32(channels), Pixels: uint32(pixels),
		})
		return keepMap(to, made, err)
	}))
}

// keepMap gives a map to the caller, whose room for it must be aligned to 64 bytes.
func keepMap(to unsafe.Pointer, made driver.TensorMap, err error) int {
	if err != nil || uintptr(to)%64 != 0 {
		return invalidValue
	}
	*(*driver.TensorMap)(to) = made
	return success
}
