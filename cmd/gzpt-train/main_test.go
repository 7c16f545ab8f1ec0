package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"gzpt/gaze/formats"
	"gzpt/gaze/similarity"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/nn"
)

// asCommand makes the test program behave as gzpt-train itself, so that the tests run the command as a user does.
const asCommand = "GZPT_TRAIN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	heedSignals()
	flag.Parse()
	if skip := flag.Lookup("test.skip"); testing.Short() && skip.Value.String() == "" {
		skip.Value.Set(withoutArithmetic)
	}
	os.Exit(m.Run())
}

// withoutArithmetic are the tests of signals, disks, links, damage, changes, refusals, profiles and texts. No other tier and no race detector
// sees more of them than the run without -short: what they train or relate between others do too.
const withoutArithmetic = "Absurd|BadInput|Change|Disk|Escaped|Files|Full|GoesAway|Hang|Hint|InPlace|Interrupt|Link|MakesWay|Manifest|" +
	"Passed|Profile|Readers|Refuse|Streams|Umask|Usage|Waited|Words"

// heedSignals has the commands of the tests begin with signals that end them. A process inherits what its parent ignores, and under nohup
// or behind a shell's & that is a hangup or an interrupt; what the parent takes note of it does not.
func heedSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// command prepares a run of gzpt-train in a folder of its own with an image cache of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // a command that hangs fails its test
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), asCommand+"=1", "XDG_CACHE_HOME="+t.TempDir(),
		"GORACE=atexit_sleep_ms=0") // under the race detector a process else sleeps for a second at its end
	return c
}

type outcome struct {
	status         int
	stdout, stderr string
}

// gzpt runs the command to its end.
func gzpt(t *testing.T, args ...string) outcome {
	t.Helper()
	c := command(t, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	return outcome{status(t, c.Run()), stdout.String(), stderr.String()}
}

func status(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode()
	}
	return 0
}

// succeed runs the command and demands success.
func succeed(t *testing.T, args ...string) outcome {
	t.Helper()
	o := gzpt(t, args...)
	if o.status != 0 {
		t.Fatalf("gzpt-train %s: status %d\n%s", strings.Join(args, " "), o.status, o.stderr)
	}
	return o
}

// tiny is flags for a run of five steps an epoch that takes a moment on every tier.
func tiny(out string, more ...string) []string {
	args := []string{"--gaze", "heatmap-cc", "--image-size", "16", "--width", "2", "--phantoms", "60", "--batch", "8", "--projector", "8", "--predictor", "8",
		"--embedding", "8", "--out", out}
	return append(args, more...)
}

