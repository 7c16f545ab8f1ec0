package main

import (
	"context"
	"fmt"
	"path/filepath"

	"gzpt/kernels"
	"gzpt/kernels/checksum"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

// subject is a trained encoder and the images to show it: those of a run, or any.
type subject struct {
	run, weights string
	batch        int
	data         dataSettings
	seed         uint64
	workers      int
	device       deviceName
	memory       memorySize
	// normalisation is that of the run that the weights are the backbone of, zero for weights from elsewhere.
	normalisation data.Normalisation
}

func (s *subject) addFlags(f *flags) {
	g := f.group("What")
	f.path(g, &s.run, "run", "run directory: its backbone and its items: `DIR`")
	f.path(g, &s.weights, "weights", "backbone to use instead: `FILE`, safetensors, .pth or .pt")
	g.IntVar(&s.batch, "batch", 32, "images in a pass: `N`")
	g.IntVar(&s.workers, "workers", 0, "goroutines that decode images: `N` (0: one per processor)")
	s.device.addFlag(f, g)
	s.memory.addFlag(f, g)
	s.data.addFlags(f)
}

// resolve takes from the run what the flags do not say, and refuses what takes more memory than there is.
func (s *subject) resolve(f *flags) error {
	if err := s.recall(f); err != nil {
		return err
	}
	s.data.InFlight = s.memory.inFlight()
	return s.fits(f, 1)
}

// fits refuses what takes more memory than there is, with a batch of so many images.
func (s *subject) fits(f *flags, batch int) error {
	c := nn.Config{Arch: nn.Arch{Depth: 18, Width: 1, Channels: s.data.Channels}, Height: s.data.ImageSize, Width: s.data.ImageSize, Batch: batch}
	return s.memory.check(f, append(c.Footprint(), s.data.parts(s.workers, s.data.Path == "")...))
}

// recall takes from the run what the flags do not say.
func (s *subject) recall(f *flags) error {
	switch {
	case s.run == "" && (s.weights == "" || s.data.Path == ""):
		return usagef("--run DIR is missing, or --weights FILE with --data DIR")
	case s.batch < 1:
		return usagef("--batch %d: expected at least 1", s.batch)
	case s.run == "":
		return s.data.validate()
	}
	dir, err := rundir.Open(s.run)
	if err != nil {
		return err
	}
	was, err := pretrain.ReadRecord(dir)
	if err != nil {
		return err
	}
	if f.given("data") && !f.given("labels") {
		delete(was.Settings, "labels") // those of the run name a table of its own data
		delete(was.Settings, "split")
		delete(was.Settings, "group")
	}
	if err := f.inherit(was.Settings, dataGroup); err != nil {
		return fmt.Errorf("%s: %w", dir.Config(), err)
	}
	if !f.given("data") {
		s.data.allowOfOldRun(f, was.Settings)
	}
	if was.Settings == nil {
		unless(f, "image-size", &s.data.ImageSize, was.Network.Height)
		unless(f, "channels", &s.data.Channels, was.Network.Arch.Channels)
		if s.data.Path == "" {
			return usagef("--data DIR is missing: %s was begun by another program, which knows where the images are", s.run)
		}
	}
	if err := s.agrees(f, was, dir); err != nil {
		return err
	}
	s.seed = was.Network.Seed
	if s.weights == "" {
		s.weights = dir.Backbone()
	}
	return s.data.validate()
}

// agrees demands that what the record of a run says twice is the same.
func (s *subject) agrees(f *flags, was *pretrain.Record, dir rundir.Dir) error {
	for _, size := range []struct {
		flag       string
		set, train int
	}{{"image-size", s.data.ImageSize, was.Network.Height}, {"channels", s.data.Channels, was.Network.Arch.Channels}} {
		if was.Settings != nil && !f.given(size.flag) && size.set != size.train {
			return fmt.Errorf("%s: %w: it has --%s %d, but the network was trained with %d", dir.Config(), checksum.ErrDamaged, size.flag, size.set, size.train)
		}
	}
	return nil
}

// runOfWeights is the run that the weights are the backbone of, where they lie in one.
func (s *subject) runOfWeights() (rundir.Dir, bool) {
	dir := rundir.Dir(filepath.Dir(filepath.Dir(s.weights)))
	return dir, dir.Backbone() == s.weights && rundir.Is(string(dir))
}

// check demands that the record of the run is that of its checkpoint and, where they are its own, that the weights are, too.
func (s *subject) check(e *environment) error {
	if dir, ofRun := s.runOfWeights(); ofRun {
		was, remarks, err := pretrain.Check(dir)
		for _, text := range remarks {
			e.console.Warn(text)
		}
		if err != nil {
			return err
		}
		if s.normalisation = was.Views.Normalisation; string(dir) == s.run {
			return nil
		}
	}
	if s.run == "" {
		return nil
	}
	dir := rundir.Dir(s.run)
	was, err := pretrain.ReadRecord(dir)
	if err == nil {
		_, err = was.ReadCheckpoint(dir)
	}
	return err
}

// open opens the device and the images.
func (s *subject) open(ctx context.Context, e *environment, f *flags) (kernels.Device, *dataset.Set, error) {
	if err := s.check(e); err != nil {
		return nil, nil, err
	}
	dev, err := s.device.open()
	if err != nil {
		return nil, nil, err
	}
	set, err := s.data.load(ctx, e, s.seed, false, s.workers)
	if err != nil {
		dev.Close()
		return nil, nil, err
	}
	s.batch = min(s.batch, max(len(set.Items()), 1)) // no more images are shown
	if err := s.fits(f, s.batch); err != nil {
		set.Close()
		dev.Close()
		return nil, nil, err
	}
	return dev, set, nil
}

// tell says what a file of weights from elsewhere held; those of the run are its own.
func (s *subject) tell(e *environment, found *nn.FoundBackbone) {
	if s.run == "" || s.weights != rundir.Dir(s.run).Backbone() {
		e.console.Info(fmt.Sprintf("%s: %v", s.weights, found))
	}
}

// encoding is how the images are shown to the encoder.
func (s *subject) encoding(e *environment) evaluate.EncodeOptions {
	return evaluate.EncodeOptions{
		ImageSize: s.data.ImageSize, Normalisation: s.normalisation, Workers: s.workers, Progress: e.progress("images encoded"),
	}
}
