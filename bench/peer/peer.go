package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
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

// time asks for times repetitions of work and returns the seconds that one took.
func (p *peer) time(work string, times int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, work, times); err != nil {
		return 0, err
	}
	text, err := p.answer()
	if err != nil {
		return 0, fmt.Errorf("no answer to %q: %w", work, err)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("answer to %q: %w", work, err)
	}
	return seconds / float64(times), nil
}

// stop ends the process by closing its input.
func (p *peer) stop() {
	p.in.Close()
	p.command.Wait()
}

// result is the medians of one comparison: seconds of one repetition, GFLOP/s of the peak.
type result struct{ ours, theirs, peak float64 }

// pause lets the threads of the side that just worked park: OpenMP's spin for a while after a parallel region.
const pause = 50 * time.Millisecond

// interleave gives both sides turns at the same work, each turn times repetitions.
func interleave(rounds, times int, tier string, theirs *peer, line string, ours func() error) (result, error) {
	if err := ours(); err != nil {
		return result{}, err
	}
	if _, err := theirs.time(line, 1); err != nil {
		return result{}, err
	}
	var a, b, peaks []float64
	for range rounds {
		runtime.GC()
		time.Sleep(pause)
		peaks = append(peaks, bench.Peak(tier, pause))
		start := time.Now()
		for range times {
			if err := ours(); err != nil {
				return result{}, err
			}
		}
		a = append(a, time.Since(start).Seconds()/float64(times))
		seconds, err := theirs.time(line, times)
		if err != nil {
			return result{}, err
		}
		b = append(b, seconds)
	}
	return result{median(a), median(b), median(peaks)}, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
