package bench

import (
	"time"

	"gzpt/asm"
)

// Peak is the multiply-add peak of a tier on all GOMAXPROCS cores in GFLOP/s, timed for about d. It is 0 for the
// reference tier, which has none to compare with.
func Peak(tier string, d time.Duration) float64 { return asm.Peak(tier, d) }

// PeakMinimum is the peak of a minimum and an addition of a tier, as Peak is of a multiply-add.
func PeakMinimum(tier string, d time.Duration) float64 { return asm.PeakMinimum(tier, d) }

// Copy is the rate of a copy by all GOMAXPROCS cores between two blocks of bytes bytes in all, in GB/s, bytes read plus
// bytes written; the fastest of several passes.
func Copy(bytes int) float64 { return asm.Copy(bytes) }
