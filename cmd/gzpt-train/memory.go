package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/kernels/input"
	"gzpt/nn"
	"gzpt/nn/data"
)

// memorySize is the memory that a verb may take: what a flag says, or that of the machine.
type memorySize int64

func (m *memorySize) addFlag(f *flags, g *pflag.FlagSet) {
	g.Var(m, "memory", "memory to keep within: `SIZE` as in 8GiB (default: all there is)")
}

func (m *memorySize) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*m), 10)
}

func (m *memorySize) Type() string { return "string" }

// leastMemory is what the smallest run takes.
const leastMemory = 64 << 20

func (m *memorySize) Set(text string) error {
	if text == "" {
		*m = 0
		return nil
	}
	number := strings.TrimRight(text, "KMGTiB")
	v, err := strconv.ParseFloat(number, 64)
	scale, known := map[string]float64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
		"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[text[len(number):]]
	if err != nil || !known || !(v*scale >= leastMemory && v*scale < math.MaxInt64/2) {
		return fmt.Errorf("expected a size as in 8GiB, at least %s", input.Bytes(leastMemory))
	}
	*m = memorySize(v * scale)
	return nil
}

// bytes is the memory in bytes.
func (m memorySize) bytes() int64 {
	if m > 0 {
		return int64(m)
	}
	return machineMemory()
}

// inFlight is the part of it that images take while they are decoded: a little of a machine, so that much is left for the
// network, and what usual images need in any case.
func (m memorySize) inFlight() int64 {
	const usual = 256 << 20
	most := m.bytes()
	return min(max(most/64, usual), most/2)
}

// check refuses settings that take more memory than there is, and names the flag of the largest part.
func (m memorySize) check(f *flags, parts []nn.Part) error {
	total, largest := 0.0, nn.Part{}
	for _, p := range parts {
		if total += p.Bytes; p.Bytes > largest.Bytes {
			largest = p
		}
	}
	if total <= float64(m.bytes()) {
		return nil
	}
	name := map[string]string{"image size": "image-size"}[largest.Setting]
	if name == "" {
		name = largest.Setting
	}
	value := ""
	if flag := f.all.Lookup(name); flag != nil {
		value = " " + flag.Value.String()
	}
	return usagef("--%s%s: %s would take at least %s of memory, expected at most %s in all (--memory)", name, value, largest.What, sizeText(largest.Bytes), sizeText(float64(m.bytes())))
}

// sizeText is a number of bytes that may be beyond those that an int64 counts.
func sizeText(bytes float64) string {
	if bytes >= math.MaxInt64 {
		return fmt.Sprintf("%.3g EiB", bytes/(1<<60))
	}
	return input.Bytes(int64(bytes))
}

// parts is the memory that the data settings take: phantoms are all in memory, and every worker holds a square.
func (s *dataSettings) parts(workers int, phantoms bool) []nn.Part {
	const item, goroutine = 2 << 10, 8 << 10 // what a phantom and a goroutine take beside their pixels
	side := float64(data.Side(s.ImageSize))
	square := side * side * float64(s.Channels)
	parts := []nn.Part{{Setting: "workers", What: "what each worker holds", Bytes: float64(max(workers, 1)) * (square + goroutine)}}
	if phantoms {
		whole := float64(data.Side(2 * s.ImageSize))
		n := float64(s.Phantoms)
		parts = append(parts,
			nn.Part{Setting: "phantoms", What: "the phantoms", Bytes: n * (whole*whole*float64(s.Channels) + square + item)})
	}
	return parts
}

// machineMemory is the bytes of memory that this process may take, as far as the system tells.
func machineMemory() int64 {
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
