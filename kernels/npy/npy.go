// Package npy reads and writes matrices as .npy files, the format of NumPy's save and load (NumPy Enhancement Proposal
// 1): relation matrices and features go out as float32; float32, float64 and integer matrices come in.
//
// Files are written in version 1.0, little-endian, row-major (C order), with the header padded so that the elements
// begin at a multiple of 64 bytes. Versions 1.0 to 3.0 are read; column-major (Fortran order) files are refused.
package npy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"gzpt/kernels/atomicfile"
	"gzpt/kernels/input"
)

const (
	magic     = "\x93NUMPY"
	alignment = 64
	// maxHeader bounds what a header may make the reader allocate; NumPy's own headers are under a kilobyte.
	maxHeader = 1 << 16
	// maxElements bounds the number of elements of a file, so that their size in bytes fits an int.
	maxElements = math.MaxInt / 8
	chunk       = 1 << 14 // elements converted at a time
)

// Write writes data as an array of the given dimensions, row-major, float32. The product of dims must be len(data).
func Write(w io.Writer, dims []int, data []float32) error {
	n, err := elements(dims)
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if n != len(data) {
		panic("npy: Write: length differs from the product of the dimensions")
	}
	if _, err := w.Write(header(dims)); err != nil {
		return fmt.Errorf("npy: writing the header: %w", err)
	}
	buffer := make([]byte, 0, 4*min(chunk, len(data)))
	for len(data) > 0 {
		part := data[:min(chunk, len(data))]
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return fmt.Errorf("npy: writing the elements: %w", err)
		}
		data = data[len(part):]
	}
	return nil
}

// WriteFile is Write to a file, which appears under its name only when it is complete and on disk.
func WriteFile(path string, dims []int, data []float32) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, dims, data) })
}

// Read reads an array as float32 and returns its dimensions and its elements, row-major. float64 and integer elements
// are converted to the nearest float32. Anything after the last element is left unread.
func Read(r io.Reader) (dims []int, data []float32, err error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	n, err := elements(h.dims)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	data, err = readElements(r, n, h.kind)
	if err != nil {
		return nil, nil, fmt.Errorf("npy: %w", err)
	}
	return h.dims, data, nil
}

// ReadFile is Read of a file, which must end with the last element: its size is compared before memory is taken.
func ReadFile(path string) (dims []int, data []float32, err error) {
	err = inFile(path, func(r io.Reader, h array, n int) error {
		dims = h.dims
		data, err = readElements(r, n, h.kind)
		return err
	})
	return dims, data, err
}

// Shape is the dimensions of the array in a file, whose size fits them. No element is read.
func Shape(path string) (dims []int, err error) {
	err = inFile(path, func(_ io.Reader, h array, _ int) error {
		dims = h.dims
		return nil
	})
	return dims, err
}

// inFile calls read where the elements of a file begin, which are as many as its header promises.
func inFile(path string, read func(r io.Reader, h array, elements int) error) error {
	f, err := input.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	h, err := readHeader(r)
	n := 0
	if err == nil {
		n, err = elements(h.dims)
	}
	if err == nil {
		err = fits(f, r, n, h.kind)
	}
	if err == nil {
		err = read(r, h, n)
	}
	if err != nil {
		return fmt.Errorf("%s: npy: %w", path, err)
	}
	return nil
}

// fits demands that n elements are what is left of a file that r reads.
func fits(f *os.File, r *bufio.Reader, n int, k kind) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	switch left, want := info.Size()-at+int64(r.Buffered()), int64(n)*int64(k.size); {
	case left < want:
		return fmt.Errorf("the file ends within the %d elements that its header promises: %d bytes, expected %d", n, left, want)
	case left > want:
		return errors.New("bytes after the last element")
	}
	return nil
}

// header is everything before the elements, in NumPy's own spelling.
func header(dims []int) []byte {
	var shape strings.Builder
	for i, d := range dims {
		if i > 0 {
			shape.WriteByte(' ')
		}
		shape.WriteString(strconv.Itoa(d))
		if i < len(dims)-1 || len(dims) == 1 {
			shape.WriteByte(',')
		}
	}
	dict := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape.String())
	const fixed = len(magic) + 2 + 2 // magic, version, length
	padded := (fixed + len(dict) + 1 + alignment - 1) / alignment * alignment
	h := append(make([]byte, 0, padded), magic...)
	h = append(h, 1, 0)
	h = binary.LittleEndian.AppendUint16(h, uint16(padded-fixed))
	h = append(h, dict...)
	for len(h) < padded-1 {
		h = append(h, ' ')
	}
	return append(h, '\n')
}

// elements is the product of the dimensions.
func elements(dims []int) (int, error) {
	n, empty := 1, false
	for _, d := range dims {
		switch {
		case d < 0:
			return 0, errors.New("negative dimension")
		case d == 0:
			empty = true
		case n > maxElements/d:
			return 0, errors.New("the dimensions are too large")
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}
