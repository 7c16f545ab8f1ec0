package cuda

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gzpt/cuda/internal/toolkit"
	"gzpt/cuda/ptxsim"
)

// residency finds kernels that say how many blocks of how many threads a multiprocessor is to hold.
var residency = regexp.MustCompile(`\.visible \.entry (\w+)\([^)]*\)\s*\.maxntid (\d+), 1, 1\s*\.minnctapersm (\d+)`)

// TestAssembles: NVIDIA's assembler accepts every file that ships, with the functions appended as the device does it, for
// the least target and for the newest ones, or for sm_90a where a file is for that alone, no kernel spills a register, and those that say how many
// blocks a multiprocessor is to hold leave the registers for them.
func TestAssembles(t *testing.T) {
	if testing.Short() {
		t.Skip("ptxas takes seconds, and no goroutine of ours; run without -short")
	}
	ptxas := toolkit.Tool(t, "ptxas")
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range inAllVariants(list) {
		file := filepath.Join(t.TempDir(), f.name)
		if err := os.WriteFile(file, []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
		targets := []string{"sm_80", "sm_90a", "sm_100"}
		if f.forHopper() {
			targets = targets[1:2]
		}
		for _, target := range targets {
			usage, err := toolkit.Assemble(ptxas, file, target)
			if err != nil {
				t.Errorf("%s: %v", f.name, err)
				continue
			}
			for _, match := range entry.FindAllStringSubmatch(f.text, -1) {
				kernel, ok := usage[match[1]]
				if !ok || kernel.Registers == 0 || kernel.SpillBytes != 0 || kernel.Serialized {
					t.Errorf("%s, %s: kernel %s needs %+v, expected registers, no spills and no wgmma waited for one by one", f.name, target, match[1], kernel)
				}
			}
			for _, match := range residency.FindAllStringSubmatch(f.text, -1) {
				threads, _ := strconv.Atoi(match[2])
				blocks, _ := strconv.Atoi(match[3])
				registers := usage[match[1]].Registers
				if held := ptxsim.Occupancy(80, threads, registers, 0); held < blocks {
					t.Errorf("%s, %s: of %s with %d registers a multiprocessor holds %d blocks, expected %d", f.name, target, match[1], registers, held, blocks)
				}
			}
		}
	}
}

// TestSerialized: what NVIDIA's assembler says of a wgmma whose registers are touched while it is under way is understood.
func TestSerialized(t *testing.T) {
	ptxas := toolkit.Tool(t, "ptxas")
	text, err := sources.ReadFile(folder + "/" + productFile)
	if err != nil {
		t.Fatal(err)
	}
	const wait = "wgmma.wait_group.sync.aligned 1;"
	file := filepath.Join(t.TempDir(), productFile)
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), wait, "add.f32 %s0, %s0, %s0;\n"+wait)), 0o600); err != nil {
		t.Fatal(err)
	}
	usage, err := toolkit.Assemble(ptxas, file, "sm_90a")
	if err != nil || len(usage) != 2 {
		t.Fatalf("%d kernels, error %v", len(usage), err)
	}
	for name, u := range usage {
		if !u.Serialized {
			t.Errorf("%s: %+v, expected that it is serialized", name, u)
		}
	}
}

// TestHeaders: every file says what it computes, for whom, what limits it and what it is not; no two files have a kernel
// of the same name.
func TestHeaders(t *testing.T) {
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	home := map[string]string{}
	for _, f := range list {
		header, _, _ := strings.Cut(f.text, ".version")
		kernels := entry.FindAllStringSubmatch(f.text, -1)
		for _, part := range []string{"\n// Contract: ", "\n// Expected: ", "\n// Not: "} {
			if !strings.Contains(header, part) || len(kernels) == 0 {
				t.Errorf("%s: %d kernels, no %q in the header", f.name, len(kernels), strings.TrimSpace(part))
			}
		}
		for _, match := range kernels {
			if !strings.Contains(header, match[1]) {
				t.Errorf("%s: the header does not tell what %s computes", f.name, match[1])
			}
			if other, is := home[match[1]]; is {
				t.Errorf("%s and %s both have a kernel %s", other, f.name, match[1])
			}
			home[match[1]] = f.name
		}
	}
}
