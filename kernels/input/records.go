package input

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Records is a text that is read record by record, each of which takes at most [Record] bytes: Next begins one. An open
// quotation mark or a line without an end then costs no memory.
type Records struct {
	r    io.Reader
	left int
}

// NewRecords is the records of r.
func NewRecords(r io.Reader) *Records { return &Records{r, Record} }

// Next begins a record.
func (r *Records) Next() { r.left = Record }

// ErrRecord says that a record does not end.
var ErrRecord = fmt.Errorf("a row of more than %s, which is the most that is read", Bytes(Record))

func (r *Records) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, ErrRecord
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// ErrReturns says that nothing but carriage returns ends the lines of a text, as old spreadsheets of the Macintosh wrote them.
var ErrReturns = errors.New("lines that end in a carriage return alone, expected line feeds: saved as CSV UTF-8, the table has them")

// LineEnds is [ErrReturns] where the first line of a text, of which head is the beginning, goes on behind a carriage return.
func LineEnds(head []byte) error {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.IndexByte(bytes.TrimRight(line, "\r"), '\r') >= 0 { // before a line feed there may be some
		return ErrReturns
	}
	return nil
}

// Text is a text as UTF-8 without its byte-order mark, which tells UTF-16 of either byte order. Bytes that are no UTF-8
// become what repair makes of them, where it is not nil. A text that ends within a unit of UTF-16 fails with [ErrHalf]
// behind what is whole.
func Text(r io.Reader, repair func([]byte) []byte) io.Reader {
	b := bufio.NewReaderSize(r, chunk)
	t := &text{r: b, repair: repair}
	switch mark, _ := b.Peek(3); {
	case bytes.HasPrefix(mark, []byte("\xff\xfe")):
		t.order = binary.LittleEndian
		b.Discard(2)
	case bytes.HasPrefix(mark, []byte("\xfe\xff")):
		t.order = binary.BigEndian
		b.Discard(2)
	case string(mark) == "\ufeff":
		b.Discard(3)
	}
	return t
}

// ErrHalf says that a text of UTF-16 has an odd number of bytes.
var ErrHalf = errors.New("the file ends within a character of UTF-16, expected an even number of bytes")

// chunk is how many bytes are converted at a time.
const chunk = 1 << 16

// text converts the bytes of in, of which the last few may be a part of a character.
type text struct {
	r      io.Reader
	order  binary.ByteOrder // nil for UTF-8
	repair func([]byte) []byte
	in     []byte
	buffer [chunk]byte
	out    []byte
	err    error
}

func (t *text) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		n := copy(t.buffer[:], t.in)
		m, err := t.r.Read(t.buffer[n:])
		t.err = err
		if t.order != nil {
			t.utf16(t.buffer[:n+m])
		} else {
			t.utf8(t.buffer[:n+m])
		}
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// utf8 takes whole characters.
func (t *text) utf8(b []byte) {
	whole := len(b)
	if t.err == nil {
		for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
			if utf8.RuneStart(b[len(b)-back]) {
				if !utf8.FullRune(b[len(b)-back:]) {
					whole -= back
				}
				break
			}
		}
	}
	t.out, t.in = b[:whole], b[whole:]
	if t.repair != nil && !utf8.Valid(t.out) {
		t.out = t.repair(t.out)
	}
	if len(t.in) > 0 {
		t.in = bytes.Clone(t.in) // of the buffer that out may still be read from
	}
}

// utf16 takes whole units and, but for the end, whole pairs of surrogates. Half a pair becomes the replacement character, and
// what follows it is read on its own.
func (t *text) utf16(b []byte) {
	t.out = make([]byte, 0, len(b)/2*3)
	i := 0
	for ; i+1 < len(b); i += 2 {
		r := rune(t.order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			if i+3 >= len(b) && t.err == nil {
				break
			}
			low := rune(utf8.RuneError)
			if i+3 < len(b) {
				low = rune(t.order.Uint16(b[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 2
			}
		}
		t.out = utf8.AppendRune(t.out, r)
	}
	t.in = bytes.Clone(b[i:])
	if t.err == io.EOF && len(t.in) > 0 {
		t.err = ErrHalf
	}
}
