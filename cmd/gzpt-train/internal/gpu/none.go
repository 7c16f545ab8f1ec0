//go:build !cuda

package gpu

import (
	"gzpt/cuda"
	"gzpt/kernels"
)

// About is what the flag for a device says of GPUs.
const About = "this build has no cuda: 'make cuda' makes one that has"

// Open says how to get a program that has GPUs.
func Open(int, cuda.Settings) (kernels.Device, error) { return nil, ErrNotBuilt }

// Any finds none.
func Any(cuda.Settings) (kernels.Device, error) { return nil, nil }
