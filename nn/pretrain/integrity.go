package pretrain

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"gzpt/gaze/relation"
	"gzpt/kernels/checksum"
	"gzpt/kernels/npy"
	"gzpt/nn"
	"gzpt/nn/internal/named"
	"gzpt/nn/rundir"
)

var (
	// ErrApart says that the record of a run is not that of its checkpoint.
	ErrApart = errors.New("not that of the checkpoint beside it")
	// ErrStale says that the exported backbone of a run is not that of its checkpoint: it is older, or of another run.
	ErrStale = errors.New("not of the checkpoint beside it")
)

// Checksums is the checksum of each of the files that there are, by its name.
func Checksums(paths ...string) (map[string]string, error) {
	sums := map[string]string{}
	for _, path := range paths {
		sum, err := checksum.File(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sums[filepath.Base(path)] = sum
	}
	return sums, nil
}

// check demands that a file is what was written with the record.
func (r *Record) check(path string) error {
	return checksum.CheckFile(path, r.Checksums[filepath.Base(path)])
}

// CheckFiles demands that every file that was written with the record is what it was.
func (r *Record) CheckFiles(dir rundir.Dir) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(r.Checksums)) {
		faults = append(faults, r.check(filepath.Join(string(dir), filepath.Base(name))))
	}
	return errors.Join(faults...)
}

// Unchecked says that what is read of the run has no checksums, "" where it has.
func (r *Record) Unchecked(dir rundir.Dir) string {
	if r.Checksums != nil {
		return ""
	}
	return fmt.Sprintf("%s: it has no checksums, as those of older versions: the files of the run are taken for what was written", dir.Config())
}

// Rows reads the items of the run whose record this is.
func (r *Record) Rows(dir rundir.Dir) ([]Row, error) {
	if err := r.check(dir.Items()); err != nil {
		return nil, err
	}
	return ReadRows(dir.Items())
}

// relation reads the relation of a run of n items, nil where it has none.
func (r *Record) relation(dir rundir.Dir, n int) (*relation.Relation, error) {
	path := dir.Relation()
	err := r.check(path)
	if errors.Is(err, fs.ErrNotExist) && r.Checksums == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dims, values, err := npy.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !slices.Equal(dims, []int{n, n}) {
		return nil, fmt.Errorf("%s: shape %v, expected [%d %d] for the items of %s", path, dims, n, n, dir.Items())
	}
	all := relation.FromValues(n, values)
	if err := all.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// ReadCheckpoint reads what the last checkpoint of the run says, and demands that the record is of the same training; nil where
// there is no checkpoint yet.
func (r *Record) ReadCheckpoint(dir rundir.Dir) (*nn.CheckpointInfo, error) {
	info, err := nn.ReadCheckpointInfo(dir.Checkpoint())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, d := range named.Differences(named.Values(r.Network), named.Values(info.Config)) {
		faults = append(faults, fmt.Errorf("%s: %w: %s is %s, but %s in %s", dir.Config(), ErrApart, d.Name, cmp.Or(d.A, "not set"), cmp.Or(d.B, "not set"), dir.Checkpoint()))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &info, nil
}

// Check demands that the record, the last checkpoint and the exported backbone of a run belong to each other, and returns the
// record and what it could not compare.
func Check(dir rundir.Dir) (was *Record, remarks []string, err error) {
	if was, err = ReadRecord(dir); err != nil {
		return nil, nil, err
	}
	if text := was.Unchecked(dir); text != "" {
		remarks = append(remarks, text)
	}
	const patience, pause = 5 * time.Second, 100 * time.Millisecond
	for begin := time.Now(); ; time.Sleep(pause) {
		info, err := was.ReadCheckpoint(dir)
		if err != nil {
			return nil, nil, err
		}
		told, err := checkBackbone(dir, info)
		if err == nil && told != "" {
			remarks = append(remarks, told)
		}
		// A run that is being trained writes the one just after the other.
		if !errors.Is(err, ErrStale) || time.Since(begin) > patience || !busy(dir) {
			return was, remarks, err
		}
	}
}

// busy reports whether a process is writing to the run.
func busy(dir rundir.Dir) bool {
	release, err := dir.Lock()
	if err == nil {
		release()
	}
	return err != nil
}

// checkBackbone demands that the exported backbone is that of a checkpoint; info is nil where there is none. It says where it
// cannot know.
func checkBackbone(dir rundir.Dir, info *nn.CheckpointInfo) (told string, err error) {
	path := dir.Backbone()
	of, err := provenance(path)
	switch {
	case err != nil && info != nil && errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s: %w: it is missing", path, ErrStale)
	case err != nil:
		return "", err
	case of == nil:
		return path + ": it does not say of which step it is, as those of older versions: it is taken for that of the checkpoint", nil
	case info == nil:
		return path + ": there is no checkpoint to compare it with", nil
	}
	if of.Step != info.Steps {
		return "", fmt.Errorf("%s: %w: it is of step %d, the checkpoint of step %d", path, ErrStale, of.Step, info.Steps)
	}
	if of.State != info.State {
		return "", fmt.Errorf("%s: %w: it is of step %d of another run", path, ErrStale, of.Step)
	}
	return "", nil
}

// provenance is where an intact backbone comes from, nil where it does not say so.
func provenance(path string) (*nn.Provenance, error) {
	file, err := nn.OpenWeightFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := file.Verify(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file.Provenance(), nil
}
