//go:build cuda && !gpu

package nn

import (
	_ "gzpt/cuda/mumax/simdriver" // with the tag gpu the tests run on the GPU of the machine
)