func readFile(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUsage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // on stderr, or on stdout where the status is 0
	}{
		{"help", []string{"--help"}, 0, "Verbs:"},
		{"help verb", []string{"help"}, 0, "evaluate"},
		{"help of a verb", []string{"help", "relate"}, 0, "--readers"},
		{"help flag of a verb", []string{"embed", "--help"}, 0, "--images DIR"},
		{"help of a topic", []string{"help", "measures"}, 0, "heatmap-cc: correlation of the fixation maps"},
		{"help of formats", []string{"help", "formats"}, 0, "GazeMedSeg"},
		{"help of detectors", []string{"help", "detectors"}, 0, "  dispersion=1 "},
		{"help of nothing", []string{"help", "me"}, 2, "or measures, formats, detectors"},
		{"version", []string{"version"}, 0, "go1."},
		{"version flag", []string{"--version"}, 0, "CPU tiers reference"},
		{"unknown verb", []string{"train"}, 2, `unknown verb "train": expected one of pretrain, relate`},
		{"unknown flag", []string{"--depth", "3"}, 2, "unknown flag --depth; 'gzpt-train pretrain --help' lists the flags"},
		{"unknown word", []string{"--arch", "vit"}, 2, "expected one of resnet18, resnet34"},
		{"not a number", []string{"--batch", "many"}, 2, "--batch many: must be an integer"},
		{"argument", []string{"pretrain", "images"}, 2, `unexpected argument "images"`},
		{"no out", []string{"--gaze", "none"}, 2, "--out DIR is missing"},
		{"data without out", []string{"--data", "."}, 2, "--out DIR is missing"},
		{"resume without out", []string{"--resume"}, 2, "--resume needs --out"},
		{"resume of nothing", []string{"--resume", "--out", out}, 1, "is not a run directory"},
		{"method", tiny(out, "--method", "dino"), 2, "expected one of byol, moco, simclr, simsiam"},
		{"a flag of another method", tiny(out, "--queue", "99"), 2, "--queue is for --method moco, not for byol"},
		{"a flag of two other methods", tiny(out, "--method", "simsiam", "--normaliser", "anchor"), 2, "--normaliser is for --method moco and simclr, not for simsiam"},
		{"momentum of a method without a target", []string{"--out", out, "--method", "moco", "--target-momentum", "0.9"}, 2, "--target-momentum is for --method byol, not for moco"},
		{"short queue", []string{"--out", out, "--gaze", "none", "--method", "moco", "--queue", "7"}, 2, "a queue of 7 slots does not hold the 64 keys"},
		{"temperature", []string{"--out", out, "--gaze", "none", "--method", "simclr", "--temperature", "-1"}, 2, "--temperature -1: expected a finite number above 0"},
		{"blocks", tiny(out, "--simclr-blocks", "view2"), 2, "expected one of view1, all"},
		{"precision", tiny(out, "--precision", "half"), 2, "expected one of float32, tf32, bfloat16"},
		{"device", tiny(out, "--device", "cuda"), 2, "--device cuda: this build has the CPU alone: `make cuda`"},
		{"numbered device", tiny(out, "--device", "cuda:3"), 2, "--device cuda:3: this build has the CPU alone"},
		{"number of a device", tiny(out, "--device", "cuda:x"), 2, "--device cuda:x: expected a number from 0 on behind the colon"},
		{"number of the CPU", tiny(out, "--device", "cpu:0"), 2, "--device cpu:0: expected one of auto, cpu, cuda, ptxsim"},
		{"measure", tiny(out, "--gaze", "guess"), 2, ", or none, permuted, labels"},
		{"measure's parameter", tiny(out, "--gaze", "tima:eps=x"), 2, `eps is "x"`},
		{"an endless number", tiny(out, "--positives", "inf"), 2, "--positives +Inf: expected a finite number"},
		{"not a number after all", []string{"relate", "--out", out, "--drop", "nan"}, 2, "--drop NaN: expected a finite number"},
		{"an unset variable", []string{"relate", "--out", out, "--data", ""}, 2, `--data "": expected DIR; without the flag its default is taken`},
		{"a verb behind a flag", []string{"--quiet", "evaluate", "--run", "x"}, 2, "unknown flag --run; a verb comes first: gzpt-train evaluate"},
		{"a verb behind a flag that all have", []string{"--quiet", "version"}, 2, `unexpected argument "version"; a verb comes first: gzpt-train version`},
		{"a verb's name for a folder", []string{"--out", "cache", "--depth", "3"}, 2, "unknown flag --depth; 'gzpt-train pretrain"},
		{"a verb behind a value", []string{"--log-format", "json", "evaluate", "--depth", "3"}, 2, "unknown flag --depth; a verb comes first: gzpt-train evaluate"},
		{"time between checkpoints", tiny(out, "--checkpoint-every", "-5s"), 2, "--checkpoint-every -5s: expected a time above 0"},
		{"no time between checkpoints", tiny(out, "--checkpoint-every", "0"), 2, "--checkpoint-every 0s: expected a time above 0"},
		{"stop before the beginning", tiny(out, "--stop-after", "-1"), 2, "--stop-after -1: expected at least 0"},
		{"stop before the beginning, resumed", []string{"--resume", "--out", out, "--stop-after", "-1"}, 2, "--stop-after -1: expected at least 0"},
		{"fewer views than none", tiny(out, "--dump-views", "-1"), 2, "--dump-views -1: expected at least 0"},
		{"a folder with files of others", tiny(filepath.Dir(os.Args[0])), 1, "exists and is never overwritten; --out DIR names another folder"},
		{"a folder below a file", tiny(os.Args[0] + "/run"), 1, "not a directory\n"},
		{"a detector's parameter", tiny(out, "--fixations", "idt:dispersion=-1"), 2, `dispersion is "-1", expected a number from 0.001 to 90; 'gzpt-train`},
		{"pixels in a degree", tiny(out, "--px-per-degree", "-3"), 2, `--px-per-degree "-3": expected one number above 0`},
		{"steps without an end", tiny(out, "--steps", "9999999999"), 2, "--steps 9999999999: expected at most 1000000000; metrics.jsonl alone would take"},
		{"a folder for the scores", []string{"evaluate", "--weights", "x", "--data", ".", "--out", "."}, 2, "a folder, expected a file to write"},
		{"workers", []string{"relate", "--out", out, "--workers", "-1"}, 2, "--workers -1: expected at least 0"},
		{"workers of a run", tiny(out, "--workers", "-2"), 2, "--workers -2: expected at least 0"},
		{"labels without a column", []string{"relate", "--out", out, "--data", ".", "--labels", "labels.csv"}, 2, "--labels labels.csv: expected FILE:COLUMN"},
		{"relate resume without out", []string{"relate", "--resume"}, 2, "--resume needs --out DIR"},
		{"tau and positives", tiny(out, "--tau", "0.5", "--positives", "3"), 2, "give one"},
		{"drop", tiny(out, "--drop", "2"), 2, "expected 0 to 1"},
		{"epochs and steps", tiny(out, "--epochs", "3", "--steps", "3"), 2, "give one"},
		{"epochs", tiny(out, "--epochs", "0"), 2, "at least one"},
		{"batch", tiny(out, "--batch", "1"), 2, "at least 2"},
		{"batch beyond the items", tiny(out, "--batch", "50"), 1, "44 items to train on do not fill a batch of 50"},
		{"image size", tiny(out, "--image-size", "1"), 2, "--image-size 1"},
		{"channels", tiny(out, "--channels", "2"), 2, "expected 1 or 3"},
		{"warm-up", tiny(out, "--warmup", "10"), 2, "share of the run"},
		{"learning rate", tiny(out, "--lr", "-1"), 2, "error: --lr -1: expected a number from 0 to 3.4e38"},
		{"views", tiny(out, "--flip", "3"), 2, "error: --flip 3: expected 0 to 1"},
		{"preset", tiny(out, "--augment", "wild"), 2, "expected one of medical"},
		{"labels of phantoms", tiny(out, "--labels", "a:b"), 2, "phantoms have their own"},
		{"no such data", []string{"--data", "nowhere", "--out", out}, 1, "nowhere: no such file or directory, expected a folder of images or a manifest; --data DIR says where they are"},
		{"no such init", tiny(out, "--init", "nothing.safetensors"), 1, "nothing.safetensors"},
		{"relate without out", []string{"relate"}, 2, "--out DIR is missing"},
		{"rule", tiny(out, "--rule", "best"), 2, "expected one of threshold, top-k, quantile, soft"},
		{"tau of top-k", tiny(out, "--rule", "top-k", "--tau", "0.5"), 2, "--tau is for --rule threshold and soft, not for top-k"},
		{"positives of a quantile", tiny(out, "--rule", "quantile", "--positives", "2"), 2, "two ways to say the same"},
		{"half a neighbour", tiny(out, "--rule", "top-k", "--positives", "2.5"), 2, "expected a whole number for --rule top-k"},
		{"quantile of a threshold", tiny(out, "--quantile", "0.5"), 2, "--quantile is for --rule quantile, not for threshold"},
		{"quantile", tiny(out, "--rule", "quantile", "--quantile", "2"), 2, "quantile 2, expected 0 to 1"},
		{"full of a threshold", tiny(out, "--tau-full", "0.5"), 2, "--tau-full is for --rule soft, not for threshold"},
		{"a ramp that falls", tiny(out, "--rule", "soft", "--tau", "0.5", "--tau-full", "0.4"), 2, "rise from similarity 0.5 to 0.4"},
		{"mutual threshold", tiny(out, "--mutual"), 2, "mutual is for top-k"},
		{"patients without groups", tiny(out, "--patients", "apart"), 2, "--patients apart needs --group COLUMN"},
		{"compare nothing known", []string{"relate", "--out", out, "--compare", "tima,scan"}, 2, `--compare: gaze measure "scan"`},
		{"compare a parameter first", []string{"relate", "--out", out, "--compare", "eps=1,tima"}, 2, `--compare: gaze measure "eps=1"`},
		{"permutations", []string{"relate", "--out", out, "--permutations", "1"}, 2, "expected 0, or 2 and more"},
		{"pairs", []string{"relate", "--out", out, "--pairs", "-1"}, 2, "--pairs -1: expected at least 0"},
		{"relate resume nothing", []string{"relate", "--resume", "--out", out}, 1, "is not a run directory"},
		{"a screen of phantoms", tiny(out, "--screen", "10x10"), 2, "--screen is for --data; without it the images are phantoms"},
		{"columns of phantoms", []string{"relate", "--out", out, "--image-column", "x"}, 2, "--image-column is for --data; without it the images are phantoms"},
		{"phantoms of a folder", tiny(out, "--data", "."), 2, "--phantoms is for calls without --data"},
		{"gaze files of phantoms", tiny(out, "--gaze-files", "x"), 2, "are for --data"},
		{"relate none", []string{"relate", "--gaze", "none", "--out", out}, 2, "has no relation"},
		{"evaluate nothing", []string{"evaluate"}, 2, "--run DIR is missing"},
		{"evaluate weights alone", []string{"evaluate", "--weights", "w.safetensors"}, 2, "or --weights FILE with --data DIR"},
		{"evaluate no run", []string{"evaluate", "--run", "."}, 1, "is not a run directory"},
		{"evaluate k", []string{"evaluate", "--run", ".", "--k", "0"}, 2, "--k is at least 1"},
		{"embed without out", []string{"embed", "--run", "."}, 2, "--out DIR is missing"},
		{"export nothing", []string{"export"}, 2, "--run DIR is missing"},
		{"inspect nothing", []string{"inspect"}, 2, "needs the path"},
		{"inspect text", []string{"inspect", os.Args[0]}, 1, "neither a run directory"},
		{"inspect a device", []string{"inspect", "/dev/null"}, 1, "/dev/null: not a regular file but a device"},
		{"a letter", []string{"-x"}, 2, "unknown flag -x: flags have two dashes"},
		{"a folder for the profile", []string{"profile", "--html", "."}, 2, "a folder, expected a file to write"},
		{"completion", []string{"completion"}, 2, "bash, zsh or fish"},
		{"completion shell", []string{"completion", "csh"}, 2, `"csh"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := gzpt(t, test.args...)
			text := o.stderr
			if test.status == 0 {
				text = o.stdout
			}
			if o.status != test.status || !strings.Contains(text, test.want) {
				t.Errorf("status %d, expected %d\nstdout: %s\nstderr: %s\nexpected %q", o.status, test.status, o.stdout, o.stderr, test.want)
			}
		})
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a command that was refused made its run directory")
	}
}

// A place where nothing can be written is found before anything is read.
func TestUnwritablePlaces(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.Symlink("nowhere", gone); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	out := filepath.Join(gone, "out")
	for _, args := range [][]string{
		{}, // the demo
		{"--data", "nowhere"}, {"relate", "--data", "nowhere"}, {"embed", "--weights", "nowhere", "--images", "nowhere"},
		{"evaluate", "--weights", "nowhere", "--data", "nowhere"},
	} {
		if o := gzpt(t, append(args, "--out", out)...); o.status != 1 || !strings.Contains(o.stderr, out+": nothing can be written in the folder "+gone) {
			t.Errorf("%v: %d %s", args, o.status, o.stderr)
		}
	}
	for _, flag := range []string{"json", "trace", "html"} {
		if o := gzpt(t, "profile", "--"+flag, out); o.status != 1 || !strings.Contains(o.stderr, "--"+flag+" "+out+": nothing can be written") {
			t.Errorf("--%s: %d %s", flag, o.status, o.stderr)
		}
	}
}

// Labels that are nowhere are sought under the name that was given.
func TestMissingLabels(t *testing.T) {
	folder := makeData(t, files{"fixations.csv": fixationTable()})
	o := gzpt(t, "relate", "--data", folder, "--labels", "no.csv:a", "--out", filepath.Join(t.TempDir(), "out"))
	if o.status != 1 || !strings.Contains(o.stderr, filepath.Join(folder, "no.csv")+" or no.csv: ") {
		t.Errorf("%d %s", o.status, o.stderr)
	}
}

// The error of a parameter does not name what stands beside measures, as that of an unknown measure does.
func TestMeasureErrors(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if o := gzpt(t, "relate", "--out", out, "--gaze", "tima:depth=1"); o.status != 2 || !strings.Contains(o.stderr, "no parameter") || strings.Contains(o.stderr, "or none") {
		t.Errorf("%d %s", o.status, o.stderr)
	}
}

// The pages of relate and pretrain fit their screens, every flag is explained, and all that --gaze, --format and --fixations
// take has a meaning on a page of its own.
func TestHelpPages(t *testing.T) {
	for verb, most := range map[string]int{"relate": 105, "pretrain": 145} {
		page := succeed(t, verb, "--help").stdout
		lines := strings.Split(strings.TrimSpace(page), "\n")
		if len(lines) > most {
			t.Errorf("the help of %s has %d lines, want at most %d", verb, len(lines), most)
		}
		for _, line := range lines {
			if len(line) > 122 || strings.Contains(line, "`") {
				t.Errorf("%s: %q", verb, line)
			}
		}
		v, err := find(verbs(), verb)
		if err != nil {
			t.Fatal(err)
		}
		flagsOf(v, func(f *pflag.Flag, words []string) {
			if !strings.Contains(page, "\n  --"+f.Name+" ") || len(meaning(f)) < 8 {
				t.Errorf("%s: --%s has no line", verb, f.Name)
			}
		})
	}
	for _, name := range formats.Formats() {
		if about := formats.About(name); about == "" || !strings.Contains(formatsPage(), "\n  "+name+" ") {
			t.Errorf("the format %s has no meaning: %q", name, about)
		}
	}
	page := measuresPage()
	for _, m := range similarity.Measures() {
		if m.About == "" || !strings.Contains(page, "\n"+m.Name+": ") {
			t.Errorf("the measure %s has no meaning", m.Name)
		}
	}
}

