package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"gzpt/bench"
)

// peer is the long-lived process of the other side: a line in, the seconds that the work took out.
type peer struct {
	name    string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// start runs script on as many threads as we have cores, held to the instruction set of the tier.
func start(python, script, tier string, threads int) (*peer, error) {
	p := &peer{command: exec.Command(python, script, "--threads", strconv.Itoa(threads))}
	p.command.Stderr = os.Stderr
	p.command.Env = append(os.Environ(), limits[tier]...)
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", python, err)
	}
	if p.name, err = p.answer(); err != nil {
		return nil, fmt.Errorf("%s %s says nothing, can it import torch and torchvision? %w", python, script, err)
	}
	return p, nil
}

// limits are the environment variables that hold PyTorch and its oneDNN to a tier.
var limits = map[string][]string{
	"avx2":   {"ATEN_CPU_CAPABILITY=avx2", "ONEDNN_MAX_CPU_ISA=AVX2"},
	"avx512": {"ATEN_CPU_CAPABILITY=avx512"},
}

func (p *peer) answer() (string, error) {
	line, err := p.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// number asks a question whose answer is a number.
func (p *peer) number(question string) (float64, error) {
	if _, err := fmt.Fprintln(p.in, question); err != nil {
		return 0, err
	}
	text, err := p.answer()
	if err != nil {
		return 0, fmt.Errorf("no answer to %q: %w", question, err)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("answer to %q: %w", question, err)
	}
	return v, nil
}

// time asks for times repetitions of work and returns the seconds that one took.
func (p *peer) time(work string, times int) (float64, error) {
	seconds, err := p.number(fmt.Sprint(work, " ", times))
	return seconds / float64(times), err
}

// stop ends the process by closing its input.
func (p *peer) stop() {
	p.in.Close()
	p.command.Wait()
}

// pause lets the threads of the side that just worked park: OpenMP's spin for a while after a parallel region.
const pause = 50 * time.Millisecond

// interleave gives both sides turns at the same work, each turn times repetitions, and fills in the seconds that one
// took in each turn and the peak before it. The sides take it in turns to begin.
func (r *row) interleave(rounds, times int, theirs *peer, ours func() error) error {
	sides := []func() error{
		func() error {
			start := time.Now()
			for range times {
				if err := ours(); err != nil {
					return err
				}
			}
			r.Ours = append(r.Ours, time.Since(start).Seconds()/float64(times))
			return nil
		},
		func() error {
			seconds, err := theirs.time(r.Work, times)
			r.Theirs = append(r.Theirs, seconds)
			return err
		},
	}
	if err := ours(); err != nil { // both sides are warm before the first turn
		return err
	}
	if _, err := theirs.time(r.Work, 1); err != nil {
		return err
	}
	return takeTurns(rounds, sides, func() { r.Peaks = append(r.Peaks, bench.Peak(r.Tier, pause)) })
}

// takeTurns gives every side a turn in each round, with a look at the machine before the first. The sides take it in turns
// to begin.
func takeTurns(rounds int, sides []func() error, look func()) error {
	for round := range rounds {
		for i := range sides {
			runtime.GC()
			time.Sleep(pause)
			if i == 0 {
				look()
			}
			if err := sides[(i+round)%len(sides)](); err != nil {
				return err
			}
		}
	}
	return nil
}
