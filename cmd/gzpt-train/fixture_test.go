package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/asm"
	"gzpt/kernels/npy"
)

// Two runs that the version before named and versioned settings made on the AVX2 tier, of the same settings and seed: one
// was stopped after its first epoch of three, inside an accumulation, the other is finished and evaluated.
const (
	oldRuns = "../../nn/pretrain/testdata"
	oldTier = "avx2"
)

// oldRun is a copy of such a run, which the test may change.
func oldRun(t *testing.T, name string) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(run, os.DirFS(filepath.Join(oldRuns, name))); err != nil {
		t.Fatal(err)
	}
	return run
}

// onTier runs the command on a tier, the reference where this machine or build lacks it.
func onTier(t *testing.T, tier string, args ...string) string {
	t.Helper()
	if !slices.Contains(asm.Tiers(), tier) {
		tier = "reference"
	}
	c := command(t, args...)
	c.Env = append(c.Env, "GZPT_CPU="+tier)
	text, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
	return string(text)
}

// TestOldRunGoesOn resumes the old run on every tier. The loss of the last step is that of the run that was never stopped,
// as far as float32 allows after ten steps.
func TestOldRunGoesOn(t *testing.T) {
	const steps, tolerance = 15, 1e-3
	want := metricsOf(t, filepath.Join(oldRuns, "finished"), steps)[steps-1]["loss"]
	for _, tier := range asm.Tiers() {
		t.Run(tier, func(t *testing.T) {
			run := oldRun(t, "stopped")
			said := onTier(t, tier, "--resume", "--out", run)
			if got := metricsOf(t, run, steps)[steps-1]["loss"]; !(math.Abs(got-want) < tolerance) {
				t.Errorf("the last loss is %v, expected %v within %v", got, want, tolerance)
			}
			same := weightsIn(backboneOf(t, run)) == weightsIn(backboneOf(t, filepath.Join(oldRuns, "finished")))
			if warned := strings.Contains(said, "not to the same bits"); same == warned {
				t.Errorf("the same bits as before: %v, but resume says\n%s", same, said)
			}
		})
	}
}

// TestOldRunIsRead exports, embeds, evaluates and inspects the finished run, and compares with what its version found.
func TestOldRunIsRead(t *testing.T) {
	run, out := oldRun(t, "finished"), t.TempDir()
	_, want, err := npy.ReadFile(filepath.Join(run, "features.npy"))
	if err != nil {
		t.Fatal(err)
	}
	exported := filepath.Join(out, "backbone.safetensors")
	succeed(t, "export", "--run", run, "--out", exported)
	if weightsIn(readFile(t, exported)) != weightsIn(backboneOf(t, run)) {
		t.Error("the checkpoint gives another backbone than the run exported")
	}
	features := filepath.Join(out, "features")
	succeed(t, "embed", "--run", run, "--out", features)
	_, got, err := npy.ReadFile(filepath.Join(features, "features.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(got, want); !(d < 1e-4) {
		t.Errorf("features differ by %g of their norm", d)
	}
	before := readFile(t, run, "evaluate.json")
	succeed(t, "evaluate", "--run", run)
	if a, b := scoresIn(t, before), scoresIn(t, readFile(t, run, "evaluate.json")); a != b {
		t.Errorf("evaluate finds %s, found %s before", b, a)
	}
	if o := succeed(t, "inspect", run); !strings.Contains(o.stdout, "step 15 of 15") || !strings.Contains(o.stdout, "44 of them to train on") {
		t.Errorf("inspect says\n%s", o.stdout)
	}
	succeed(t, "--resume", "--out", run)
	if weightsIn(backboneOf(t, run)) != weightsIn(backboneOf(t, filepath.Join(oldRuns, "finished"))) {
		t.Error("resuming a finished run changed it")
	}
}

// weightsIn is the elements in a safetensors file, without what its header says of them.
func weightsIn(text string) string { return text[8+binary.LittleEndian.Uint64([]byte(text[:8])):] }

// distance is the norm of the difference of two vectors as a part of the norm of the second.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	difference, norm := 0.0, 0.0
	for i, v := range b {
		d := float64(a[i]) - float64(v)
		difference, norm = difference+d*d, norm+float64(v)*float64(v)
	}
	return math.Sqrt(difference / norm)
}

// scoresIn is the scores of an evaluate.json, to three digits.
func scoresIn(t *testing.T, text string) string {
	t.Helper()
	type scores struct {
		Accuracy float64
		Balanced float64 `json:"balanced_accuracy"`
		AUC      float64 `json:"macro_auc"`
	}
	var v struct {
		Step, Steps int
		KNN, Probe  scores
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d/%d %.3f %.3f", v.Step, v.Steps, v.KNN, v.Probe)
}

// An old run whose files were exchanged is refused, as it was by its own version.
func TestOldRunThatWasChangedIsRefused(t *testing.T) {
	for _, test := range []struct {
		file, old, with string
		want            string
	}{
		{"config.json", `"drop": 0.25`, `"drop": 0.5`, "config.json: data is"},
		{"config.json", `"flip": 0.4`, `"flip": 0.5`, "config.json: data is"},
		{"config.json", `"lr": 0.001`, `"lr": 0.002`, "config.json: lr is 0.001 in the run, but 0.002 here"},
		{"items.csv", "phantom-00000", "phantom-99999", `items.csv:2: image "phantom-99999"`},
		{"relation.npy", "\x00\x00\x80\x3f", "\x00\x00\x81\x3f", "config.json: data is"},
	} {
		run := oldRun(t, "stopped")
		text := readFile(t, run, test.file)
		changed := strings.Replace(text, test.old, test.with, 1)
		if changed == text {
			t.Fatalf("%s has no %q", test.file, test.old)
		}
		if err := os.WriteFile(filepath.Join(run, test.file), []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		if o := gzpt(t, "--resume", "--out", run); o.status != 1 || !strings.Contains(o.stderr, test.want) {
			t.Errorf("%s with %q: status %d, %s; expected %q", test.file, test.with, o.status, o.stderr, test.want)
		}
	}
}
