//go:build !unix || !(amd64 || arm64)

package npy

import "os"

func mapFile(*os.File, bool) (*Mapped, error) { return nil, ErrNoMapping }

// Sync waits until what was written to Data is on the disk.
func (m *Mapped) Sync() error { return ErrNoMapping }

// Close ends the mapping.
func (m *Mapped) Close() error { return ErrNoMapping }
