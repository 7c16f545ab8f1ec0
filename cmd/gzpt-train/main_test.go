package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asCommand makes the test program behave as gzpt-train itself, so that the tests run the command as a user does.
const asCommand = "GZPT_TRAIN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
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
		{"version", []string{"version"}, 0, "go1."},
		{"version flag", []string{"--version"}, 0, "CPU tiers reference"},
		{"unknown verb", []string{"train"}, 2, `unknown verb "train": expected one of pretrain, relate`},
		{"unknown flag", []string{"--depth", "3"}, 2, "unknown flag: --depth"},
		{"unknown word", []string{"--arch", "vit"}, 2, "expected one of resnet18, resnet34"},
		{"not a number", []string{"--batch", "many"}, 2, "invalid argument"},
		{"argument", []string{"pretrain", "images"}, 2, `unexpected argument "images"`},
		{"no out", []string{"--gaze", "none"}, 2, "--out DIR is missing"},
		{"data without out", []string{"--data", "."}, 2, "--out DIR is missing"},
		{"resume without out", []string{"--resume"}, 2, "--resume needs --out"},
		{"resume of nothing", []string{"--resume", "--out", out}, 1, "is not a run directory"},
		{"method", tiny(out, "--method", "moco"), 2, "--method moco: this version has byol"},
		{"precision", tiny(out, "--precision", "bfloat16"), 2, "this version has float32"},
		{"device", tiny(out, "--device", "cuda"), 2, "this build has the CPU alone"},
		{"measure", tiny(out, "--gaze", "gazing"), 2, ", or none, permuted, labels"},
		{"measure's parameter", tiny(out, "--gaze", "tima:eps=x"), 2, `eps is "x"`},
		{"tau and positives", tiny(out, "--tau", "0.5", "--positives", "3"), 2, "give one"},
		{"drop", tiny(out, "--drop", "2"), 2, "expected 0 to 1"},
		{"epochs and steps", tiny(out, "--epochs", "3", "--steps", "3"), 2, "give one"},
		{"epochs", tiny(out, "--epochs", "0"), 2, "at least one"},
		{"batch", tiny(out, "--batch", "1"), 2, "at least 2"},
		{"batch beyond the items", tiny(out, "--batch", "50"), 1, "44 items to train on do not fill a batch of 50"},
		{"image size", tiny(out, "--image-size", "1"), 2, "--image-size 1"},
		{"channels", tiny(out, "--channels", "2"), 2, "expected 1 or 3"},
		{"warm-up", tiny(out, "--warmup", "10"), 2, "share of the run"},
		{"learning rate", tiny(out, "--lr", "-1"), 2, "learning rate is -1"},
		{"views", tiny(out, "--flip", "3"), 2, "flip probability is 3"},
		{"preset", tiny(out, "--augment", "wild"), 2, "expected one of medical"},
		{"labels of phantoms", tiny(out, "--labels", "a:b"), 2, "phantoms have their own"},
		{"no such data", []string{"--data", "nowhere", "--out", out}, 1, "nowhere"},
		{"no such init", tiny(out, "--init", "nothing.safetensors"), 1, "nothing.safetensors"},
		{"relate without out", []string{"relate"}, 2, "--out DIR is missing"},
		{"relate none", []string{"relate", "--gaze", "none", "--out", out}, 2, "has no relation"},
		{"evaluate nothing", []string{"evaluate"}, 2, "--run DIR is missing"},
		{"evaluate weights alone", []string{"evaluate", "--weights", "w.safetensors"}, 2, "or --weights FILE with --data DIR"},
		{"evaluate no run", []string{"evaluate", "--run", "."}, 1, "is not a run directory"},
		{"evaluate k", []string{"evaluate", "--run", ".", "--k", "0"}, 2, "--k is at least 1"},
		{"embed without out", []string{"embed", "--run", "."}, 2, "--out DIR is missing"},
		{"export nothing", []string{"export"}, 2, "--run DIR is missing"},
		{"inspect nothing", []string{"inspect"}, 2, "needs the path"},
		{"inspect text", []string{"inspect", "/dev/null"}, 1, "neither a run directory"},
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
`
	c := exec.Command(bash, "--norc")
	c.Stdin = strings.NewReader(script)
	text, err := c.CombinedOutput()
	if want := "flag --readers\nword resnet18 resnet101\nverb evaluate\n"; err != nil || string(text) != want {
		t.Errorf("got %q, %v; expected %q", text, err, want)
	}
}
