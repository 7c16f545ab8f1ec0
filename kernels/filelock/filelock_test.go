package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A lock of a file or of a folder keeps a second one out until the first is closed.
func TestTake(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, folder} {
		first, second := open(t, path), open(t, path)
		if err := Take(first); errors.Is(err, errors.ErrUnsupported) {
			t.Skip("no locks here")
		} else if err != nil {
			t.Fatal(err)
		}
		if err := Take(second); !errors.Is(err, ErrHeld) {
			t.Errorf("%s: the second lock gives %v, expected %v", path, err, ErrHeld)
		}
		first.Close()
		if err := Take(second); err != nil {
			t.Errorf("%s: a lock that was given back gives %v", path, err)
		}
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
