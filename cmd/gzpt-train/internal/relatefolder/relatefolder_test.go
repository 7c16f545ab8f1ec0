package relatefolder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/gaze/examine"
	"gzpt/kernels/checksum"
	"gzpt/nn/rundir"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// What was done comes back, also as older versions wrote it; what is damaged is refused.
func TestProgress(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	if p, err := ReadProgress(dir); err != nil || p.Relation != "" || p.Comparison != nil {
		t.Errorf("of nothing: %+v, %v", p, err)
	}
	want := Progress{Relation: "01234567", Comparison: []examine.Comparison{{Name: "tima", Measure: "tima:eps=0.1"}}}
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	p, err := ReadProgress(dir)
	if err != nil || p.Relation != want.Relation || len(p.Comparison) != 1 || p.Comparison[0] != want.Comparison[0] {
		t.Errorf("%+v, %v", p, err)
	}
	if sum, err := p.RelationSum(dir); err != nil || sum != "01234567" {
		t.Errorf("sum %q, %v", sum, err)
	}
	text, err := os.ReadFile(dir.Comparison())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir.Comparison(), strings.Replace(string(text), "0123", "0124", 1))
	if _, err := ReadProgress(dir); !errors.Is(err, checksum.ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	write(t, dir.Comparison(), `[{"name": "tima", "measure": "tima:eps=0.1"}]`)
	if p, err := ReadProgress(dir); err != nil || len(p.Comparison) != 1 || p.Relation != "" {
		t.Errorf("of an older version: %+v, %v", p, err)
	}
	write(t, dir.Comparison(), `[{"name": "tima", "labels": {"precision_at": []}}]`)
	if _, err := ReadProgress(dir); err == nil || !strings.Contains(err.Error(), "the precision of tima is missing") {
		t.Errorf("without its figures: %v", err)
	}
	write(t, dir.Diagnosis(), `{"checksums": {"relation.npy": "89abcdef"}}`)
	if sum, err := (Progress{}).RelationSum(dir); err != nil || sum != "89abcdef" {
		t.Errorf("sum of the report %q, %v", sum, err)
	}
}

// A folder in which nothing was computed makes way; one that has a block, is a training's or has another file does not.
func TestUnbegun(t *testing.T) {
	const record = `{"started": "today", "settings": {"gaze": "tima"}}`
	for name, test := range map[string]struct {
		files   map[string]string
		unbegun bool
	}{
		"a record":          {map[string]string{"config.json": record, "items.csv": ""}, true},
		"space was taken":   {map[string]string{"config.json": record, "relation.npy.part": "", "relation.npy.readers.part": ""}, true},
		"blocks":            {map[string]string{"config.json": record, "relation.npy.part": "", "relation.npy.blocks": "{}"}, false},
		"a relation":        {map[string]string{"config.json": record, "relation.npy": ""}, false},
		"somebody's file":   {map[string]string{"config.json": record, "notes.txt": ""}, false},
		"a training":        {map[string]string{"config.json": `{"started": "today", "settings": {"lr": 1}, "network": {"lr": 1}}`}, false},
		"not ours":          {map[string]string{"config.json": `{}`}, false},
		"nothing of a call": {map[string]string{"relation.npy.part": ""}, false},
	} {
		folder := t.TempDir()
		for file, text := range test.files {
			write(t, filepath.Join(folder, file), text)
		}
		if got := Unbegun(folder); got != test.unbegun {
			t.Errorf("%s: unbegun %v", name, got)
		}
		err := DiscardUnbegun(rundir.Dir(folder))
		left, _ := os.ReadDir(folder)
		if (err == nil) != test.unbegun || test.unbegun == (len(left) > 0) {
			t.Errorf("%s: discarded with %v, %v left", name, err, left)
		}
	}
}
