package bench

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"gzpt/asm"
)

// Machine is the line that belongs to every measured number: processor, cores, caches, tiers, Go version.
func Machine() string {
	c := cpuid.CPU
	name := c.BrandName
	if name == "" {
		name = "unnamed processor"
	}
	return fmt.Sprintf("%s, %d cores (GOMAXPROCS %d), L1d %s, L2 %s, L3 %s, tiers %s, %s %s/%s",
		strings.TrimSpace(name), runtime.NumCPU(), runtime.GOMAXPROCS(0), size(c.Cache.L1D), size(c.Cache.L2),
		size(c.Cache.L3), strings.Join(asm.Tiers(), " "), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// size writes a cache size, which is not positive where the processor does not tell.
func size(bytes int) string {
	switch {
	case bytes <= 0:
		return "unknown"
	case bytes < 1<<20:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
