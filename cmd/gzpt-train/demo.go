package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gzpt/kernels"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

// demoRun is a row of the demo's table.
type demoRun struct {
	name, folder, gaze string
	result             *evaluate.Report
	rate               float64
}

// demo trains on phantoms with gaze, with permuted gaze and without, everything else being equal, and prints a table.
func demo(ctx context.Context, e *environment, f *flags, s *pretrainSettings) error {
	root := s.run.out
	if root == "" {
		temporary, err := os.MkdirTemp("", program+"-demo-")
		if err != nil {
			return err
		}
		defer os.Remove(temporary) // where nothing came into it
		root = temporary
	}
	if err := rundir.Creatable(root); err != nil {
		return err
	}
	dev, err := s.run.device.openFor(s.network.precision)
	if err != nil {
		return err
	}
	defer dev.Close()
	set, err := s.data.load(ctx, e, s.network.seed, true, s.run.workers)
	if err != nil {
		return err
	}
	defer set.Close()
	if split, err := evaluate.SplitItems(set.Items()); err != nil {
		return err
	} else if len(split.Test) == 0 { // before a training of which nothing could be said
		return usagef("--phantoms %d: none of them are to test on, expected more", s.data.Phantoms)
	}
	e.console.Info("demo on phantoms", "items", len(set.Items()), "folder", root)
	runs := []*demoRun{
		{name: "with gaze", folder: "gaze", gaze: s.gaze.gaze},
		{name: "permuted gaze", folder: "permuted", gaze: "permuted:" + s.gaze.gaze},
		{name: "no gaze", folder: "none", gaze: "none"},
	}
	settings := s.gaze
	for _, r := range runs {
		s.gaze, s.run.out = settings, filepath.Join(root, r.folder)
		s.gaze.gaze = r.gaze
		if err := s.gaze.resolve(f); err != nil {
			return err
		}
		e.console.Info(r.name)
		if err := r.train(ctx, e, f, s, dev, set); err != nil {
			return err
		}
	}
	printDemo(e.stdout, runs, root)
	return nil
}

// train makes one run of the demo and judges it.
func (r *demoRun) train(ctx context.Context, e *environment, f *flags, s *pretrainSettings, dev kernels.Device, set *dataset.Set) error {
	run, err := s.train(ctx, e, f, dev, set)
	if err != nil {
		return err
	}
	r.rate = run.ImagesPerSecond()
	r.result, err = pretrain.Evaluate(ctx, dev, run.Dir, set, evaluate.BackboneOptions{
		EncodeOptions: evaluate.EncodeOptions{ImageSize: s.data.ImageSize, Workers: s.run.workers, Progress: e.progress("images encoded")},
		Batch:         s.network.batch, Labels: s.data.LabelSource(),
	})
	if err != nil {
		return err
	}
	e.console.Finish()
	e.warn(r.result)
	return rundir.WriteJSON(run.Dir.Evaluation(), r.result)
}

func printDemo(w io.Writer, runs []*demoRun, root string) {
	v := runs[0].result
	fmt.Fprintf(w, "%-16s %14s %15s %10s\n", "method", "k-NN accuracy", "probe accuracy", "images/s")
	for _, r := range runs {
		fmt.Fprintf(w, "%-16s %13.1f%% %14.1f%% %10.0f\n", r.name, 100*r.result.KNN.Accuracy, 100*r.result.Probe.Accuracy, r.rate)
	}
	fmt.Fprintf(w, "%d test phantoms of %d classes, same seed and steps; the runs are in %s\n", v.Test, len(v.Classes), root)
}
