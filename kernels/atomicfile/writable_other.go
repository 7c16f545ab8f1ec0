//go:build !linux && !darwin && !freebsd

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writable returns an error unless a file can be made in a folder, which it removes.
func writable(folder string) error {
	f, err := create(filepath.Join(folder, "trial"))
	if err != nil {
		return err
	}
	err = f.Close()
	if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) { // another process may have taken it for abandoned
		err = errors.Join(err, e)
	}
	return err
}
