//go:build cuda

package mumax

import (
	"testing"

	"github.com/mumax/3/cuda/cu"

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

// TestMachine prints the line that belongs to every number from a GPU.
func TestMachine(t *testing.T) {
	d := open(t)
	t.Logf("machine: %s, capability %d, %d multiprocessors, %d kHz, memory %d bits at %d kHz, CUDA %d", d.Name(), d.Attribute(driver.ComputeCapability),
		d.Attribute(driver.Multiprocessors), d.Attribute(driver.ClockKHz), d.Attribute(driver.MemoryBusBits), d.Attribute(driver.MemoryClockKHz), cu.Version())
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
