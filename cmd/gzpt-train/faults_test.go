//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gzpt/bench/torture/tracer"
)

// Faults of disks, signals, files and flags, each as somebody met it. bench/torture looks for more of their kinds.

// labelled is a small data set with labels, a split and gaze.
func labelled(t *testing.T) (folder string, more []string) {
	return makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": labels()}), []string{"--labels", "labels.csv:grade", "--split", "part"}
}

// trainedRun is a finished run on such a set.
func trainedRun(t *testing.T) (run string) {
	folder, more := labelled(t)
	run = filepath.Join(t.TempDir(), "run")
	succeed(t, onData(folder, run, more...)...)
	return run
}

// A file that a flag is to write is overwritten where it is a former result of the flag, and nothing else is.
func TestOnlyResultsAreOverwritten(t *testing.T) {
	run, work := trainedRun(t), t.TempDir()
	config := readFile(t, run, "config.json")
	scores := filepath.Join(work, "scores.json")
	for range 2 {
		if o := succeed(t, "evaluate", "--run", run, "--out", scores); !strings.Contains(o.stderr, "written: file "+scores) {
			t.Error(o.stderr)
		}
	}
	o := gzpt(t, "evaluate", "--run", run, "--out", filepath.Join(run, "config.json"))
	if o.status != statusUsage || !strings.Contains(o.stderr, "is no former result of --out") {
		t.Errorf("%d %s", o.status, o.stderr)
	}
	if readFile(t, run, "config.json") != config {
		t.Error("the record of the run was overwritten")
	}
	files := map[string]string{"json": filepath.Join(work, "p.json"), "trace": filepath.Join(work, "p.trace"), "html": filepath.Join(work, "p.html")}
	for range 2 {
		succeed(t, "profile", "--device", "cpu", "--steps", "1", "--width", "1", "--image-size", "16", "--batch", "2",
			"--json", files["json"], "--trace", files["trace"], "--html", files["html"])
	}
	for flag := range files {
		for _, other := range []string{scores, filepath.Join(run, "items.csv")} {
			if o := gzpt(t, "profile", "--"+flag, other); o.status != statusUsage || !strings.Contains(o.stderr, "is no former result of --"+flag) {
				t.Errorf("--%s %s: %d %s", flag, other, o.status, o.stderr)
			}
		}
	}
}

