//go:build !unix

package filelock

import (
	"errors"
	"os"
)

// Take returns errors.ErrUnsupported: this system has no advisory locks.
func Take(*os.File) error { return errors.ErrUnsupported }
