package console

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// A reader that has gone is no failure; a full disk is, and stays the first one.
func TestStream(t *testing.T) {
	signal.Ignore(syscall.SIGPIPE) // as the command does
	defer signal.Reset(syscall.SIGPIPE)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	s := NewStream(w)
	if n, err := io.WriteString(s, "line"); n != 4 || err != nil || s.Err() != nil {
		t.Errorf("without a reader: %d, %v, %v", n, err, s.Err())
	}
	full := errors.New("no space")
	s = NewStream(&limited{lines: 1, err: full})
	for range 3 {
		io.WriteString(s, "line")
	}
	if !errors.Is(s.Err(), full) || s.Terminal || s.Width(80) != 0 {
		t.Errorf("%v, a terminal %v of %d", s.Err(), s.Terminal, s.Width(80))
	}
}
