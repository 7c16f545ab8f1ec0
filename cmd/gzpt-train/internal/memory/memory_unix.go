//go:build unix

package memory

import (
	"math"
	"syscall"
)

// addressSpace is the limit of ulimit -v.
func addressSpace() (int64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || uint64(limit.Cur) >= math.MaxInt64 {
		return 0, false
	}
	return int64(limit.Cur), true
}