// Every verb that opens a device lets its user say which, and refuses the one that this build lacks.
func TestEveryVerbThatComputesHasADevice(t *testing.T) {
	folder := t.TempDir()
	weights := filepath.Join(folder, "none.safetensors")
	for verb, args := range map[string][]string{
		"pretrain": tiny(filepath.Join(folder, "a")),
		"relate":   {"--out", filepath.Join(folder, "b")},
		"evaluate": {"--weights", weights, "--data", folder},
		"embed":    {"--weights", weights, "--data", folder, "--out", filepath.Join(folder, "c")},
		"export":   {"--run", oldRun(t, "finished"), "--out", filepath.Join(folder, "d")},
	} {
		o := gzpt(t, append([]string{verb, "--device", "cuda"}, args...)...)
		if o.status != 2 || !strings.Contains(o.stderr, "--device cuda: this build has the CPU alone") {
			t.Errorf("%s --device cuda: status %d, %s", verb, o.status, o.stderr)
		}
	}
}

// The kernels of the GPU train as the CPU does, on their interpreter, and with bfloat16 as the portable device.
func TestInterpreterTrains(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of the interpreter, minutes under the race detector; run without -short")
	}
	for precision, allowed := range map[string]float64{"float32": 1e-3, "bfloat16": 1e-2} {
		trainsAlike(t, precision, allowed)
	}
}

