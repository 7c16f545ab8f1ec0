package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"gzpt/asm"
	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/kernels"
	"gzpt/nn"
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
	device                        string
}

func (s *pretrainSettings) addFlags(f *flags) {
	s.data.addFlags(f)
	s.data.gaze.addFlags(f)
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
	g.DurationVar(&s.checkpointEvery, "checkpoint-every", 5*time.Minute, "time between checkpoints inside an epoch; each epoch ends with one: `TIME`")
	g.IntVar(&s.dumpViews, "dump-views", 0, "write the views of the first `N` items as PNG with the gaze drawn on them, to OUT/views")
	g.IntVar(&s.workers, "workers", 0, "goroutines that make views: `N` (0: one per processor)")
	f.choice(g, &s.device, "device", []string{"auto", "cpu", "cuda"}, "`DEVICE` to train on; this build has no cuda")
}

// openDevice opens the device that the flags name.
func openDevice(name string) (kernels.Device, error) {
	if name == "cuda" {
		return nil, usagef("--device cuda: this build has the CPU alone: expected auto or cpu")
	}
	return asm.Open("")
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
			return resume(ctx, e, f, s)
		}
		if s.data.path == "" {
			s.phantomDefaults(f)
		}
		if err := s.resolve(f); err != nil {
			return err
		}
		if s.data.path == "" && !f.given("gaze") {
			return demo(ctx, e, f, s)
		}
		if s.run.out == "" {
			return usagef("--out DIR is missing: the run directory to make")
		}
		if err := rundir.Vacant(s.run.out); err != nil {
			return fmt.Errorf("%w; --resume continues the run in it", err)
		}
		dev, err := openDevice(s.run.device)
		if err != nil {
			return err
		}
		defer dev.Close()
		d, err := s.data.load(ctx, e, s.network.seed, s.gaze.needsGaze(), s.run.workers)
		if err != nil {
			return err
		}
		defer d.close()
		t, err := start(ctx, e, f, s, dev, d)
		if err != nil {
			return err
		}
		t.tellLoading()
		return nil
	}
}

// resolve checks the flags and fills in those that follow from others.
func (s *pretrainSettings) resolve(f *flags) error {
	if s.run.workers < 0 {
		return usagef("--workers %d: expected at least 0", s.run.workers)
	}
	if err := cmp.Or(s.data.validate(), s.data.gaze.resolve()); err != nil {
		return err
	}
	if err := s.gaze.resolve(f); err != nil {
		return err
	}
	if err := s.network.resolve(f); err != nil {
		return err
	}
	return s.augment.resolve(f)
}

// start makes a new run and trains to its end.
func start(ctx context.Context, e *environment, f *flags, s *pretrainSettings, dev kernels.Device, d *dataset) (*training, error) {
	relation, _, err := s.gaze.relate(ctx, e, dev, d, s.network.seed, "")
	if err != nil {
		return nil, err
	}
	rows, err := d.rows()
	if err != nil {
		return nil, err
	}
	t := &training{environment: e, settings: s, dev: dev, data: d, items: trainingRows(rows)}
	if relation != nil {
		positives, err := s.gaze.apply(relation, rows)
		if err != nil {
			return nil, err
		}
		s.gaze.tellPositives(e, positives)
		t.weights = positives.Weight
	}
	if err := t.plan(identity(rows, relation, s)); err != nil {
		return nil, err
	}
	if err := t.begin(); err != nil {
		return nil, err
	}
	t.dir, err = rundir.Create(s.run.out, func(dir rundir.Dir) error {
		return writeStart(dir, newRecord(e, f, t), rows, relation)
	})
	if err != nil {
		return nil, err
	}
	if s.run.dumpViews > 0 {
		if err := dumpViews(t); err != nil {
			return nil, err
		}
	}
	return t, t.run(ctx, nn.Position{})
}

// resume continues the run in --out.
func resume(ctx context.Context, e *environment, f *flags, s *pretrainSettings) error {
	if s.run.out == "" {
		return usagef("--resume needs --out DIR: the run to continue")
	}
	dir, err := rundir.Open(s.run.out)
	if err != nil {
		return err
	}
	var was record
	if err := rundir.ReadJSON(dir.Config(), &was); err != nil {
		return err
	}
	if err := f.restore(was.Settings); err != nil {
		return err
	}
	if err := s.augment.apply(); err != nil {
		return err
	}
	dev, err := openDevice(s.run.device)
	if err != nil {
		return err
	}
	defer dev.Close()
	rows, relation, err := readStart(dir)
	if err != nil {
		return err
	}
	d, err := s.data.load(ctx, e, s.network.seed, s.gaze.needsGaze(), s.run.workers)
	if err != nil {
		return err
	}
	defer d.close()
	now, err := d.rows()
	if err != nil {
		return err
	}
	if err := sameItems(dir.Items(), rows, now); err != nil {
		return err
	}
	t := &training{environment: e, settings: s, dev: dev, data: d, items: trainingRows(rows), dir: dir}
	if relation != nil {
		positives, err := s.gaze.apply(relation, rows)
		if err != nil {
			return err
		}
		t.weights = positives.Weight
	}
	if err := t.plan(identity(rows, relation, s)); err != nil {
		return err
	}
	position, err := t.loadCheckpoint()
	if err != nil {
		return err
	}
	if err := t.run(ctx, position); err != nil {
		return err
	}
	t.tellLoading()
	return nil
}
