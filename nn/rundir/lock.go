package rundir

import (
	"errors"
	"fmt"

	"gzpt/kernels/filelock"
	"gzpt/kernels/input"
)

// Lock keeps other processes from writing to the run until it is released, at the latest by the end of this process. It does
// nothing where the system has no locks.
func (d Dir) Lock() (release func(), err error) {
	f, err := input.Open(d.Config())
	if err != nil {
		return nil, err
	}
	switch err := filelock.Take(f); {
	case errors.Is(err, filelock.ErrHeld):
		f.Close()
		return nil, fmt.Errorf("%s: another process is writing to this run", string(d))
	case err != nil && !errors.Is(err, errors.ErrUnsupported):
		f.Close()
		return nil, fmt.Errorf("%s: %w", d.Config(), err)
	}
	return func() { f.Close() }, nil
}
