package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	s := settings{data: "sets/polyps", labels: "labels.csv:size", methods: []string{"none", "tima"}, seeds: 2}
	v := func(accuracy float64) evaluation {
		return evaluation{Test: 100, KNN: scores{Accuracy: accuracy}, Probe: scores{Accuracy: accuracy, Balanced: accuracy, AUC: accuracy}}
	}
	page := s.page([][]evaluation{{v(0.4), v(0.5)}, {v(0.6), v(0.6)}}, time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), "a machine")
	for _, want := range []string{
		"polyps, labels.csv:size", "100 test images",
		"| no gaze (plain BYOL) | 45.0 ± 7.1 (40.0 to 50.0) |", "| TIMA | 60.0 ± 0.0 (60.0 to 60.0) |", "0.600 ± 0.000",
		"One image more or less is 1.0 %", "near 40 % is 4.9 %", "2025-01-02, a machine",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

func TestFinishedRunsAreKept(t *testing.T) {
	s := settings{runs: t.TempDir()}
	run := filepath.Join(s.runs, "permuted-tima-1")
	if err := os.MkdirAll(run, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "evaluate.json"), []byte(`{"step":30,"steps":30,"knn":{"accuracy":0.5}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	v, err := s.result(t.Context(), "/nonexistent/gzpt-train", "permuted:tima", 1)
	if err != nil || v.KNN.Accuracy != 0.5 {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := s.result(t.Context(), "/nonexistent/gzpt-train", "none", 1); err == nil {
		t.Error("a run that is missing is not made")
	}
}
