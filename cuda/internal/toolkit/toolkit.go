// Package toolkit finds NVIDIA's assembler and compiler for tests, where `make cuda-tools` has put them: the authority on
// what PTX is, and PTX that nobody here wrote.
package toolkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const folder = ".tools/cuda-13.5.37/nvidia/cu13/bin"

// Tool is the path of ptxas or nvcc. Without it the test is skipped, and says so.
func Tool(t testing.TB, name string) string {
	t.Helper()
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if path := filepath.Join(directory, folder, name); exists(path) {
			return path
		}
		if exists(filepath.Join(directory, "go.mod")) {
			t.Skipf("no %s: `make cuda-tools` installs it (Linux on x86-64)", name)
		}
		directory = filepath.Dir(directory)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Usage is what ptxas says that a kernel needs.
type Usage struct {
	Registers  int // a thread
	SpillBytes int // stores and loads, a thread
}

var (
	entryLine    = regexp.MustCompile(`Compiling entry function '([^']+)'`)
	spillLine    = regexp.MustCompile(`(\d+) bytes spill stores, (\d+) bytes spill loads`)
	registerLine = regexp.MustCompile(`Used (\d+) registers`)
)

// Assemble runs ptxas on PTX. The error holds what it says against it.
func Assemble(ptxas, file, target string) (map[string]Usage, error) {
	out, err := exec.Command(ptxas, "-arch="+target, "-v", "-o", os.DevNull, file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ptxas: %s", strings.TrimSpace(string(out)))
	}
	usage := map[string]Usage{}
	name, now := "", Usage{}
	for line := range strings.Lines(string(out)) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			name, now = m[1], Usage{}
		}
		if m := spillLine.FindStringSubmatch(line); m != nil {
			now.SpillBytes = atoi(m[1]) + atoi(m[2])
		}
		if m := registerLine.FindStringSubmatch(line); m != nil && name != "" {
			now.Registers = atoi(m[1])
			usage[name] = now
		}
	}
	return usage, nil
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text) // the expressions match digits only
	return n
}

// Compile runs nvcc on CUDA C and returns the PTX.
func Compile(nvcc, file, target string) (string, error) {
	command := exec.Command(nvcc, "-ptx", "-arch="+target, "-o", "-", file)
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(nvcc)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := command.Output()
	if err != nil {
		if exit, is := err.(*exec.ExitError); is {
			return "", fmt.Errorf("nvcc: %w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("nvcc: %w", err)
	}
	return string(out), nil
}
