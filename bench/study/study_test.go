package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   string
	}{
		{[]float64{40}, "40.0"},
		{[]float64{40, 42, 44}, "42.0 ± 2.0 (40.0 to 44.0)"},
	} {
		if got := spread(test.values, 1); got != test.want {
			t.Errorf("spread of %v is %q, expected %q", test.values, got, test.want)
		}
	}
}

func TestPage(t *testing.T) {
	s := settings{data: "sets/polyps", labels: "labels.csv:size", methods: []string{"byol"}, relations: []string{"none", "tima"}, seeds: 2}
	v := func(accuracy float64) evaluate.Report {
		scores := evaluate.Scores{Accuracy: accuracy, BalancedAccuracy: accuracy, MacroAUC: accuracy}
		return evaluate.Report{Test: 100, KNN: evaluate.KNNScores{Scores: scores}, Probe: evaluate.ProbeScores{Scores: scores}}
	}
	warned := v(0.6)
	warned.Warnings = []string{"the probe is not done"}
	page := s.page([][]evaluate.Report{{v(0.4), v(0.5)}, {v(0.6), warned}}, time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), "a machine")
	for _, want := range []string{
		"polyps, labels.csv:size", "100 test images",
		"| BYOL | no gaze | 45.0 ± 7.1 (40.0 to 50.0) |", "| BYOL | TIMA | 60.0 ± 0.0 (60.0 to 60.0) |", "0.600 ± 0.000",
		"One image more or less is 1.0 %", "near 40 % is 4.9 %", "2025-01-02, a machine",
		"\nbyol with tima, seed 1: the probe is not done.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// A study of two relations on phantoms makes its runs, evaluates them, keeps what is done and continues what was cut off.
func TestStudy(t *testing.T) {
	dev := reference.New(kernels.Float32)
	defer dev.Close()
	s := settings{
		runs: t.TempDir(), methods: []string{"byol", "moco"}, relations: []string{"none", "permuted:heatmap-cc"}, seeds: 1, epochs: 1, size: 16,
		batch: 8, positives: 4, lr: 1e-3, arch: nn.Arch{Depth: 18, Width: 1, Channels: 1}, phantoms: 40,
	}
	set, err := dataset.Open(t.Context(), dataset.Settings{Phantoms: 40, ImageSize: 16, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := &study{s, dev, set}
	results, err := x.results(t.Context())
	if err != nil || len(results) != 4 || len(results[1]) != 1 || results[1][0].Test == 0 || results[1][0].Steps == 0 {
		t.Fatalf("%+v, %v", results, err)
	}
	dir := rundir.Dir(filepath.Join(s.runs, "byol-permuted-heatmap-cc-0"))
	if _, err := os.Stat(dir.Relation()); err != nil {
		t.Error(err)
	}
	results[1][0].KNN.K = 99 // a mark
	if err := rundir.WriteJSON(dir.Evaluation(), results[1][0]); err != nil {
		t.Fatal(err)
	}
	if r, err := x.result(t.Context(), condition{"byol", "permuted:heatmap-cc"}, 0); err != nil || r.KNN.K != 99 {
		t.Errorf("what is done is made again: %+v, %v", r, err)
	}
	results[1][0].Labels = "labels.csv:other" // as the command may have left it
	if err := rundir.WriteJSON(dir.Evaluation(), results[1][0]); err != nil {
		t.Fatal(err)
	}
	if r, err := x.result(t.Context(), condition{"byol", "permuted:heatmap-cc"}, 0); err != nil || r.Probe.Accuracy != results[1][0].Probe.Accuracy || r.KNN.K == 99 {
		t.Errorf("a run that is there is evaluated as %+v, %v", r, err)
	}
	x.positives = 8
	if _, err := x.result(t.Context(), condition{"byol", "permuted:heatmap-cc"}, 0); err == nil || !strings.Contains(err.Error(), "positives.rule.per_item is 4 in the run, but 8 here") {
		t.Errorf("a run of other settings: %v", err)
	}
}

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(file, "below")
	for _, s := range []settings{{out: below, runs: t.TempDir()}, {out: filepath.Join(t.TempDir(), "study.md"), runs: below}} {
		s.data = "no such folder"
		if err := run(t.Context(), s); err == nil || !strings.Contains(err.Error(), below) {
			t.Errorf("error %v, expected one of %s", err, below)
		}
	}
}
