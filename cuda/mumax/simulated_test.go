//go:build cuda && !gpu

package mumax

import (
	_ "gzpt/cuda/mumax/simdriver" // with the tag gpu the tests run on the GPU of the machine
)

// simulated: the tests run on the interpreter.
const simulated = true
