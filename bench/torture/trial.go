package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gzpt/bench/torture/tracer"
)

// trial is a fault that a work is to bear. Its name says all of it, so that it can be repeated.
type trial struct{ kind, work, fault string }

func (t trial) String() string { return t.kind + "/" + t.work + "/" + t.fault }

func parseTrial(name string) (t trial, err error) {
	parts := strings.SplitN(name, "/", 3)
	if len(parts) != 3 {
		return t, fmt.Errorf("trial %q: expected a kind, a work and a fault, with slashes between", name)
	}
	return trial{parts[0], parts[1], parts[2]}, nil
}

// outcome is what became of a trial.
type outcome string

const (
	// survived: the result has the same bits, at once or after the same call was made again.
	survived outcome = "survived"
	// told: the call failed, said why and harmed nothing; once the fault was gone the result had the same bits.
	told outcome = "told"
	// lost: another result, a damaged file, or a call that cannot be made any more.
	lost outcome = "lost"
	// untold: a crash, an end without a word, a status that means something else.
	untold outcome = "untold"
	// hung: no end.
	hung outcome = "hung"
	// littered: the same bits, but with files that nobody needs.
	littered outcome = "left behind"
	// missed: the fault did not happen; the trial does not count.
	missed outcome = "missed"
)

func (o outcome) bad() bool { return o == lost || o == untold || o == hung || o == littered }

// verdict is an outcome with its reason.
type verdict struct {
	outcome outcome
	note    string
}

// attempt is a trial at work.
type attempt struct {
	world  *world
	work   *work
	fault  string
	folder string
}

// errFault says that a fault is none that its kind knows.
var errFault = errors.New("no such fault")

// try makes a trial in a folder of the given name. The error is one of the torture itself.
func (w *world) try(t trial, name string) (v verdict, err error) {
	kind, err := kindOf(t.kind)
	if err != nil {
		return v, err
	}
	k, err := w.work(t.work)
	if err != nil {
		return v, err
	}
	x := &attempt{world: w, work: k, fault: t.fault}
	if x.folder, err = w.begin(name, k); err != nil {
		return v, err
	}
	return kind.run(x)
}

// call makes a call in the trial's folder.
func (x *attempt) call(args []string, o options) (*ended, error) {
	e, err := x.world.call(x.folder, args, o)
	if err == nil && x.world.tell != nil {
		x.world.tell(e)
	}
	return e, err
}

// proceed makes the call that whoever wants the result makes next: the same one, or where that is refused because it has
// begun, the one that continues.
func (x *attempt) proceed(o options) (*ended, error) {
	e, err := x.call(x.work.args, o)
	if err == nil && e.Status == statusFailed && x.work.goOn != nil && strings.Contains(e.stderr, "--resume") {
		return x.call(x.work.goOn, o)
	}
	return e, err
}

// conclude judges a call that has borne a fault, which is gone. sent is the signal that it was sent, mute that its words
// could not be read.
func (x *attempt) conclude(e *ended, sent syscall.Signal, mute bool) (verdict, error) {
	if e.Hung {
		return verdict{hung, e.why()}, nil
	}
	if why := e.astray(sent, mute); why != "" {
		return verdict{untold, why}, nil
	}
	good := told
	if e.Status == statusDone {
		if wrong := x.work.wrong(x.folder); wrong != "" {
			return verdict{lost, "says that it is done, but " + wrong}, nil
		}
	}
	if e.Status == statusDone || sent != 0 {
		good = survived
	}
	return x.heal(verdict{good, e.why()})
}

