package main

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
	"syscall"

	"gzpt/gaze/examine"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/checksum"
	"gzpt/nn/pretrain"
	"gzpt/nn/rundir"
)

// relateRecord is config.json of a relation.
type relateRecord struct {
	Settings settings `json:"settings"`
	Command  string   `json:"command"`
	Version  string   `json:"version"`
	Machine  machine  `json:"machine"`
	Started  string   `json:"started"`
	// Checksums is that of items.csv, by its name; nil in records of older versions.
	Checksums map[string]string `json:"checksums,omitempty"`
	// Network is what the record of a training has.
	Network json.RawMessage `json:"network,omitempty"`
}

func readRelateRecord(dir rundir.Dir) (r relateRecord, err error) {
	sealed, err := rundir.ReadSealed(dir.Config(), &r)
	if err == nil && r.Checksums != nil && !sealed {
		err = fmt.Errorf("%s: %w: it has lost its checksum", dir.Config(), checksum.ErrDamaged)
	}
	return r, err
}

// create makes the folder of a new call.
func (s *relateSettings) create(begun relateRecord, rows []pretrain.Row) (rundir.Dir, error) {
	if err := rundir.Vacant(s.run.out); err != nil && unbegun(s.run.out) {
		if err := discardUnbegun(rundir.Dir(s.run.out)); err != nil {
			return "", err
		}
	}
	return rundir.Create(s.run.out, func(dir rundir.Dir) error {
		err := pretrain.WriteRows(dir.Items(), rows)
		if err == nil {
			begun.Checksums, err = pretrain.Checksums(dir.Items())
		}
		if err != nil {
			return err
		}
		return rundir.WriteJSON(dir.Config(), begun)
	})
}

// reopen demands that the items of an old folder are the same.
func (s *relateSettings) reopen(begun relateRecord, rows []pretrain.Row) (rundir.Dir, error) {
	dir := rundir.Dir(s.run.out)
	if err := checksum.CheckFile(dir.Items(), begun.Checksums[filepath.Base(dir.Items())]); err != nil {
		return "", err
	}
	recorded, err := pretrain.ReadRows(dir.Items())
	if errors.Is(err, fs.ErrNotExist) { // older versions wrote them after the record
		return dir, pretrain.WriteRows(dir.Items(), rows)
	}
	if err != nil {
		return "", err
	}
	relabelled, err := pretrain.SameRows(dir.Items(), recorded, rows)
	if err == nil && len(relabelled) > 0 {
		err = fmt.Errorf("%s: the label of image %q has changed %w", dir.Items(), relabelled[0], pretrain.ErrChanged)
	}
	return dir, err
}

// vacant returns an error unless the folder can be made: it does not exist, is empty, or has only what a call that failed before
// it computed anything has left.
func (s *relateSettings) vacant() error {
	err := rundir.Vacant(s.run.out)
	if err != nil && unbegun(s.run.out) {
		return nil
	}
	return err
}

// unbegun reports whether a folder is that of a call of relate that has computed nothing.
func unbegun(out string) bool {
	dir := rundir.Dir(out)
	var r relateRecord
	if rundir.ReadJSON(dir.Config(), &r) != nil || r.Started == "" || r.Settings == nil || r.Network != nil {
		return false
	}
	entries, err := os.ReadDir(out)
	return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		name := filepath.Join(out, e.Name())
		return name != dir.Config() && name != dir.Items() && !(strings.HasPrefix(name, dir.Relation()) && strings.HasSuffix(name, ".part"))
	})
}

// discardUnbegun removes what a call that computed nothing has left, unless it is at work.
func discardUnbegun(dir rundir.Dir) error {
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	if !unbegun(string(dir)) {
		return fmt.Errorf("%s exists and is never overwritten", string(dir))
	}
	return discardRelation(dir)
}

// discardRelation removes what relate writes, its record last. The folder itself stays.
func discardRelation(dir rundir.Dir) error {
	err := discardProgress(dir)
	for _, path := range []string{dir.Relation(), dir.Diagnosis(), dir.Page(), dir.Items(), dir.Config()} {
		err = errors.Join(err, remove(path))
	}
	return err
}

// hopeless reports whether a call that failed would fail again as it is, and has nothing that is worth keeping: then it must
// not stand in the way of one with other flags. A full disk or memory may have room later.
func (x *examined) hopeless(err error) bool {
	var number syscall.Errno
	if memory := new(kernels.OutOfMemory); errors.As(err, &number) || errors.As(err, &memory) {
		return false
	}
	_, missing := os.Stat(x.dir.Relation())
	return missing != nil || errors.Is(err, pretrain.ErrFlat)
}

// relateProgress is compare.json: what relate has done so far.
type relateProgress struct {
	// Relation is the checksum of the matrix, "" while it is not whole.
	Relation string `json:"relation,omitempty"`
	// Comparison is the measures that are compared.
	Comparison []examine.Comparison `json:"comparison,omitempty"`
}

// readProgress reads what an interrupted call has done. Older versions kept the comparison alone.
func readProgress(dir rundir.Dir) (p relateProgress, err error) {
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

// relationSum is the checksum of the relation that the report was made of, or that is whole without a report; "" where nobody
// knows it.
func (p relateProgress) relationSum(dir rundir.Dir) (string, error) {
	var report struct{ Checksums map[string]string }
	err := rundir.ReadJSON(dir.Diagnosis(), &report)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return cmp.Or(p.Relation, report.Checksums[filepath.Base(dir.Relation())]), err
}

func (p relateProgress) write(dir rundir.Dir) error { return rundir.WriteJSON(dir.Comparison(), p) }

// discardProgress removes what a call keeps while it works.
func discardProgress(dir rundir.Dir) error {
	return errors.Join(similarity.Discard(dir.Relation()), similarity.Discard(matrixOf(dir.Comparison())), remove(matrixOf(dir.Comparison())), remove(dir.Comparison()))
}

// tidy removes what a call has left that was killed when its report was done.
func tidy(dir rundir.Dir) error {
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	dir.Clean()
	return discardProgress(dir)
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// matrixOf is the file of the matrix of a measure that is being compared.
func matrixOf(comparison string) string { return comparison + ".npy" }
