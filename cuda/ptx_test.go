package cuda

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/cuda/internal/toolkit"
)

// TestAssembles: NVIDIA's assembler accepts every file that ships, with the functions appended as the device does it, for
// the least target and for the newest ones, and no kernel spills a register.
func TestAssembles(t *testing.T) {
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
		for _, target := range []string{"sm_80", "sm_90a", "sm_100"} {
			usage, err := toolkit.Assemble(ptxas, file, target)
			if err != nil {
				t.Errorf("%s: %v", f.name, err)
				continue
			}
			for _, match := range entry.FindAllStringSubmatch(f.text, -1) {
				kernel, ok := usage[match[1]]
				if !ok || kernel.Registers == 0 || kernel.SpillBytes != 0 {
					t.Errorf("%s, %s: kernel %s needs %+v, expected registers and no spills", f.name, target, match[1], kernel)
				}
			}
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
