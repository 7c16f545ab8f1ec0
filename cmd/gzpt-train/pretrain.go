package main

import (
	"context"
)

const aboutPretrain = `
Trains an encoder on images so that those which people looked at alike end up close together, and writes a run directory.
Without --data the images are phantoms with simulated readers; without --data, --gaze and --resume it compares gaze,
permuted gaze and no gaze on them and prints a table.

  gzpt-train --data DIR --labels labels.csv:grade --split split --image-size 64 --batch 64 --epochs 30 --out runs/a
  gzpt-train --resume --out runs/a
  gzpt-train evaluate --run runs/a
`

func buildPretrain(f *flags) work {
	s := &pretrainSettings{}
	s.addFlags(f)
	return func(ctx context.Context, e *environment, args []string) error {
		if len(args) > 0 {
			return usagef("unexpected argument %q", args[0])
		}
		if err := s.prepare(f); err != nil {
			return err
		}
		if s.data.Path == "" && !f.given("gaze") && !s.run.resume {
			return demo(ctx, e, f, s)
		}
		return s.pretrain(ctx, e, f)
	}
}

// prepare takes the settings from the run that goes on, or checks and completes those of a new one.
func (s *pretrainSettings) prepare(f *flags) error {
	if err := s.run.validate(); err != nil {
		return err
	}
	s.data.anchor()
	settle := s.resolve
	if s.run.resume {
		settle = s.recall
	}
	if err := settle(f); err != nil {
		return err
	}
	s.data.InFlight = s.run.memory.inFlight()
	return s.fits(f)
}

// pretrain makes the run of --out, or goes on with it.
func (s *pretrainSettings) pretrain(ctx context.Context, e *environment, f *flags) error {
	if s.run.out == "" {
		return usagef("--out DIR is missing: the run directory to make")
	}
	if err := s.run.vacant(); err != nil {
		return err
	}
	if !s.run.resume {
		if err := s.network.checkInit(); err != nil {
			return err
		}
	}
	dev, err := s.run.device.openFor(s.network.precision)
	if err != nil {
		return err
	}
	defer dev.Close()
	set, err := s.data.load(ctx, e, s.network.seed, s.gaze.alike().NeedsGaze(), s.run.workers)
	if err != nil {
		return err
	}
	defer set.Close()
	run, err := s.train(ctx, e, f, dev, set)
	if err != nil {
		return err
	}
	if !e.quiet {
		printLoading(e.stdout, run.Trainer().Config().Arch, run.Dir.Backbone())
	}
	return nil
}
