//go:build linux && amd64

package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const asProgram = "GZPT_TRACER_TEST_AS_PROGRAM"

// TestMain makes the test program behave as a program to trace, which writes a file aside, on another thread than the first.
func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "write":
		var wait sync.WaitGroup
		var err error
		wait.Go(func() { err = writeAside(os.Args[1]) })
		wait.Wait()
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		fmt.Println("written")
		os.Exit(0)
	case "open":
		for {
			if _, err := os.Open(os.Args[0]); err != nil { // all stay open
				fmt.Fprintln(os.Stderr, "error:", err)
				os.Exit(1)
			}
		}
	case "hang":
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func writeAside(path string) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if _, err := f.WriteString("0123456789"); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// traced runs the program in a folder of its own.
func traced(t *testing.T, mode string, edit func(*Command)) (r Result, folder, printed string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if folder, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := Command{
		Path: program, Args: []string{"file"}, Dir: folder, Env: append(os.Environ(), asProgram+"="+mode), Stdout: &out, Stderr: &out,
		Roots: []string{folder}, Patience: time.Minute,
	}
	if edit != nil {
		edit(&c)
	}
	r, err = Run(c)
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, folder, out.String()
}

func holds(folder, name string) string {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return "nothing"
	}
	return string(text)
}

func TestCallsAreTold(t *testing.T) {
	var names []string
	r, folder, printed := traced(t, "write", func(c *Command) {
		c.Decide = func(call Call) Action {
			name := call.Name
			if call.From != "" {
				name += " " + filepath.Base(call.From)
			}
			names = append(names, fmt.Sprintf("%s %s %d %v", name, filepath.Base(call.Path), call.Bytes, call.Makes))
			return Action{}
		}
	})
	want := []string{"openat file.part 0 true", "write file.part 10 false", "fsync file.part 0 false", "close file.part 0 false", "renameat file.part file 0 false"}
	for _, w := range want {
		if !slices.Contains(names, w) {
			t.Errorf("calls %q lack %q", names, w)
		}
	}
	if r != (Result{}) || printed != "written\n" || holds(folder, "file") != "0123456789" {
		t.Errorf("%+v, %q, the file holds %q", r, printed, holds(folder, "file"))
	}
}

func TestActions(t *testing.T) {
	for _, test := range []struct {
		call        string
		action      Action
		result      Result
		file, aside string
		printed     string
	}{
		{"write", Action{Fail: syscall.ENOSPC}, Result{Status: 1}, "nothing", "", "no space left on device"},
		{"fsync", Action{Fail: syscall.EIO}, Result{Status: 1}, "nothing", "0123456789", "input/output error"},
		{"openat", Action{Fail: syscall.EMFILE}, Result{Status: 1}, "nothing", "nothing", "too many open files"},
		{"renameat", Action{Signal: syscall.SIGKILL}, Result{Status: -1, Signal: syscall.SIGKILL}, "nothing", "0123456789", ""},
		{"renameat", Action{Signal: syscall.SIGKILL, After: true}, Result{Status: -1, Signal: syscall.SIGKILL}, "0123456789", "nothing", ""},
		{"fsync", Action{Signal: syscall.SIGTERM}, Result{Status: -1, Signal: syscall.SIGTERM}, "nothing", "0123456789", ""},
		{"write", Action{Limit: 3}, Result{}, "0123456789", "nothing", "written"}, // Go writes the rest
	} {
		once := true
		r, folder, printed := traced(t, "write", func(c *Command) {
			c.Decide = func(call Call) Action {
				if call.Name != test.call || !once {
					return Action{}
				}
				once = false
				return test.action
			}
		})
		if r != test.result || holds(folder, "file") != test.file || holds(folder, "file.part") != test.aside || !strings.Contains(printed, test.printed) {
			t.Errorf("%s %+v: %+v, the files hold %q and %q, printed %q", test.call, test.action, r, holds(folder, "file"), holds(folder, "file.part"), printed)
		}
	}
}

func TestOpenFiles(t *testing.T) {
	r, _, printed := traced(t, "open", func(c *Command) { c.OpenFiles = 40 })
	if r.Status != 1 || !strings.Contains(printed, "too many open files") {
		t.Errorf("%+v, %q", r, printed)
	}
}

func TestFileSize(t *testing.T) {
	r, folder, printed := traced(t, "write", func(c *Command) { c.FileSize = 4 })
	if r.Status != 1 || holds(folder, "file") != "nothing" || !strings.Contains(printed, "file too large") {
		t.Errorf("%+v, %q, the file holds %q", r, printed, holds(folder, "file"))
	}
}

func TestWhatHangsIsEnded(t *testing.T) {
	r, _, printed := traced(t, "hang", func(c *Command) { c.Patience = 2 * time.Second })
	// It shows its stacks, unless it has not even begun.
	if !r.Hung || r.Signal == 0 && !strings.Contains(printed, "goroutine 1") {
		t.Errorf("%+v, %q", r, printed)
	}
}

func TestManyAtOnce(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 5 {
				if r, folder, _ := traced(t, "write", nil); r != (Result{}) || holds(folder, "file") != "0123456789" {
					t.Errorf("%+v, the file holds %q", r, holds(folder, "file"))
				}
			}
		})
	}
}
