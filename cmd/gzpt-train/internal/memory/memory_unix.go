//go:build unix

package memory

import (
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"gzpt/kernels/input"
)

// addressSpace is what is left of the limit of ulimit -v: Go's runtime reserves some 0.8 GB of it before the program begins.
func addressSpace() (int64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || uint64(limit.Cur) >= math.MaxInt64 {
		return 0, false
	}
	return max(int64(limit.Cur)-taken(), 0), true
}

// taken is the address space of this process, 0 where the system does not tell.
func taken() int64 {
	text, err := input.ReadFile("/proc/self/statm", input.Document)
	if err != nil {
		return 0
	}
	pages, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseInt(pages, 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}
