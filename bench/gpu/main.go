// The command gpu proves and measures gzpt on the NVIDIA GPU of a machine that has neither Go nor CUDA, with the programs that
// `make gpu-bundle` has put into .gpu. It runs its stages one after the other, each with a limit in time, and writes one file of
// results. bench/gpu.sh starts it; it does not need the GPU itself.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gzpt/kernels/atomicfile"
	"gzpt/nn/rundir"
)

// stage is one step: a program of the bundle, or what compares several runs of one.
type stage struct {
	name  string
	limit time.Duration
	proof string // occurs in the output of a stage that did what it should
	run   func(ctx context.Context, b *bundle) (string, error)
}

// bundle is the folder of programs, inside that of the project.
type bundle struct {
	root, folder, work string
}

// result is what became of a stage.
type result struct {
	Stage   string  `json:"stage"`
	Passed  bool    `json:"passed"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitzero"`
}

// measurement is one line of a benchmark.
type measurement struct {
	Name    string             `json:"name"`
	Times   int                `json:"times"`
	Metrics map[string]float64 `json:"metrics"`
}

// results is the file that is written.
type results struct {
	Machine    string        `json:"machine"`
	SMI        string        `json:"nvidia_smi,omitzero"`
	Date       string        `json:"date"`
	Small      bool          `json:"small,omitzero"` // shapes for an interpreter: its times mean nothing
	Stages     []result      `json:"stages"`
	Benchmarks []measurement `json:"benchmarks"`
	PyTorch    []measurement `json:"pytorch,omitzero"`
}

// stages take less than ten minutes. What the interpreter can do of them, for a trial of the way, is small.
func stages(small bool) []stage {
	suite, networks, timed := "^TestSuite$", "^TestGolden(Networks|Trajectories)$/./././^cuda$", "."
	if small {
		suite, networks, timed = "^TestSuite$/^(Pooling|Transfer|Memory)$", "^TestGoldenNetworks$/./^width=16$/./^cuda$", "Wait|Issue|Launch|Copy"
	}
	list := []stage{
		{"machine", 20 * time.Second, "machine: ", tests("mumax", "cuda/mumax", "^TestMachine$")},
		{"driver", 30 * time.Second, "--- PASS: TestDriver/fault", tests("mumax", "cuda/mumax", "^TestDriver$")},
		{"suite", 150 * time.Second, "--- PASS: TestSuite/Memory", tests("mumax", "cuda/mumax", suite)},
		{"tensor cores", 20 * time.Second, "(?s)--- PASS: TestTF32.*--- PASS: TestWindows", tests("mumax", "cuda/mumax", "^Test(TF32|Windows)$")},
		{"golden networks", 30 * time.Second, "--- PASS: .*/cuda", tests("nn", "nn", networks)},
		{"golden methods", 30 * time.Second, "--- PASS: .*/cuda", tests("nn", "nn", "^TestGoldenMethods$/././^cuda")},
		{"same bits", 40 * time.Second, "two runs and the interpreter agree", sameBits("float32", "2")},
		{"same bits, tf32", 40 * time.Second, "two runs and the interpreter agree", sameBits("tf32", "2")},
		{"same bits, bfloat16", 40 * time.Second, "two runs and the interpreter agree", sameBits("bfloat16", "4")}, // 16 channels and more go by warpgroups
		{"benchmarks", 130 * time.Second, "Benchmark", benchmarks(timed)},
		{"pytorch", 60 * time.Second, "", pytorch},
	}
	if small { // trainings of twenty steps take minutes
		list = slices.DeleteFunc(list, func(s stage) bool { return s.name == "golden methods" })
	}
	return list
}

func main() {
	small := flag.Bool("small", false, "the programs run on the interpreter: small shapes")
	folder := flag.String("bundle", ".gpu", "`FOLDER` of the programs")
	out := flag.String("out", "bench/results", "`FOLDER` for the results")
	flag.Parse()
	if err := measure(*folder, *out, *small); err != nil {
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

func measure(folder, out string, small bool) error {
	if err := atomicfile.ReadyFolder(out); err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gzpt-gpu-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := &bundle{root, folder, work}
	r := results{Date: time.Now().UTC().Format(time.DateOnly), Small: small, SMI: smi()}
	name, failed := "gpu", 0
	list := stages(small)
	for _, s := range list {
		text, one := b.do(s)
		r.Stages = append(r.Stages, one)
		fmt.Printf("%-16s %v %.1f s %s\n", s.name, one.Passed, one.Seconds, one.Error)
		if !one.Passed {
			failed++
		}
		switch s.name {
		case "machine":
			r.Machine, name = machineOf(text)
		case "benchmarks":
			r.Benchmarks = parse(text)
		case "pytorch":
			r.PyTorch = parse(text)
		}
		if err := write(filepath.Join(out, name+".json"), r); err != nil { // also what a later stage may never reach
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d stages failed", failed, len(list))
	}
	return nil
}

// do runs a stage. Its whole output goes to the error output.
func (b *bundle) do(s stage) (string, result) {
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	start := time.Now()
	text, err := s.run(ctx, b)
	fmt.Fprintf(os.Stderr, "== %s\n%s\n", s.name, text)
	if err == nil && !regexp.MustCompile(s.proof).MatchString(text) {
		err = fmt.Errorf("nothing that says %q", s.proof)
	}
	one := result{Stage: s.name, Passed: err == nil, Seconds: time.Since(start).Seconds()}
	if err != nil {
		one.Error = fmt.Sprintf("%v: %s", err, tail(text))
	}
	return text, one
}

// tail is the end of a text.
func tail(text string) string {
	const most = 600
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-most):]
}

// command runs a program in a folder of the project.
func (b *bundle) command(ctx context.Context, folder, program string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = filepath.Join(b.root, folder)
	c.WaitDelay = time.Second
	c.Env = append(os.Environ(), "GZPT_TRAIN_TEST_AS_COMMAND=1", "XDG_CACHE_HOME="+b.work) // the program of tests is the command then
	text, err := c.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.New("it took too long")
	}
	return string(text), err
}

