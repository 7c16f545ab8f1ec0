//go:build cuda

package bench

import (
	"gzpt/cuda"
	"gzpt/cuda/mumax"
	"gzpt/kernels"
)

// openGPU opens the first GPU.
func openGPU() (kernels.Device, error) {
	gpu, err := mumax.Open(0)
	if err != nil {
		return nil, err
	}
	return cuda.Open(gpu, cuda.Settings{})
}
