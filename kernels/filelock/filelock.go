// Package filelock tells whether another process is at work on a file or a folder. A lock is advisory: it keeps out only those
// who ask for it. It ends with the process that holds it, however that ends, so what is found without its lock has been left
// by a process that is no more.
package filelock

import "errors"

// ErrHeld says that another process, or another open file of this one, holds the lock.
var ErrHeld = errors.New("locked by another process")
