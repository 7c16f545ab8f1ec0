//go:build amd64 && !noasm

package asm

import (
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// elemState is the scratch of the operations outside convolutions and products.
type elemState struct {
	portable   kernels.Device
	stream     streamJob
	losses     lossState
	optimisers optimiserState
	rows       rowsJob
	sums       sumsJob
	fill       fillJob
	copy       copyJob
	params     []float32 // parameters of the current kernel
	scale      []float32 // of the channels of a normalisation
	slopes     []float32 // of its gradient, after the offsets
}

func (d *device) MaxPool(y, x kernels.Tensor, p kernels.Pool) { d.portable().MaxPool(y, x, p) }
func (d *device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	d.portable().MaxPoolBackward(dx, dy, y, x, p)
}
func (d *device) GlobalAveragePool(y, x kernels.Tensor) { d.portable().GlobalAveragePool(y, x) }
func (d *device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	d.portable().GlobalAveragePoolBackward(dx, dy)
}

func (d *device) portable() kernels.Device {
	if d.elem.portable == nil {
		d.elem.portable = reference.New(kernels.Float32)
	}
	return d.elem.portable
}
