// Command torture holds gzpt-train to its promise: whatever happens to a call, nothing is lost, nothing is forged and nothing
// hangs. It makes small trainings and relations, knows what they give undisturbed, and disturbs them trial by trial: signals at
// random moments and at every system call, calls that fail, disks that fill, files that are damaged, outputs that nobody reads,
// four processes at once, files from the past and the future, 1 to 16 threads. After each it goes on as a user would and compares
// bits. It prints a table, and how to repeat every trial that ended badly; if any did, its status is 1.
//
//	go run ./bench/torture --minutes 20
//	go run ./bench/torture --trial disk/resume/bytes:12345
//
// It may be stopped at any moment and called again: it goes on behind the trials that it has made of the same program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"gzpt/bench"
	"gzpt/kernels/atomicfile"
)

type settings struct {
	minutes                    float64
	seed                       uint64
	workers                    int
	folder, program, out, only string
	patience                   time.Duration
}

func main() {
	var s settings
	pflag.Float64Var(&s.minutes, "minutes", 20, "how long to try")
	pflag.Uint64Var(&s.seed, "seed", 1, "number that the trials and their order follow from")
	pflag.IntVar(&s.workers, "workers", runtime.NumCPU(), "trials at once")
	pflag.StringVar(&s.folder, "folder", "runs/torture", "folder of the trials and their record")
	pflag.StringVar(&s.program, "program", "", "program to try, built by make build; built here where it is not given")
	pflag.StringVar(&s.out, "out", "", "file for the table")
	pflag.StringVar(&s.only, "trial", "", "make this trial alone, and show its calls")
	pflag.DurationVar(&s.patience, "patience", time.Minute, "how long a call may take before it is said to hang")
	pflag.Parse()
	mounts := withMounts()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bad, err := run(ctx, s, mounts)
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
	if bad {
		os.Exit(1)
	}
}

// run makes the trials and reports whether any ended badly.
func run(ctx context.Context, s settings, mounts bool) (bad bool, err error) {
	w := &world{patience: s.patience, mounts: mounts}
	if s.out != "" {
		if err := atomicfile.Ready(s.out); err != nil {
			return false, err
		}
	}
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return false, err
	}
	if w.folder, err = filepath.Abs(s.folder); err == nil {
		w.folder, err = filepath.EvalSymlinks(w.folder)
	}
	if err != nil {
		return false, err
	}
	if w.program, err = s.build(ctx, w.folder); err != nil {
		return false, err
	}
	if err := w.make(); err != nil {
		return false, err
	}
	if s.only != "" {
		return w.alone(s.only)
	}
	of, err := s.subject(w.program)
	if err != nil {
		return false, err
	}
	r, err := openRecord(filepath.Join(w.folder, "trials.jsonl"), of)
	if err != nil {
		return false, err
	}
	defer r.file.Close()
	if err := w.many(ctx, s, r); err != nil {
		return false, err
	}
	return s.report(w, r)
}

// subject is what the trials are made of.
func (s settings) subject(program string) (of subject, err error) {
	own, err := os.Executable()
	if err != nil {
		return of, err
	}
	of.Seed = s.seed
	if of.Program, err = checksum(program); err == nil {
		of.Torture, err = checksum(own)
	}
	return of, err
}

// build is the path of the program, which is built where none is given.
func (s settings) build(ctx context.Context, folder string) (string, error) {
	if s.program != "" {
		return filepath.Abs(s.program)
	}
	program := filepath.Join(folder, "gzpt-train")
	c := exec.CommandContext(ctx, "go", "build", "-o", program, "gzpt/cmd/gzpt-train")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, text)
	}
	return program, nil
}

// many makes trials until the time is over or none is left.
func (w *world) many(ctx context.Context, s settings, r *record) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.minutes*float64(time.Minute)))
	defer cancel()
	d := w.drawing(s.seed)
	var mutex sync.Mutex // of d, r and failed
	var failed error
	next := func() (t trial, ok bool) {
		mutex.Lock()
		defer mutex.Unlock()
		for ctx.Err() == nil && failed == nil {
			if t, ok = d.draw(); !ok {
				return t, false
			}
			if _, done := r.done[t.String()]; !done {
				return t, true
			}
		}
		return t, false
	}
	var wait sync.WaitGroup
	for i := range s.workers {
		wait.Go(func() {
			for t, ok := next(); ok; t, ok = next() {
				name := fmt.Sprintf("at%d", i)
				v, err := w.try(t, name)
				mutex.Lock()
				if err == nil {
					err = r.add(t, v)
				}
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s: %w", t, err))
				}
				mutex.Unlock()
				if v.outcome.bad() {
					fmt.Fprintf(os.Stderr, "%s: %s: %s\n", v.outcome, t, v.note)
				}
			}
			os.RemoveAll(filepath.Join(w.folder, "trials", fmt.Sprintf("at%d", i)))
		})
	}
	wait.Wait()
	return failed
}

// report prints the table and what ended badly.
func (s settings) report(w *world, r *record) (bad bool, err error) {
	var without []string
	if !w.mounts {
		without = append(without, "file systems of their own, which takes rights that are not given")
	}
	if len(w.works[0].calls) == 0 {
		without = append(without, "single system calls, which cannot be traced")
	}
	text := page(r.done, s.seed, time.Now(), bench.Machine(), without)
	fmt.Print(text)
	if s.out != "" {
		if err := bench.WriteFile(s.out, text); err != nil {
			return false, err
		}
	}
	lines := badTrials(r.done)
	if len(lines) > 0 {
		fmt.Println("\n" + strings.Join(lines, "\n"))
	}
	return len(lines) > 0, nil
}

// alone makes one trial and shows its calls. Its folder stays.
func (w *world) alone(name string) (bad bool, err error) {
	t, err := parseTrial(name)
	if err != nil {
		return false, err
	}
	var mutex sync.Mutex
	w.tell = func(e *ended) {
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Printf("gzpt-train %s\nstatus %d", strings.Join(e.args, " "), e.Status)
		if e.Signal != 0 {
			fmt.Printf(", %v", e.Signal)
		}
		fmt.Printf("\n%s%s\n", e.stdout, e.stderr)
	}
	v, err := w.try(t, "alone")
	if err == nil {
		fmt.Printf("%s: %s: %s\nin %s\n", t, v.outcome, v.note, filepath.Join(w.folder, "trials", "alone"))
	}
	return v.outcome.bad(), err
}
