// Package atomicfile writes files of which a crash never leaves half: checkpoints, relation matrices, caches.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"gzpt/kernels/filelock"
)

const (
	suffix   = ".part"
	idLength = 8 // hexadecimal digits
	// Abandoned is the age from which what is untouched is taken for what a crash has left, where the system has no locks.
	Abandoned  = 24 * time.Hour
	bufferSize = 1 << 18
)

// Write makes path hold what write writes. At every moment, and after a crash or a power cut, path holds either what it
// held before or all of the new content: a file beside it, whose name begins with a dot and ends in .part, is filled,
// flushed to the disk and renamed. Several processes may write the same path; one of them comes last. If anything fails
// path stays as it is and nothing is left beside it; what a process that was killed has left beside it is removed. Writes are
// buffered. The folder must exist. A link at path stays one: what it leads to is written. What is no regular file (a pipe,
// a device) is written to as it is.
func Write(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeThrough(path, write)
	}
	path = target(path)
	folder := filepath.Dir(path)
	RemoveAbandonedFor(path)
	f, err := create(path)
	if err != nil {
		return err
	}
	renamed := false
	defer func() { // also if write panics
		if !renamed {
			os.Remove(f.Name())
		}
		f.Close() // after the name is gone or another: until then the lock keeps others from taking it for abandoned
	}()
	w := bufio.NewWriterSize(f, bufferSize)
	if err := write(w); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // which renames no open file
		if err := f.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	return SyncFolder(folder)
}

// Ready returns an error unless a file can be written at path, whose folders may have yet to be made. It is for the moment before
// long work whose result goes there.
func Ready(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("%s: a folder, expected a file to write", path)
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil // it is written to as it is, and waits for its reader perhaps
	}
	folder := filepath.Dir(target(path))
	if target(path) == path { // for what a link leads to nobody makes a folder
		folder = existing(folder)
	}
	return ready(path, folder)
}

// ReadyFolder is [Ready] of the files in a folder, which may have yet to be made.
func ReadyFolder(path string) error { return ready(path, existing(path)) }

// ready returns an error of path unless files can be made in a folder.
func ready(path, folder string) error {
	err := writable(folder)
	if failed := new(fs.PathError); errors.As(err, &failed) {
		err = failed.Err // its path may be one that was only tried
	}
	if err != nil {
		return fmt.Errorf("%s: nothing can be written in the folder %s: %w", path, filepath.Clean(folder), err)
	}
	return nil
}

// existing is the innermost of a folder and those that it lies in of which there is something.
func existing(folder string) string {
	for folder = filepath.Clean(folder); ; folder = filepath.Dir(folder) {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folder
		}
	}
}

// writeThrough writes to what takes bytes as they come.
func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, bufferSize)
	if err = write(w); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	} else {
		err = w.Flush()
	}
	return errors.Join(err, f.Close())
}

// target is the path that a chain of links leads to, which need not exist.
func target(path string) string {
	const most = 40 // links, as systems have it
	for range most {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}

// SyncFolder makes new names in a folder survive a power cut, where the system can promise that.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" { // folders cannot be flushed there
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err // the two exceptions are how network file systems say that they do not flush folders
	}
	return nil
}

// tries is how often another process may be first before that is taken for a fault.
const tries = 1000

// create makes a new file beside path and locks it, with the permissions that the umask leaves: os.CreateTemp would deny it
// to others.
func create(path string) (*os.File, error) {
	folder, base := filepath.Split(path)
	for range tries {
		name := fmt.Sprintf("%s%s%08x%s", folder, prefix(base), rand.Uint32(), suffix)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		taken, err := isTaken(f)
		if err == nil && !taken {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, errors.Join(err, os.Remove(name))
		}
	}
	return nil, fmt.Errorf("%s: whatever file is made beside it is gone at once", path)
}

// isTaken locks a new file. It reports whether another process has taken it for abandoned in between.
func isTaken(f *os.File) (bool, error) {
	if err := filelock.Take(f); err != nil {
		return errors.Is(err, filelock.ErrHeld), nil // where there are no locks nobody takes it
	}
	here, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && !os.SameFile(here, there), err
}

// prefix begins the names of files written aside for a file of the given name.
func prefix(base string) string { return "." + base + "." }

// RemoveAbandoned removes the files that processes which were killed have left in a folder while they wrote others aside. What
// cannot be removed takes space and does no harm.
func RemoveAbandoned(folder string) {
	entries, _ := os.ReadDir(folder) // of a folder that cannot be read nothing is removed
	for _, e := range entries {
		if e.Type().IsRegular() && isAside(e.Name()) {
			removeIfAbandoned(filepath.Join(folder, e.Name()))
		}
	}
}

// RemoveAbandonedFor is RemoveAbandoned of what was to become the file at path.
func RemoveAbandonedFor(path string) {
	folder, base := filepath.Dir(path), filepath.Base(path)
	entries, _ := os.ReadDir(folder) // Write itself says what is wrong with the folder
	for _, e := range entries {
		id, aside := strings.CutPrefix(e.Name(), prefix(base))
		if aside && e.Type().IsRegular() && len(id) == idLength+len(suffix) && isAside(e.Name()) {
			removeIfAbandoned(filepath.Join(folder, e.Name()))
		}
	}
}

// isAside reports whether a file of that name was written aside: .NAME.01234567.part.
func isAside(name string) bool {
	rest, ok := strings.CutSuffix(name, suffix)
	if !ok || len(rest) < len("..")+idLength || rest[0] != '.' || rest[len(rest)-idLength-1] != '.' {
		return false
	}
	return strings.Trim(rest[len(rest)-idLength:], "0123456789abcdef") == ""
}

// removeIfAbandoned removes a file that no process has locked. Where that cannot be seen, its age decides.
func removeIfAbandoned(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	switch err := filelock.Take(f); {
	case err == nil:
		os.Remove(path) // under the lock, so that it is not a file that was made meanwhile
	case !errors.Is(err, filelock.ErrHeld):
		if info, err := f.Stat(); err == nil && time.Since(info.ModTime()) > Abandoned {
			os.Remove(path)
		}
	}
}
