package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/asm"
	"gzpt/bench"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// fake starts a peer that answers every line with the given text.
func fake(t *testing.T, answer string) *peer {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh to play the other side")
	}
	script := filepath.Join(t.TempDir(), "peer.sh")
	if err := os.WriteFile(script, []byte("echo fake \"$@\"\nwhile read line; do echo "+answer+"; done\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := start("sh", script, "avx2", 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// TestTurns plays a comparison against a peer that always needs three seconds for a turn of two repetitions.
func TestTurns(t *testing.T) {
	p := fake(t, "3")
	if p.name != "fake --threads 3" {
		t.Errorf("the peer introduced itself as %q", p.name)
	}
	turns := 0
	r := row{Tier: "reference", Work: "byol 64 8"}
	if err := r.interleave(5, 2, p, func() error { turns++; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(r.Ours) != 5 || len(r.Theirs) != 5 || median(r.Theirs) != 1.5 {
		t.Errorf("turns of ours %v, of theirs %v: expected five each, theirs of 1.5 s", r.Ours, r.Theirs)
	}
	if turns != 1+5*2 {
		t.Errorf("ours ran %d times: expected one warm-up and 5 turns of 2", turns)
	}
}

// TestPages shows medians, shares of the peak and the ratio of a record, and that no page of convolutions is written
// where none were measured.
func TestPages(t *testing.T) {
	c := record{Date: "2025-01-02", Machine: "a machine", Peers: map[string]string{"avx2": "the peer"}, Rows: []row{{
		Tier: "avx2", Name: "64 x 64, batch 8", Pairs: 8, Operations: 50e9,
		Ours: []float64{1, 9, 1}, Theirs: []float64{2, 2, 9}, Peaks: []float64{100, 100, 100},
	}}}
	dir := t.TempDir()
	if err := c.write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "speed.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2025-01-02, a machine. Beside avx2: the peer. Medians of 3",
		"| 64 x 64, batch 8 | avx2 | 8.00 (50 %) | 4.00 (25 %) | 2.00 |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "convolutions.md")); err == nil {
		t.Error("a page of convolutions was written without any")
	}
	c.Rows = append(c.Rows, row{Tier: "avx2", Name: "n16", Direction: "forward", Operations: 50e9,
		Ours: []float64{1}, Theirs: []float64{0.5}, Peaks: []float64{100}})
	if want := "| n16 | forward | avx2 | 50 (50 %) | 100 (100 %) | 0.50 |"; !strings.Contains(c.convolutions(), want) {
		t.Errorf("no %q in\n%s", want, c.convolutions())
	}
}

// TestBadAnswer shows that an answer that is no number ends the comparison.
func TestBadAnswer(t *testing.T) {
	_, err := fake(t, "oops").time("byol 64 8", 1)
	if err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("got error %v: expected one that quotes the answer", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median %v: expected %v", got, c.want)
		}
	}
}

// TestGazePage shows rates by each side's own number of pairs, and their ratio.
func TestGazePage(t *testing.T) {
	c := gazeRecord{Date: "2025-01-02", Machine: "a machine", Peer: "the peer", Rows: []gazeRow{{
		Measure: "dtw", Library: "a library", Pairs: 1_000_000, TheirPairs: 50, Difference: 2e-8, Ours: []float64{1, 9, 1}, Theirs: []float64{2, 2, 9},
	}}}
	dir := t.TempDir()
	if err := c.write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "gaze.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2025-01-02, a machine, one core. Beside the peer. Medians of 3", "| dtw | a library | 1 M | 25 | 4e+04 | 2e-08 |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// TestGazeWorks demands that a comparison refuses a side that computes something else.
func TestGazeWorks(t *testing.T) {
	dev := reference.New(kernels.Float32)
	defer dev.Close()
	w := gazeWork{"heatmap-cc", 10, 10, "a library", same}
	_, err := w.compare(settings{rounds: 1}, dev, "reference", bench.Scanpaths(10, 5), fake(t, "7"))
	if err == nil || !strings.Contains(err.Error(), "the sides differ by") {
		t.Errorf("error %v", err)
	}
}

// theirValues is what the libraries of gaze_measures.py returned for the first two scanpaths: multimatch-gaze 0.1.3, dtw 1.4.0,
// NumPy 2.4.6, SciPy 1.17.1, similaritymeasures 1.5.0, RapidFuzz 3.14.6, scikit-image 0.26.0, POT 0.9.7, ImageHash 4.3.2.
var theirValues = map[string]float64{
	"multimatch":  0.7950154281,
	"dtw":         0.7763002817,
	"hausdorff":   274.4626712,
	"frechet":     386.514252,
	"levenshtein": 0,
	"jsd":         0.8047710732,
	"heatmap-cc":  0.03634383106,
	"cosine":      0.23240949,
	"sim":         0.23502691,
	"ssim":        0.06909988317,
	"emd":         1.88998465,
	"dhash":       0.23262104,
	"ahash":       0.625,
	"phash":       0.65625,
}

// TestGazeValues holds our measures to the libraries' values where there is no Python.
func TestGazeValues(t *testing.T) {
	dev := reference.New(kernels.Float32)
	defer dev.Close()
	for _, w := range gazeWorks {
		v, ok := theirValues[w.measure]
		if !ok {
			t.Errorf("%s: no value of %s recorded", w.measure, w.library)
			continue
		}
		r, err := similarity.Relate(t.Context(), dev, bench.Scanpaths(2, fixationsEach), similarity.RelateOptions{Measure: w.measure})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := float64(r.At(0, 1)), w.similarity(v); !(math.Abs(got-want) <= maxDifference) {
			t.Errorf("%s: %g, by %s %g", w.measure, got, w.library, want)
		}
	}
}

// TestContrastPage shows the medians of three sides, their ratios, the share of the peak and the memory.
func TestContrastPage(t *testing.T) {
	c := contrastRecord{Date: "2025-01-02", Machine: "a machine", Peers: map[string]string{"avx2": "the peer"}, Rows: []contrastRow{{
		Tier: "avx2", Form: "plain", Anchors: 1024, Operations: 1e9, Peaks: []float64{100, 100, 100}, Between: []float64{310, 50, 60},
		Sides: map[string]side{
			"gzpt":     {Seconds: []float64{0.02, 0.9, 0.02}, Memory: 2e6},
			"eager":    {Seconds: []float64{0.05, 0.05, 0.9}, Memory: 9e6},
			"compiled": {Seconds: []float64{0.03, 0.03, 0.03}, Memory: 8e6},
		},
	}}}
	folder := t.TempDir()
	if err := c.write(folder); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, "contrast.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2025-01-02, a machine. Beside avx2: the peer. Medians of 3",
		"| plain | avx2 | 1024 | 20 (50 %) | 50, 2.50 times | 30, 1.50 times | 2 | 9 | 8 | 50 to 310 |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page is\n%s\nexpected in it: %s", page, want)
		}
	}
}

