// Package relatefolder is what relate keeps in its folder while it works, and what becomes of that when it is done or fails.
package relatefolder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze/examine"
	"gzpt/gaze/similarity"
	"gzpt/nn/rundir"
)

// Progress is compare.json: what relate has done so far.
type Progress struct {
	// Relation is the checksum of the matrix, "" while it is not whole.
	Relation string `json:"relation,omitempty"`
	// Comparison is the measures that are compared.
	Comparison []examine.Comparison `json:"comparison,omitempty"`
}

// ReadProgress reads what an interrupted call has done. Older versions kept the comparison alone.
func ReadProgress(dir rundir.Dir) (p Progress, err error) {
	var text json.RawMessage
	err = rundir.ReadJSON(dir.Comparison(), &text)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return p, err
	case text[0] == '[':
		err = json.Unmarshal(text, &p.Comparison)
	default:
		err = json.Unmarshal(text, &p)
	}
	for _, c := range p.Comparison {
		if a := c.Labels; a != nil && len(a.Precision) < 2 {
			err = errors.Join(err, fmt.Errorf("the precision of %s is missing", c.Name))
		}
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w; without it the comparison begins anew", dir.Comparison(), err)
	}
	return p, nil
}

// RelationSum is the checksum of the relation that the report was made of, or that is whole without a report; "" where nobody
// knows it.
func (p Progress) RelationSum(dir rundir.Dir) (string, error) {
	var report struct{ Checksums map[string]string }
	err := rundir.ReadJSON(dir.Diagnosis(), &report)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return cmp.Or(p.Relation, report.Checksums[filepath.Base(dir.Relation())]), err
}

// Write writes what is done.
func (p Progress) Write(dir rundir.Dir) error { return rundir.WriteJSON(dir.Comparison(), p) }

// DiscardProgress removes what a call keeps while it works.
func DiscardProgress(dir rundir.Dir) error {
	return errors.Join(similarity.Discard(dir.Relation()), similarity.Discard(MatrixOf(dir.Comparison())), remove(MatrixOf(dir.Comparison())), remove(dir.Comparison()))
}

// Tidy removes what a call has left that was killed when its report was done.
func Tidy(dir rundir.Dir) error {
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	dir.Clean()
	return DiscardProgress(dir)
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// MatrixOf is the file of the matrix of a measure that is being compared.
func MatrixOf(comparison string) string { return comparison + ".npy" }

// Unbegun reports whether a folder is that of a call of relate that has computed nothing.
func Unbegun(out string) bool {
	dir := rundir.Dir(out)
	var r struct {
		Started           string
		Settings, Network map[string]any // a training has a network, too
	}
	if rundir.ReadJSON(dir.Config(), &r) != nil || r.Started == "" || r.Settings == nil || r.Network != nil {
		return false
	}
	entries, err := os.ReadDir(out)
	return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		name := filepath.Join(out, e.Name())
		return name != dir.Config() && name != dir.Items() && !(strings.HasPrefix(name, dir.Relation()) && strings.HasSuffix(name, ".part"))
	})
}

// DiscardUnbegun removes what a call that computed nothing has left, unless it is at work.
func DiscardUnbegun(dir rundir.Dir) error {
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	if !Unbegun(string(dir)) {
		return fmt.Errorf("%s %w", string(dir), rundir.ErrExists)
	}
	return Discard(dir)
}

// Discard removes what relate writes, its record last. The folder itself stays.
func Discard(dir rundir.Dir) error {
	err := DiscardProgress(dir)
	for _, path := range []string{dir.Relation(), dir.Diagnosis(), dir.Page(), dir.Items(), dir.Config()} {
		err = errors.Join(err, remove(path))
	}
	return err
}
