package main

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// output is standard output or standard error. It keeps its first error, so that no verb loses a line without a word. A reader
// that goes away (head, a terminal that was closed) has read what it wanted: what is written for it then is dropped.
type output struct {
	w        io.Writer
	terminal bool
	err      error
}

func newOutput(w io.Writer) *output {
	file, ok := w.(*os.File)
	return &output{w: w, terminal: ok && isTerminal(file)}
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err == nil || o.unread(err) {
		return len(p), nil
	}
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// unread reports whether an error says that there is no reader any more.
func (o *output) unread(err error) bool {
	return errors.Is(err, syscall.EPIPE) || o.terminal && errors.Is(err, syscall.EIO)
}