// TestContrastTurns gives a small loss turns with a peer that always needs three seconds.
func TestContrastTurns(t *testing.T) {
	dev := reference.New(kernels.Float32)
	ours := bench.NewContrast(dev, 8, 4, false)
	r := contrastRow{Tier: "reference", Form: "plain", Anchors: 8, Operations: 2e10, Sides: map[string]side{}}
	if err := r.turns(2, ours, fake(t, "3")); err != nil {
		t.Fatal(err)
	}
	if len(r.Peaks) != 2 || len(r.Between) != 2 {
		t.Errorf("peaks %v, between cores %v: expected one a turn", r.Peaks, r.Between)
	}
	for _, name := range contrastSides {
		if got := r.Sides[name].Seconds; len(got) != 2 || name != "gzpt" && median(got) != 1.5 {
			t.Errorf("%s took %v: expected two turns, of a peer 1.5 s for each of two losses", name, got)
		}
	}
}

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(file, "results")
	for name, s := range map[string]settings{"steps": {}, "gaze": {gaze: true}, "contrast": {contrast: true}} {
		s.out, s.python, s.tiers = out, "no such interpreter", asm.Tiers()
		if err := run(s); err == nil || !strings.Contains(err.Error(), out) {
			t.Errorf("%s: error %v, expected one of %s", name, err, out)
		}
	}
}
