package driver

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"
)

// This file is work as a value, and graphs of it.

// Kind is what work is.
type Kind uint8

// The kinds of work: the methods of Stream.
const (
	Kernel Kind = iota // Launch
	CopyIn
	CopyOut
	Copy
	Fill
)

// String is the method of Stream.
func (k Kind) String() string { return [...]string{"Launch", "CopyIn", "CopyOut", "Copy", "Fill"}[k] }

// Work is one call of a stream.
type Work struct {
	Kind
	Launch           // of a kernel
	To, From Pointer // of a copy or fill
	Host     []byte  // that CopyIn reads and CopyOut fills
	Bytes    int     // that Copy copies
	Value    uint32  // that Fill fills with
	Words    int     // that Fill fills
}

// On has a stream do the work.
func (w *Work) On(s Stream) error {
	switch w.Kind {
	case CopyIn:
		return s.CopyIn(w.To, w.Host)
	case CopyOut:
		return s.CopyOut(w.Host, w.From)
	case Copy:
		return s.Copy(w.To, w.From, w.Bytes)
	case Fill:
		return s.Fill(w.To, w.Value, w.Words)
	}
	return s.Launch(w.Launch)
}

// Alike reports whether work in a graph can be changed to other work: not its kind, function or length of a fill.
func (w *Work) Alike(other *Work) bool {
	return w.Kind == other.Kind && w.Function == other.Function && w.Words == other.Words
}

// Same reports whether work does what other work does.
func (w *Work) Same(other *Work) bool {
	return w.Alike(other) && w.Grid == other.Grid && w.Block == other.Block && w.Cluster == other.Cluster && w.Shared == other.Shared &&
		bytes.Equal(w.Arguments, other.Arguments) && w.To == other.To && w.From == other.From &&
		unsafe.SliceData(w.Host) == unsafe.SliceData(other.Host) && len(w.Host) == len(other.Host) &&
		w.Bytes == other.Bytes && w.Value == other.Value
}

// Graph is work that a stream does with one call, again and again. The host memory that it names is read and filled at each launch.
type Graph interface {
	// Set changes work number n, from 0, for the launches from now on. The old and the new work are Alike. Arguments may be
	// used again when it returns.
	Set(n int, w *Work) error
	// Launch has a stream do the work. Where one of it is known to have failed the error is a WorkError.
	Launch(Stream) error
	Destroy() error
}

// WorkError says which work of a graph failed, or was refused.
type WorkError struct {
	Number int // from 0
	Err    error
}

func (e *WorkError) Error() string { return fmt.Sprintf("work %d of a graph: %v", e.Number, e.Err) }

func (e *WorkError) Unwrap() error { return e.Err }

// OneByOne is a graph of a driver that has none: it leaves its work to the stream one by one.
type OneByOne struct {
	work []Work
	gone bool
}

// NewOneByOne is a graph of the work.
func NewOneByOne(work []Work) *OneByOne {
	g := &OneByOne{work: make([]Work, len(work))}
	for n := range work {
		g.put(n, &work[n])
	}
	return g
}

func (g *OneByOne) put(n int, w *Work) {
	arguments := append(g.work[n].Arguments[:0], w.Arguments...)
	g.work[n] = *w
	g.work[n].Arguments = arguments
}

var errDestroyed = errors.New("the graph has been destroyed")

// ErrNotAlike is the error of Set for work that is not Alike.
var ErrNotAlike = errors.New("a graph cannot change to work of another kind, function or length of a fill")

// Set changes work.
func (g *OneByOne) Set(n int, w *Work) error {
	if g.gone {
		return errDestroyed
	}
	if !w.Alike(&g.work[n]) {
		return &WorkError{n, ErrNotAlike}
	}
	g.put(n, w)
	return nil
}

// Launch does the work until one fails.
func (g *OneByOne) Launch(s Stream) error {
	if g.gone {
		return errDestroyed
	}
	for n := range g.work {
		if err := g.work[n].On(s); err != nil {
			return &WorkError{n, err}
		}
	}
	return nil
}

// Destroy ends the use of the graph.
func (g *OneByOne) Destroy() error {
	if g.gone {
		return errDestroyed
	}
	g.gone = true
	return nil
}
