package cuda_test

import (
	"testing"

	"gzpt/cuda"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// open opens the device over the interpreter.
func open(tb testing.TB, options ptxsim.Options) *cuda.Device {
	tb.Helper()
	return openOver(tb, ptxsim.Open(options))
}

func openOver(tb testing.TB, driver *ptxsim.Device) *cuda.Device {
	tb.Helper()
	dev, err := cuda.Open(driver, cuda.Settings{})
	if err != nil {
		tb.Fatal(err)
	}
	return dev
}

// TestSuite runs the suite on the interpreter, which takes host memory for every launch.
func TestSuite(t *testing.T) {
	cuda.SlowUnderRace(t)
	kerneltest.Suite{
		Open: func(tb testing.TB) kernels.Device { return open(tb, ptxsim.Options{}) }, Allocates: true, Slow: true,
	}.Run(t)
}
