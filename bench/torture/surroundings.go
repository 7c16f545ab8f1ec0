package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// drawStreams lists outputs that cannot be written: "stdout:full" is a full device, "stdout:gone" a pipe whose reader has left,
// "log:full" the log of a run on a full device.
func drawStreams(w *world, r *rand.Rand) func() (string, string, bool) {
	var all []trial
	for _, k := range w.works {
		for _, fault := range []string{"stdout:full", "stdout:gone", "stderr:full", "stderr:gone"} {
			all = append(all, trial{work: k.name, fault: fault})
		}
		if strings.HasPrefix(k.name, "resume") {
			all = append(all, trial{work: k.name, fault: "log:full"})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return inTurn([][]trial{all})
}

func (x *attempt) stream() (verdict, error) {
	name, how, _ := strings.Cut(x.fault, ":")
	if name == "log" {
		return x.fullLog()
	}
	file, err := unwritable(how)
	if err != nil {
		return verdict{}, err
	}
	defer file.Close()
	var o options
	if name == "stdout" {
		o.stdout = file
	} else {
		o.stderr = file
	}
	e, err := x.call(x.work.args, o)
	if err != nil {
		return verdict{}, err
	}
	if name == "stdout" && how == "full" && e.Status == statusDone { // a reader that leaves has read what it wanted
		return verdict{untold, "its result went nowhere, and its status is 0"}, nil
	}
	return x.conclude(e, 0, name == "stderr")
}

// unwritable is an open file that nothing can be written to.
func unwritable(how string) (*os.File, error) {
	switch how {
	case "full":
		return os.OpenFile("/dev/full", os.O_WRONLY, 0)
	case "gone":
		reader, writer, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		return writer, reader.Close()
	}
	return nil, fmt.Errorf("%w: %s", errFault, how)
}

// fullLog has the run's log lie on a full device.
func (x *attempt) fullLog() (verdict, error) {
	log := x.within("run/train.log")
	if err := os.Remove(log); err != nil {
		return verdict{}, err
	}
	if err := os.Symlink("/dev/full", log); err != nil {
		return verdict{}, err
	}
	e, err := x.call(x.work.args, options{})
	if err != nil {
		return verdict{}, err
	}
	if e.Status == statusDone && !e.tells(log) {
		return verdict{untold, "its log went nowhere, and nothing says so"}, nil
	}
	if err := os.Remove(log); err != nil {
		return verdict{}, err
	}
	return x.conclude(e, 0, false)
}

// drawShares draws four processes at once: "out:N" in the same folder, "kill:N" there too and the first is killed, "cache:N" in
// folders of their own with one cache. Their starts, up to a call apart, follow from N.
func drawShares(w *world, r *rand.Rand) func() (string, string, bool) {
	return endless(func() (string, string) {
		if r.IntN(3) == 0 {
			return "pretrain", fmt.Sprintf("cache:%d", r.IntN(1e6))
		}
		return pick(r, w.works...).name, fmt.Sprintf("%s:%d", pick(r, "out", "kill"), r.IntN(1e6))
	})
}

const processes = 4

func (x *attempt) share() (verdict, error) {
	form, number, _ := strings.Cut(x.fault, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || form != "out" && form != "kill" && form != "cache" {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	all, err := x.together(form, rand.New(rand.NewPCG(n, 0)))
	if err != nil {
		return verdict{}, err
	}
	done, refused := 0, ""
	for i, e := range all {
		var sent syscall.Signal
		if form == "kill" && i == 0 {
			sent = syscall.SIGKILL
		}
		if e.Hung {
			return verdict{hung, e.why()}, nil
		}
		if why := e.astray(sent, false); why != "" {
			return verdict{untold, why}, nil
		}
		if e.Status == statusDone {
			done++
		} else {
			refused = e.why()
		}
	}
	switch {
	case done == 0 && form == "out":
		return verdict{lost, "none of the four succeeds: " + refused}, nil
	case done < processes && form == "cache":
		return verdict{lost, "one cache is too little for four: " + refused}, nil
	}
	for i := 1; form == "cache" && i < processes; i++ {
		if wrong := x.work.wrong(x.within(other(i))); wrong != "" {
			return verdict{lost, wrong}, nil
		}
	}
	if done == processes {
		return x.heal(verdict{survived, ""})
	}
	return x.heal(verdict{told, refused})
}

// other is the folder of a process that shares the cache alone.
func other(i int) string { return fmt.Sprintf("other%d", i) }

// together makes the call by four processes at once.
func (x *attempt) together(form string, r *rand.Rand) (all [processes]*ended, err error) {
	var errs [processes]error
	var wait sync.WaitGroup
	moment := func() time.Duration { return time.Duration(r.Float64() * r.Float64() * float64(x.work.took)) }
	for i := range processes {
		start, o, args := moment(), options{}, slices.Clone(x.work.args)
		if form == "kill" && i == 0 {
			o.signal, o.delay = syscall.SIGKILL, 2*moment()
		}
		if out := slices.Index(args, "run"); form == "cache" && i > 0 {
			args[out] = other(i) + "/run"
		}
		wait.Go(func() {
			time.Sleep(start)
			all[i], errs[i] = x.call(args, o)
		})
	}
	wait.Wait()
	return all, errors.Join(errs[:]...)
}

// times that files do not have.
var times = map[string]time.Time{
	"past": time.Unix(1, 0), "future": time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), "ahead": {},
}

// drawClocks draws times of the files in a folder of the trial: "cache:past", "run:future", "all:ahead", an hour from now.
func drawClocks(w *world, r *rand.Rand) func() (string, string, bool) {
	var all []trial
	for _, k := range w.works {
		for _, when := range []string{"past", "future", "ahead"} {
			for _, where := range []string{"data", "all", "cache"} {
				if _, err := os.Stat(filepath.Join(w.state(k.start), "cache")); where == "cache" && err != nil || where == "all" && k.start == "" {
					continue
				}
				all = append(all, trial{work: k.name, fault: where + ":" + when})
			}
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return inTurn([][]trial{all})
}

func (x *attempt) clock() (verdict, error) {
	where, when, _ := strings.Cut(x.fault, ":")
	at, known := times[when]
	if !known {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	if at.IsZero() {
		at = time.Now().Add(time.Hour)
	}
	folder := x.folder
	switch where {
	case "cache":
		folder = x.within("cache")
	case "data": // which other trials share
		folder = x.within("input")
		if err := x.ownInput(); err != nil {
			return verdict{}, err
		}
	}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		return verdict{}, err
	}
	args := x.work.args
	if where == "data" {
		args = x.withOwnInput()
	}
	return x.succeed(args, options{})
}

// ownInput gives the trial a copy of the input.
func (x *attempt) ownInput() error {
	for _, name := range []string{"data", "scanpaths"} {
		if err := os.CopyFS(x.within("input/"+name), os.DirFS(filepath.Join(x.world.folder, name))); err != nil {
			return err
		}
	}
	return nil
}

// withOwnInput is the call of the work on that copy.
func (x *attempt) withOwnInput() []string {
	args := slices.Clone(x.work.args)
	for i := range args {
		args[i] = strings.Replace(args[i], "../..", "input", 1)
	}
	return args
}

// succeed demands that a call gives the golden result at once.
func (x *attempt) succeed(args []string, o options) (verdict, error) {
	e, err := x.call(args, o)
	if err != nil {
		return verdict{}, err
	}
	if e.Status != statusDone && e.astray(0, false) == "" {
		return verdict{lost, "refused: " + e.why()}, nil
	}
	return x.conclude(e, 0, false)
}

// drawThreads lists numbers of threads, and of goroutines that decode: "GOMAXPROCS:workers".
func drawThreads(w *world, r *rand.Rand) func() (string, string, bool) {
	var all []trial
	for _, k := range w.works {
		for n := range 16 {
			all = append(all, trial{work: k.name, fault: fmt.Sprintf("%d:%d", n+1, 1+r.IntN(16))})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return inTurn([][]trial{all})
}

func (x *attempt) threads() (verdict, error) {
	processors, workers, ok := strings.Cut(x.fault, ":")
	if !ok {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	args := slices.Clone(x.work.args)
	if x.work.name != "export" && x.work.name != "inspect" { // which decode nothing
		args = append(args, "--workers", workers)
	}
	return x.succeed(args, options{env: []string{"GOMAXPROCS=" + processors}})
}
