package formats

import (
	"math"
	"path/filepath"
	"testing"

	"gzpt/kernels/kerneltest"
)

// shared is a path in the folder of shared data beside the project; the test is skipped where that folder is absent.
func shared(tb testing.TB, elements ...string) string {
	tb.Helper()
	return filepath.Join(append([]string{kerneltest.Shared(tb)}, elements...)...)
}

func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
