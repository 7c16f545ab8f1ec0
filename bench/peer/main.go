// Command peer measures gzpt beside PyTorch in one interleaved run: a turn of ours, a turn of theirs, a look at the
// multiply-add peak, and again, so that a clock that drifts or a neighbour on the machine hits both alike. Both sides are
// warm before the first turn counts. It prints Markdown: the machine, the peer, and tables of medians with their ratio.
//
//	go run ./bench/peer --python python3
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/bench"
)

type settings struct {
	python, script string
	tiers          []string
	sizes, batches []int
	rounds, steps  int
	convolutions   bool
}

func main() {
	var s settings
	pflag.StringVar(&s.python, "python", "python3", "interpreter that can import torch and torchvision")
	pflag.StringVar(&s.script, "script", "bench/peer/byol_step.py", "the other side")
	pflag.StringSliceVar(&s.tiers, "tiers", asm.Tiers()[1:], "CPU tiers to compare; PyTorch is held to the same instruction set")
	pflag.IntSliceVar(&s.sizes, "sizes", []int{224, 64}, "image sizes of the BYOL step")
	pflag.IntSliceVar(&s.batches, "batches", []int{16, 64}, "items a batch, one number for each size")
	pflag.IntVar(&s.rounds, "rounds", 7, "turns of each side")
	pflag.IntVar(&s.steps, "steps", 3, "training steps a turn")
	pflag.BoolVar(&s.convolutions, "convolutions", false, "compare the single convolutions of ResNet-18 as well")
	pflag.Parse()
	if len(s.sizes) != len(s.batches) || s.rounds < 1 || s.steps < 1 {
		fmt.Fprintln(os.Stderr, "peer: --sizes and --batches go in pairs, --rounds and --steps are at least 1")
		os.Exit(2)
	}
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	fmt.Printf("%s, %s\n", time.Now().UTC().Format(time.DateOnly), bench.Machine())
	for _, tier := range s.tiers {
		if err := compare(s, tier); err != nil {
			return fmt.Errorf("tier %s: %w", tier, err)
		}
	}
	return nil
}

// compare prints the tables of one tier.
func compare(s settings, tier string) error {
	dev, err := asm.Open(tier)
	if err != nil {
		return err
	}
	defer dev.Close()
	theirs, err := start(s.python, s.script, tier, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	defer theirs.stop()
	fmt.Printf("\n### %s beside %s\n\n", dev.Name(), theirs.name)
	fmt.Printf("Medians of %d interleaved turns. Share of the adjacent multiply-add peak in brackets.\n\n", s.rounds)
	fmt.Println("| BYOL step, ResNet-18 | gzpt, pairs/s | PyTorch, pairs/s | ratio |\n|---|---|---|---|")
	for i, size := range s.sizes {
		batch := s.batches[i]
		step, err := bench.NewStep(dev, size, batch)
		if err != nil {
			return err
		}
		r, err := interleave(s.rounds, s.steps, tier, theirs, fmt.Sprintf("byol %d %d", size, batch), func() error {
			_, err := step.Run()
			return err
		})
		if err != nil {
			return err
		}
		share := bench.StepOperations(size, batch) / 1e9 / r.peak
		fmt.Printf("| %d x %d, batch %d | %.2f (%.0f %%) | %.2f (%.0f %%) | %.2f |\n", size, size, batch,
			float64(batch)/r.ours, 100*share/r.ours, float64(batch)/r.theirs, 100*share/r.theirs, r.theirs/r.ours)
	}
	if !s.convolutions {
		return nil
	}
	fmt.Println("\n| convolution | direction | gzpt, GFLOP/s | PyTorch, GFLOP/s | ratio |\n|---|---|---|---|---|")
	for i, size := range s.sizes {
		for _, shape := range bench.ResNet18(size, s.batches[i]) {
			if err := convolution(s, tier, theirs, bench.NewConvolution(dev, shape)); err != nil {
				return err
			}
		}
	}
	return nil
}

// convolution prints the rows of one shape.
func convolution(s settings, tier string, theirs *peer, c *bench.Convolution) error {
	shape := c.Shape
	times := max(1, int(20e9/shape.Operations())) // some 0.1 s a turn
	for _, direction := range []string{"forward", "backward-data", "backward-weights"} {
		if direction == "backward-data" && shape.C == 3 {
			continue // the images need no gradient
		}
		line := fmt.Sprintf("%s %d %d %d %d %d %d %d", direction, shape.N, shape.C, shape.K, shape.H, shape.R, shape.Stride, shape.Pad)
		r, err := interleave(s.rounds, times, tier, theirs, line, func() error {
			c.Run(direction)
			return nil
		})
		if err != nil {
			return err
		}
		work := shape.Operations() / 1e9
		fmt.Printf("| %s | %s | %.0f (%.0f %%) | %.0f (%.0f %%) | %.2f |\n", shape, direction, work/r.ours,
			100*work/r.ours/r.peak, work/r.theirs, 100*work/r.theirs/r.peak, r.theirs/r.ours)
	}
	return nil
}
