package npy

import (
	"errors"
	"fmt"
	"os"
	"syscall"

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

// CreateMapped makes a file of zeros, which must not exist. Its space on the disk is taken at once: what is written to memory
// later has no way to say that the disk is full.
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
	m, err := makeMapped(f, header(dims), 4*int64(n))
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return m, nil
}

func makeMapped(f *os.File, head []byte, bytes int64) (*Mapped, error) {
	if _, err := f.Write(head); err != nil {
		return nil, err
	}
	if err := takeSpace(f, int64(len(head))+bytes); err != nil {
		return nil, err
	}
	return mapFile(f, true)
}

// takeSpace makes a file as long as it is to be and takes its space on the disk. What the file holds stays.
func takeSpace(f *os.File, size int64) error {
	err := allocate(f, size)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%s: no space for %d bytes: %w", f.Name(), size, err)
	}
	return err
}

// fill is allocate by what any system has: it makes the file longer and writes all of it once more.
func fill(f *os.File, size int64) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	buffer := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(buffer)) {
		part := buffer[:min(int64(len(buffer)), size-at)]
		if _, err := f.ReadAt(part, at); err != nil {
			return err
		}
		if _, err := f.WriteAt(part, at); err != nil {
			return err
		}
	}
	return nil
}

// Bytes is the memory of n elements from the given one on, as they are in the file.
func (m *Mapped) Bytes(from, n int) []byte {
	head := len(m.file) - 4*len(m.Data)
	return m.file[head+4*from:][:4*n]
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
	if write { // the space of a file that an older version made is not all taken
		if info, err := f.Stat(); err != nil {
			return nil, err
		} else if err := takeSpace(f, info.Size()); err != nil {
			return nil, err
		}
	}
	m, err := mapFile(f, write)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