func trainsAlike(t *testing.T, precision string, allowed float64) {
	t.Helper()
	loss := regexp.MustCompile(`step 5/5, loss (-?[0-9.]+),`)
	var losses []float64
	for _, device := range []string{"ptxsim", "cpu"} {
		c := command(t, tiny(filepath.Join(t.TempDir(), "out"), "--epochs", "1", "--device", device, "--precision", precision)...)
		if precision == "bfloat16" {
			c.Env = append(c.Env, "GZPT_CPU=reference")
		}
		text, err := c.CombinedOutput()
		m := loss.FindSubmatch(text)
		if err != nil || m == nil || strings.Contains(string(text), "device cuda/float32") != (device == "ptxsim") {
			t.Fatalf("--device %s --precision %s: error %v, no loss of step 5, or not this device:\n%s", device, precision, err, text)
		}
		v, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, v)
	}
	if difference := math.Abs(losses[0] - losses[1]); difference > allowed {
		t.Errorf("--precision %s: the losses of step 5 are %v, allowed difference %g", precision, losses, allowed)
	}
}

// A run in tf32 says so, goes on and is exported by a machine without a GPU.
func TestTF32(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of the interpreter, minutes under the race detector; run without -short")
	}
	out := filepath.Join(t.TempDir(), "out")
	o := succeed(t, tiny(out, "--phantoms", "20", "--epochs", "2", "--stop-after", "1", "--device", "ptxsim", "--precision", "tf32")...)
	if !strings.Contains(o.stderr, "device cuda/tf32") {
		t.Errorf("not on cuda/tf32:\n%s", o.stderr)
	}
	o = succeed(t, "--resume", "--out", out, "--device", "ptxsim")
	if !strings.Contains(o.stderr, "device cuda/tf32") {
		t.Errorf("resumed elsewhere:\n%s", o.stderr)
	}
	succeed(t, "export", "--run", out, "--device", "cpu", "--out", filepath.Join(out, "again.safetensors"))
}

