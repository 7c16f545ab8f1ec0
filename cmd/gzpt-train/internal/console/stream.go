package console

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
)

// Stream is standard output or standard error. It keeps its first error, so that no line is lost without a word. A reader
// that goes away (head, a terminal that was closed) has read what it wanted: what is written for it then is dropped.
type Stream struct {
	w io.Writer
	// Terminal says that a person reads it.
	Terminal bool
	err      error
}

// NewStream makes the stream that writes to w.
func NewStream(w io.Writer) *Stream {
	file, ok := w.(*os.File)
	return &Stream{w: w, Terminal: ok && term.IsTerminal(int(file.Fd()))}
}

// Err is the first error of a Write.
func (s *Stream) Err() error { return s.err }

// Write writes for the reader, if there still is one.
func (s *Stream) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err == nil || s.unread(err) {
		return len(p), nil
	}
	if s.err == nil {
		s.err = err
	}
	return n, err
}

// unread reports whether an error says that there is no reader any more.
func (s *Stream) unread(err error) bool {
	return errors.Is(err, syscall.EPIPE) || s.Terminal && errors.Is(err, syscall.EIO)
}

// Width is the number of columns of the terminal, usual where it does not tell, and 0 where there is none.
func (s *Stream) Width(usual int) int {
	if !s.Terminal {
		return 0
	}
	if width, _, err := term.GetSize(int(s.w.(*os.File).Fd())); err == nil && width > 0 {
		return width
	}
	return usual
}
