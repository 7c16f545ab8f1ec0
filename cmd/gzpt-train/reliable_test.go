//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// judged is a run on a folder with labels and a split.
func judged(t *testing.T) (run string) {
	t.Helper()
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": labels()})
	run = filepath.Join(t.TempDir(), "run")
	succeed(t, onData(folder, run, "--labels", "labels.csv:grade", "--split", "part")...)
	return run
}

// through runs the command behind a line of shell.
func through(t *testing.T, line string, args ...string) outcome {
	t.Helper()
	c := command(t, args...)
	c.Args = append([]string{"sh", "-c", line + `; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
	c.Path = "/bin/sh"
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	return outcome{status(t, c.Run()), stdout.String(), stderr.String()}
}

// Whatever file of a run is damaged, each verb that reads it names it; what can be made anew is.
func TestDamagedFilesAreNamed(t *testing.T) {
	run := judged(t)
	verbs := map[string][]string{
		"resume": {"--resume", "--out", run}, "evaluate": {"evaluate", "--run", run}, "embed": {"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")},
		"export": {"export", "--run", run, "--out", filepath.Join(t.TempDir(), "b.safetensors")}, "inspect": {"inspect", run},
	}
	for file, refusing := range map[string][]string{
		"config.json":                   {"resume", "evaluate", "embed", "export", "inspect"},
		"checkpoints/last.ckpt":         {"resume", "evaluate", "embed", "export", "inspect"},
		"exported/backbone.safetensors": {"evaluate", "embed", "inspect"},
		"items.csv":                     {"resume", "evaluate", "inspect"},
		"relation.npy":                  {"resume", "inspect"},
	} {
		path := filepath.Join(run, filepath.FromSlash(file))
		whole := readFile(t, path)
		for _, at := range []int{len(whole) / 3, len(whole) - 40} {
			bad := []byte(whole)
			bad[at] ^= 1
			if err := os.WriteFile(path, bad, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, name := range refusing {
				if o := gzpt(t, verbs[name]...); o.status != statusFailed || !strings.Contains(o.stderr, path) {
					t.Errorf("%s with a damaged %s: status %d, %s", name, file, o.status, o.stderr)
				}
			}
		}
		if file == "exported/backbone.safetensors" {
			if o := succeed(t, verbs["resume"]...); !strings.Contains(o.stderr, "exported anew") || readFile(t, path) != whole {
				t.Errorf("resume leaves a damaged backbone: %s", o.stderr)
			}
		}
		if err := os.WriteFile(path, []byte(whole), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range verbs {
		if o := succeed(t, args...); strings.Contains(o.stderr, "checksum") || strings.Contains(o.stderr, "checkpoint beside") {
			t.Errorf("%s of the whole run warns: %s", name, o.stderr)
		}
	}
}

// A run of a version without checksums is told, not refused.
func TestRunWithoutChecksums(t *testing.T) {
	run := oldRun(t, "finished")
	says(t, succeed(t, "evaluate", "--run", run), "config.json: it has no checksums, as those of older versions", "it does not say of which step it is")
	says(t, succeed(t, "--resume", "--out", run), "config.json: it has no checksums", "it is exported anew")
	says(t, succeed(t, "embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")), "config.json: it has no checksums")
}

// A result that cannot be written is a failure; lines that cannot be shown end no training, but are told, too.
func TestFullStreams(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	run := judged(t)
	relation := filepath.Join(t.TempDir(), "rel")
	for _, args := range [][]string{
		{"help"}, {"help", "measures"}, {"--help"}, {"relate", "--help"}, {"version"}, {"completion", "fish"}, {"cache"}, {"inspect", run}, {"evaluate", "--run", run},
		{"export", "--run", run}, {"embed", "--run", run, "--out", filepath.Join(t.TempDir(), "features")}, tiny(filepath.Join(t.TempDir(), "run"), "--epochs", "1"),
		{"relate", "--phantoms", "20", "--permutations", "0", "--gaze", "heatmap-cc", "--out", relation},
	} {
		c := command(t, args...)
		var stderr bytes.Buffer
		c.Stdout, c.Stderr = full, &stderr
		if got := status(t, c.Run()); got != statusFailed || !strings.Contains(stderr.String(), "error: write /dev/stdout: no space left on device") {
			t.Errorf("%v: status %d, %s", args, got, stderr.String())
		}
	}
	out := filepath.Join(t.TempDir(), "run")
	c := command(t, tiny(out, "--epochs", "1")...)
	c.Stderr = full
	if got := status(t, c.Run()); got != statusFailed || !strings.Contains(readFile(t, out, "train.log"), "error: lines are missing: write /dev/stderr: no space left on device") {
		t.Errorf("standard error is full: status %d, %s", got, readFile(t, out, "train.log"))
	}
	metricsOf(t, out, 5)
}

// A reader that goes away ends no training, of what is shown or of the result.
func TestLostReaders(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := command(t, tiny(run, "--epochs", "3")...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = writer, writer
	reader.Close()
	err = c.Run()
	writer.Close()
	if got := status(t, err); got != statusDone {
		t.Errorf("status %d", got)
	}
	metricsOf(t, run, 15)
	if log := readFile(t, run, "train.log"); !strings.Contains(log, "done:") {
		t.Errorf("train.log is %q", log)
	}
}

// Under nohup a terminal that is closed stops nothing.
func TestHangupIsIgnoredUnderNohup(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	c := command(t, long(run)...)
	c.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
	c.Path = "/bin/sh"
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(run, "metrics.jsonl"))
	c.Process.Signal(syscall.SIGHUP)
	if got := status(t, c.Wait()); got != statusDone {
		t.Errorf("status %d", got)
	}
	metricsOf(t, run, longSteps())
}

// The second signal ends the command at once, also while it reads.
func TestSecondInterruptWhileReading(t *testing.T) {
	folder := t.TempDir()
	table := "image,reader,x [px],y [px],duration [s],start [s],width,height\n" + strings.Repeat("a.png,r,1,1,.2,0,100,100\n", 1<<20)
	if err := os.WriteFile(filepath.Join(folder, "gaze.csv"), []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	c := command(t, "relate", "--data", folder, "--gaze", "heatmap-cc", "--out", out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // it has begun to listen, and reads
	c.Process.Signal(syscall.SIGINT)
	time.Sleep(20 * time.Millisecond)
	c.Process.Signal(syscall.SIGTERM)
	if got := status(t, c.Wait()); got != statusInterrupted {
		t.Errorf("status %d", got)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the folder was made")
	}
}

// Pixels are kept in no file where no cache is wanted, also when the run goes on; one that cannot be written is refused with the
// flag that does without.
func TestCacheNone(t *testing.T) {
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": labels()})
	run, cached := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "cached")
	for _, args := range [][]string{onData(folder, run, "--cache", "none", "--stop-after", "1"), {"--resume", "--out", run}} {
		home := t.TempDir()
		c := command(t, args...)
		c.Env = append(c.Env, "XDG_CACHE_HOME="+home)
		text, err := c.CombinedOutput()
		if err != nil || strings.Contains(string(text), "pixel cache") {
			t.Fatalf("%v, %s", err, text)
		}
		for _, left := range []string{home, c.Dir} {
			if made, _ := os.ReadDir(left); len(made) > 0 {
				t.Errorf("a file was made: %v", made)
			}
		}
	}
	succeed(t, onData(folder, cached)...)
	if backboneOf(t, run) != backboneOf(t, cached) {
		t.Error("the run ends with another backbone than with a cache")
	}
	o := gzpt(t, onData(folder, filepath.Join(t.TempDir(), "run"), "--cache", filepath.Join(folder, "labels.csv", "cache"))...)
	refuses(t, o, statusFailed, "the cache of decoded images cannot be written")
	refuses(t, o, statusFailed, "--cache none keeps the pixels in memory")
	refuses(t, gzpt(t, "cache", "--cache", "none"), statusUsage, "--cache none: expected a folder")
}

// A folder that is there and empty is filled as it is by every verb that makes one, also behind a link, and where nothing may be
// made beside it.
func TestFoldersAreFilledInPlace(t *testing.T) {
	run := judged(t)
	for file, args := range map[string][]string{
		"metrics.jsonl": tiny("OUT", "--epochs", "1"), "relate.html": {"relate", "--phantoms", "20", "--permutations", "0", "--gaze", "heatmap-cc", "--out", "OUT"},
		"features.npy": {"embed", "--run", run, "--out", "OUT"},
	} {
		parent := t.TempDir()
		folder, link := filepath.Join(parent, "folder"), filepath.Join(t.TempDir(), "link")
		if err := errors.Join(os.Mkdir(folder, 0o700), os.Symlink(folder, link), os.Chmod(parent, 0o555)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(parent, 0o777) })
		args[slices.Index(args, "OUT")] = link
		succeed(t, args...)
		if _, err := os.Stat(filepath.Join(folder, file)); err != nil {
			t.Error(err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is none any more: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// relate that fails leaves nothing in the way of the right call: with files that are no relation, without space for its matrix,
// and with settings that fit no relation. Without space it can also go on later.
func TestFailedRelateMakesWay(t *testing.T) {
	out := filepath.Join(t.TempDir(), "rel")
	args := func(more ...string) []string {
		return append([]string{"relate", "--phantoms", "200", "--image-size", "8", "--permutations", "0", "--gaze", "heatmap-cc", "--out", out}, more...)
	}
	refuses(t, gzpt(t, "relate", "--relation", write(t, "x"), "--names", write(t, "a.png\n"), "--out", out), statusFailed, "not a .npy file")
	if _, err := os.Stat(out); err == nil {
		t.Error("the folder was made")
	}
	refuses(t, gzpt(t, args("--rule", "soft", "--positives", "150", "--tau-full", "-0.9")...), statusFailed, "--tau-full T")
	for range 2 {
		o := through(t, "ulimit -f 64", args()...)
		refuses(t, o, statusFailed, "relation.npy.part: no space for 160128 bytes")
		if strings.Contains(o.stderr, "goroutine") {
			t.Errorf("it crashes: %s", o.stderr)
		}
	}
	succeed(t, "relate", "--resume", "--out", out)
	resumed := readFile(t, out, "relation.npy")
	refuses(t, gzpt(t, args()...), statusFailed, "never overwritten")
	out = filepath.Join(t.TempDir(), "rel")
	through(t, "ulimit -f 64", args("--seed", "5")...)
	succeed(t, args()...)
	if readFile(t, out, "relation.npy") != resumed {
		t.Error("another relation than of the call that went on")
	}
	if err := os.WriteFile(filepath.Join(out, "compare.json"), []byte("[]"), 0o666); err != nil { // as after a kill
		t.Fatal(err)
	}
	refuses(t, gzpt(t, "relate", "--resume", "--out", out), statusFailed, "is complete")
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) != 5 {
		t.Errorf("the folder has %v", left)
	}
}

// A disk that is full is told before a pair is compared, and a mount point is filled as any folder.
func TestSmallDisk(t *testing.T) {
	mount := func(size, line string) (string, error) {
		text, err := exec.Command("unshare", "-m", "sh", "-c", "mount -t tmpfs -o size="+size+" tmpfs /mnt || exit 77; "+line).CombinedOutput()
		return string(text), err
	}
	if _, err := mount("1m", ":"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	line := func(phantoms string) string {
		c := command(t, "relate", "--phantoms", phantoms, "--image-size", "8", "--permutations", "0", "--gaze", "heatmap-cc", "--out", "/mnt")
		var assignments []string
		for _, v := range c.Env {
			if strings.HasPrefix(v, asCommand) || strings.HasPrefix(v, "XDG_CACHE_HOME") {
				assignments = append(assignments, v)
			}
		}
		return strings.Join(assignments, " ") + " " + strings.Join(c.Args, " ") + "; status=$?; ls -A /mnt; exit $status"
	}
	text, err := mount("8m", line("2500"))
	if status(t, err) != statusFailed || !strings.Contains(text, "relation.npy.part: no space for 25000128 bytes") || strings.Contains(text, "goroutine") {
		t.Errorf("%v, %s", err, text)
	}
	if text, err = mount("8m", line("100")); err != nil || !strings.Contains(text, "relate.html") {
		t.Errorf("%v, %s", err, text)
	}
}
