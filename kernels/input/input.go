// Package input opens and reads files that come from outside: ordinary files alone, and never more of them than a limit
// that is known before memory is taken. Every package of gzpt that reads a file opens it here.
package input

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// Table bounds the bytes of a table that is read as a whole, such as labels or a log of gaze, and Document those of one
	// text of settings.
	Table    = 1 << 30
	Document = 1 << 26
	// Record bounds the bytes of one row of a table or one line of a text, Columns the columns of a table.
	Record  = 1 << 20
	Columns = 1 << 14
)

// NotRegular is the error of a path that leads to something else than an ordinary file: reading it may never end.
type NotRegular struct{ Path, Kind string }

func (e *NotRegular) Error() string {
	return fmt.Sprintf("%s: not a regular file but a %s", e.Path, e.Kind)
}

// kindOf is what a mode that is not that of an ordinary file is of.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "FIFO"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// Open opens an ordinary file for reading. Anything else is a *NotRegular at once: a FIFO is not waited for.
func Open(path string) (*os.File, error) { return OpenFile(path, os.O_RDONLY, 0) }

// OpenFile is os.OpenFile of an ordinary file, one that is there or, with os.O_CREATE, comes to be.
func OpenFile(path string, flag int, perm fs.FileMode) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a device may already do something
		return nil, &NotRegular{path, kindOf(info.Mode())}
	}
	f, err := os.OpenFile(path, flag|nonblocking, perm)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat() // of what was opened, should the path lead elsewhere by now
	if err == nil && !info.Mode().IsRegular() {
		err = &NotRegular{path, kindOf(info.Mode())}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// TooLarge is the error of an input that is longer than it may be.
type TooLarge struct {
	Path string // "" where the caller names it
	Most int64
}

func (e *TooLarge) Error() string {
	text := fmt.Sprintf("more than %s, which is the most that is read", Bytes(e.Most))
	if e.Path == "" {
		return text
	}
	return e.Path + ": " + text
}

// ReadFile reads an ordinary file of at most the given bytes.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := ReadAll(f, most)
	switch e := err.(type) {
	case nil:
		return content, nil
	case *TooLarge:
		e.Path = path
		return nil, e
	case *fs.PathError:
		return nil, err
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// ReadAll reads the rest of r, at most the given bytes. A file that is larger is refused before anything of it is read.
func ReadAll(r io.Reader, most int64) ([]byte, error) {
	size := int64(512)
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			if size = info.Size() + 1; size > most+1 {
				return nil, &TooLarge{Most: most}
			}
		}
	}
	content := make([]byte, 0, size)
	limited := &limit{r, most, most}
	for {
		n, err := limited.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		if err == io.EOF {
			return content, nil
		} else if err != nil {
			return nil, err
		}
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
	}
}

// ReadFull fills b. Where r ends before, the error is ended, which says what that means; another one of r comes as it is.
func ReadFull(r io.Reader, b []byte, ended error) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ended
	}
	return err
}

// Limit is r, whose reading fails with a *TooLarge behind the given bytes.
func Limit(r io.Reader, most int64) io.Reader { return &limit{r, most, most} }

type limit struct {
	r          io.Reader
	left, most int64
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, &TooLarge{Most: l.most}
	}
	if int64(len(p)) > l.left+1 { // one more tells an end from a limit
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n + int(l.left), &TooLarge{Most: l.most}
	}
	return n, err
}

// Unpacked is how many bytes a compressed part of so many bytes may unfold to: what tables of numbers need, and not the
// thousandfold of a file that is made to fill a memory.
func Unpacked(packed int64) int64 { return 1<<22 + 20*packed }

// Inside reports whether a path leads to the folder or below it, links of both resolved: one that leads out is outside,
// wherever it lies. What is not there is judged by its path.
func Inside(folder, path string) bool {
	relative, err := filepath.Rel(resolved(folder), resolved(path))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func resolved(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolved(parent), filepath.Base(path))
}

// Bytes is a number of bytes for a person.
func Bytes(n int64) string {
	v, unit := float64(n), "bytes"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, next
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
