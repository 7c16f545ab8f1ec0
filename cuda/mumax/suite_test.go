//go:build cuda

package mumax

import (
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// openDevice opens the device of package cuda.
func openDevice(t testing.TB, settings cuda.Settings) kernels.Device {
	t.Helper()
	dev, err := cuda.Open(open(t), settings)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// TestSuite runs the suite that every device passes.
func TestSuite(t *testing.T) {
	if simulated && testing.Short() {
		t.Skip("package cuda runs the suite on the interpreter without the driver's interface")
	}
	exact := func(t testing.TB) kernels.Device { return openDevice(t, cuda.Settings{}) }
	kerneltest.Suite{Open: exact, Allocates: true, Slow: simulated}.Run(t)
}