// tests is a stage that runs a package's tests.
func tests(name, folder, pattern string) func(context.Context, *bundle) (string, error) {
	return func(ctx context.Context, b *bundle) (string, error) {
		return b.command(ctx, folder, filepath.Join(b.folder, name+".test"), "-test.v", "-test.run", pattern)
	}
}

func benchmarks(pattern string) func(context.Context, *bundle) (string, error) {
	return func(ctx context.Context, b *bundle) (string, error) {
		return b.command(ctx, "cuda/mumax", filepath.Join(b.folder, "mumax.test"), "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", "200ms")
	}
}

// sameBits trains twice on the GPU and once on the interpreter, and compares the backbones.
func sameBits(precision, width string) func(context.Context, *bundle) (string, error) {
	return func(ctx context.Context, b *bundle) (string, error) {
		var said strings.Builder
		var first [sha256.Size]byte
		for i, device := range []string{"cuda", "cuda", "ptxsim"} {
			out := filepath.Join(b.work, fmt.Sprintf("%s%d", precision, i))
			text, err := b.command(ctx, ".", filepath.Join(b.folder, "gzpt-train"), "--gaze", "heatmap-cc", "--image-size", "16", "--width", width,
				"--phantoms", "60", "--batch", "8", "--projector", "8", "--predictor", "8", "--embedding", "8", "--epochs", "1", "--quiet",
				"--precision", precision, "--out", out, "--device", device)
			said.WriteString(text)
			if err != nil {
				return said.String(), err
			}
			backbone, err := os.ReadFile(filepath.Join(out, "exported", "backbone.safetensors"))
			if err != nil {
				return said.String(), err
			}
			sum := sha256.Sum256(backbone)
			fmt.Fprintf(&said, "%s: backbone %x\n", device, sum)
			if i == 0 {
				first = sum
			}
			if sum != first {
				return said.String(), fmt.Errorf("run %d, on %s, has other bits than the first", i+1, device)
			}
		}
		said.WriteString("two runs and the interpreter agree\n")
		return said.String(), nil
	}
}

// pytorch is the other side, where the machine has it.
func pytorch(ctx context.Context, b *bundle) (string, error) {
	if _, err := b.command(ctx, ".", "python3", "-c", "import torch, torchvision; assert torch.cuda.is_available()"); err != nil {
		return "skipped: no python3 with torch and torchvision that see a GPU\n", nil
	}
	return b.command(ctx, "bench/peer", "python3", "gpu_step.py")
}

// smi is what NVIDIA's tool says of clocks and limits, "" where there is none.
func smi() string {
	text, err := exec.Command("nvidia-smi", "--query-gpu=name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu", "--format=csv,noheader").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

var (
	machineLine   = regexp.MustCompile(`machine: ((.*?),.*)`)
	benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+(\d+)\s+(.*)$`)
	metric        = regexp.MustCompile(`(\S+) (\S+)`)
	noName        = regexp.MustCompile(`[^a-z0-9]+`)
)

// machineOf finds the line of the machine, and makes the name of a file of that of its GPU.
func machineOf(text string) (line, name string) {
	m := machineLine.FindStringSubmatch(text)
	if m == nil {
		return "", "gpu"
	}
	return m[1], strings.Trim(noName.ReplaceAllString(strings.ToLower(m[2]), "-"), "-")
}

// parse reads the lines of benchmarks.
func parse(text string) (list []measurement) {
	for _, m := range benchmarkLine.FindAllStringSubmatch(text, -1) {
		one := measurement{Name: m[1], Metrics: map[string]float64{}}
		one.Times, _ = strconv.Atoi(m[2])
		for _, pair := range metric.FindAllStringSubmatch(m[3], -1) {
			if v, err := strconv.ParseFloat(pair[1], 64); err == nil {
				one.Metrics[pair[2]] = v
			}
		}
		list = append(list, one)
	}
	return list
}

func write(path string, r results) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return rundir.WriteAside(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
