package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/kernels/npy"
	"gzpt/nn"
	"gzpt/nn/rundir"
	"gzpt/nn/safetensors"
)

// backboneOf is the bytes of a run's exported backbone.
func backboneOf(t *testing.T, run string) string {
	t.Helper()
	return readFile(t, run, "exported", "backbone.safetensors")
}

// metricsOf reads the lines of metrics.jsonl and demands one for each step.
func metricsOf(t *testing.T, run string, steps int) []map[string]float64 {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(readFile(t, run, "metrics.jsonl")), "\n")
	if len(lines) != steps {
		t.Fatalf("metrics.jsonl has %d lines, expected %d", len(lines), steps)
	}
	all := make([]map[string]float64, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &all[i]); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if all[i]["step"] != float64(i+1) {
			t.Fatalf("line %d is of step %v", i+1, all[i]["step"])
		}
	}
	return all
}

func TestRunDirectory(t *testing.T) {
	run := filepath.Join(t.TempDir(), "runs", "a b")
	succeed(t, tiny(run, "--epochs", "2", "--dump-views", "3")...)

	var config struct {
		Settings map[string]any
		Measure  string
		Network  map[string]any
		Command  string
		Version  string
		Machine  struct{ Cores int }
	}
	if err := json.Unmarshal([]byte(readFile(t, run, "config.json")), &config); err != nil {
		t.Fatal(err)
	}
	if config.Settings["batch"] != 8.0 || config.Settings["gaze"] != "heatmap-cc" || config.Settings["flip"] != 0.5 || config.Settings["tau"] == 0.0 {
		t.Errorf("config.json does not resolve the settings: %v", config.Settings)
	}
	if !strings.HasPrefix(config.Measure, "heatmap-cc:") || config.Network["steps"] != 10.0 || config.Version == "" || config.Machine.Cores < 1 ||
		!strings.Contains(config.Command, "--out '"+run+"'") {
		t.Errorf("config.json is %+v", config)
	}
	for i, m := range metricsOf(t, run, 10) {
		for _, key := range []string{"epoch", "loss", "loss_chance", "lr", "grad_norm", "embedding_std", "positives_per_anchor", "images_per_s", "data_wait_ms"} {
			if _, ok := m[key]; !ok {
				t.Errorf("line %d lacks %s", i+1, key)
			}
		}
		if m["epoch"] != float64(i/5+1) || m["images_per_s"] <= 0 {
			t.Errorf("line %d: %v", i+1, m)
		}
	}
	items := strings.Split(strings.TrimSpace(readFile(t, run, "items.csv")), "\n")
	if len(items) != 61 || items[0] != "image,label,split,group,training,readers,fixations,dwell_s,pixels" {
		t.Errorf("items.csv has %d lines, header %q", len(items), items[0])
	}
	dims, relation, err := npy.ReadFile(filepath.Join(run, "relation.npy"))
	if err != nil || len(dims) != 2 || dims[0] != 60 || dims[1] != 60 || relation[1] != relation[60] {
		t.Errorf("relation.npy is %v, %v", dims, err)
	}
	if log := readFile(t, run, "train.log"); !strings.Contains(log, "epoch 2: step 10/10") || !strings.Contains(log, "done:") {
		t.Errorf("train.log is %q", log)
	}
	if views, _ := filepath.Glob(filepath.Join(run, "views", "*.png")); len(views) != 3 {
		t.Errorf("views: %v", views)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(filepath.Dir(run), ".*")); len(leftovers) != 0 {
		t.Errorf("left beside the run: %v", leftovers)
	}
	if o := gzpt(t, tiny(run)...); o.status != 1 || !strings.Contains(o.stderr, "exists and is never overwritten; --resume continues") {
		t.Errorf("an existing run: status %d, %s", o.status, o.stderr)
	}
}

