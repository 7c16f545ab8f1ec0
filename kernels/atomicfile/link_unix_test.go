//go:build unix

package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A link stays one, and what it leads to is written, also where that does not exist yet.
func TestLinksStay(t *testing.T) {
	folder := t.TempDir()
	link, file := filepath.Join(folder, "link"), filepath.Join(folder, "below", "file")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o777), os.Symlink("second", link), os.Symlink(filepath.Join("below", "file"), filepath.Join(folder, "second"))); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "then"} {
		if err := write(link, text); err != nil {
			t.Fatal(err)
		}
		holds(t, file, text, "file")
		holds(t, link, text, "below", "link", "second")
		if to, err := os.Readlink(link); err != nil || to != "second" {
			t.Errorf("the link leads to %q, %v", to, err)
		}
	}
}

// A pipe is written to and stays where it is.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	read := make(chan string)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			t.Error(err)
		}
		text, _ := io.ReadAll(f)
		f.Close()
		read <- string(text)
	}()
	if err := write(pipe, "text"); err != nil {
		t.Error(err)
	}
	if text := <-read; text != "text" {
		t.Errorf("read %q", text)
	}
	if info, err := os.Stat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is none any more: %v", err)
	}
}
