package pretrain

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/kernels/npy"
	"gzpt/nn/pretrain/dataset"
)

func TestAlike(t *testing.T) {
	for _, test := range []struct {
		by, spec             string
		needsGaze, isPermute bool
	}{
		{"", "tima", true, false},
		{"heatmap-cc:sigma=0.1", "heatmap-cc:sigma=0.1", true, false},
		{"permuted", "tima", true, true},
		{"permuted:dhash", "dhash", true, true},
		{"none", "none", false, false},
		{"labels", "labels", false, false},
		{ReadyMade, ReadyMade, false, false},
	} {
		a := Alike{By: test.by}
		if a.Spec() != test.spec || a.NeedsGaze() != test.needsGaze || a.Permuted() != test.isPermute {
			t.Errorf("%q: measure %q, needs gaze %v, permuted %v", test.by, a.Spec(), a.NeedsGaze(), a.Permuted())
		}
	}
}

func TestRelate(t *testing.T) {
	b := newTrial(t)
	relate := func(a Alike) *Related {
		t.Helper()
		r, err := a.Relate(t.Context(), b.dev, b.set, RelateOptions{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := relate(Alike{By: "none"}); r.Relation != nil {
		t.Error("no relation is one")
	}
	measured := relate(Alike{By: "heatmap-cc"})
	if measured.Timing == nil || measured.N != 40 {
		t.Errorf("%+v", measured)
	}
	// Only the training items change places: the control has as many positives among them as the real thing.
	permuted := relate(Alike{By: "permuted:heatmap-cc"})
	rows, err := Rows(b.set, b.set.Recordings)
	if err != nil {
		t.Fatal(err)
	}
	sorted := func(r *Related, training bool) (values []float32) {
		for i := range rows {
			for j := range rows {
				if rows[i].Training == training && rows[j].Training == training {
					values = append(values, r.At(i, j))
				}
			}
		}
		return values
	}
	if !slices.Equal(sorted(measured, false), sorted(permuted, false)) || slices.Equal(sorted(measured, true), sorted(permuted, true)) {
		t.Error("the gaze on items that are not trained on was permuted, or that on the others was not")
	}
	before, after := sorted(measured, true), sorted(permuted, true)
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Error("the permuted relation of the training items has other values")
	}
	labels := relate(Alike{By: "labels"})
	if items := b.set.Items(); labels.At(0, 1) != 0 && items[0].Label != items[1].Label {
		t.Error("two labels are alike")
	}
	if _, err := (Alike{By: "guess"}).Relate(t.Context(), b.dev, b.set, RelateOptions{}); err == nil {
		t.Error("a measure that there is not")
	}
}

func TestReadyMadeRelation(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	matrix, names := filepath.Join(folder, "r.npy"), filepath.Join(folder, "names.txt")
	if err := npy.WriteFile(matrix, []int{2, 2}, []float32{1, 0.5, 0.25, 1}); err != nil {
		t.Fatal(err)
	}
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(names, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	a := Alike{By: ReadyMade, Matrix: matrix, Names: names}
	write("phantom-00003", "phantom-00001")
	r, err := a.Relate(t.Context(), b.dev, b.set, RelateOptions{})
	if err != nil || r.At(3, 1) != 0.375 || r.Listed != 2 || r.Missing != 38 || r.Asymmetry != 0.25 {
		t.Errorf("%+v, %v", r, err)
	}
	write("a.png", "b.png")
	if _, err := a.Relate(t.Context(), b.dev, b.set, RelateOptions{}); err == nil || !strings.Contains(err.Error(), "names.txt") {
		t.Errorf("a matrix of other images: %v", err)
	}
	unlabelled, err := dataset.Named(dataset.Settings{}, []string{"a.png"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Alike{By: "labels"}).Relate(t.Context(), b.dev, unlabelled, RelateOptions{}); !errors.Is(err, ErrNoLabels) {
		t.Errorf("error %v", err)
	}
}

func TestPositivesOfSoftWeights(t *testing.T) {
	b := newTrial(t)
	rows, err := Rows(b.set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Positives(b.Relation, relation.Rule{Kind: "soft", PerItem: 1, Full: 0.01}, rows); !errors.Is(err, ErrFlat) {
		t.Errorf("error %v", err)
	}
}

// The most alike of an item are sought among those that are trained on: others, however alike, take nobody's place.
func TestPositivesAmongTheTrained(t *testing.T) {
	const n = 6 // the second half is not trained on, and is what all are most alike to
	rows, r := make([]Row, n), relation.FromValues(n, make([]float32, n*n))
	for i := range n {
		rows[i].Training, r.HasGaze[i] = i < n/2, true
		for j := range n {
			r.Values[i*n+j] = float32(i+j+1) / (2 * n)
		}
	}
	p, err := Positives(r, relation.Rule{Kind: "top-k", K: 1}, rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range i {
			if want := i == 2; p.Weight(i, j) > 0 != want { // 2 is the most alike of 0 and of 1
				t.Errorf("items %d and %d are positives: %v", i, j, !want)
			}
		}
	}
}