func TestForcedTierMustExist(t *testing.T) {
	c := command(t, tiny(filepath.Join(t.TempDir(), "out"))...)
	c.Env = append(c.Env, "GZPT_CPU=mmx")
	text, err := c.CombinedOutput()
	if status(t, err) != 1 || !strings.Contains(string(text), `no CPU tier "mmx"`) {
		t.Errorf("got %s", text)
	}
}

func TestCompletion(t *testing.T) {
	for shell, want := range map[string]string{"bash": "--image-size", "zsh": "bashcompinit", "fish": "-l image-size"} {
		text := succeed(t, "completion", shell).stdout
		if !strings.Contains(text, want) || !strings.Contains(text, "resnet101") {
			t.Errorf("%s: no %q or no words of a flag in\n%s", shell, want, text)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to check the script with")
	}
	script := succeed(t, "completion", "bash").stdout + `
COMP_WORDS=(gzpt-train relate --rea) COMP_CWORD=2; _gzpt_train; echo "flag ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train --arch resnet1) COMP_CWORD=2; _gzpt_train; echo "word ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train ev) COMP_CWORD=1; _gzpt_train; echo "verb ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train --gaze tim) COMP_CWORD=2; _gzpt_train; echo "measure ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train help m) COMP_CWORD=2; _gzpt_train; echo "topic ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train cache '') COMP_CWORD=2; _gzpt_train; echo "acts ${COMPREPLY[*]}"
COMP_WORDS=(gzpt-train inspect a) COMP_CWORD=2; _gzpt_train; echo "files ${#COMPREPLY[@]} ${COMPREPLY[0]}"
`
	c := exec.Command(bash, "--norc")
	c.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Dir, "a name with blanks"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	c.Stdin = strings.NewReader(script)
	text, err := c.CombinedOutput()
	if want := "flag --readers\nword resnet18 resnet101\nverb evaluate\nmeasure tima\ntopic measures\nacts list clear\nfiles 1 a name with blanks\n"; err != nil || string(text) != want {
		t.Errorf("got %q, %v; expected %q", text, err, want)
	}
}

// Where the memory of a device does not suffice, the command names the flags that take less.
func TestHintOfMemory(t *testing.T) {
	far := fardevice.New(fardevice.Options{Capacity: 1 << 20})
	defer far.Close()
	_, err := nn.NewTrainer(far, nn.DefaultConfig(nn.Arch{Depth: 18, Width: 64, Channels: 3}))
	if err == nil {
		t.Fatal("a ResNet-18 fits into a megabyte")
	}
	if got, want := err.Error()+hint(err), "takes less: --batch, --image-size, --width"; !strings.HasSuffix(got, want) || !strings.Contains(got, "of 1048576 there") {
		t.Errorf("the message is %q, expected one that ends in %q", got, want)
	}
}

// A value without a character, as an unset variable of a shell leaves it, is no flag's default: a run without the split that was
// meant trains on the images that it is judged by.
func TestEmptyValues(t *testing.T) {
	for _, v := range verbs() {
		flagsOf(v, func(f *pflag.Flag, _ []string) {
			if f.NoOptDefVal == "" { // it takes a value
				refuses(t, gzpt(t, v.name, "--"+f.Name+"="), 2, "error: --"+f.Name+" ")
			}
		})
	}
}

// A tau that makes none or most images alike is told.
func TestTauOutOfPlace(t *testing.T) {
	for tau, want := range map[string]string{"95": "most images are alike to no other", "-5": "most images are alike to most others", "0.5": ""} {
		o := succeed(t, tiny(filepath.Join(t.TempDir(), "out"), "--steps", "1", "--tau", tau)...)
		if strings.Contains(o.stderr, "most images are alike") != (want != "") || !strings.Contains(o.stderr, want) {
			t.Errorf("tau %s: %s", tau, o.stderr)
		}
	}
}

// A flag that says nothing with the chosen gaze is told, so that nobody takes it for a setting of the run.
func TestIdleFlags(t *testing.T) {
	folder := t.TempDir()
	o := gzpt(t, tiny(filepath.Join(folder, "none"), "--steps", "1", "--gaze", "none", "--tau", "0.5", "--drop", "0.5")...)
	says(t, o, "warning: no effect with --gaze none: --tau, --drop\n", "gaze none\n")
	if strings.Contains(o.stderr, "rule") {
		t.Errorf("a run without gaze names a rule:\n%s", o.stderr)
	}
	says(t, gzpt(t, tiny(filepath.Join(folder, "labels"), "--steps", "1", "--gaze", "labels", "--rule", "top-k")...), "warning: no effect with --gaze labels: --rule\n")
	images := makeData(t, files{"fixations.csv": fixationTable()})
	more := []string{"--readers", "mean", "--without-gaze", "skip"}
	says(t, gzpt(t, append(onData(images, filepath.Join(folder, "unread"), "--gaze", "none"), more...)...),
		"warning: no effect with --gaze none: --readers, --without-gaze\n")
	matrix := filepath.Join(folder, "read")
	succeed(t, "relate", "--data", images, "--gaze", "heatmap-cc", "--image-size", "16", "--out", matrix)
	ready := []string{"--data", images, "--relation", filepath.Join(matrix, "relation.npy"), "--names", filepath.Join(matrix, "items.csv"),
		"--image-size", "16", "--width", "2", "--batch", "4", "--steps", "1", "--out", filepath.Join(folder, "ready")}
	says(t, gzpt(t, append(ready, more...)...), "warning: no effect with --relation: --readers, --without-gaze\n")
	o = gzpt(t, tiny(filepath.Join(folder, "k"), "--steps", "1", "--rule", "top-k", "--positives", "3")...)
	says(t, o, "rule top-k, k 3")
	if strings.Contains(o.stderr, "no effect") || strings.Contains(o.stderr, "tau") {
		t.Errorf("a run by top-k says\n%s", o.stderr)
	}
}
