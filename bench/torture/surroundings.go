package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// drawShares draws four processes at once: "out:N" in the same folder, "cache:N" in folders of their own with one cache. Their
// starts, up to a call apart, follow from N.
func drawShares(w *world, r *rand.Rand) func() (string, string, bool) {
	return endless(func() (string, string) {
		if r.IntN(3) == 0 {
			return "pretrain", fmt.Sprintf("cache:%d", r.IntN(1e6))
		}
		return pick(r, w.works...).name, fmt.Sprintf("out:%d", r.IntN(1e6))
	})
}

const processes = 4

func (x *attempt) share() (verdict, error) {
	form, number, _ := strings.Cut(x.fault, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || form != "out" && form != "cache" {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	random := rand.New(rand.NewPCG(n, 0))
	type finished struct {
		e   *ended
		err error
	}
	all := make(chan finished)
	for i := range processes {
		wait := time.Duration(random.Float64() * random.Float64() * float64(x.work.took))
		args := slices.Clone(x.work.args)
		if out := slices.Index(args, "run"); form == "cache" && i > 0 && out >= 0 {
			args[out] = fmt.Sprintf("other%d/run", i)
		}
		go func() {
			time.Sleep(wait)
			e, err := x.call(args, options{})
			all <- finished{e, err}
		}()
	}
	v, done := verdict{told, ""}, 0
	for range processes {
		f := <-all
		if f.err != nil {
			err = f.err
			continue
		}
		why := f.e.astray(0, false)
		switch {
		case f.e.Hung:
			v = verdict{hung, f.e.why()}
		case why != "":
			v = verdict{untold, why}
		case f.e.Status == statusDone:
			done++
		default:
			v.note = f.e.why()
		}
	}
	switch {
	case err != nil || v.outcome != told:
		return v, err
	case done == 0:
		return verdict{lost, "none of the four succeeds: " + v.note}, nil
	case form == "cache" && done < processes:
		return verdict{lost, "one cache is too little for four: " + v.note}, nil
	case done == processes:
		v = verdict{survived, ""}
	}
	for i := 1; form == "cache" && i < processes; i++ {
		if wrong := x.work.wrong(x.within(fmt.Sprintf("other%d", i))); wrong != "" {
			return verdict{lost, wrong}, nil
		}
	}
	return x.heal(v)
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
		for _, name := range []string{"data", "scanpaths"} {
			if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(x.world.folder, name))); err != nil {
				return verdict{}, err
			}
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
	args := slices.Clone(x.work.args)
	for i := range args {
		if where == "data" {
			args[i] = strings.Replace(args[i], "../..", "input", 1)
		}
	}
	return x.succeed(args, options{})
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
	if x.work.name != "export" {
		args = append(args, "--workers", workers)
	}
	return x.succeed(args, options{env: []string{"GOMAXPROCS=" + processors}})
}
