package pretrain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/kernels/checksum"
	"gzpt/nn/evaluate"
	"gzpt/nn/rundir"
)

// changed writes a file with one bit of it changed.
func changed(t *testing.T, path string, at float64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[int(at*float64(len(text)))] ^= 1
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A backbone of another step, of another run, damaged or missing is refused by all that read it, and a run that goes on has
// exported it anew, though it was done.
func TestBackboneApart(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	other := *b
	other.Network.Seed = 5
	early, foreign := filepath.Join(folder, "early"), filepath.Join(folder, "foreign")
	b.train(t, early, Options{StopAfter: 2})
	other.train(t, foreign, Options{})
	run := filepath.Join(folder, "run")
	b.train(t, run, Options{})
	whole, dir := backbone(t, run), rundir.Dir(run)
	if _, remarks, err := Check(dir); err != nil || remarks != nil {
		t.Fatalf("%v, %v", remarks, err)
	}
	plant := func(text string) func() {
		return func() { os.WriteFile(dir.Backbone(), []byte(text), 0o666) }
	}
	for name, test := range map[string]struct {
		make func()
		kind error
		want string
	}{
		"earlier": {plant(backbone(t, early)), ErrStale, "it is of step 6, the checkpoint of step 12"},
		"foreign": {plant(backbone(t, foreign)), ErrStale, "of another run"},
		"damaged": {func() { changed(t, dir.Backbone(), 0.9) }, checksum.ErrDamaged, "its checksum is"},
		"missing": {func() { os.Remove(dir.Backbone()) }, ErrStale, "it is missing"},
	} {
		test.make()
		if _, _, err := Check(dir); !errors.Is(err, test.kind) || !strings.Contains(err.Error(), dir.Backbone()) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Check gives %v", name, err)
		}
		o := evaluate.BackboneOptions{EncodeOptions: evaluate.EncodeOptions{ImageSize: 16}, Batch: 8}
		if _, err := Evaluate(t.Context(), b.dev, dir, b.set, o); !errors.Is(err, test.kind) {
			t.Errorf("%s: Evaluate gives %v", name, err)
		}
		var warned []string
		b.train(t, run, Options{Resume: true, Observer: Observer{Warn: func(text string) { warned = append(warned, text) }}})
		if backbone(t, run) != whole || len(warned) != 1 || !strings.Contains(warned[0], "exported anew") {
			t.Errorf("%s: the run that goes on has another backbone, or does not say so: %q", name, warned)
		}
	}
}

// A changed byte of any file that a run reads back is refused by the name of the file, or told where nothing follows from it.
func TestDamagedRunIsRefused(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	begun := filepath.Join(folder, "begun")
	b.train(t, begun, Options{StopAfter: 1})
	for _, name := range []string{"config.json", "items.csv", "relation.npy", "checkpoints/last.ckpt", "metrics.jsonl"} {
		for _, at := range []float64{0, 0.1, 0.5, 0.77, 0.99} {
			run := filepath.Join(folder, fmt.Sprintf("%s-%v", filepath.Base(name), at))
			if err := os.CopyFS(run, os.DirFS(begun)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(run, filepath.FromSlash(name))
			changed(t, path, at)
			d, warned := b.Data, ""
			d.Relation = nil // that of the run
			r, err := Open(b.dev, run, d, b.Settings, Options{Resume: true, Observer: Observer{Warn: func(text string) { warned += text }}})
			if err == nil {
				err = r.Train(t.Context())
				r.Close()
			}
			if name == "metrics.jsonl" {
				if err != nil || !strings.Contains(warned, path+": the lines [") {
					t.Errorf("%s at %v: %q, %v", name, at, warned, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s at %v: error %v", name, at, err)
			}
		}
	}
}

// The record of another run is not taken for that of the checkpoint, and a relation that is no relation of the items not for one.
func TestRecordApart(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	run, other := filepath.Join(folder, "run"), filepath.Join(folder, "other")
	b.train(t, run, Options{StopAfter: 1})
	b.Network.Seed = 5
	b.train(t, other, Options{StopAfter: 1})
	text, err := os.ReadFile(rundir.Dir(other).Config())
	if err == nil {
		err = os.WriteFile(rundir.Dir(run).Config(), text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Check(rundir.Dir(run)); !errors.Is(err, ErrApart) || !strings.Contains(err.Error(), "config.json: not that of the checkpoint beside it: seed is 5, but 0 in") {
		t.Errorf("error %v", err)
	}
	for want, r := range map[string]*relation.Relation{
		"a relation of 2 items, expected 40": relation.FromValues(2, make([]float32, 4)),
		"has 1 similarities":                 {N: 40, Values: make([]float32, 1), HasGaze: make([]bool, 40)},
	} {
		b.Relation = r
		if _, err := Open(b.dev, run+"2", b.Data, b.Settings, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}
