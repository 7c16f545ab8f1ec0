package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVetSeesHeaders: lint compares the arguments of an assembly function with its declaration where macros of a header name them, and
// finds each way in which they differ.
func TestVetSeesHeaders(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh for .ci/vet")
	}
	script, err := filepath.Abs("../.ci/vet")
	if err != nil {
		t.Fatal(err)
	}
	tool, err := exec.Command("go", "tool", "-n", "vet").Output()
	if err != nil {
		t.Fatal(err)
	}
	const header = "#define LOAD(x) \\\n\tMOVQ x+0(FP), AX; \\\n\tMOVL b+8(FP), BX\n\nTEXT SUM(SB), NOSPLIT, $0-24\n\tLOAD(a)\n\tADDQ BX, AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n"
	for _, c := range []struct{ change, to, want string }{
		{"", "", ""},
		{"b+8", "b+4", "sum.h:6:1: [amd64] sum: invalid offset b+4(FP); expected b+8(FP)"},
		{"LOAD(a)", "LOAD(b)", "sum.h:6:1: [amd64] sum: invalid offset b+0(FP); expected b+8(FP)"},
		{"MOVL b", "MOVQ b", "sum.h:6:1: [amd64] sum: invalid MOVQ of b+8(FP); uint32 is 4-byte value"},
		{"$0-24", "$0-16", "sum.h:5:1: [amd64] sum: wrong argument size 16; expected $...-24"},
		{"MOVQ AX, ret+16(FP)", "NOP", "sum.h:9:1: [amd64] sum: RET without writing to 8-byte ret+16(FP)"},
	} {
		folder := t.TempDir()
		for name, text := range map[string]string{
			"go.mod":      "module example\n\ngo 1.26\n",
			"sum.go":      "package example\n\nfunc sum(a int, b uint32) int\n",
			"sum_amd64.s": "#include \"textflag.h\"\n#define SUM ·sum\n#include \"sum.h\"\n",
			"sum.h":       strings.Replace(header, c.change, c.to, min(len(c.change), 1)),
		} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		vet := exec.Command("go", "vet", "-vettool="+script, ".")
		vet.Dir = folder
		vet.Env = append(os.Environ(), "GOARCH=amd64", "GOFLAGS=", "GOWORK=off", "GO_VET="+strings.TrimSpace(string(tool)))
		said, err := vet.CombinedOutput()
		if (err != nil) != (c.want != "") || !strings.Contains(string(said), c.want) {
			t.Errorf("%q in the place of %q: %v\n%s, expected %q", c.to, c.change, err, said, c.want)
		}
	}
}
