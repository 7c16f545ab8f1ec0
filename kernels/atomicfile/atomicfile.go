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
)

const (
	suffix = ".part"
	// abandoned is the age from which an untouched file written aside is taken for what a crash has left.
	abandoned  = 24 * time.Hour
	bufferSize = 1 << 18
)

// Write makes path hold what write writes. At every moment, and after a crash or a power cut, path holds either what it
// held before or all of the new content: a file beside it, whose name begins with a dot and ends in .part, is filled,
// flushed to the disk and renamed. Several processes may write the same path; one of them comes last. If anything fails
// path stays as it is and nothing is left beside it. Writes are buffered. The folder must exist.
func Write(path string, write func(io.Writer) error) error {
	folder := filepath.Dir(path)
	removeAbandoned(folder, filepath.Base(path))
	f, err := create(path)
	if err != nil {
		return err
	}
	renamed := false
	defer func() { // also if write panics
		if !renamed {
			f.Close()
			os.Remove(f.Name())
		}
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
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	return SyncFolder(folder)
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

// create makes a new file beside path, with the permissions that the umask leaves: os.CreateTemp would deny it to others.
func create(path string) (*os.File, error) {
	folder, base := filepath.Split(path)
	for {
		name := fmt.Sprintf("%s%s%08x%s", folder, prefix(base), rand.Uint32(), suffix)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// prefix begins the names of files written aside for a file of the given name.
func prefix(base string) string { return "." + base + "." }

// removeAbandoned removes what crashes have left beside a file. What cannot be removed takes space and does no harm.
func removeAbandoned(folder, base string) {
	entries, _ := os.ReadDir(folder) // Write itself says what is wrong with the folder
	for _, e := range entries {
		id, aside := strings.CutPrefix(e.Name(), prefix(base))
		if !aside || len(id) != 8+len(suffix) || !strings.HasSuffix(id, suffix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}
