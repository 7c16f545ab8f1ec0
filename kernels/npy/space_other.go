//go:build !linux

package npy

import "os"

// allocate makes a file size bytes long and takes their space on the disk.
func allocate(f *os.File, size int64) error { return fill(f, size) }
