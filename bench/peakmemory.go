package bench

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// PeakMemory is the bytes of memory that run takes at its peak beyond what the process holds before, as Linux counts
// them; an error elsewhere.
func PeakMemory(run func()) (int64, error) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak is what is resident now
		return 0, err
	}
	before, err := residentMemory("VmRSS:")
	if err != nil {
		return 0, err
	}
	run()
	peak, err := residentMemory("VmHWM:")
	return peak - before, err
}

// residentMemory is a line of the status of the process, in bytes.
func residentMemory(name string) (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name); ok {
			var kilobytes int64
			_, err := fmt.Sscanf(text, "%d kB", &kilobytes)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no line %s", name)
}
