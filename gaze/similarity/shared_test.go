package similarity

import (
	"math"
	"path/filepath"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// shared is a path in the folder of shared data beside the project; the test is skipped where that folder is absent.
func shared(tb testing.TB, elements ...string) string {
	tb.Helper()
	return filepath.Join(append([]string{kerneltest.Shared(tb)}, elements...)...)
}

func device(tb testing.TB) kernels.Device {
	dev := reference.New(kernels.Float32)
	tb.Cleanup(dev.Close)
	return dev
}

func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
