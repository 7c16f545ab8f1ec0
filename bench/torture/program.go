package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gzpt/bench/torture/tracer"
)

// ended is how a call of the program ended and what it printed.
type ended struct {
	args []string
	tracer.Result
	stdout, stderr string
	memory         int64 // at its peak in bytes, 0 where it is not known
}

// options is what surrounds a call.
type options struct {
	env []string
	// decide, if not nil, is asked at every call on a file of the trial.
	decide func(tracer.Call) tracer.Action
	// fileSize is the largest file that may be written and openFiles how many may be open, 0 for any.
	fileSize, openFiles uint64
	// signal is sent after a delay, 0 for none; twice says that it is sent once more.
	signal syscall.Signal
	delay  time.Duration
	twice  bool
	// stdout and stderr take the place of what is read.
	stdout, stderr *os.File
}

// call runs the program in the folder of a trial. The error is one of the torture itself.
func (w *world) call(folder string, args []string, o options) (*ended, error) {
	e := &ended{args: args}
	var stdout, stderr bytes.Buffer
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "XDG_CACHE_HOME=" + filepath.Join(folder, "elsewhere"),
		"GORACE=atexit_sleep_ms=0"}, o.env...)
	var err error
	if o.decide != nil || o.fileSize > 0 || o.openFiles > 0 {
		e.Result, err = tracer.Run(tracer.Command{
			Path: w.program, Args: args, Env: env, Dir: folder, Stdout: &stdout, Stderr: &stderr,
			Roots:    []string{folder, filepath.Join(w.folder, "data"), filepath.Join(w.folder, "scanpaths")},
			Patience: w.patience, FileSize: o.fileSize, OpenFiles: o.openFiles, Decide: o.decide,
		})
	} else {
		c := exec.Command(w.program, args...)
		c.Env, c.Dir, c.Stdout, c.Stderr = env, folder, &stdout, &stderr
		if o.stdout != nil {
			c.Stdout = o.stdout
		}
		if o.stderr != nil {
			c.Stderr = o.stderr
		}
		e.Result, err = w.plain(c, o)
		e.memory = peakMemory(c.ProcessState)
	}
	e.stdout, e.stderr = stdout.String(), stderr.String()
	return e, err
}

// plain runs a command that is not traced.
func (w *world) plain(c *exec.Cmd, o options) (r tracer.Result, err error) {
	if err := c.Start(); err != nil {
		return r, err
	}
	if o.signal != 0 {
		defer time.AfterFunc(o.delay, func() { c.Process.Signal(o.signal) }).Stop()
		if o.twice {
			defer time.AfterFunc(o.delay+10*time.Millisecond, func() { c.Process.Signal(o.signal) }).Stop()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.patience)
	defer cancel()
	context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.Process.Signal(syscall.SIGQUIT) // it prints its stacks
			time.Sleep(3 * time.Second)
			c.Process.Kill()
		}
	})
	err = c.Wait()
	r.Hung = ctx.Err() != nil
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, err
	}
	status := c.ProcessState.Sys().(syscall.WaitStatus)
	r.Status = status.ExitStatus() // -1 after a signal
	if status.Signaled() {
		r.Signal = status.Signal()
	}
	return r, nil
}

// crashes is what a program prints that has lost control of itself.
var crashes = []string{"panic:", "fatal error:", "goroutine ", "runtime error", "unexpected fault address", "[signal "}

const (
	statusDone        = 0
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// mostMemory is far more than any of the calls needs.
const mostMemory = 600 << 20

// astray says why an end is none of those that the program promises, "" where it is: done, or failed with a line that says
// why, or interrupted where that was wanted. sent is the signal that it was sent, and mute that its words could not be read.
func (e *ended) astray(sent syscall.Signal, mute bool) string {
	for _, word := range crashes {
		if strings.Contains(e.stderr, word) && !e.Hung {
			return "crashes: " + firstLine(e.stderr[strings.Index(e.stderr, word):])
		}
	}
	asked := sent == syscall.SIGINT || sent == syscall.SIGTERM || sent == syscall.SIGHUP
	switch {
	case e.Hung:
		return "hangs"
	case e.memory > mostMemory:
		return fmt.Sprintf("takes %d MB of memory", e.memory>>20)
	case e.Status == statusDone, e.Status == statusInterrupted && asked, e.Signal != 0 && e.Signal == sent && sent == syscall.SIGKILL:
		return ""
	case e.Signal != 0:
		return fmt.Sprintf("ends by %v", e.Signal)
	case e.Status != statusFailed && e.Status != statusUsage:
		return fmt.Sprintf("ends with status %d", e.Status)
	case !mute && !strings.Contains("\n"+e.stderr, "\nerror: "):
		return fmt.Sprintf("ends with status %d and does not say why", e.Status)
	}
	return ""
}

// tells reports whether a file is named in what was printed.
func (e *ended) tells(name string) bool {
	return strings.Contains(e.stdout+e.stderr, filepath.Base(name))
}

// why is the line of an error, "" for none.
func (e *ended) why() string {
	for line := range strings.SplitSeq(e.stderr, "\n") {
		if strings.HasPrefix(line, "error: ") {
			return firstLine(line)
		}
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 200)]
}
