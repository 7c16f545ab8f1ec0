// Package toolkit finds NVIDIA's tools where `make cuda-tools` and `make ptx` have put them: the authority on what PTX is, PTX
// that nobody here wrote, and what becomes of ours.
package toolkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// folders are where the tools are, inside the module.
var folders = []string{".tools/cuda-13.5.37/nvidia/cu13/bin", ".tools/nvdisasm-13.5.37/nvidia/cu13/bin"}

// Find is the path of ptxas, nvcc or nvdisasm, looked for from the working folder upwards to that of the module.
func Find(name string) (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		for _, folder := range folders {
			if path := filepath.Join(directory, folder, name); exists(path) {
				return path, nil
			}
		}
		if parent := filepath.Dir(directory); exists(filepath.Join(directory, "go.mod")) || parent == directory {
			return "", fmt.Errorf("no %s: `make cuda-tools` installs ptxas and nvcc, `make ptx` nvdisasm (Linux on x86-64)", name)
		}
		directory = filepath.Dir(directory)
	}
}

// test is what of testing.TB is needed.
type test interface {
	Helper()
	Skip(args ...any)
}

// Tool is Find for a test. Without the tool the test is skipped, and says so.
func Tool(t test, name string) string {
	t.Helper()
	path, err := Find(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Usage is what ptxas says that a kernel needs.
type Usage struct {
	Registers  int // a thread
	SpillBytes int // stores and loads, a thread
	// SharedBytes is the static shared memory of a block.
	SharedBytes int
	// Serialized says that each wgmma is waited for before the next: something touches their registers while they are under way.
	Serialized bool
}

var (
	entryLine    = regexp.MustCompile(`Compiling entry function '([^']+)'`)
	spillLine    = regexp.MustCompile(`(\d+) bytes spill stores, (\d+) bytes spill loads`)
	registerLine = regexp.MustCompile(`Used (\d+) registers`)
	serialLine   = regexp.MustCompile(`wgmma\.mma_async instructions are serialized .* in the function '([^']+)'`)
	sharedBytes  = regexp.MustCompile(`(\d+) bytes smem`)
)

// Assemble runs ptxas on PTX. The error holds what it says against it.
func Assemble(ptxas, file, target string) (map[string]Usage, error) {
	return AssembleTo(os.DevNull, ptxas, file, target)
}

// AssembleTo is Assemble that keeps what it makes, a cubin.
func AssembleTo(cubin, ptxas, file, target string) (map[string]Usage, error) {
	out, err := exec.Command(ptxas, "-arch="+target, "-v", "-o", cubin, file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ptxas: %s", strings.TrimSpace(string(out)))
	}
	usage, serialized := map[string]Usage{}, map[string]bool{}
	name, now := "", Usage{}
	for line := range strings.Lines(string(out)) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			name, now = m[1], Usage{Serialized: serialized[m[1]]}
		}
		if m := serialLine.FindStringSubmatch(line); m != nil {
			serialized[m[1]] = true
		}
		if m := spillLine.FindStringSubmatch(line); m != nil {
			now.SpillBytes = atoi(m[1]) + atoi(m[2])
		}
		if m := registerLine.FindStringSubmatch(line); m != nil && name != "" {
			now.Registers = atoi(m[1])
			if m := sharedBytes.FindStringSubmatch(line); m != nil {
				now.SharedBytes = atoi(m[1])
			}
			usage[name] = now
		}
	}
	return usage, nil
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text) // the expressions match digits only
	return n
}

// Compile runs nvcc on CUDA C, with flags besides, and returns the PTX.
func Compile(nvcc, file, target string, flags ...string) (string, error) {
	command := exec.Command(nvcc, append(flags, "-ptx", "-arch="+target, "-o", "-", file)...)
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
