package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/pretrain"
	"gzpt/nn/rundir"
)

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
	memory                        memorySize
}

// validate finds numbers below what they may be.
func (s *runSettings) validate() error {
	for _, n := range []struct {
		flag  string
		value int
	}{{"workers", s.workers}, {"stop-after", s.stopAfter}, {"dump-views", s.dumpViews}} {
		if n.value < 0 {
			return usagef("--%s %d: expected at least 0", n.flag, n.value)
		}
	}
	if s.checkpointEvery <= 0 {
		return usagef("--checkpoint-every %v: expected a time above 0; 1ns writes one after every step", s.checkpointEvery)
	}
	return nil
}

// vacant demands that --out is free for a new run.
func (s *runSettings) vacant() error {
	err := rundir.Creatable(s.out)
	switch {
	case s.resume:
		return nil
	case errors.Is(err, rundir.ErrExists) && rundir.Is(s.out):
		return fmt.Errorf("%w; --resume continues the run in it", err)
	case errors.Is(err, rundir.ErrExists):
		return fmt.Errorf("%w; --out DIR names another folder", err)
	}
	return err
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
	g.IntVar(&s.dumpViews, "dump-views", 0, "write views of the first `N` items as PNG with the gaze drawn on them, to OUT/views")
	g.IntVar(&s.workers, "workers", 0, "goroutines that make views: `N` (0: one per processor)")
	s.device.addFlag(f, g)
	s.memory.addFlag(f, g)
}

// phantomDefaults are the settings on phantoms that no flag has set: a small network on small images, so that three runs
// take a minute or two on two cores, and the measure that suits readers who rest where something is.
func (s *pretrainSettings) phantomDefaults(f *flags) {
	unless(f, "image-size", &s.data.ImageSize, 32)
	unless(f, "gaze", &s.gaze.gaze, "heatmap-cc")
	unless(f, "drop", &s.gaze.drop, 0)
	if !f.given("tau") {
		unless(f, "positives", &s.gaze.positives, 20)
	}
	unless(f, "width", &s.network.width, 16)
	unless(f, "projector", &s.network.projector, 512)
	unless(f, "predictor", &s.network.predictor, 512)
	unless(f, "embedding", &s.network.embedding, 64)
	unless(f, "batch", &s.network.batch, 64)
	unless(f, "epochs", &s.network.epochs, 60)
	unless(f, "lr", &s.network.lr, 0.003)
}

// unless sets a value to a default of phantoms unless its flag was given or, for another verb, is not there.
func unless[T any](f *flags, name string, p *T, value T) {
	if !f.given(name) {
		*p = value
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
	s.splitOfOldRun(f, was.Settings)
	s.data.allowOfOldRun(f, was.Settings)
	return s.augment.apply()
}

// splitOfOldRun leaves out the split and groups of a manifest for a run from before they were kept beside labels of
// another table: its record knows of no flag --image-column.
func (s *pretrainSettings) splitOfOldRun(f *flags, recorded settings) {
	if _, known := recorded["image-column"]; known || s.data.Labels == "" {
		return
	}
	for name, column := range map[string]*string{"split": &s.data.Split, "group": &s.data.Group} {
		if *column == "" && !f.given(name) {
			*column = data.NoColumn
		}
	}
}

// resolve checks the flags and fills in those that follow from others.
func (s *pretrainSettings) resolve(f *flags) error {
	if s.data.Path == "" {
		s.phantomDefaults(f)
	}
	if err := cmp.Or(s.data.validate(), s.data.gaze.resolve(&s.data.Gaze)); err != nil {
		return err
	}
	if err := cmp.Or(outOfPlace(f, s.data.Path == ""), s.gaze.resolve(f)); err != nil {
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
		return inFlags(err)
	}
	return nil
}

// fits refuses a run that no machine like this one can follow, before memory is taken.
func (s *pretrainSettings) fits(f *flags) error {
	const perStep = 250 // bytes of a line of metrics
	t, err := s.settings()
	if err != nil {
		return err
	}
	for _, long := range []struct {
		flag  string
		value int
	}{{"steps", s.network.steps}, {"epochs", s.network.epochs}, {"stop-after", s.run.stopAfter}} {
		if long.value > mostSteps {
			return usagef("--%s %d: expected at most %d; metrics.jsonl alone would take at least %s", long.flag, long.value, mostSteps, sizeText(perStep*float64(long.value)))
		}
	}
	return s.run.memory.check(f, append(t.Network.Footprint(),
		append(s.data.parts(s.run.workers, s.data.Path == ""), s.relation())...))
}

// relation is the memory that the relation of phantoms takes; that of other items is not known yet.
func (s *pretrainSettings) relation() nn.Part {
	p := nn.Part{Setting: "phantoms", What: "the relation of the phantoms"}
	if n := float64(s.data.Phantoms); s.data.Path == "" && s.gaze.gaze != "none" {
		p.Bytes = 4 * n * n
	}
	return p
}

// mostSteps bounds steps and epochs: centuries of them.
const mostSteps = 1_000_000_000

// settings is what the flags say of the run's result.
func (s *pretrainSettings) settings() (pretrain.Settings, error) {
	t, err := s.network.settings(&s.data)
	t.Views, t.Rule, t.Drop = s.augment.Augmentation, s.gaze.ruleOf(), s.gaze.drop
	return t, err
}
