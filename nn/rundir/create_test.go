package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels/filelock"
)

// names is what is in a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// fillOne writes two files, and demands that neither is there before both are.
func fillOne(t *testing.T, out string) func(Dir) error {
	return func(d Dir) error {
		err := errors.Join(WriteJSON(d.Config(), map[string]int{"a": 1}), WriteJSON(d.Evaluation(), map[string]int{"b": 2}))
		if _, e := os.Stat(filepath.Join(out, "config.json")); e == nil {
			t.Error("a part is visible before all is there")
		}
		return err
	}
}

// What is there already, and empty, is filled and stays what it is: the same folder, the same link.
func TestCreateInPlace(t *testing.T) {
	parent := t.TempDir()
	folder, link := filepath.Join(parent, "folder"), filepath.Join(parent, "link")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Mkdir(filepath.Join(folder, recovered), 0o700), os.Symlink("folder", link)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() > 0 { // nothing may be made beside it
		if err := os.Chmod(parent, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(parent, 0o777)
	}
	failure := errors.New("no")
	if _, err := Create(link, func(Dir) error { return failure }); err != failure {
		t.Errorf("error %v", err)
	}
	if got := names(t, folder); !slices.Equal(got, []string{recovered}) {
		t.Errorf("a failure left %v", got)
	}
	if _, err := Create(link, fillOne(t, link)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, folder); !slices.Equal(got, []string{"config.json", "evaluate.json", recovered}) {
		t.Errorf("the folder has %v", got)
	}
	after, err := os.Stat(folder)
	if info, e := os.Lstat(link); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() || e != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the folder is another one, or the link is none any more: %v %v", err, e)
	}
	if got := names(t, parent); !slices.Equal(got, []string{"folder", "link"}) {
		t.Errorf("left beside it: %v", got)
	}
	if _, err := Create(folder, fillOne(t, "")); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("once more: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	parent := t.TempDir()
	dangling, file := filepath.Join(parent, "dangling"), filepath.Join(parent, "file")
	if err := errors.Join(os.Symlink("nowhere", dangling), os.WriteFile(file, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dangling, fillOne(t, dangling)); err == nil || !strings.Contains(err.Error(), "link to nowhere, which does not exist") {
		t.Errorf("a link to nothing: %v", err)
	}
	if _, err := Create(file, fillOne(t, file)); err == nil {
		t.Error("a file was taken for a folder")
	}
	if got := names(t, parent); !slices.Equal(got, []string{"dangling", "file"}) {
		t.Errorf("left: %v", got)
	}
}

// What a killed call has left is no obstacle and is gone after the next one: before it was whole it is made anew, afterwards it
// is a run.
func TestCreateAfterAKill(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	left := func(folders ...string) {
		for _, folder := range folders {
			if err := errors.Join(os.MkdirAll(folder, 0o777), os.WriteFile(filepath.Join(folder, "half"), nil, 0o666)); err != nil {
				t.Fatal(err)
			}
		}
	}
	left(filepath.Join(parent, ".out"+filling))
	if _, err := Create(out, fillOne(t, out)); err != nil {
		t.Fatal(err)
	}
	if got := append(names(t, parent), names(t, out)...); !slices.Equal(got, []string{"out", "config.json", "evaluate.json"}) {
		t.Errorf("there are %v", got)
	}
	inPlace := filepath.Join(parent, "place")
	left(filepath.Join(inPlace, filling))
	if _, err := Create(inPlace, fillOne(t, inPlace)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, inPlace); !slices.Equal(got, []string{"config.json", "evaluate.json"}) {
		t.Errorf("there are %v", got)
	}
	moving := filepath.Join(parent, "moving")
	if err := errors.Join(os.MkdirAll(filepath.Join(moving, whole), 0o777), os.Rename(Dir(out).Config(), filepath.Join(moving, whole, "config.json")),
		os.Rename(Dir(out).Evaluation(), Dir(moving).Evaluation())); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(moving); err != nil {
		t.Error(err)
	}
	if got := names(t, moving); !slices.Equal(got, []string{"config.json", "evaluate.json"}) {
		t.Errorf("there are %v", got)
	}
}

// Two processes that make the same directory do not meet: one of them does.
func TestCreateKeepsOthersOut(t *testing.T) {
	for _, inPlace := range []bool{false, true} {
		out := filepath.Join(t.TempDir(), "out")
		if inPlace {
			if err := os.Mkdir(out, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Create(out, func(d Dir) error {
			if _, err := Create(out, fillOne(t, out)); err == nil || !strings.Contains(err.Error(), "another process is making it") {
				t.Errorf("in place %v: the second call gives %v", inPlace, err)
			}
			return fillOne(t, out)(d)
		})
		if err != nil {
			t.Errorf("in place %v: %v", inPlace, err)
		}
	}
}

// Clean removes what is left in a run, not what a process is writing.
func TestClean(t *testing.T) {
	d := Dir(t.TempDir())
	left, held := filepath.Join(filepath.Dir(d.Checkpoint()), ".last.ckpt.01234567.part"), filepath.Join(string(d), ".evaluate.json.01234567.part")
	for _, path := range []string{left, held} {
		if err := errors.Join(MakeFolderOf(path), os.WriteFile(path, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(held)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := filelock.Take(f); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no locks here")
	}
	d.Clean()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is left stays: %v", err)
	}
	if _, err := os.Stat(held); err != nil {
		t.Errorf("what is being written was removed: %v", err)
	}
}

// Creatable finds what Create cannot make, and leaves nothing where it can.
func TestCreatable(t *testing.T) {
	parent := t.TempDir()
	file, full, gone := filepath.Join(parent, "file"), filepath.Join(parent, "full"), filepath.Join(parent, "gone")
	if err := errors.Join(os.WriteFile(file, nil, 0o666), os.MkdirAll(filepath.Join(full, "x"), 0o777), os.Symlink("nowhere", gone)); err != nil {
		t.Fatal(err)
	}
	before := names(t, parent)
	for _, path := range []string{file, full, gone, filepath.Join(file, "out"), filepath.Join(gone, "out")} {
		if err := Creatable(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
		if _, err := Create(path, fillOne(t, path)); err == nil {
			t.Errorf("%s was made", path)
		}
	}
	for _, path := range []string{filepath.Join(parent, "out"), filepath.Join(parent, "a", "b")} {
		if err := Creatable(path); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, parent); !slices.Equal(got, before) {
		t.Errorf("%v was left, expected %v", got, before)
	}
}
