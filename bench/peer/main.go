// Command peer measures gzpt beside PyTorch in one interleaved run: the sides take turns at the same work, so that a clock
// that drifts or a neighbour on the machine hits both alike, with a look at the multiply-add peak between the turns. Both
// are warm before the first turn counts. It writes speed.json (every turn), speed.md (the training steps, medians with
// their ratio) and, with --convolutions, convolutions.md.
//
// With --gaze it compares gaze measures instead, with the libraries that Python users have, and writes gaze.json and gaze.md.
//
// With --contrast it compares the contrastive loss with its gradient, with PyTorch's eager and compiled, and writes
// contrast.json and contrast.md.
//
//	go run ./bench/peer --python python3 --convolutions
//	go run ./bench/peer --python python3 --gaze
//	go run ./bench/peer --python python3 --contrast
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/bench"
	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
)

type settings struct {
	python, script string
	out            string
	tiers          []string
	sizes, batches []int
	rounds, steps  int
	convolutions   bool
	gaze           bool
	contrast       bool
	anchors        []int
}

func main() {
	var s settings
	pflag.StringVar(&s.python, "python", "python3", "interpreter that can import torch and torchvision")
	pflag.StringVar(&s.script, "script", "bench/peer/byol_step.py", "the other side")
	pflag.StringVar(&s.out, "out", "bench/results", "folder for the results")
	pflag.StringSliceVar(&s.tiers, "tiers", asm.Tiers()[1:], "CPU tiers to compare; PyTorch is held to the same instruction set")
	pflag.IntSliceVar(&s.sizes, "sizes", []int{224, 64}, "image sizes of the BYOL step")
	pflag.IntSliceVar(&s.batches, "batches", []int{16, 64}, "items a batch, one number for each size")
	pflag.IntVar(&s.rounds, "rounds", 7, "turns of each side")
	pflag.IntVar(&s.steps, "steps", 3, "training steps a turn")
	pflag.BoolVar(&s.convolutions, "convolutions", false, "compare the single convolutions of ResNet-18 as well")
	pflag.BoolVar(&s.gaze, "gaze", false, "compare the measures of gaze instead")
	pflag.BoolVar(&s.contrast, "contrast", false, "compare the contrastive loss instead")
	pflag.IntSliceVar(&s.anchors, "anchors", []int{256, 1024, 4096, 8192, 16384}, "anchors of the contrastive loss")
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

// run makes the comparison that the flags ask for.
func run(s settings) error {
	if err := atomicfile.ReadyFolder(s.out); err != nil {
		return err
	}
	switch {
	case s.gaze:
		return runGaze(s)
	case s.contrast:
		return runContrast(s)
	}
	return runSteps(s)
}

// runSteps compares the training steps, and single convolutions where they are asked for, on every tier.
func runSteps(s settings) error {
	c := record{Date: time.Now().UTC().Format(time.DateOnly), Machine: bench.Machine(), Peers: map[string]string{}}
	for _, tier := range s.tiers {
		if err := c.compare(s, tier); err != nil {
			return fmt.Errorf("tier %s: %w", tier, err)
		}
	}
	if len(c.Rows) == 0 {
		return errors.New("no tier to compare: this machine and build have only the reference")
	}
	fmt.Println("\n" + c.steps())
	return c.write(s.out)
}

// compare adds the rows of one tier.
func (c *record) compare(s settings, tier string) error {
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
	c.Peers[tier] = theirs.name
	for i, size := range s.sizes {
		if err := c.step(s, dev, tier, theirs, size, s.batches[i]); err != nil {
			return err
		}
	}
	if !s.convolutions {
		return nil
	}
	for i, size := range s.sizes {
		for _, shape := range bench.ResNet18(size, s.batches[i]) {
			if err := c.convolution(s, tier, theirs, bench.NewConvolution(dev, shape)); err != nil {
				return err
			}
		}
	}
	return nil
}

// step adds the row of one training step, after a check that both sides train a network of the same size.
func (c *record) step(s settings, dev kernels.Device, tier string, theirs *peer, size, batch int) error {
	step, err := bench.NewStep(dev, size, batch)
	if err != nil {
		return err
	}
	defer step.Close()
	parameters, err := theirs.number("parameters")
	if err != nil {
		return err
	}
	if int(parameters) != step.Parameters() {
		return fmt.Errorf("the sides train different networks: %d parameters here, %.0f there", step.Parameters(), parameters)
	}
	return c.add(s, s.steps, theirs, row{
		Tier: tier, Work: fmt.Sprintf("byol %d %d", size, batch), Name: fmt.Sprintf("%d x %d, batch %d", size, size, batch),
		Pairs: batch, Operations: bench.StepOperations(size, batch),
	}, func() error {
		_, err := step.Run()
		return err
	})
}

// convolution adds the rows of one shape.
func (c *record) convolution(s settings, tier string, theirs *peer, conv *bench.Convolution) error {
	shape := conv.Shape
	times := max(1, int(20e9/shape.Operations())) // some 0.1 s a turn
	for _, direction := range []string{"forward", "backward-data", "backward-weights"} {
		if direction == "backward-data" && shape.C == 3 {
			continue // the images need no gradient
		}
		work := fmt.Sprintf("%s %d %d %d %d %d %d %d", direction, shape.N, shape.C, shape.K, shape.H, shape.R, shape.Stride, shape.Pad)
		err := c.add(s, times, theirs, row{
			Tier: tier, Work: work, Name: shape.String(), Direction: direction, Operations: shape.Operations(),
		}, func() error {
			conv.Run(direction)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add measures a row and says so.
func (c *record) add(s settings, times int, theirs *peer, r row, ours func() error) error {
	if err := r.interleave(s.rounds, times, theirs, ours); err != nil {
		return err
	}
	c.Rows = append(c.Rows, r)
	a, b := r.rates()
	fmt.Printf("%s %s %s: %s beside %s, %.2f\n", r.Tier, r.Name, r.Direction, a, b, r.ratio())
	return nil
}
