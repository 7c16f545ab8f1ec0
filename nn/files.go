package nn

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeAside writes a file so that path holds, at every moment and after a crash, either what it held before or all of
// the new content: it writes path.tmp, flushes it to the disk, renames it and flushes the folder.
func writeAside(path string, write func(io.Writer) error) (err error) {
	aside := path + ".tmp"
	f, err := os.Create(aside)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(aside)
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