// inShell runs the command behind a line of shell, such as one with ulimit or umask, and tells the memory that it took, in bytes.
func inShell(t *testing.T, line string, args ...string) (o outcome, memory int64) {
	t.Helper()
	c := command(t, args...)
	c.Args = append([]string{"sh", "-c", line + `; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
	c.Path = "/bin/sh"
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	o = outcome{status(t, c.Run()), stdout.String(), stderr.String()}
	return o, c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// traced runs the command under the eyes of decide.
func traced(t *testing.T, folder string, decide func(tracer.Call) tracer.Action, args ...string) (tracer.Result, string) {
	t.Helper()
	c := command(t, args...)
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	r, err := tracer.Run(tracer.Command{
		Path: c.Path, Args: c.Args[1:], Env: c.Env, Dir: c.Dir, Stdout: &printed, Stderr: &printed, Roots: []string{root},
		Patience: time.Minute, Decide: decide,
	})
	if errors.Is(err, tracer.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, printed.String()
}

// withoutCrash demands that a text has none of the words of a program that has lost control of itself.
func withoutCrash(t *testing.T, text string) {
	t.Helper()
	if found := regexp.MustCompile(`(?m)^(panic|fatal error|goroutine).*`).FindString(text); found != "" {
		t.Errorf("crashes: %s", found)
	}
}

// littleMemory is more than hostile input may make the command take.
const littleMemory = 600 << 20

// config.json is held to the checkpoint by every verb that reads both.
func TestChangedConfigIsRefused(t *testing.T) {
	run := trainedRun(t)
	path := filepath.Join(run, "config.json")
	changed := strings.Replace(readFile(t, path), `"image-size": 16`, `"image-size": 17`, 1)
	if err := os.WriteFile(path, []byte(changed), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"evaluate", "--run", run}, {"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")}, {"--resume", "--out", run},
	} {
		refuses(t, gzpt(t, args...), statusFailed, "config.json")
	}
}

// A flipped bit of a weight is refused.
func TestDamagedBackboneIsRefused(t *testing.T) {
	run := trainedRun(t)
	path := filepath.Join(run, "exported", "backbone.safetensors")
	text := []byte(readFile(t, path))
	text[len(text)-100] ^= 1
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"evaluate", "--run", run}, {"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")}} {
		refuses(t, gzpt(t, args...), statusFailed, "backbone.safetensors")
	}
}

// What is no ordinary file is waited for by no verb, and OUT is not made before it is found.
func TestNoFileIsWaitedFor(t *testing.T) {
	folder, _ := labelled(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	blocked := makeData(t, files{"labels.csv": labels()})
	if err := syscall.Mkfifo(filepath.Join(blocked, "items.csv"), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	names := filepath.Join(folder, "labels.csv")
	for name, args := range map[string][]string{
		"items.csv":               short(blocked, out),
		"--split FIFO":            short(folder, out, "--labels", "labels.csv:grade", "--split", fifo+":g"),
		"--data FIFO":             short(fifo, out),
		"--relation /dev/zero":    {"relate", "--data", folder, "--relation", "/dev/zero", "--names", names, "--out", out},
		"--weights /dev/zero":     {"embed", "--weights", "/dev/zero", "--data", folder, "--out", out},
		"--gaze-files /dev/zero":  {"relate", "--data", folder, "--gaze-files", "/dev/zero", "--out", out},
		"evaluate --weights FIFO": {"evaluate", "--weights", fifo, "--data", folder, "--labels", "labels.csv:grade", "--split", "part"},
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, gzptWithin(t, 20*time.Second, args...), statusFailed, "not a regular file")
			if _, err := os.Stat(out); err == nil {
				t.Error("the folder was made all the same")
			}
		})
	}
}

// gzptWithin is gzpt that must end within a time.
func gzptWithin(t *testing.T, limit time.Duration, args ...string) outcome {
	t.Helper()
	c := command(t, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(limit, func() { c.Process.Kill() })
	defer timer.Stop()
	return outcome{status(t, c.Wait()), stdout.String(), stderr.String()}
}

// What a few bytes unfold to is bounded.
func TestGzipBombIsRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "sub-01", "func")
	var member, bomb bytes.Buffer
	z := gzip.NewWriter(&member)
	if _, err := z.Write(bytes.Repeat([]byte("\n"), 1<<24)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	for range 256 { // 4 GiB, as members of one file
		bomb.Write(member.Bytes())
	}
	const description = `{"PhysioType":"eyetrack","Columns":["timestamp","x_coordinate","y_coordinate"],"SamplingFrequency":1000,"StartTime":0,"RecordedEye":"right"}`
	const screen = `{"StimulusPresentation":{"ScreenOrigin":["top","left"],"ScreenResolution":[1000,1000],"ScreenSize":[0.4,0.4],"ScreenDistance":0.6}}`
	err := os.MkdirAll(folder, 0o777)
	for name, text := range map[string]string{"physio.json": description, "events.json": screen, "physio.tsv.gz": bomb.String()} {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, "sub-01_task-a_"+name), []byte(text), 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	start := time.Now()
	o, memory := inShell(t, ":", "relate", "--data", filepath.Dir(filepath.Dir(folder)), "--gaze", "heatmap-cc", "--permutations", "0", "--out", out)
	refuses(t, o, statusFailed, "sub-01_task-a_physio.tsv.gz")
	if memory > littleMemory {
		t.Errorf("%d bytes of memory in %v", memory, time.Since(start))
	}
}

// A matrix that is not the one that was written is refused when relate goes on, whatever it holds.
func TestChangedMatrixIsRefused(t *testing.T) {
	folder, more := labelled(t)
	out := filepath.Join(t.TempDir(), "rel")
	succeed(t, append([]string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--image-size", "16", "--permutations", "2", "--out", out}, more...)...)
	if err := os.Remove(filepath.Join(out, "relate.html")); err != nil { // as after a kill while it was made
		t.Fatal(err)
	}
	path := filepath.Join(out, "relation.npy")
	matrix := []byte(readFile(t, path))
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.123, 7} {
		changed := bytes.Clone(matrix)
		binary.LittleEndian.PutUint32(changed[128+4*5:], math.Float32bits(float32(value)))
		if err := os.WriteFile(path, changed, 0o666); err != nil {
			t.Fatal(err)
		}
		o := gzpt(t, "relate", "--resume", "--out", out)
		refuses(t, o, statusFailed, "relation.npy")
		withoutCrash(t, o.stderr)
	}
	if err := os.WriteFile(path, matrix, 0o666); err != nil {
		t.Fatal(err)
	}
	succeed(t, "relate", "--resume", "--out", out)
}

// A folder that a link points to is filled, and the link stays.
func TestOutIsALink(t *testing.T) {
	folder, more := labelled(t)
	disk := filepath.Join(t.TempDir(), "disk")
	for name, args := range map[string][]string{
		"pretrain": onData(folder, "", more...), "relate": append([]string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--out", ""}, more...),
	} {
		target, link := filepath.Join(disk, name), filepath.Join(t.TempDir(), "out")
		if err := errors.Join(os.MkdirAll(target, 0o777), os.Symlink(target, link)); err != nil {
			t.Fatal(err)
		}
		for i, arg := range args {
			if arg == "" {
				args[i] = link
			}
		}
		succeed(t, args...)
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s: the link has gone, %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(target, "config.json")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A folder that is there is filled in place where nothing may be made beside it, and where it is a mount point, which can
// neither be removed nor be renamed onto.
func TestOutIsFilledInPlace(t *testing.T) {
	folder, more := labelled(t)
	trained := trainedRun(t)
	for name, args := range map[string][]string{
		"pretrain": onData(folder, "OUT", more...),
		"relate":   append([]string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--out", "OUT"}, more...),
		"embed":    {"embed", "--run", trained, "--out", "OUT"},
	} {
		parent, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(parent, "out")
		if err := os.Mkdir(out, 0o777); err != nil {
			t.Fatal(err)
		}
		for i, arg := range args {
			if arg == "OUT" {
				args[i] = out
			}
		}
		r, printed := traced(t, parent, func(c tracer.Call) tracer.Action {
			switch {
			case c.Path == out && (c.Name == "unlinkat" || strings.HasPrefix(c.Name, "rename")):
				return tracer.Action{Fail: syscall.EBUSY}
			case c.Makes && filepath.Dir(c.Path) == parent:
				return tracer.Action{Fail: syscall.EACCES}
			}
			return tracer.Action{}
		}, args...)
		if r.Status != statusDone {
			t.Errorf("%s: %+v, %s", name, r, printed)
		}
		if entries, _ := os.ReadDir(parent); len(entries) != 1 {
			t.Errorf("%s: beside it lie %v", name, entries)
		}
		if entries, _ := os.ReadDir(out); len(entries) == 0 {
			t.Errorf("%s: the folder is empty", name)
		}
	}
}

// A cache that cannot be written says which flag helps, and that flag does.
func TestCacheThatCannotBeWritten(t *testing.T) {
	folder, out := makeData(t, files{"labels.csv": labels()}), filepath.Join(t.TempDir(), "out")
	file := write(t, "a file")
	refuses(t, gzpt(t, short(folder, out, "--cache", filepath.Join(file, "cache"))...), statusFailed, "--cache none")
	c := command(t, short(folder, out, "--cache", "none")...)
	c.Env = append(c.Env, "XDG_CACHE_HOME="+filepath.Join(file, "cache"))
	if text, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v, %s", err, text)
	}
}

// SIGHUP is SIGTERM: a checkpoint is written, and the status is that of an interruption.
func TestHangUp(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := startRun(t, run, 3, long(run, "--checkpoint-every", "1h"))
	c.Process.Signal(syscall.SIGHUP)
	if got := status(t, c.Wait()); got != statusInterrupted {
		t.Errorf("status %d, expected %d", got, statusInterrupted)
	}
	if _, err := os.Stat(filepath.Join(run, "checkpoints", "last.ckpt")); err != nil {
		t.Error(err)
	}
	succeed(t, "--resume", "--out", run)
	metricsOf(t, run, longSteps())
}

// A call of relate that fails on its input leaves nothing in the way of the right one.
func TestFailedRelateLeavesNothing(t *testing.T) {
	folder, _ := labelled(t)
	bad, out := write(t, "x"), filepath.Join(t.TempDir(), "rel")
	names := filepath.Join(folder, "labels.csv")
	refuses(t, gzpt(t, "relate", "--data", folder, "--relation", bad, "--names", names, "--out", out), statusFailed, bad)
	if _, err := os.Stat(out); err == nil {
		t.Error("the folder stays behind")
	}
	succeed(t, "relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--image-size", "16", "--out", out)
}

// Where the disk has no room for the matrix, relate says so before it compares, and goes on when there is.
func TestFullDiskUnderTheMatrix(t *testing.T) {
	folder, _ := labelled(t)
	whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "rel")
	args := []string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--image-size", "16", "--out"}
	succeed(t, append(args, whole)...)
	asked := false
	r, printed := traced(t, filepath.Dir(out), func(c tracer.Call) tracer.Action {
		if c.Name == "fallocate" && strings.Contains(c.Path, "relation.npy") {
			asked = true
			return tracer.Action{Fail: syscall.ENOSPC}
		}
		return tracer.Action{}
	}, append(args, out)...)
	if !asked {
		t.Fatal("the room was not asked for")
	}
	if r.Status != statusFailed || !strings.Contains(printed, "error: ") || !strings.Contains(printed, "relation.npy") || !strings.Contains(printed, "no space") {
		t.Errorf("%+v, %s", r, printed)
	}
	o := gzpt(t, "relate", "--resume", "--out", out)
	if o.status != 0 { // nothing was kept that could go on
		succeed(t, append(args, out)...)
	}
	if readFile(t, whole, "relation.npy") != readFile(t, out, "relation.npy") {
		t.Error("the matrix differs")
	}
}

// A reader of the lines that goes away ends no training.
func TestReaderGoesAway(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		run := filepath.Join(t.TempDir(), "run")
		c := command(t, tiny(run, "--epochs", "3")...)
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if stream == "stderr" {
			c.Stderr = writer
		} else {
			c.Stdout = writer
		}
		reader.Close()
		err = c.Run()
		writer.Close()
		if got := status(t, err); got != statusDone && got != statusFailed {
			t.Errorf("%s: status %d", stream, got)
		}
		metricsOf(t, run, 15)
		if backboneOf(t, run) == "" {
			t.Errorf("%s: no backbone", stream)
		}
	}
}

// After a kill between the last checkpoint and its export, resume exports, and nothing is measured of a pair that differs.
func TestKillBeforeTheLastExport(t *testing.T) {
	folder, more := labelled(t)
	ref, run := filepath.Join(t.TempDir(), "ref"), filepath.Join(t.TempDir(), "run")
	more = append(more, "--checkpoint-every", "1h")
	epochs := func(out string) []string {
		args := onData(folder, out, more...)
		for i, arg := range args {
			if arg == "--epochs" {
				args[i+1] = "3"
			}
		}
		return args
	}
	succeed(t, epochs(ref)...)
	exports := 0
	r, printed := traced(t, filepath.Dir(run), func(c tracer.Call) tracer.Action {
		if strings.HasPrefix(c.Name, "rename") && strings.HasSuffix(c.Path, "exported/backbone.safetensors") {
			if exports++; exports == 3 {
				return tracer.Action{Signal: syscall.SIGKILL}
			}
		}
		return tracer.Action{}
	}, epochs(run)...)
	if r.Signal != syscall.SIGKILL {
		t.Fatalf("%+v after %d exports, %s", r, exports, printed)
	}
	if readFile(t, run, "checkpoints", "last.ckpt") != readFile(t, ref, "checkpoints", "last.ckpt") {
		t.Fatal("the last checkpoint was not written before the kill: the test shows nothing")
	}
	for _, args := range [][]string{{"evaluate", "--run", run}, {"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")}} {
		if o := gzpt(t, args...); o.status != statusFailed {
			t.Errorf("%v takes the backbone of an earlier step: status %d", args, o.status)
		}
	}
	succeed(t, "--resume", "--out", run)
	if backboneOf(t, run) != backboneOf(t, ref) {
		t.Error("resume leaves the backbone of an earlier step")
	}
	succeed(t, "evaluate", "--run", run)
}

// A verb whose result cannot be printed says so and fails.
func TestFullOutput(t *testing.T) {
	run := trainedRun(t)
	for _, args := range [][]string{
		{"evaluate", "--run", run}, {"inspect", run}, {"help"}, {"help", "formats"}, {"embed", "--help"}, {"version"}, {"cache", "list"}, {"completion", "bash"},
		{"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")},
		{"relate", "--phantoms", "20", "--image-size", "16", "--permutations", "0", "--gaze", "heatmap-cc", "--out", filepath.Join(t.TempDir(), "rel")},
	} {
		c := command(t, args...)
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		var stderr bytes.Buffer
		c.Stdout, c.Stderr = full, &stderr
		err = c.Run()
		full.Close()
		if got := status(t, err); got != statusFailed || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%v: status %d, %s", args, got, stderr.String())
		}
	}
	log := filepath.Join(run, "train.log")
	if err := errors.Join(os.Remove(log), os.Symlink("/dev/full", log)); err != nil {
		t.Fatal(err)
	}
	if o := gzpt(t, "--resume", "--out", run); !strings.Contains(o.stderr, "train.log") {
		t.Errorf("a full log: status %d, %s", o.status, o.stderr)
	}
}

// Words of files reach no terminal and no log as commands of a terminal or as lines of ours.
func TestTerminalEscapes(t *testing.T) {
	folder := makeData(t, files{"labels.csv": "image,gr\x1b]0;T\aade\nimg00.png,x\n"})
	broken := filepath.Join(folder, "images", "e\x1b]0;TITLE\a\x1b[2K\rerror: FORGED\n\u202e.png")
	if err := os.WriteFile(broken, []byte("broken"), 0o666); err != nil {
		t.Fatal(err)
	}
	plain := func(o outcome) {
		t.Helper()
		for _, r := range o.stdout + o.stderr {
			if r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' {
				t.Errorf("%q comes through: %q", r, o.stdout+o.stderr)
				break
			}
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	o := gzpt(t, short(folder, out)...)
	refuses(t, o, statusFailed, "FORGED")
	plain(o)
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	o = gzpt(t, short(folder, out, "--labels", "labels.csv:g")...)
	refuses(t, o, statusFailed, "labels.csv")
	plain(o)
	run := trainedRun(t)
	config := filepath.Join(run, "config.json")
	text := strings.Replace(readFile(t, config), `"command": "`, `"command": "\u001b]0;T\u0007\u202e`, 1)
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	plain(gzpt(t, "inspect", run))
}

// New folders have the permissions that the umask leaves.
func TestUmaskIsKept(t *testing.T) {
	folder, more := labelled(t)
	out := t.TempDir()
	for name, args := range map[string][]string{
		"run": onData(folder, filepath.Join(out, "run"), more...),
		"rel": append([]string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--out", filepath.Join(out, "rel")}, more...),
	} {
		if o, _ := inShell(t, "umask 077", args...); o.status != 0 {
			t.Fatalf("%s: %s", name, o.stderr)
		}
		err := filepath.WalkDir(filepath.Join(out, name), func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				err = fmt.Errorf("%s has %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