// heal makes the call again without a fault, and demands the golden result; good is the verdict if it comes.
func (x *attempt) heal(good verdict) (verdict, error) {
	e, err := x.proceed(options{})
	if err != nil {
		return verdict{}, err
	}
	over := strings.Contains(e.stderr, "never overwritten") || strings.Contains(e.stderr, "is complete")
	if why := e.astray(0, false); why != "" {
		return verdict{lost, "the next call " + why}, nil
	}
	if wrong := x.work.wrong(x.folder); wrong != "" {
		return verdict{lost, strings.TrimSuffix("after the next call "+wrong+": "+e.why(), ": ")}, nil
	}
	if e.Status != statusDone && !over {
		return verdict{lost, "the next call is refused: " + e.why()}, nil
	}
	if name := left(x.folder); name != "" {
		return verdict{littered, name}, nil
	}
	return good, nil
}

// signals and failures are what trials name.
var signals = map[string]syscall.Signal{
	"SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT,
}

var failures = map[string]syscall.Errno{
	"ENOSPC": syscall.ENOSPC, "EIO": syscall.EIO, "EINTR": syscall.EINTR, "EMFILE": syscall.EMFILE, "EACCES": syscall.EACCES,
	"ENOMEM": syscall.ENOMEM, "EROFS": syscall.EROFS, "EXDEV": syscall.EXDEV, "EFBIG": syscall.EFBIG, "ENOLCK": syscall.ENOLCK,
	"EOPNOTSUPP": syscall.EOPNOTSUPP, "EDQUOT": syscall.EDQUOT, "EBUSY": syscall.EBUSY,
}

// failuresOf is what a call fails with in earnest.
var failuresOf = map[string][]string{
	"openat":          {"EMFILE", "EIO", "ENOSPC", "EINTR", "EACCES"},
	"mkdirat":         {"ENOSPC", "EIO", "EACCES", "EROFS"},
	"unlinkat":        {"EIO", "EACCES", "EBUSY"},
	"renameat":        {"ENOSPC", "EIO", "EXDEV", "EROFS"},
	"renameat2":       {"ENOSPC", "EIO", "EXDEV", "EROFS"},
	"newfstatat":      {"EIO", "EACCES", "EINTR"},
	"read":            {"EIO", "EINTR"},
	"pread64":         {"EIO", "EINTR"},
	"write":           {"ENOSPC", "EIO", "EINTR", "EDQUOT"},
	"pwrite64":        {"ENOSPC", "EIO", "EINTR", "EDQUOT"},
	"fsync":           {"EIO", "ENOSPC", "EINTR"},
	"fdatasync":       {"EIO", "ENOSPC", "EINTR"},
	"msync":           {"EIO", "ENOMEM", "EINTR"},
	"ftruncate":       {"ENOSPC", "EIO", "EINTR", "EFBIG"},
	"fallocate":       {"ENOSPC", "EIO", "EINTR", "EOPNOTSUPP", "EFBIG"},
	"copy_file_range": {"ENOSPC", "EIO"},
	"getdents64":      {"EIO"},
	"flock":           {"EINTR", "ENOLCK", "EIO"},
	"close":           {"EIO", "ENOSPC", "EINTR"},
	"mmap":            {"ENOMEM", "EACCES"},
	"fstat":           {"EIO"},
	"fchmod":          {"EIO", "EACCES"},
	"fchmodat":        {"EIO", "EACCES"},
	"linkat":          {"ENOSPC", "EIO"},
	"symlinkat":       {"ENOSPC", "EIO"},
	"lseek":           {"EIO"},
}

// within is the path of a file of the trial.
func (x *attempt) within(name string) string {
	return filepath.Join(x.folder, filepath.FromSlash(name))
}

// atCall is a decision that acts at the nth call of a name, and with ever at all behind it. happened tells afterwards whether it
// has.
func atCall(name string, n int, ever bool, a tracer.Action) (decide func(tracer.Call) tracer.Action, happened *bool) {
	happened = new(bool)
	return func(c tracer.Call) tracer.Action {
		if c.Name != name {
			return tracer.Action{}
		}
		if n--; n > 0 || n < 0 && !ever {
			return tracer.Action{}
		}
		*happened = true
		return a
	}, happened
}

// remove removes the folder of a trial.
func (x *attempt) remove() error { return os.RemoveAll(x.folder) }