func TestTwoAndTwoEpochsAreFour(t *testing.T) {
	folder := t.TempDir()
	whole, parts := filepath.Join(folder, "whole"), filepath.Join(folder, "parts")
	settings := []string{"--epochs", "4", "--accumulate", "3", "--workers", "2"}
	succeed(t, tiny(whole, settings...)...)
	succeed(t, tiny(parts, append(settings, "--stop-after", "2", "--workers", "1")...)...)
	metricsOf(t, parts, 10)
	if backboneOf(t, parts) == backboneOf(t, whole) {
		t.Fatal("two epochs give the backbone of four: the test shows nothing")
	}
	c := command(t, "--resume", "--out", parts)
	c.Env = append(c.Env, "GOMAXPROCS=1")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("resume: %v\n%s", err, text)
	}
	if backboneOf(t, parts) != backboneOf(t, whole) {
		t.Error("2 + 2 epochs differ from 4")
	}
	metricsOf(t, parts, 20)
	succeed(t, "--resume", "--out", parts) // a finished run stays as it is
	if backboneOf(t, parts) != backboneOf(t, whole) {
		t.Error("resuming a finished run changed it")
	}
}

func TestResumeRefusesOtherSettings(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny(run, "--epochs", "2", "--stop-after", "1", "--lr", "0.001")...)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--lr", "0.002"}, "--lr 0.002, but the run has 0.001"},
		{[]string{"--epochs", "3"}, "--epochs 3, but the run has 2"},
		{[]string{"--gaze", "none"}, "--gaze none, but the run has heatmap-cc"},
		{[]string{"--flip", "0"}, "--flip 0, but the run has 0.5"},
	} {
		if o := gzpt(t, append([]string{"--resume", "--out", run}, test.args...)...); o.status != 2 || !strings.Contains(o.stderr, test.want) {
			t.Errorf("%v: status %d, %s; expected %q", test.args, o.status, o.stderr, test.want)
		}
	}
	succeed(t, tiny(run, "--resume", "--epochs", "2", "--lr", "1e-3")...) // the same command again
}

func TestResumeOnAnotherTierWarns(t *testing.T) {
	tiers := asm.Tiers()
	if len(tiers) < 2 {
		t.Skip("this machine and build have one tier")
	}
	run := filepath.Join(t.TempDir(), "run")
	for i, args := range [][]string{tiny(run, "--epochs", "2", "--stop-after", "1"), {"--resume", "--out", run}} {
		c := command(t, args...)
		c.Env = append(c.Env, "GZPT_CPU="+tiers[i])
		text, err := c.CombinedOutput()
		if err != nil || strings.Contains(string(text), "not to the same bits") != (i == 1) {
			t.Errorf("%s: %v, %s", tiers[i], err, text)
		}
	}
}

func TestResumeRefusesAForeignCheckpoint(t *testing.T) {
	folder := t.TempDir()
	run, other := filepath.Join(folder, "run"), filepath.Join(folder, "other")
	succeed(t, tiny(run, "--epochs", "2", "--stop-after", "1")...)
	succeed(t, tiny(other, "--epochs", "2", "--stop-after", "1", "--tau", "0.5")...)
	foreign := readFile(t, other, "checkpoints", "last.ckpt")
	path := filepath.Join(run, "checkpoints", "last.ckpt")
	for name, content := range map[string]string{"of another run": foreign, "cut off": foreign[:len(foreign)/2], "of something else": "hello"} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if o := gzpt(t, "--resume", "--out", run); o.status != 1 || !strings.Contains(o.stderr, path) {
			t.Errorf("a checkpoint %s: status %d, %s", name, o.status, o.stderr)
		}
	}
}

// editSettings changes what config.json of a run has as settings.
func editSettings(t *testing.T, run string, edit func(config map[string]any)) {
	t.Helper()
	path := rundir.Dir(run).Config()
	config := map[string]any{}
	if err := rundir.ReadJSON(path, &config); err != nil {
		t.Fatal(err)
	}
	edit(config)
	if err := rundir.WriteJSON(path, config); err != nil {
		t.Fatal(err)
	}
}

