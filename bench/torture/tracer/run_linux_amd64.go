package tracer

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run runs the command to its end.
func Run(c Command) (Result, error) {
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome)
	go func() {
		// All that ptrace does for a program must come from one thread. It is not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		r, err := run(c)
		done <- outcome{r, err}
	}()
	o := <-done
	return o.result, o.err
}

func run(c Command) (Result, error) {
	stdout, err := newPipe(c.Stdout)
	if err != nil {
		return Result{}, err
	}
	stderr := stdout
	if c.Stderr != c.Stdout { // one pipe keeps what both print in order
		if stderr, err = newPipe(c.Stderr); err != nil {
			stdout.finish()
			return Result{}, err
		}
	}
	process, err := os.StartProcess(c.Path, append([]string{c.Path}, c.Args...), &os.ProcAttr{
		Dir: c.Dir, Env: c.Env, Files: []*os.File{nil, stdout.writer, stderr.writer}, Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	var result Result
	if err == nil {
		t := &trace{command: c, pid: process.Pid, threads: map[int]*thread{}}
		result, err = t.follow()
		process.Release()
	} else if os.IsPermission(err) {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	stdout.finish()
	stderr.finish()
	return result, err
}

// pipe carries what the program prints.
type pipe struct {
	writer *os.File
	copied sync.WaitGroup
}

func newPipe(to io.Writer) (*pipe, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if to == nil {
		to = io.Discard
	}
	p := &pipe{writer: writer}
	p.copied.Go(func() {
		io.Copy(to, reader)
		reader.Close()
	})
	return p, nil
}

// finish waits until all is copied; the program has ended.
func (p *pipe) finish() {
	p.writer.Close()
	p.copied.Wait()
}

// trace is a program that is followed.
type trace struct {
	command Command
	pid     int
	memory  *os.File
	threads map[int]*thread
}

// thread is what is to be done when a thread's present call returns.
type thread struct {
	fail     syscall.Errno
	signal   syscall.Signal
	restore  bool // the length, which was cut
	length   uint64
	hasBegun bool
}

// stopOfCall is the signal by which ptrace tells of a system call.
const stopOfCall = unix.SIGTRAP | 0x80

// follow goes with the program to its end.
func (t *trace) follow() (Result, error) {
	var status syscall.WaitStatus
	if _, err := t.wait(&status); err != nil {
		return Result{}, err
	}
	if !status.Stopped() {
		return Result{}, fmt.Errorf("%w: %s did not stop at its start", ErrUnsupported, t.command.Path)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(t.pid, options); err != nil {
		t.end()
		return Result{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if err := t.limit(); err != nil {
		t.end()
		return Result{}, err
	}
	var err error
	if t.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", t.pid)); err != nil {
		t.end()
		return Result{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	defer t.memory.Close()
	t.threads[t.pid] = &thread{hasBegun: true}
	syscall.PtraceSyscall(t.pid, 0)

	guard := t.guard()
	r, err := t.events()
	r.Hung = !guard.stop()
	return r, err
}

// limit sets the limits of the program.
func (t *trace) limit() error {
	for resource, n := range map[int]uint64{unix.RLIMIT_FSIZE: t.command.FileSize, unix.RLIMIT_NOFILE: t.command.OpenFiles} {
		if n == 0 {
			continue
		}
		if err := unix.Prlimit(t.pid, resource, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil {
			return err
		}
	}
	return nil
}

// guard ends a program that does not end by itself.
type guard struct{ first, last *time.Timer }

// quitting is how long a program has for printing its stacks.
const quitting = 3 * time.Second

func (t *trace) guard() guard {
	pid := t.pid
	return guard{
		time.AfterFunc(t.command.Patience, func() { unix.Kill(pid, unix.SIGQUIT) }),
		time.AfterFunc(t.command.Patience+quitting, func() { unix.Kill(pid, unix.SIGKILL) }),
	}
}

// stop reports whether the program ended by itself.
func (g guard) stop() bool {
	g.last.Stop()
	return g.first.Stop()
}

// wait waits for a thread of the program, which is a process group of its own so that no other child is meant.
func (t *trace) wait(status *syscall.WaitStatus) (id int, err error) {
	for {
		id, err := syscall.Wait4(-t.pid, status, unix.WALL, nil)
		if err != syscall.EINTR {
			return id, err
		}
	}
}

// end kills a program that cannot be followed.
func (t *trace) end() {
	var status syscall.WaitStatus
	unix.Kill(t.pid, unix.SIGKILL)
	t.wait(&status)
}

// events goes from stop to stop. A thread that is gone when it is told to go on is no error: a signal has ended it.
func (t *trace) events() (Result, error) {
	for {
		var status syscall.WaitStatus
		id, err := t.wait(&status)
		if err != nil {
			return Result{}, err
		}
		switch {
		case status.Exited() && id == t.pid:
			return Result{Status: status.ExitStatus()}, nil
		case status.Signaled() && id == t.pid:
			return Result{Status: -1, Signal: status.Signal()}, nil
		case !status.Stopped():
			delete(t.threads, id)
			continue
		}
		one := t.threads[id]
		if one == nil {
			one = &thread{}
			t.threads[id] = one
		}
		signal := 0
		switch stop := status.StopSignal(); {
		case stop == stopOfCall:
			if err := t.call(id, one); err != nil {
				t.end()
				return Result{}, err
			}
		case stop == unix.SIGTRAP: // a thread was made
		case stop == unix.SIGSTOP && !one.hasBegun:
			one.hasBegun = true
		default:
			signal = int(stop)
		}
		syscall.PtraceSyscall(id, signal)
	}
}

// call is asked at the entry and at the exit of a system call.
func (t *trace) call(id int, one *thread) error {
	info, err := callInfo(id)
	if err == unix.ESRCH {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if info.op == atExit {
		return t.leave(id, one)
	}
	if info.op != atEntry || t.command.Decide == nil {
		return nil
	}
	c, ok := t.describe(info)
	if !ok {
		return nil
	}
	a := t.command.Decide(c)
	if a.Signal != 0 && a.After {
		one.signal = a.Signal
	} else if a.Signal != 0 {
		unix.Tgkill(t.pid, id, a.Signal) // to the thread that makes the call, so that it goes no further
	}
	if a.Fail == 0 && (a.Limit == 0 || c.Bytes <= a.Limit) {
		return nil
	}
	return change(id, func(r *syscall.PtraceRegs) {
		if a.Fail != 0 {
			one.fail = a.Fail
			r.Orig_rax = ^uint64(0) // there is no such call
			return
		}
		one.restore, one.length = true, r.Rdx
		r.Rdx = uint64(a.Limit)
	})
}

// leave makes true what was decided at the entry.
func (t *trace) leave(id int, one *thread) error {
	if one.signal != 0 {
		unix.Tgkill(t.pid, id, one.signal)
		one.signal = 0
	}
	if one.fail == 0 && !one.restore {
		return nil
	}
	err := change(id, func(r *syscall.PtraceRegs) {
		if one.fail != 0 {
			r.Rax = -uint64(one.fail)
		}
		if one.restore {
			r.Rdx = one.length
		}
	})
	one.fail, one.restore = 0, false
	return err
}

// change changes the registers of a thread that has stopped.
func change(id int, edit func(*syscall.PtraceRegs)) error {
	var r syscall.PtraceRegs
	err := syscall.PtraceGetRegs(id, &r)
	if err == nil {
		edit(&r)
		err = syscall.PtraceSetRegs(id, &r)
	}
	if err == unix.ESRCH {
		return nil
	}
	return err
}
