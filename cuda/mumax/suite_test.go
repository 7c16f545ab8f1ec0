//go:build cuda

package mumax

import (
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// openDevice opens the device of package cuda.
func openDevice(t testing.TB) kernels.Device {
	t.Helper()
	dev, err := cuda.Open(open(t))
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
	kerneltest.Suite{Open: openDevice, Allocates: true, Slow: simulated}.Run(t)
}
