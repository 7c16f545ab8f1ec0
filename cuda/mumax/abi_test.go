//go:build cuda

package mumax

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/cuda/internal/toolkit"
)

// compile has gcc check C against the folder of a cuda.h.
func compile(include, file string) error {
	text, err := exec.Command("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include, "-I", "libcuda", file).CombinedOutput()
	if err != nil {
		return errors.New(string(text))
	}
	return nil
}

// TestABI: our cuda.h and NVIDIA's agree in all that is used.
func TestABI(t *testing.T) {
	t.Run("own header", func(t *testing.T) {
		if err := compile("libcuda", "libcuda/abi.c"); err != nil {
			t.Error(err)
		}
	})
	t.Run("absent library", func(t *testing.T) {
		if err := compile("libcuda", "libcuda/absent.c"); err != nil {
			t.Error(err)
		}
	})
	t.Run("header of CUDA", func(t *testing.T) {
		include := filepath.Join(filepath.Dir(filepath.Dir(toolkit.Tool(t, "ptxas"))), "include")
		if err := compile(include, "libcuda/abi.c"); err != nil {
			t.Error(err)
		}
	})
}

// TestABIFindsMistakes: a wrong number, name or type in our tables does not compile against a header that is right.
func TestABIFindsMistakes(t *testing.T) {
	for _, test := range []struct{ file, old, new string }{
		{"constants.h", "(CUDA_ERROR_NO_DEVICE, 100)", "(CUDA_ERROR_NO_DEVICE, 101)"},
		{"constants.h", "(CU_DEVICE_ATTRIBUTE_WARP_SIZE, 10)", "(CU_DEVICE_ATTRIBUTE_WARP_SIZE, 11)"},
		{"constants.h", "(CU_CTX_SCHED_BLOCKING_SYNC, 4)", "(CU_CTX_SCHED_BLOCKING_SYNC, 2)"},
		{"functions.h", "(CUdeviceptr *at, size_t bytes)", "(CUdeviceptr *at, unsigned int bytes)"},
		{"functions.h", "(CUresult result, const char **name)", "(CUresult result, char **name)"},
		{"functions.h", "(cuMemFreeHost,", "(cuMemFreeHosts,"},
		{"functions.h", "CUgraphNode node, const CUDA_MEMCPY3D *parameters", "CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *parameters"},
		{"abi.c", "AT(CUDA_MEMCPY3D, dstHost, 128)", "AT(CUDA_MEMCPY3D, dstHost, 120)"},
	} {
		folder := t.TempDir()
		for _, name := range []string{"abi.c", "constants.h", "functions.h"} {
			text, err := os.ReadFile(filepath.Join("libcuda", name))
			if err != nil {
				t.Fatal(err)
			}
			changed := string(text)
			if name == test.file {
				if changed = strings.Replace(changed, test.old, test.new, 1); changed == string(text) {
					t.Fatalf("%s has no %q", name, test.old)
				}
			}
			if err := os.WriteFile(filepath.Join(folder, name), []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		right, err := filepath.Abs("libcuda/cuda.h")
		if err != nil {
			t.Fatal(err)
		}
		// The header that is right is in a folder of its own, so that abi.c takes the tables beside it.
		other := t.TempDir()
		if err := os.WriteFile(filepath.Join(other, "cuda.h"), []byte("#include \""+right+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if compile(other, filepath.Join(folder, "abi.c")) == nil {
			t.Errorf("%s with %q compiles", test.file, test.new)
		}
	}
}
