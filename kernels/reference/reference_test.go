package reference_test

import (
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// TestSuite: every shape in float32; in float64, whose results the suite compares with those of the same code, some of them, for what
// else it demands: gradients, goldens, placements, GOMAXPROCS.
func TestSuite(t *testing.T) {
	for _, typ := range []kernels.Type{kernels.Float32, kernels.Float64} {
		t.Run(typ.String(), func(t *testing.T) {
			if testing.Short() && typ == kernels.Float64 {
				t.Skip("it has the code and the goroutines of float32; run without -short")
			}
			kerneltest.Suite{Open: func(testing.TB) kernels.Device { return reference.New(typ) }, Allocates: true, Scalar: true, Slow: typ == kernels.Float64 || testing.Short()}.Run(t)
		})
	}
}
