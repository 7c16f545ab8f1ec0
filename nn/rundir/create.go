package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gzpt/kernels/atomicfile"
	"gzpt/kernels/filelock"
)

// A folder that does not exist is filled beside its place and renamed. One that exists (the user's own empty folder, a mount
// point, the target of a link, a folder beside which one may not write) stays what it is: what it is to hold is written into
// a folder in it, which gets another name when all is there, and is then moved out of it. Where that is cut off, the next call
// ends it.
const (
	filling = ".new"   // in the folder, or behind .NAME beside it: not whole yet
	whole   = ".whole" // in the folder: only to be moved
)

// recovered is the folder that some file systems have at their root.
const recovered = "lost+found"

// Create makes the directory at path with what fill writes into it. What fill has written is there under its name only when
// fill is done, so a directory that has anything is whole. A path that exists already, other than an empty folder or a link
// to one, is an error: no run is ever overwritten. An empty folder is filled in its place. What a call that was killed has
// left of the same directory is removed.
func Create(path string, fill func(Dir) error) (Dir, error) {
	if err := Vacant(path); err != nil {
		return "", err
	}
	inPlace, aside := true, filepath.Join(path, filling)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		inPlace, aside = false, filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+filling)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return "", err
		}
	}
	held, err := occupy(aside, path)
	if err != nil {
		return "", err
	}
	defer held.Close()
	if err = fill(Dir(aside)); err == nil && inPlace {
		err = os.Rename(aside, filepath.Join(path, whole))
	} else if err == nil {
		err = taken(os.Rename(aside, path), path)
	}
	if err != nil {
		if e := os.RemoveAll(aside); e != nil {
			err = errors.Join(err, e)
		}
		return "", err
	}
	if inPlace {
		return Dir(path), finish(path)
	}
	return Dir(path), atomicfile.SyncFolder(filepath.Dir(path))
}

// taken is an error of renaming a folder to path where another process has made one.
func taken(err error, path string) error {
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	return err
}

// occupy makes a folder in which what path is to hold is written, empty, and keeps it from other processes until it is closed.
func occupy(aside, path string) (*os.File, error) {
	const tries = 1000 // in which another process may remove or rename it
	for range tries {
		err := os.Mkdir(aside, 0o777)
		existed := errors.Is(err, fs.ErrExist)
		if err != nil && !existed {
			return nil, err
		}
		f, err := os.Open(aside)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		there, err := occupied(f, existed, path)
		if err == nil && there {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: whatever folder is made for it is gone at once", path)
}

// occupied locks and empties a folder, and reports whether it is still the one under its name.
func occupied(f *os.File, existed bool, path string) (bool, error) {
	ours, err := take(f, existed)
	if err == nil && !ours {
		err = fmt.Errorf("%s: another process is making it", path)
	}
	if err != nil {
		return false, err
	}
	here, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(f.Name())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil || !os.SameFile(here, there):
		return false, err
	case existed:
		return true, empty(f.Name())
	}
	return true, nil
}

// take locks a folder that was made just now, or existed. Where there are no locks, its age says whether a process that
// was killed has left it.
func take(f *os.File, existed bool) (ours bool, err error) {
	err = filelock.Take(f)
	if err == nil || errors.Is(err, filelock.ErrHeld) || !existed {
		return !errors.Is(err, filelock.ErrHeld), nil
	}
	info, err := f.Stat()
	return err == nil && time.Since(info.ModTime()) > atomicfile.Abandoned, err
}

// empty removes what is in a folder.
func empty(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, e.Name())))
	}
	return err
}

// finish moves what a folder is to hold to its place, where all of it is written.
func finish(path string) error {
	from := filepath.Join(path, whole)
	entries, err := os.ReadDir(from)
	if err != nil {
		return nil // there is nothing to move, or no such folder
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(path, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err // what another process has moved is in its place
		}
	}
	if err := os.Remove(from); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.SyncFolder(path)
}

// ErrExists says that a folder that was to be made is there, and not empty.
var ErrExists = errors.New("exists and is never overwritten")

// Vacant returns an error, [ErrExists] where that is why, unless path does not exist or is an empty folder, or a link to one.
func Vacant(path string) error {
	if err := finish(path); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		if target, err := os.Readlink(path); err == nil {
			return fmt.Errorf("%s is a link to %s, which does not exist", path, target)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != filling && e.Name() != recovered }) {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	return nil
}

// Creatable returns an error unless [Create] can make path: it is [Vacant], and one may write where it is to lie. It is for the
// moment before long work whose result goes there, and leaves nothing behind.
func Creatable(path string) error {
	if err := Vacant(path); err != nil {
		return err
	}
	return atomicfile.ReadyFolder(path)
}

// Clean removes what calls that were killed have left in the directory of a run. Nothing that a process is at work on is
// touched.
func (d Dir) Clean() {
	for _, folder := range []string{string(d), filepath.Dir(d.Checkpoint()), filepath.Dir(d.Backbone())} {
		atomicfile.RemoveAbandoned(folder)
	}
}
