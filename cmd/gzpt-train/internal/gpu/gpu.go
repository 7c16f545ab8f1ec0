// Package gpu opens the machine's NVIDIA GPUs, in a program that was built with the tag cuda.
package gpu

import "errors"

// ErrNotBuilt is the error of Open in a program without the tag.
var ErrNotBuilt = errors.New("this build has the CPU alone: `make cuda` makes a program that computes on NVIDIA GPUs too")
