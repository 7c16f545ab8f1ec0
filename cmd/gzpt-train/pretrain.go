package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"gzpt/kernels"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

const aboutPretrain = `
Trains an encoder on images so that those which people looked at alike end up close together, and writes a run directory.
Without --data the images are phantoms with simulated readers; without --data, --gaze and --resume it compares gaze,
permuted gaze and no gaze on them and prints a table.

  gzpt-train --data DIR --labels labels.csv:grade --split split --image-size 64 --batch 64 --epochs 30 --out runs/a
  gzpt-train --resume --out runs/a
  gzpt-train evaluate --run runs/a
`

// pretrainSettings is everything that the flags of pretrain say.
type pretrainSettings struct {
	data    dataSettings
	gaze    gazeSettings
	network networkSettings
	augment augmentSettings
	run     runSettings
}

// runSettings is the flags that change no bit of a run's result, and may differ when it is resumed.
type runSettings struct {
	out                           string
	resume                        bool
	stopAfter, dumpViews, workers int
	checkpointEvery               time.Duration
	device                        deviceName
}

func (s *pretrainSettings) addFlags(f *flags) {
	s.data.addFlags(f)
	s.data.gaze.addFlags(f, &s.data.Gaze.Path)
	s.gaze.addFlags(f)
	s.network.addFlags(f)
	s.augment.addFlags(f)
	s.run.addFlags(f)
}

func (s *runSettings) addFlags(f *flags) {
	g := f.group(freeGroup)
	f.path(g, &s.out, "out", "run directory to make: `DIR`; an existing one is never overwritten")
	g.BoolVar(&s.resume, "resume", false, "continue the run of --out from its last checkpoint to the same bits; its config.json has the settings")
	g.IntVar(&s.stopAfter, "stop-after", 0, "stop with a checkpoint when the run has `N` epochs behind it; --resume goes on")
	g.DurationVar(&s.checkpointEvery, "checkpoint-every", pretrain.UsualCheckpointEvery, "time between checkpoints inside an epoch; each epoch ends with one: `TIME`")
	g.IntVar(&s.dumpViews, "dump-views", 0, "write the views of the first `N` items as PNG with the gaze drawn on them, to OUT/views")
	g.IntVar(&s.workers, "workers", 0, "goroutines that make views: `N` (0: one per processor)")
	s.device.addFlag(f, g)
}

func buildPretrain(f *flags) work {
	s := &pretrainSettings{}
	s.addFlags(f)
	return func(ctx context.Context, e *environment, args []string) error {
		if len(args) > 0 {
			return usagef("unexpected argument %q", args[0])
		}
		s.data.anchor()
		if s.run.resume {
			if err := s.recall(f); err != nil {
				return err
			}
		} else if err := s.resolve(f); err != nil {
			return err
		}
		if s.data.Path == "" && !f.given("gaze") && !s.run.resume {
			return demo(ctx, e, f, s)
		}
		if s.run.out == "" {
			return usagef("--out DIR is missing: the run directory to make")
		}
		if err := rundir.Vacant(s.run.out); err != nil && !s.run.resume {
			return fmt.Errorf("%w; --resume continues the run in it", err)
		}
		dev, err := s.run.device.open()
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
}

// recall sets the flags to those that the run in --out was begun with.
func (s *pretrainSettings) recall(f *flags) error {
	if s.run.out == "" {
		return usagef("--resume needs --out DIR: the run to continue")
	}
	dir, err := rundir.Open(s.run.out)
	if err != nil {
		return err
	}
	was, err := pretrain.ReadRecord(dir)
	if err != nil {
		return err
	}
	if was.Settings == nil {
		return fmt.Errorf("%s: it has no settings of %s: the program that began the run can continue it", dir.Config(), program)
	}
	if err := f.restore(was.Settings); err != nil {
		return err
	}
	return s.augment.apply()
}

// resolve checks the flags and fills in those that follow from others.
func (s *pretrainSettings) resolve(f *flags) error {
	if s.data.Path == "" {
		s.phantomDefaults(f)
	}
	if s.run.workers < 0 {
		return usagef("--workers %d: expected at least 0", s.run.workers)
	}
	if err := cmp.Or(s.data.validate(), s.data.gaze.resolve(&s.data.Gaze)); err != nil {
		return err
	}
	if err := s.gaze.resolve(f); err != nil {
		return err
	}
	if err := s.network.resolve(f); err != nil {
		return err
	}
	if err := s.augment.resolve(f); err != nil {
		return err
	}
	if t, err := s.settings(); err != nil {
		return err
	} else if err := t.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// settings is what the flags say of the run's result.
func (s *pretrainSettings) settings() (pretrain.Settings, error) {
	t, err := s.network.settings(&s.data)
	t.Views, t.Rule, t.Drop = s.augment.Augmentation, s.gaze.ruleOf(), s.gaze.drop
	return t, err
}

// train makes a run, or goes on with one, and trains to its end or to where it is to stop.
func (s *pretrainSettings) train(ctx context.Context, e *environment, f *flags, dev kernels.Device, set *dataset.Set) (*pretrain.Run, error) {
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	d := pretrain.Data{Images: set, Gaze: set.Recordings}
	if !s.run.resume {
		related, err := s.gaze.relate(ctx, e, dev, set, s.network.seed, "")
		if err != nil {
			return nil, err
		}
		d.Relation = related.Relation
	}
	run, err := pretrain.Open(dev, s.run.out, d, settings, pretrain.Options{
		Resume: s.run.resume, StopAfter: s.run.stopAfter, CheckpointEvery: s.run.checkpointEvery, Workers: s.run.workers, Observer: e.observer(),
		Origin: func(r *pretrain.Run) pretrain.Origin { return s.origin(e, f, set, r) },
	})
	if err != nil {
		return nil, err
	}
	defer run.Close()
	if err := e.attachLog(run); err != nil {
		return nil, err
	}
	if n := s.run.dumpViews; n > 0 && !s.run.resume {
		paths, err := run.DumpViews(n)
		if err != nil {
			return nil, err
		}
		e.console.Info("views written", "files", len(paths), "folder", run.Dir.Views())
	}
	e.announce(run, &s.gaze)
	err = run.Train(ctx)
	if errors.Is(err, context.Canceled) {
		e.console.Info("checkpoint written", "step", run.Trainer().StepsDone(), "continue_with", resumption(run))
	}
	if err != nil {
		return nil, err
	}
	e.finish(run)
	return run, nil
}

// origin is what the record of a new run has from here.
func (s *pretrainSettings) origin(e *environment, f *flags, set *dataset.Set, r *pretrain.Run) pretrain.Origin {
	if p := r.Positives(); p != nil {
		s.gaze.tau = p.Rule().Tau
		s.gaze.tellPositives(e, p)
	}
	o := pretrain.Origin{Settings: f.settings(), Command: e.commandLine(), Version: version(), Machine: thisMachine(), Skipped: set.Skips}
	if folder, err := os.Getwd(); err == nil {
		o.Folder = folder
	}
	if s.gaze.alike().NeedsGaze() {
		o.Measure, _ = s.gaze.alike().Measure() // was resolved before
	}
	return o
}
