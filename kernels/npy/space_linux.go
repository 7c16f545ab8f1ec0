package npy

import (
	"errors"
	"os"
	"syscall"
)

// allocate makes a file size bytes long and takes their space on the disk.
func allocate(f *os.File, size int64) error {
	if size == 0 {
		return f.Truncate(0)
	}
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, errors.ErrUnsupported): // some network file systems
			return fill(f, size)
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}
