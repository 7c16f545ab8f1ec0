// Package memory is how much memory this process may take.
package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"path"
	"runtime"
	"strconv"
	"strings"

	"gzpt/kernels/input"
)

// Least is what the smallest run takes.
const Least = 64 << 20

// units are those of sizes, by their factor.
var units = map[string]float64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

// Parse reads a size, as in 8GiB.
func Parse(text string) (int64, error) {
	number := strings.TrimRight(text, "KMGTiB")
	v, err := strconv.ParseFloat(number, 64)
	scale, known := units[text[len(number):]]
	if err != nil || !known || !(v*scale >= Least && v*scale < math.MaxInt64/2) {
		return 0, fmt.Errorf("expected a size as in 8GiB, at least %s", input.Bytes(Least))
	}
	return int64(v * scale), nil
}

// OfMachine is the bytes of memory that this process may take, as far as the system tells.
func OfMachine() int64 {
	most := int64(1) << 46 // beyond every machine there is
	if total, ok := totalMemory(); ok {
		most = min(most, total)
	}
	if address, ok := addressSpace(); ok {
		most = min(most, address)
	}
	if group, ok := groupMemory(); ok {
		most = min(most, group)
	}
	return most
}

// totalMemory is the machine's.
func totalMemory() (int64, bool) {
	text, err := input.ReadFile("/proc/meminfo", input.Document)
	if err != nil || runtime.GOOS != "linux" {
		return 0, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err == nil && kib > 0
		}
	}
	return 0, false
}

// groupMemory is the least limit of the control groups that this process is in, of either version.
func groupMemory() (least int64, ok bool) {
	text, err := input.ReadFile("/proc/self/cgroup", input.Document)
	if err != nil {
		return 0, false
	}
	take := func(file string) {
		text, err := input.ReadFile(file, input.Document)
		limit, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && bad == nil && limit > 0 && (!ok || limit < least) {
			least, ok = limit, true
		}
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		root, file := "/sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			take(root + group + "/" + file)
			if group == "/" {
				break
			}
		}
	}
	return least, ok
}
