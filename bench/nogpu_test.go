//go:build !cuda

package bench

import (
	"errors"

	"gzpt/kernels"
)

// openGPU says that there is no GPU in this build.
func openGPU() (kernels.Device, error) {
	return nil, errors.New("this build has no driver of a GPU, which the tag cuda adds")
}