// A run that was begun before there were some flags goes on as if they had been at their defaults, one that records a flag
// that there is not does not.
func TestResumeOfAnotherVersion(t *testing.T) {
	folder := t.TempDir()
	whole, run := filepath.Join(folder, "whole"), filepath.Join(folder, "run")
	succeed(t, tiny(whole, "--epochs", "2")...)
	succeed(t, tiny(run, "--epochs", "2", "--stop-after", "1")...)
	editSettings(t, run, func(config map[string]any) {
		for _, flag := range []string{"mutual", "precision", "device", "schedule", "tau-full"} {
			delete(config["settings"].(map[string]any), flag)
		}
	})
	succeed(t, "--resume", "--out", run)
	if backboneOf(t, run) != backboneOf(t, whole) {
		t.Error("the resumed run ends with another backbone")
	}
	editSettings(t, run, func(config map[string]any) { config["settings"].(map[string]any)["bank"] = 5 })
	if o := gzpt(t, "--resume", "--out", run); o.status != 1 || !strings.Contains(o.stderr, `a setting "bank" that this version does not have`) {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// The run of a program that uses the library has no flags: it is evaluated where its images are named, and continued by that
// program.
func TestRunOfAnotherProgram(t *testing.T) {
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": labels()})
	run := filepath.Join(t.TempDir(), "run")
	data := []string{"--labels", "labels.csv:grade", "--split", "part"}
	succeed(t, onData(folder, run, data...)...)
	editSettings(t, run, func(config map[string]any) { delete(config, "settings") })
	succeed(t, append([]string{"evaluate", "--run", run, "--data", folder}, data...)...)
	if o := gzpt(t, "evaluate", "--run", run); o.status != 2 || !strings.Contains(o.stderr, "--data DIR is missing") {
		t.Errorf("evaluate: status %d, %s", o.status, o.stderr)
	}
	if o := gzpt(t, "--resume", "--out", run); o.status != 1 || !strings.Contains(o.stderr, "has no settings of gzpt-train") {
		t.Errorf("resume: status %d, %s", o.status, o.stderr)
	}
}

// Other images than those of the run have none of its tables: labels, split and groups are not sought among them.
func TestOtherDataHasItsOwnTables(t *testing.T) {
	work := t.TempDir()
	run, others := filepath.Join(work, "run"), filepath.Join(work, "others")
	tables := []string{"--labels", "labels.csv:grade", "--split", "part", "--group", "patient"}
	succeed(t, short(makeData(t, files{"labels.csv": labels()}), run, tables...)...)
	pngs(t, others, "a.png", "b.png")
	says(t, succeed(t, "embed", "--run", run, "--data", others, "--out", filepath.Join(work, "features")), "2 x ")
}

// Permuted gaze is another one with another seed, and the same with the same.
func TestPermutedGazeFollowsTheSeed(t *testing.T) {
	folder, work := makeData(t, files{"fixations.csv": fixationTable()}), t.TempDir()
	relation := func(name, seed, gaze string) string {
		run := filepath.Join(work, name)
		succeed(t, onData(folder, run, "--gaze", gaze, "--seed", seed)...)
		return readFile(t, run, "relation.npy")
	}
	first := relation("first", "1", "permuted:heatmap-cc")
	if relation("again", "1", "permuted:heatmap-cc") != first {
		t.Error("the same seed shuffles the gaze in another way")
	}
	if relation("other", "2", "permuted:heatmap-cc") == first || relation("real", "1", "heatmap-cc") == first {
		t.Error("another seed, or none of the shuffling, gives the same relation")
	}
}

// What an encoder is shown is normalised as what it was trained on, which a program that uses the library may choose, and by
// ImageNet where the weights are of no run.
func TestShownAsTrained(t *testing.T) {
	folder, work := makeData(t, files{"fixations.csv": fixationTable()}), t.TempDir()
	run, copied := filepath.Join(work, "run"), filepath.Join(work, "copied.safetensors")
	succeed(t, onData(folder, run)...)
	editSettings(t, run, func(config map[string]any) {
		delete(config, "settings")
		config["views"].(map[string]any)["normalisation"] = map[string]any{"mean": [3]float64{}, "std": [3]float64{1, 1, 1}}
	})
	if err := os.WriteFile(copied, []byte(backboneOf(t, run)), 0o666); err != nil {
		t.Fatal(err)
	}
	for out, c := range map[string]struct {
		weights   []string
		fractions bool
	}{
		"run":     {[]string{"--run", run}, true},
		"weights": {[]string{"--weights", rundir.Dir(run).Backbone(), "--image-size", "16"}, true},
		"copied":  {[]string{"--weights", copied, "--image-size", "16"}, false},
	} {
		out = filepath.Join(work, "shown-"+out)
		succeed(t, append([]string{"embed", "--data", folder, "--pixels", "--out", out}, c.weights...)...)
		_, pixels, err := npy.ReadFile(filepath.Join(out, "pixels.npy"))
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Min(pixels) >= 0 && slices.Max(pixels) <= 1; got != c.fractions {
			t.Errorf("%s: pixels from %v to %v", out, slices.Min(pixels), slices.Max(pixels))
		}
	}
}

// longSteps is enough to be stopped on the way; under the race detector a step takes long.
func longSteps() int {
	if testing.Short() {
		return 20
	}
	return 60
}

// long is a run of longSteps steps.
func long(out string, more ...string) []string {
	return append(tiny(out, "--steps", strconv.Itoa(longSteps())), more...)
}

// startRun starts a command and waits until its metrics have some lines.
func startRun(t *testing.T, run string, lines int, args []string) *exec.Cmd {
	t.Helper()
	c := command(t, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(run, "metrics.jsonl")) // not there at first
		if bytes.Count(text, []byte("\n")) >= lines {
			return c
		}
		if time.Now().After(deadline) {
			c.Process.Kill()
			c.Wait()
			t.Fatalf("no %d steps within a minute\n%s", lines, stderr.String())
		}
	}
}

// A run by any method that is killed anywhere, also inside an accumulation, ends as if it had not been.
func TestKillAtARandomStep(t *testing.T) {
	for _, method := range nn.Methods() {
		t.Run(method, func(t *testing.T) { killAtARandomStep(t, method) })
	}
}

func killAtARandomStep(t *testing.T, method string) {
	folder := t.TempDir()
	whole, run := filepath.Join(folder, "whole"), filepath.Join(folder, "run")
	steps := strconv.Itoa(longSteps())
	succeed(t, ofMethod(method, whole, "--steps", steps)...)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	args, lines, kills := ofMethod(method, run, "--steps", steps, "--checkpoint-every", "1ns"), 0, 0 // a checkpoint after every step
	for range 3 {
		lines += 1 + random.IntN(longSteps()/4)
		c := startRun(t, run, lines, args)
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		c.Process.Kill()
		if c.Wait() != nil {
			kills++
		}
		args = []string{"--resume", "--out", run}
	}
	if kills == 0 {
		t.Fatal("every run ended before it was killed: the test shows nothing")
	}
	succeed(t, "--resume", "--out", run)
	if backboneOf(t, run) != backboneOf(t, whole) {
		t.Errorf("killed %d times, the last time after step %d, the run ends with another backbone", kills, lines)
	}
	metricsOf(t, run, longSteps())
}

func TestInterrupt(t *testing.T) {
	folder := t.TempDir()
	whole := filepath.Join(folder, "whole")
	succeed(t, long(whole)...)
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		run := filepath.Join(folder, signal.String())
		c := startRun(t, run, 3, long(run, "--checkpoint-every", "1h"))
		c.Process.Signal(signal)
		if got := status(t, c.Wait()); got != statusInterrupted {
			t.Fatalf("%v: status %d, expected %d", signal, got, statusInterrupted)
		}
		if log := readFile(t, run, "train.log"); !strings.Contains(log, "checkpoint written: step") || !strings.Contains(log, "--resume --out "+run) {
			t.Errorf("%v: train.log is %q", signal, log)
		}
		succeed(t, "--resume", "--out", run)
		metricsOf(t, run, longSteps())
		if backboneOf(t, run) != backboneOf(t, whole) {
			t.Errorf("%v: the resumed run ends with another backbone", signal)
		}
	}
}

