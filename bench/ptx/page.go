package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gzpt/cuda/ptxsim"
	"gzpt/cuda/sass"
	"gzpt/nn/profile"
)

// page is bench/results/ptx.md.
type page struct {
	settings *settings
	kernels  []sass.Kernel
	networks []*network
	out      strings.Builder
}

func (p *page) printf(format string, a ...any) { fmt.Fprintf(&p.out, format, a...) }

// row writes a row of a table.
func (p *page) row(cells ...string) { p.printf("| %s |\n", strings.Join(cells, " | ")) }

// head writes the head of a table.
func (p *page) head(cells ...string) {
	p.row(cells...)
	p.printf("|%s\n", strings.Repeat("---|", len(cells)))
}

func (p *page) text() string {
	p.printf(`# The kernels of the GPU device, predicted

**Every time on this page is a prediction; no GPU was used.** Registers, spills, shared memory and instructions are what NVIDIA's
assembler and disassembler (13.5.37) say; times follow from them and from published rates as [docs/gpu-model.md](../../docs/gpu-model.md) tells.
` + "`make ptx`" + ` makes this page.

`)
	p.summary()
	for _, n := range p.networks {
		p.layers(n)
	}
	p.usage()
	return p.out.String()
}

// summary is the whole steps.
func (p *page) summary() {
	p.printf("## A step of BYOL, batch %d, %d x %d\n\n", p.settings.batch, p.settings.size, p.settings.size)
	p.printf("An image is one item: two views forward and backward, two target views forward. The floor is the sum of the rooflines of all\noperations, the limits are what most of the time follows from.\n\n")
	p.head("network", "GPU", "predicted ms", "images/s", "floor, ms", "share of the floor", "limits", "memory, GB")
	for _, n := range p.networks {
		for _, s := range n.steps {
			memory := fmt.Sprintf("%.3g", float64(s.memory)/1e9)
			if s.memory > int64(s.gpu.MemoryBytes) {
				memory += " (does not fit)"
			}
			p.row(n.name(), s.gpu.Name, number(1e3*s.whole.seconds), fmt.Sprintf("%.0f", float64(n.config.Batch)/s.whole.seconds),
				number(1e3*s.whole.roof), percent(s.whole.share()), s.limits(), memory)
		}
	}
	p.printf("\n")
}

func (n *network) name() string { return fmt.Sprintf("%v, %s", n.config.Arch, n.config.Precision) }

// limits are the shares of the step by what limits its operations, the largest three.
func (s *step) limits() string {
	shares := map[string]float64{}
	for _, c := range s.profile.Calls[0] {
		shares[c.Limit] += c.Took.Seconds() / s.whole.seconds
	}
	names := slices.SortedFunc(maps.Keys(shares), func(a, b string) int {
		switch {
		case shares[a] > shares[b]:
			return -1
		case shares[a] < shares[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, name := range names[:min(3, len(names))] {
		words = append(words, fmt.Sprintf("%s %s", name, percent(shares[name])))
	}
	return strings.Join(words, ", ")
}

// layers is a table of the operations of a network.
func (p *page) layers(n *network) {
	p.printf("## %s\n\n", n.name())
	p.printf("Times are those of all calls of a step. The share is that of the roofline; where it is under %.0f %% of the peak, %.0f %% where\nwarpgroups multiply, or %.0f %% of the bandwidth, the last column names the bounds to blame on the H200, each with its time as a\nmultiple of the roofline's.\n\n", 100*ofPeak, 100*ofPeakByWarpgroups, 100*ofBandwidth)
	head := []string{"operation", "layers", "shape", "calls", "GFLOP", "MB", "operations a byte"}
	for _, s := range n.steps {
		head = append(head, s.gpu.Name+", ms", "share")
	}
	p.head(append(head, "to blame")...)
	last := n.steps[len(n.steps)-1]
	for _, key := range last.order {
		part := last.parts[key]
		row := []string{key.Operation, some(part.layers), key.Shape, fmt.Sprint(part.calls), number(part.Operations / 1e9), number(part.Bytes / 1e6), number(part.Intensity())}
		for _, s := range n.steps {
			row = append(row, cells(s, key)...)
		}
		p.row(append(row, part.blame())...)
	}
	p.printf("\n")
}

// cells are the time and share of a part on a GPU, which may have chosen other operations.
func cells(s *step, key profile.Key) []string {
	part := s.parts[key]
	if part == nil {
		return []string{"-", ""}
	}
	return []string{number(1e3 * part.seconds), percent(part.share())}
}

// some is the first of several names.
func some(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// usage is the table of the kernels.
func (p *page) usage() {
	p.printf("## What the assembler makes of the kernels\n\nBlocks is how many a multiprocessor holds at a time, of the size that the steps above launch; the share is that of its threads. The main loop\nis the innermost one with tensor instructions, or else the longest innermost one, as the disassembler prints it after unrolling.\n\n")
	p.head("kernel", "file", "target", "registers", "spilled bytes", "shared bytes", "threads", "blocks", "of threads", "instructions", "main loop")
	for _, k := range p.kernels {
		threads, blocks, share := "", "", ""
		n, shared := launched(p.networks, k.Name)
		shared = max(shared, k.SharedBytes)
		if n > 0 {
			fit := ptxsim.Occupancy(capability(k.Target), n, k.Registers, shared)
			threads, blocks, share = fmt.Sprint(n), fmt.Sprint(fit), percent(float64(fit*n)/multiprocessorThreads)
		}
		loop := "none"
		if k.Loop.Total() > 0 {
			loop = fmt.Sprintf("%d: %v", k.Loop.Total(), k.Loop)
		}
		p.row(k.Name, k.File, k.Target, fmt.Sprint(k.Registers), fmt.Sprint(k.SpillBytes), fmt.Sprint(shared), threads, blocks, share, fmt.Sprint(k.Instructions), loop)
	}
}

// multiprocessorThreads is how many a multiprocessor of any target holds at most.
const multiprocessorThreads = 2048

// capability is 10*major + minor of a target such as sm_90a.
func capability(target string) (c int) {
	fmt.Sscanf(target, "sm_%d", &c)
	return c
}

// number is v in three digits.
func number(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func percent(share float64) string {
	if share > 0 && share < 0.0995 {
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
