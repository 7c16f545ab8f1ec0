//go:build unix

package rundir

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// New folders and files have the permissions that the umask leaves.
func TestUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	out := filepath.Join(t.TempDir(), "runs", "a")
	if _, err := Create(out, func(d Dir) error { return WriteJSON(d.Checkpoint(), struct{}{}) }); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Dir(out), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if want := map[bool]fs.FileMode{true: 0o750, false: 0o640}[e.IsDir()]; err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, expected %v", path, info.Mode(), err, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
