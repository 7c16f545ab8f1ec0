//go:build unix && (amd64 || arm64)

package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"unsafe"
)

func mapFile(f *os.File, write bool) (*Mapped, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	h, err := readHeader(f)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	n, err := elements(h.dims)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	head := header(h.dims)
	start := make([]byte, len(head))
	if _, err := f.ReadAt(start, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if !bytes.Equal(start, head) {
		return nil, errors.New("npy: expected float32 elements under a header as this package writes it")
	}
	if size := int64(len(head)) + 4*int64(n); info.Size() != size {
		return nil, fmt.Errorf("npy: %d bytes, expected %d", info.Size(), size)
	}
	protection := syscall.PROT_READ
	if write {
		protection |= syscall.PROT_WRITE
	}
	file, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), protection, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("npy: mapping: %w", err)
	}
	m := &Mapped{Dims: slices.Clone(h.dims), file: file}
	if n > 0 {
		m.Data = unsafe.Slice((*float32)(unsafe.Pointer(&file[len(head)])), n)
	}
	return m, nil
}

// Sync waits until what was written to Data is on the disk.
func (m *Mapped) Sync() error {
	_, _, code := syscall.Syscall(syscall.SYS_MSYNC, uintptr(unsafe.Pointer(unsafe.SliceData(m.file))), uintptr(len(m.file)), syscall.MS_SYNC)
	if code != 0 {
		return fmt.Errorf("npy: msync: %w", code)
	}
	return nil
}

// Close ends the mapping.
func (m *Mapped) Close() error {
	file := m.file
	m.file, m.Data = nil, nil
	return syscall.Munmap(file)
}
