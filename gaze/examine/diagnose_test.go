package examine

import (
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
)

func TestDiagnose(t *testing.T) {
	r := &relation.Relation{N: 4, HasGaze: []bool{true, true, true, false}, Values: []float32{
		1, .9, .5, 0,
		.9, 1, .2, 0,
		.5, .2, 1, 0,
		0, 0, 0, 0,
	}}
	d := DiagnoseAt(r, .5, []string{"x", "y", "x", "x"})
	if d.Items != 4 || d.WithGaze != 3 || !gazetest.Within(d.ShareAbove, 1./3, 1e-12) {
		t.Errorf("%+v", d)
	}
	if want := (relation.Counts{Mean: 2. / 3, Median: 1, Least: 0, Most: 1, None: 1. / 3}); d.Positives != want {
		t.Errorf("positives %+v, want %+v", d.Positives, want)
	}
	if d.Quantiles[0] != float64(float32(.2)) || d.Quantiles[4] != .5 || d.Quantiles[8] != float64(float32(.9)) {
		t.Errorf("quantiles %v", d.Quantiles)
	}
	// Pairs: (0,2) of one label .5; (0,1) .9 and (1,2) .2 of two. Nearest: 0 -> 1 no, 1 -> 0 no, 2 -> 0 yes.
	want := Agreement{Items: 3, AUC: .5, Neighbour: 1. / 3, Chance: 1. / 3, Positives: 0}
	if a := *d.Labels; a.Items != 3 || a.AUC != .5 || a.Neighbour != want.Neighbour || !gazetest.Within(a.Chance, want.Chance, 1e-12) || a.Positives != 0 {
		t.Errorf("labels %+v, want %+v", a, want)
	}
	if a := DiagnoseAt(r, .4, []string{"x", "", "x", "x"}).Labels; a.Items != 2 || a.Neighbour != 1 || a.Positives != 1 || a.AUC != .5 {
		t.Errorf("with an item without a label: %+v", a)
	}
	tied := &relation.Relation{N: 3, HasGaze: []bool{true, true, true}, Values: []float32{1, .5, .5, .5, 1, .5, .5, .5, 1}}
	if a := DiagnoseAt(tied, .4, []string{"x", "y", "x"}).Labels; !gazetest.Within(a.Neighbour, (.5+0+.5)/3, 1e-15) || a.AUC != .5 {
		t.Errorf("ties: %+v", a)
	}
	for _, none := range []*relation.Relation{empty(0), empty(3)} {
		d := DiagnoseAt(none, .5, make([]string, none.N))
		if d.WithGaze != 0 || d.ShareAbove != 0 || d.Labels.AUC != 0.5 {
			t.Errorf("%+v", d)
		}
	}
}

func TestDiagnoseMisuse(t *testing.T) {
	defer func() {
		if got := recover(); got != "examine: Diagnose: one label per item" {
			t.Errorf("panic %v", got)
		}
	}()
	DiagnoseAt(empty(2), .5, []string{"a"})
}
