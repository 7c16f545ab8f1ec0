package bench

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestProgramIsStatic demands that what make builds asks for no library and no loader, as the README says.
func TestProgramIsStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("an ELF file is what Linux has")
	}
	program := filepath.Join(t.TempDir(), "gzpt-train")
	if text, err := exec.Command("make", "-C", "..", "--no-print-directory", "build", "PROGRAM="+program).CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, text)
	}
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v", p.Type)
		}
	}
	if s := f.Section(".dynamic"); s != nil {
		t.Error("the program has a dynamic section")
	}
}
