// Package rundir is the folder that a run writes: where each file is, how the folder comes to be, how files are written
// so that a crash never leaves half of one, and who may write to it.
package rundir

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gzpt/kernels/atomicfile"
)

// Dir is the path of a run directory.
type Dir string

// Config is the file with every setting of the run.
func (d Dir) Config() string { return filepath.Join(string(d), "config.json") }

// Log is the file with the lines that the console showed.
func (d Dir) Log() string { return filepath.Join(string(d), "train.log") }

// Metrics is the file with a line for every step.
func (d Dir) Metrics() string { return filepath.Join(string(d), "metrics.jsonl") }

// Items is the table of the run's items.
func (d Dir) Items() string { return filepath.Join(string(d), "items.csv") }

// Relation is the relation matrix, rows in the order of Items.
func (d Dir) Relation() string { return filepath.Join(string(d), "relation.npy") }

// Diagnosis is what relate says about the relation.
func (d Dir) Diagnosis() string { return filepath.Join(string(d), "relate.json") }

// Page is the report of a relation for a person.
func (d Dir) Page() string { return filepath.Join(string(d), "relate.html") }

// Comparison is what relate has done, of other measures too, while it works.
func (d Dir) Comparison() string { return filepath.Join(string(d), "compare.json") }

// Checkpoint is the last checkpoint.
func (d Dir) Checkpoint() string { return filepath.Join(string(d), "checkpoints", "last.ckpt") }

// Backbone is the exported backbone of the last checkpoint.
func (d Dir) Backbone() string { return filepath.Join(string(d), "exported", "backbone.safetensors") }

// Evaluation is what evaluate found.
func (d Dir) Evaluation() string { return filepath.Join(string(d), "evaluate.json") }

// Views is the folder of dumped views.
func (d Dir) Views() string { return filepath.Join(string(d), "views") }

// Is reports whether path is the directory of a run or a relation: its config.json says when that began and with what.
func Is(path string) bool {
	var c struct {
		Started           string
		Settings, Network map[string]any
	}
	return ReadJSON(Dir(path).Config(), &c) == nil && c.Started != "" && (c.Settings != nil || c.Network != nil)
}

// Open is the run directory at path, which must have a config.json.
func Open(path string) (Dir, error) {
	d := Dir(path)
	if err := finish(path); err != nil {
		return "", err
	}
	if _, err := os.Stat(d.Config()); err != nil {
		return "", fmt.Errorf("%s is not a run directory: %w", path, err)
	}
	return d, nil
}

// WriteAside writes a file so that path holds, at every moment and after a crash, either what it held before or all of
// the new content. It makes the file's folder.
func WriteAside(path string, write func(io.Writer) error) error {
	if err := MakeFolderOf(path); err != nil {
		return err
	}
	return atomicfile.Write(path, write)
}

// MakeFolderOf makes the folder that a file is to lie in.
func MakeFolderOf(path string) error { return os.MkdirAll(filepath.Dir(path), 0o777) }
