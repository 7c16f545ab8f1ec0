// Package tracer runs a program under ptrace and shows the system calls by which it works on files, before they happen: each
// may be made to fail, be cut short, or be the moment of a signal. Every thread of the program is followed. No root is needed.
// It is for tests on Linux and amd64; elsewhere Run says that it cannot.
package tracer

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	// Path is the program, Args its arguments without its name, Dir its working folder.
	Path string
	Args []string
	Env  []string
	Dir  string
	// Stdout and Stderr take what it prints.
	Stdout, Stderr io.Writer
	// Roots are the folders whose files matter: of calls on other files nothing is told. Absolute, without links.
	Roots []string
	// Patience is how long it may run. Then it is asked for its stacks by SIGQUIT, and killed.
	Patience time.Duration
	// FileSize is the largest file that it may write (RLIMIT_FSIZE), and OpenFiles how many it may have open (RLIMIT_NOFILE), 0
	// for any.
	FileSize, OpenFiles uint64
	// Decide is asked at every call, on one goroutine; nil lets all of them happen.
	Decide func(Call) Action
}

// Call is a system call that is about to happen.
type Call struct {
	// Name is the kernel's name for it, such as "openat"; that of a mapping of a file is "mmap".
	Name string
	// Path is the file that it is about, of two the new one, and From the old one.
	Path, From string
	// Bytes is what it writes, or sets aside on the disk; 0 for other calls.
	Bytes int64
	// Makes says that a new name appears: of a file that is opened to be made, of a folder, of a link.
	Makes bool
}

// Action is what happens instead of a call. The zero value lets it happen.
type Action struct {
	// Fail is the error that the call returns without having happened.
	Fail syscall.Errno
	// Limit, where it is not 0, is the number of bytes that a write takes at most.
	Limit int64
	// Signal is sent to the program, before the call or, with After, when it has happened.
	Signal syscall.Signal
	After  bool
}

// Result is how a program ended.
type Result struct {
	// Status is its exit status, -1 where a signal ended it, which is Signal.
	Status int
	Signal syscall.Signal
	// Hung says that it had to be killed because it did not end.
	Hung bool
}

// ErrUnsupported says that this system cannot trace, or does not permit it.
var ErrUnsupported = errors.New("system calls cannot be traced here")
