package rundir

import (
	"errors"
	"fmt"

	"gzpt/kernels/input"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked by another process")

// Lock keeps other processes from writing to the run until it is released, at the latest by the end of this process.
func (d Dir) Lock() (release func(), err error) {
	f, err := input.Open(d.Config())
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%s: another process is writing to this run", string(d))
		}
		return nil, fmt.Errorf("%s: %w", d.Config(), err)
	}
	return func() { f.Close() }, nil
}
