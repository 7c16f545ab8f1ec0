//go:build cuda

package mumax

import (
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/driver/drivertest"
)

func open(t testing.TB) driver.Device {
	t.Helper()
	d, err := Open(0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDriver runs the suite that every driver passes.
func TestDriver(t *testing.T) { drivertest.Run(t, open) }
