//go:build unix

package input

import "syscall"

// nonblocking opens a FIFO without waiting for its other end, should one take a file's place while it is opened.
const nonblocking = syscall.O_NONBLOCK