// A signal that comes when all is done does not take the status with it.
func TestInterruptAtTheEnd(t *testing.T) {
	for range 40 {
		c := command(t, "version")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		out.Read(make([]byte, 1<<12))
		c.Process.Signal(syscall.SIGHUP)
		if got := status(t, c.Wait()); got != statusDone {
			t.Fatalf("status %d, expected %d", got, statusDone)
		}
	}
}

func TestSecondInterruptQuitsAtOnce(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	// A step of the standard network on the portable device, and writing its checkpoint, take many times the interval between
	// the signals below.
	c := command(t, "--gaze", "none", "--image-size", "96", "--width", "64", "--phantoms", "60", "--batch", "40", "--out", run)
	c.Env = append(c.Env, "GZPT_CPU=reference")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(run, "train.log")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if text, _ := os.ReadFile(log); bytes.Contains(text, []byte("data:")) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the run does not begin")
		}
	}
	done := make(chan error)
	go func() { done <- c.Wait() }()
	for {
		c.Process.Signal(os.Interrupt) // an error says that it has ended
		select {
		case err := <-done:
			if got := status(t, err); got != statusInterrupted {
				t.Errorf("status %d, expected %d", got, statusInterrupted)
			}
			if _, err := os.Stat(filepath.Join(run, "checkpoints", "last.ckpt")); err == nil {
				t.Error("a checkpoint was written in spite of the second signal")
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestRunIsLocked(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := startRun(t, run, 1, tiny(run, "--epochs", "100000"))
	defer func() {
		c.Process.Kill()
		c.Wait()
	}()
	if o := gzpt(t, "--resume", "--out", run); o.status != 1 || !strings.Contains(o.stderr, "another process") {
		t.Errorf("a second process: status %d, %s", o.status, o.stderr)
	}
}

func TestNaNStopsTheRun(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	o := gzpt(t, tiny(run, "--lr", "1e38", "--warmup", "0")...)
	for _, want := range []string{"error: step 2: NaN or infinity in the", "images of the batch: phantom-0"} {
		if o.status != 1 || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, %s; expected %q", o.status, o.stderr, want)
		}
	}
	if log := readFile(t, run, "train.log"); !strings.Contains(log, "NaN or infinity") {
		t.Errorf("train.log does not say why the run ended: %q", log)
	}
	metricsOf(t, run, 1)
}

func TestInitStartsFromABackbone(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first"), filepath.Join(folder, "second")
	succeed(t, tiny(first, "--epochs", "1")...)
	weights := filepath.Join(first, "exported", "backbone.safetensors")
	// Without a learning rate the weights stay what they were; only batch statistics move.
	succeed(t, tiny(second, "--epochs", "1", "--init", weights, "--lr", "0", "--seed", "5")...)
	if a, b := tensor(t, weights, "layer4.1.conv2.weight"), tensor(t, filepath.Join(second, "exported", "backbone.safetensors"), "layer4.1.conv2.weight"); !slices.Equal(a, b) {
		t.Error("--init does not start from the weights of the file")
	}
	if o := gzpt(t, tiny(filepath.Join(folder, "third"), "--init", weights, "--arch", "resnet34")...); o.status != 1 || !strings.Contains(o.stderr, weights) {
		t.Errorf("weights of another network: status %d, %s", o.status, o.stderr)
	}
}

// tensor reads a tensor of a safetensors file.
func tensor(t *testing.T, path, name string) []float32 {
	t.Helper()
	text := readFile(t, path)
	f, err := safetensors.Open(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	i, ok := f.Lookup(name)
	if !ok {
		t.Fatalf("%s has no %s", path, name)
	}
	values, err := f.Floats(i)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestSilence(t *testing.T) {
	o := succeed(t, tiny(filepath.Join(t.TempDir(), "run"), "--epochs", "1", "--quiet")...)
	if o.stderr != "" {
		t.Errorf("--quiet wrote %q", o.stderr)
	}
	o = succeed(t, tiny(filepath.Join(t.TempDir(), "run"), "--epochs", "1", "--log-format", "json")...)
	for _, line := range strings.Split(strings.TrimSpace(o.stderr), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %q", line)
		}
	}
}

// A run with bfloat16 activations is refused at once by a device that lacks them, which says where they are. On that one it
// trains, goes on to the same bits, and other devices export and judge what it has trained.
func TestPrecision(t *testing.T) {
	folder := t.TempDir()
	whole, parts := filepath.Join(folder, "whole"), filepath.Join(folder, "parts")
	settings := []string{"--epochs", "2", "--precision", "bfloat16"}
	lacking := ""
	for _, tier := range asm.Tiers()[1:] {
		t.Setenv("GZPT_CPU", tier)
		lacking = tier
		want := "--precision bfloat16: the device cpu/" + tier + " lacks it; --device cpu and GZPT_CPU=reference"
		if o := gzpt(t, tiny(whole, settings...)...); o.status != 2 || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, %s", o.status, o.stderr)
		}
	}
	for _, tier := range asm.Tiers() {
		t.Setenv("GZPT_CPU", tier)
		o := gzpt(t, tiny(whole, "--precision", "tf32")...)
		if o.status != 2 || !strings.Contains(o.stderr, "--precision tf32: the device ") || !strings.Contains(o.stderr, " lacks it; only a GPU has it") {
			t.Errorf("%s: status %d, %s", tier, o.status, o.stderr)
		}
	}
	t.Setenv("GZPT_CPU", "reference")
	succeed(t, tiny(whole, settings...)...)
	succeed(t, tiny(parts, append(settings, "--stop-after", "1")...)...)
	succeed(t, "--resume", "--out", parts)
	if backboneOf(t, parts) != backboneOf(t, whole) {
		t.Error("the resumed run ends with another backbone")
	}
	full := filepath.Join(folder, "full")
	succeed(t, tiny(full, "--epochs", "2")...)
	if backboneOf(t, full) == backboneOf(t, whole) {
		t.Error("float32 gives the same backbone: the flag does nothing")
	}
	if lacking != "" {
		t.Setenv("GZPT_CPU", lacking)
	}
	again := filepath.Join(folder, "again.safetensors")
	succeed(t, "export", "--run", whole, "--out", again)
	if text, err := os.ReadFile(again); err != nil || string(text) != backboneOf(t, whole) {
		t.Errorf("another backbone was exported, %v", err)
	}
	succeed(t, "evaluate", "--run", whole)
}

// A run that has lost its checkpoint does not begin anew over what was exported from it.
func TestLostCheckpoint(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny(run, "--steps", "3")...)
	checkpoint, backbone := filepath.Join(run, "checkpoints", "last.ckpt"), filepath.Join(run, "exported", "backbone.safetensors")
	kept, exported := readFile(t, checkpoint), readFile(t, backbone)
	if o := succeed(t, "--resume", "--out", run); strings.Contains(o.stderr, "images per s") {
		t.Errorf("a run that is done has a speed:\n%s", o.stderr)
	}
	if err := os.Remove(checkpoint); err != nil {
		t.Fatal(err)
	}
	refuses(t, gzpt(t, "--resume", "--out", run), 1, checkpoint+": it is missing, though a backbone was exported from it: put it back, or move the backbone away to begin anew, "+backbone)
	if readFile(t, backbone) != exported {
		t.Error("the backbone has changed")
	}
	if err := os.Rename(backbone, filepath.Join(run, "old.safetensors")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "--resume", "--out", run)
	if readFile(t, checkpoint) != kept || readFile(t, backbone) != exported {
		t.Error("a run that was begun anew ends elsewhere")
	}
}
