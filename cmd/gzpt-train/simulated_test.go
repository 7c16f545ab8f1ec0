//go:build cuda && !gpu

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/cuda/mumax/simdriver"
)

// These tests run the command as `make cuda` builds it, linked with a CUDA driver that interprets its kernels.

// TestSimulatedGPU trains, stops, resumes and embeds through the driver of a GPU to the bits of --device ptxsim, after whatever
// call of CUDA's has failed: the run is then as it was.
func TestSimulatedGPU(t *testing.T) {
	folder := t.TempDir()
	interpreted, run := filepath.Join(folder, "interpreted"), filepath.Join(folder, "run")
	succeed(t, tiny(interpreted, "--epochs", "2", "--device", "ptxsim")...)
	// auto takes the GPU that is there
	if o := succeed(t, tiny(run, "--epochs", "2", "--stop-after", "1")...); !strings.Contains(o.stderr, "device cuda/float32") {
		t.Fatalf("--device auto does not take the GPU:\n%s", o.stderr)
	}
	for failure, want := range map[string]string{
		"cuInit:1:999":                "Open: CUDA_ERROR_UNKNOWN (999)",
		"cuCtxCreate_v2:1:2":          "Open: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"cuModuleLoadDataEx:2:222":    "Load augmentation.ptx: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)",
		"cuMemAlloc_v2:7:2":           "New: mumax: Alloc: out of memory: ",
		"cuMemAllocHost_v2:1:2":       "NewBuffer: mumax: AllocHost: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"cuMemcpyHtoDAsync_v2:30:719": "CopyIn: CUDA_ERROR_LAUNCH_FAILED (719)",
		"cuLaunchKernel:1000:700":     "Launch ",
		"cuStreamSynchronize:9:700":   "Synchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700)",
		"cuMemcpyDtoHAsync_v2:4:719":  "CopyOut: CUDA_ERROR_LAUNCH_FAILED (719)",
		"cuMemsetD32Async:1:400":      "mumax: Fill: CUDA_ERROR_INVALID_HANDLE (400)",
		// From the second step on they are graphs, which change from the third on.
		"cuGraphAddKernelNode_v2:100:1":         " in a graph: CUDA_ERROR_INVALID_VALUE (1)",
		"cuGraphInstantiateWithFlags:1:2":       "NewGraph: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"cuGraphLaunch:2:719":                   "Launch of a graph: CUDA_ERROR_LAUNCH_FAILED (719)",
		"cuGraphExecKernelNodeSetParams_v2:1:1": "Launch adamw",
		"cuGraphExecMemcpyNodeSetParams:1:1":    "CopyIn in a graph: CUDA_ERROR_INVALID_VALUE (1)",
	} {
		files := contents(t, run)
		c := command(t, "--resume", "--out", run, "--device", "cuda")
		c.Env = append(c.Env, simdriver.FailVariable+"="+failure)
		text, err := c.CombinedOutput()
		if status(t, err) != 1 || !strings.Contains(string(text), want) || strings.Contains(string(text), "goroutine") {
			t.Errorf("%s: %v, expected status 1 and %q:\n%s", failure, err, want, text)
		}
		after := contents(t, run)
		for name, content := range files {
			if strings.HasPrefix(name, "checkpoints/") && after[name] != content {
				t.Errorf("%s: %s has changed", failure, name)
			}
		}
		for name := range after {
			if _, before := files[name]; !before {
				t.Errorf("%s: %s is left", failure, name)
			}
		}
	}
	succeed(t, "--resume", "--out", run, "--device", "cuda:0")
	if backboneOf(t, run) != backboneOf(t, interpreted) {
		t.Error("the GPU's driver trains to other bits than the interpreter")
	}
	var features []string
	for device, of := range map[string]string{"cuda": run, "ptxsim": interpreted} {
		out := filepath.Join(folder, "features-"+device)
		succeed(t, "embed", "--run", of, "--out", out, "--device", device)
		features = append(features, readFile(t, out, "features.npy"))
	}
	if features[0] != features[1] {
		t.Error("the GPU's driver embeds to other bits than the interpreter")
	}
	if o := gzpt(t, tiny(filepath.Join(folder, "second"), "--device", "cuda:1")...); o.status != 1 || !strings.Contains(o.stderr, "there is no GPU 1, expected 0 to 0") {
		t.Errorf("--device cuda:1: status %d, %s", o.status, o.stderr)
	}
}

// contents is the files of a folder.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(folder, path)
			all[filepath.ToSlash(name)] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// library is a CUDA driver in C that has nothing but an answer.
const library = `
int cuInit(unsigned int flags) { return flags ? 1 : INIT; }
int cuDriverGetVersion(int *version) { *version = VERSION; return 0; }
int cuDeviceGetCount(int *count) { *count = COUNT; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetName(char *name, int bytes, int device) { name[0] = 'X'; name[1] = 0; return device + (bytes < 2); }
int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 75 ? 7 : 5; return device; }
`

// TestLibraryIsFoundAtRunTime builds the program as users have it. It runs without a driver, finds the library of one by itself, and
// says what is wrong with it.
func TestLibraryIsFoundAtRunTime(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "gzpt-train")
	if text, err := exec.Command("go", "build", "-tags", "cuda", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if text, err := exec.Command("ldd", program).CombinedOutput(); err != nil || strings.Contains(string(text), "libcuda") {
		t.Errorf("the program needs libcuda before it starts: %v\n%s", err, text)
	}
	source := filepath.Join(folder, "library.c")
	if err := os.WriteFile(source, []byte(library), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, library string // defines, "" for no library
		cuda          string // what --device cuda says
		auto          bool   // --device auto computes on the CPU; otherwise it fails as cuda does
	}{
		{"no library", "", "--device cuda: no NVIDIA driver: libcuda.so.1: cannot open shared object file", true},
		{"no device", "-DINIT=100 -DVERSION=13000 -DCOUNT=0", "--device cuda: the driver finds no GPU: install", true},
		{"none counted", "-DINIT=0 -DVERSION=13000 -DCOUNT=0", "--device cuda: the driver finds no GPU: install", true},
		{"old driver", "-DINIT=0 -DVERSION=11040 -DCOUNT=1", "the driver is for CUDA 11.4, expected 12.4 or newer", false},
		{"old GPU", "-DINIT=0 -DVERSION=13000 -DCOUNT=1", "X has compute capability 7.5, expected 8.0 or newer", false},
		{"broken", "-DINIT=999 -DVERSION=13000 -DCOUNT=1", "mumax: Open: CUDA_ERROR_UNKNOWN (999); --device cpu computes without", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			libraries := t.TempDir()
			if test.library != "" {
				args := append(strings.Fields(test.library), "-shared", "-fPIC", "-o", filepath.Join(libraries, "libcuda.so.1"), source)
				if text, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
			}
			run := func(device string) (string, int) {
				c := exec.Command(program, "embed", "--weights", "none.safetensors", "--data", folder, "--out", filepath.Join(t.TempDir(), "out"), "--device", device)
				c.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries)
				text, err := c.CombinedOutput()
				return string(text), status(t, err)
			}
			said, code := run("cuda")
			if code != 1 || !strings.Contains(said, test.cuda) || strings.Count(said, "\n") != 1 {
				t.Errorf("--device cuda: status %d, expected 1 and one line with %q:\n%s", code, test.cuda, said)
			}
			if said, code := run("auto"); code != 1 || strings.Contains(said, "--device") == test.auto {
				t.Errorf("--device auto: status %d\n%s", code, said)
			}
		})
	}
}
