package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every setting that a package checks is named by its flag, once, without the package's name.
func TestMistakesAreInTheWordsOfFlags(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for _, args := range []string{
		"--lr -1", "--weight-decay -1", "--target-momentum 2", "--accumulate 0", "--width 0", "--embedding -3", "--projector -1", "--predictor -1", "--warmup 2",
		"--flip 3", "--crop 2", "--crop-min 2", "--jitter -1", "--blur 2", "--solarize 2", "--decolour 2", "--brightness -1", "--contrast -1", "--saturation -1",
		"--hue 1", "--quantile 2 --rule quantile", "--positives 0.5 --rule top-k", "--tau-full 0.1 --tau 0.5 --rule soft", "--mutual",
		"--temperature -1 --method simclr", "--queue 3 --method moco", "--key-momentum 2 --method moco", "--steps 3 --accumulate 4", "--drop 2", "--batch 1",
		"--image-size 1", "--k 0",
	} {
		flag, _, _ := strings.Cut(args, " ")
		line := append([]string{"--gaze", "heatmap-cc", "--image-size", "16", "--out", out}, strings.Fields(args)...)
		if flag == "--k" {
			line = []string{"evaluate", "--run", ".", "--k", "0"}
		}
		o := gzpt(t, line...)
		first := strings.SplitN(o.stderr, "\n", 2)[0]
		if o.status != 2 || !strings.HasPrefix(first, "error: ") || !strings.Contains(first, flag) && flag != "--accumulate" || strings.Count(o.stderr, "error:") != 1 {
			t.Errorf("%s: status %d, %s", args, o.status, o.stderr)
		}
		for _, word := range []string{"nn:", "config:", "arch:", "optimiser:", "augmentation:", "pretrain:"} {
			if strings.Contains(o.stderr, word) {
				t.Errorf("%s: %s", args, o.stderr)
			}
		}
	}
}

func TestNearestWords(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct{ args, want, not string }{
		{"--epoch 3", "unknown flag --epoch: did you mean --epochs?", ""},
		{"--imagesize 3", "did you mean --image-size?", ""},
		{"--zzzzzz 3", "unknown flag --zzzzzz;", "did you mean"},
		{"--method bylo", "--method bylo: expected one of byol, ", ""},
		{"--method bylo", "did you mean byol?", ""},
		{"--method transformer", "expected one of byol", "did you mean"},
		{"--augment medcal", "did you mean medical?", ""},
		{"--gaze tma", "did you mean tima?", ""},
		{"--gaze premuted:tima", "did you mean permuted?", ""},
		{"--gaze heatmap-cc --fixations itd", "did you mean idt?", ""},
		{"evalute", "did you mean evaluate?", ""},
	} {
		line := strings.Fields(c.args)
		if strings.HasPrefix(c.args, "--") {
			line = append([]string{"--out", out}, line...)
		}
		if o := gzpt(t, line...); o.status != 2 || !strings.Contains(o.stderr, c.want) || c.not != "" && strings.Contains(o.stderr, c.not) {
			t.Errorf("%s: status %d, %s; expected %q", c.args, o.status, o.stderr, c.want)
		}
	}
}

// A path comes once in what the command says.
func TestPathOnce(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.png")
	if err := os.WriteFile(path, []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := gzpt(t, short(folder, "r")...); o.status != 1 || strings.Count(o.stderr, path) != 1 {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// Many bad images are ten warnings and a count.
func TestManyWarnings(t *testing.T) {
	folder := makeData(t, nil)
	for i := range 30 {
		if err := os.WriteFile(filepath.Join(folder, "images", fmt.Sprintf("bad%02d.png", i)), []byte("no image"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := filepath.Join(t.TempDir(), "run")
	o := gzpt(t, short(folder, run, "--skip-bad")...)
	if got := strings.Count(o.stderr, "warning: left out: "); o.status != 0 || got != 10 || !strings.Contains(o.stderr, "warning: 20 more like this: left out: ") {
		t.Errorf("status %d, %d warnings: %s", o.status, got, o.stderr)
	}
	if got := strings.Count(readFile(t, run, "train.log"), "left out: "); got < 30 {
		t.Errorf("the log has %d of the warnings", got)
	}
}

// The weights would never change, or not in the last steps.
func TestAccumulate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	refuses(t, gzpt(t, tiny(out, "--steps", "3", "--accumulate", "4")...), 2, "--accumulate 4: expected at most --steps 3")
	refuses(t, gzpt(t, tiny(out, "--epochs", "1", "--accumulate", "6")...), 1, "6 steps for an update in a run of 5: the weights would never change: --accumulate N")
	says(t, gzpt(t, tiny(out, "--steps", "6", "--accumulate", "4")...), "the last 2 of 6 steps make no update of the weights, which takes 4")
}
