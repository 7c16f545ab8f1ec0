package npy

import (
	"errors"
	"fmt"
	"os"

	"gzpt/kernels/input"
)

// Mapped is a float32 matrix in a file that is the memory of Data: a matrix larger than the machine's memory can be
// written or read in pieces. The file is a .npy file at all times; what is not yet written is 0.
type Mapped struct {
	Dims []int
	// Data is the elements, row-major. It must not be used after Close, nor written to after OpenMapped.
	Data []float32
	file []byte // the whole file, mapped
}

// ErrNoMapping says that this system cannot map files into memory, or does not store numbers as .npy files do.
var ErrNoMapping = errors.New("npy: this system cannot map matrices")

// CreateMapped makes a file of zeros, which must not exist.
func CreateMapped(path string, dims []int) (*Mapped, error) {
	n, err := elements(dims)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := header(dims)
	if _, err := f.Write(head); err != nil {
		return nil, err
	}
	if err := f.Truncate(int64(len(head)) + 4*int64(n)); err != nil {
		return nil, err
	}
	return mapFile(f, true)
}

// OpenMapped maps a file of float32 elements, for reading or, with write, for going on writing.
func OpenMapped(path string, write bool) (*Mapped, error) {
	mode := os.O_RDONLY
	if write {
		mode = os.O_RDWR
	}
	f, err := input.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := mapFile(f, write)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
