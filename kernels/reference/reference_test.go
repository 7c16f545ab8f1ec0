package reference_test

import (
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

func TestSuite(t *testing.T) {
	for _, typ := range []kernels.Type{kernels.Float32, kernels.Float64} {
		t.Run(typ.String(), func(t *testing.T) {
			kerneltest.Suite{Open: func(testing.TB) kernels.Device { return reference.New(typ) }, Allocates: true, Slow: testing.Short()}.Run(t)
		})
	}
}
