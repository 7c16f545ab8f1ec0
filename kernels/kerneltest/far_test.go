package kerneltest

import (
	"testing"

	"gzpt/kernels"
)

// TestFarSuite runs the suite on the far device.
func TestFarSuite(t *testing.T) {
	for _, typ := range []kernels.Type{kernels.Float32, kernels.Float64} {
		t.Run(typ.String(), func(t *testing.T) {
			Suite{Open: func(testing.TB) kernels.Device { return NewFar(FarOptions{Type: typ}) }, Allocates: true, Slow: typ == kernels.Float64}.Run(t)
		})
	}
}
