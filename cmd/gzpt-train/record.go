package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/gaze/relation"
	"gzpt/kernels/npy"
	"gzpt/nn"
)

// record is config.json: what a run is, so that it can be continued, repeated and told from others.
type record struct {
	// Settings is every flag, resolved.
	Settings settings `json:"settings"`
	// Measure is the gaze measure with every parameter, "" without gaze.
	Measure string `json:"measure,omitempty"`
	// Network is the settings that determine the training.
	Network nn.Config `json:"network"`
	Device  string    `json:"device"`
	Command string    `json:"command"`
	Folder  string    `json:"folder"`
	Version string    `json:"version"`
	Machine machine   `json:"machine"`
	Started string    `json:"started"`
	// Skipped is what --skip-bad left out.
	Skipped []string `json:"skipped,omitempty"`
}

func newRecord(e *environment, f *flags, t *training) record {
	r := record{
		Settings: f.settings(), Network: t.trainer.Config(), Device: t.dev.Name(), Command: e.commandLine(), Version: version(),
		Machine: thisMachine(), Started: time.Now().Format(time.RFC3339), Skipped: t.data.skips,
	}
	if folder, err := os.Getwd(); err == nil {
		r.Folder = folder
	}
	if t.settings.gaze.needsGaze() {
		r.Measure, _ = t.settings.gaze.measure() // was resolved before
	}
	return r
}

// identity names the data that a run trains on: a checkpoint is refused by a run on other items, another relation or
// other views.
func identity(rows []itemRow, r *relation.Relation, s *pretrainSettings) string {
	h := sha256.New()
	for _, row := range rows {
		fmt.Fprintf(h, "%q\n", row.fields())
	}
	if r != nil {
		binary.Write(h, binary.LittleEndian, r.Values) // a hash takes everything
	}
	fmt.Fprintf(h, "%v %v %v\n", s.gaze, s.augment, s.data.imageSize)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeStart writes what a run directory has from the beginning.
func writeStart(dir rundir.Dir, c record, rows []itemRow, r *relation.Relation) error {
	if err := rundir.WriteJSON(dir.Config(), c); err != nil {
		return err
	}
	if err := writeItems(dir.Items(), rows); err != nil {
		return err
	}
	if r == nil {
		return nil
	}
	return npy.WriteFile(dir.Relation(), []int{r.N, r.N}, r.Values)
}

// readStart reads the items and the relation of a run, nil where it has none.
func readStart(dir rundir.Dir) ([]itemRow, *relation.Relation, error) {
	rows, err := readItems(dir.Items())
	if err != nil {
		return nil, nil, err
	}
	dims, values, err := npy.ReadFile(dir.Relation())
	if errors.Is(err, fs.ErrNotExist) {
		return rows, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	n := len(rows)
	if !slices.Equal(dims, []int{n, n}) {
		return nil, nil, fmt.Errorf("%s: shape %v, expected [%d %d] for the items of %s", dir.Relation(), dims, n, n, dir.Items())
	}
	return rows, relation.FromValues(n, values), nil
}
