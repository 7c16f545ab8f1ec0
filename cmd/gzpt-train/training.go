package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gzpt/cmd/gzpt-train/internal/console"
	"gzpt/kernels"
	"gzpt/kernels/input"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
)

// train makes a run, or goes on with one, and trains to its end or to where it is to stop.
func (s *pretrainSettings) train(ctx context.Context, e *environment, f *flags, dev kernels.Device, set *dataset.Set) (*pretrain.Run, error) {
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	d := pretrain.Data{Images: set, Gaze: set.Recordings}
	s.gaze.tellIdle(e)
	if s.gaze.gaze == "labels" {
		e.tellDoubts(set.Labels())
	}
	if !s.run.resume {
		rows, err := pretrain.Rows(set, set.Recordings)
		if err == nil {
			err = pretrain.CheckGroups(rows) // before hours go into a relation
		}
		if err != nil {
			return nil, err
		}
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
	if !s.run.resume {
		if err := s.tellStart(e, run); err != nil {
			return nil, err
		}
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

// tellStart says how many positives a new run has, and writes the views that were asked for.
func (s *pretrainSettings) tellStart(e *environment, r *pretrain.Run) error {
	if found := r.Found(); found != nil {
		e.console.Info(fmt.Sprintf("%s: %v", s.network.init, found))
	}
	if p := r.Positives(); p != nil {
		s.gaze.tellPositives(e, p)
	}
	if s.run.dumpViews <= 0 {
		return nil
	}
	paths, err := r.DumpViews(s.run.dumpViews)
	if err == nil {
		e.console.Info("views written", "files", len(paths), "folder", r.Dir.Views())
	}
	return err
}

// origin is what the record of a new run has from here, with the tau that its relation has given.
func (s *pretrainSettings) origin(e *environment, f *flags, set *dataset.Set, r *pretrain.Run) pretrain.Origin {
	if p := r.Positives(); p != nil {
		s.gaze.tau = p.Rule().Tau
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

// observer shows how a run goes.
func (e *environment) observer() pretrain.Observer {
	return pretrain.Observer{
		Warn: func(text string) { e.console.Warn(text) },
		Step: func(s pretrain.Step) {
			e.console.Progress(float64(s.Step)/float64(s.Steps), fmt.Sprintf("epoch %d step %d/%d  loss %.4f (chance %.4g)  %.1f images/s  %s left",
				s.Epoch, s.Step, s.Steps, s.Loss, s.Chance, s.ImagesPerSecond, console.Duration(s.Left)))
		},
		Epoch: func(p pretrain.Epoch) {
			e.console.Info(fmt.Sprintf("epoch %d", p.Number), "step", fmt.Sprintf("%d/%d", p.Step, p.Steps), "loss", p.Loss,
				"embedding_std", p.EmbeddingStd, "positives_per_anchor", p.PositivesPerAnchor, "images_per_s", p.ImagesPerSecond,
				"data_wait_share", p.WaitShare, "left", p.Left)
			if p.Collapsed() {
				e.console.Warn("the embeddings have collapsed: all images look the same to the network; a lower --lr or other views may help")
			}
		},
	}
}

// attachLog copies what the console shows to the run's log, from its beginning.
func (e *environment) attachLog(r *pretrain.Run) error {
	log, err := input.OpenFile(r.Dir.Log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	return e.console.Attach(log)
}

// announce says what is trained on what.
func (e *environment) announce(r *pretrain.Run, s *gazeSettings) {
	c := r.Trainer().Config()
	backbone, total := r.Trainer().Parameters()
	e.console.Info("network", "method", c.Method, "arch", c.Arch, "weights", backbone, "with_heads", total, "device", r.Device().Name())
	about := []any{"items", r.Items(), "training", r.TrainingItems(), "image_size", c.Height, "gaze", s.gaze}
	if s.gaze != "none" {
		about = append(append(about, s.told()...), "drop", s.drop)
	}
	e.console.Info("data", about...)
	if done := r.Trainer().StepsDone(); done > 0 {
		e.console.Info("resumed", "step", fmt.Sprintf("%d/%d", done, c.Steps))
	}
	if left := c.Steps % c.Accumulate; left > 0 {
		e.console.Info(fmt.Sprintf("the last %d of %d steps make no update of the weights, which takes %d", left, c.Steps, c.Accumulate))
	}
	if dropped := r.TrainingItems() - r.StepsPerEpoch()*c.Batch; dropped > 0 {
		e.console.Info(fmt.Sprintf("%d items are left over in every epoch of %d steps of %d", dropped, r.StepsPerEpoch(), c.Batch))
	}
}

// finish says where the result is, or how the run goes on.
func (e *environment) finish(r *pretrain.Run) {
	e.console.Finish()
	if r.Done() {
		about := []any{"steps", r.Trainer().StepsDone()}
		if speed := r.ImagesPerSecond(); speed > 0 { // a run that was done before has made no step
			about = append(about, "images_per_s", speed)
		}
		e.console.Info("done", append(about, "run", r.Dir)...)
		return
	}
	e.console.Info("stopped", "step", fmt.Sprintf("%d/%d", r.Trainer().StepsDone(), r.Trainer().Config().Steps), "continue_with", resumption(r))
}

// resumption is the command that goes on with a run.
func resumption(r *pretrain.Run) string { return fmt.Sprintf("%s --resume --out %s", program, r.Dir) }
