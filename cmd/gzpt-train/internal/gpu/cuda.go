//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"gzpt/cuda"
	"gzpt/cuda/mumax"
	"gzpt/kernels"
)

// About is what the flag for a device says of GPUs.
const About = "auto takes cuda where there is a GPU, cuda:1 is the second one"

// Open opens the GPU with a number, from 0 on.
func Open(ordinal int, settings cuda.Settings) (kernels.Device, error) {
	dev, err := open(ordinal, settings)
	if none := (*mumax.Unavailable)(nil); errors.As(err, &none) {
		return nil, fmt.Errorf("%w: install NVIDIA's driver, 550 or newer, or take --device cpu", none)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; --device cpu computes without the GPU", err)
	}
	return dev, nil
}

func open(ordinal int, settings cuda.Settings) (*cuda.Device, error) {
	gpu, err := mumax.Open(ordinal)
	if err != nil {
		return nil, err
	}
	return cuda.Open(gpu, settings)
}

// Any opens the first GPU, and is nil on a machine without one. A GPU that fails is an error: a run must not become slow
// unnoticed.
func Any(settings cuda.Settings) (kernels.Device, error) {
	dev, err := Open(0, settings)
	if none := (*mumax.Unavailable)(nil); errors.As(err, &none) {
		return nil, nil
	}
	return dev, err
}
