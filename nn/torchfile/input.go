package torchfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// input reads the bytes of a pickle and counts them.
type input struct {
	r   *bufio.Reader
	at  int64 // bytes read
	end int64 // bytes that may be read
}

// newInput reads size bytes of r from offset.
func newInput(r io.ReaderAt, offset, size int64) *input {
	return &input{r: bufio.NewReader(io.NewSectionReader(r, offset, size)), end: size}
}

// endError says that the bytes ended before the pickle did.
type endError struct{ at, missing int64 }

func (e *endError) Error() string {
	return fmt.Sprintf("the pickle does not end: at byte %d it needs %d more than there are", e.at, e.missing)
}

// bytes reads n bytes. They are counted before any is allocated.
func (in *input) bytes(n uint64) ([]byte, error) {
	if left := in.end - in.at; n > uint64(left) {
		return nil, &endError{in.at, int64(min(n-uint64(left), 1<<62))}
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in.r, b); err != nil {
		return nil, fmt.Errorf("byte %d: %w", in.at, err)
	}
	in.at += int64(n)
	return b, nil
}

func (in *input) byte() (byte, error) {
	if in.at == in.end {
		return 0, &endError{in.at, 1}
	}
	b, err := in.r.ReadByte()
	if err != nil {
		return 0, fmt.Errorf("byte %d: %w", in.at, err)
	}
	in.at++
	return b, nil
}

// unsigned reads a little-endian number of up to 8 bytes.
func (in *input) unsigned(width int) (uint64, error) {
	b, err := in.bytes(uint64(width))
	if err != nil {
		return 0, err
	}
	var whole [8]byte
	copy(whole[:], b)
	return binary.LittleEndian.Uint64(whole[:]), nil
}

// maxName bounds the name of a module or function.
const maxName = 256

// line reads up to a line feed, which it drops.
func (in *input) line() (string, error) {
	var line []byte
	for len(line) <= maxName {
		b, err := in.byte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			return string(line), nil
		}
		line = append(line, b)
	}
	return "", fmt.Errorf("a name of more than %d bytes", maxName)
}
