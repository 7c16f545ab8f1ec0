package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"gzpt/kernels/filelock"
)

func write(path, text string) error {
	return Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// holds checks that the folder of path has the given files and no others, and path the given text.
func holds(t *testing.T, path, text string, files ...string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != text {
		t.Errorf("the file holds %q, %v, expected %q", b, err, text)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, files) {
		t.Errorf("the folder holds %q, expected %q", names, files)
	}
}

func TestTheOldContentStaysUntilTheNewIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file[1]*") // brackets and stars are letters, no pattern
	if err := write(path, "old"); err != nil {
		t.Fatal(err)
	}
	err := Write(path, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 3*bufferSize))
		if b, _ := os.ReadFile(path); string(b) != "old" {
			t.Errorf("half way the file holds %d bytes", len(b))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, path, string(make([]byte, 3*bufferSize)), "file[1]*")
}

func TestAFailureLeavesTheOldContentAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := write(path, "old"); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of the n")
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, expected the cause and the path", err)
	}
	holds(t, path, "old", "file")
	func() {
		defer func() { recover() }()
		Write(path, func(io.Writer) error { panic("a fault of the caller") })
	}()
	holds(t, path, "old", "file")
}

func TestWhatCannotBeWritten(t *testing.T) {
	if err := write(filepath.Join(t.TempDir(), "missing", "file"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gives error %v", err)
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.MkdirAll(filepath.Join(folder, "inside"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := write(folder, "text"); err == nil {
		t.Error("a folder is overwritten by a file")
	}
	entries, _ := os.ReadDir(filepath.Dir(folder))
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if err := SyncFolder(filepath.Join(folder, "missing")); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SyncFolder of a missing folder gives error %v", err)
	}
}

// What a process that is no more has left is removed by the next call, however young it is; what one is at work on stays.
func TestWhatCrashesLeftIsRemoved(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{
		".file.0123abcd.part",       // left
		".file.0123abce.part",       // held, see below
		".file.extra.0123abcd.part", // another file's
		"file.0123abcd.part",        // somebody's own
		".file.0123abcX.part",       // likewise
		".file.part",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	held, err := os.Open(filepath.Join(folder, ".file.0123abce.part"))
	if err != nil {
		t.Fatal(err)
	}
	if err := filelock.Take(held); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no locks here: the age decides")
	} else if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "file")
	if err := write(path, "text"); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "text", ".file.0123abcX.part", ".file.0123abce.part", ".file.extra.0123abcd.part", ".file.part", "file", "file.0123abcd.part")
	RemoveAbandoned(folder)
	holds(t, path, "text", ".file.0123abcX.part", ".file.0123abce.part", ".file.part", "file", "file.0123abcd.part")
	held.Close()
	RemoveAbandoned(folder)
	holds(t, path, "text", ".file.0123abcX.part", ".file.part", "file", "file.0123abcd.part")
}

// A file that is being written is no one's to remove.
func TestWhatIsBeingWrittenStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	err := Write(path, func(w io.Writer) error {
		RemoveAbandoned(filepath.Dir(path))
		if err := write(path, "another process's"); err != nil {
			t.Error(err)
		}
		_, err := io.WriteString(w, "text")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, path, "text", "file")
}

// Only a file that is gone was another process's: any other answer of the disk is an error, so that nobody tries for ever.
func TestGoneOrUnknown(t *testing.T) {
	parent := t.TempDir()
	folder := filepath.Join(parent, "folder")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if taken, err := isTaken(f); taken || err != nil {
		t.Errorf("a file of one's own: taken %v, %v", taken, err)
	}
	if err := os.Rename(folder, filepath.Join(parent, "elsewhere")); err != nil {
		t.Skip(err)
	}
	if taken, err := isTaken(f); !taken || err != nil {
		t.Errorf("a file that is gone: taken %v, %v", taken, err)
	}
	if err := os.WriteFile(folder, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if taken, err := isTaken(f); taken || err == nil {
		t.Errorf("a file below what is no folder: taken %v, %v", taken, err)
	}
}

func TestPermissionsAreTheUmasks(t *testing.T) {
	folder := t.TempDir()
	plain, path := filepath.Join(folder, "plain"), filepath.Join(folder, "file")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := write(path, ""); err != nil {
		t.Fatal(err)
	}
	a, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.Stat(path); err != nil || a.Mode() != b.Mode() {
		t.Errorf("mode %v, %v, expected %v", b.Mode(), err, a.Mode())
	}
}

func TestManyWritersOneComesLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if err := write(path, strings.Repeat(string(rune('a'+i)), 1000)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	b, err := os.ReadFile(path)
	if err != nil || len(b) != 1000 || strings.Count(string(b), string(b[:1])) != 1000 {
		t.Errorf("%d bytes, %v: not what one writer wrote", len(b), err)
	}
	holds(t, path, string(b), "file")
}

// What Ready finds good Write can write, what it finds bad Write cannot; and it leaves nothing.
func TestReady(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := write(file, "old"); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"to-file": "file", "to-new": "new", "to-nowhere": "missing/new", "missing-folder": "nowhere"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	entries := len(links) + 1
	for path, good := range map[string]bool{
		"file": true, "new": true, "a/b/new": true, "to-file": true, "to-new": true,
		".": false, "file/new": false, "file/a/new": false, "to-nowhere": false, "missing-folder/new": false, "to-file/new": false,
	} {
		path = filepath.Join(folder, filepath.FromSlash(path))
		err := Ready(path)
		if (err == nil) != good || err != nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), suffix)) {
			t.Errorf("%s: error %v", path, err)
		}
		if all, err := os.ReadDir(folder); err != nil || len(all) != entries {
			t.Fatalf("%s: %d entries, %v, expected %d", path, len(all), err, entries)
		}
		err = os.MkdirAll(filepath.Dir(path), 0o777)
		if err == nil {
			err = write(path, "old")
		}
		if (err == nil) != good {
			t.Errorf("%s: Write: error %v", path, err)
		}
		for _, made := range []string{"new", "a"} {
			if err := os.RemoveAll(filepath.Join(folder, made)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, good := range map[string]bool{folder: true, filepath.Join(folder, "a", "b"): true, file: false, filepath.Join(file, "a"): false} {
		if err := ReadyFolder(path); (err == nil) != good || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("folder %s: error %v", path, err)
		}
	}
	holds(t, file, "old", slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(links)), "file")))...)
}
