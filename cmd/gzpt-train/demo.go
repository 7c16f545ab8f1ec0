package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/gaze"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data/phantom"
	"gzpt/nn/evaluate"
)

// phantomDefaults are the settings on phantoms that no flag has set: a small network on small images, so that three runs
// take a minute or two on two cores, and the measure that suits readers who rest where something is.
func (s *pretrainSettings) phantomDefaults(f *flags) {
	unless(f, "image-size", &s.data.imageSize, 32)
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

// makePhantoms makes the items of a run without data, and their gaze.
func (s *dataSettings) makePhantoms(ctx context.Context, seed uint64, workers int) (*dataset, error) {
	set, err := phantom.New(ctx, phantom.Options{Items: s.phantoms, ImageSize: s.imageSize, Channels: s.channels, Seed: seed, Workers: workers})
	if err != nil {
		return nil, err
	}
	d := &dataset{source: set, close: func() error { return nil }}
	for i := range set.Items() {
		item := set.Item(i)
		r := gaze.Recording{Image: item.Name, Reader: "simulated", Width: float64(item.Width), Height: float64(item.Height)}
		for _, f := range item.Fixations {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: f.X, Y: f.Y, Start: f.Start, Duration: f.Duration})
		}
		d.recordings = append(d.recordings, []gaze.Recording{r})
	}
	return d, nil
}

// demoRun is a row of the demo's table.
type demoRun struct {
	name, folder, gaze string
	result             *evaluation
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
		root = temporary
	}
	if err := rundir.Vacant(root); err != nil {
		return err
	}
	dev, err := openDevice(s.run.device)
	if err != nil {
		return err
	}
	defer dev.Close()
	d, err := s.data.load(ctx, e, s.network.seed, true, s.run.workers)
	if err != nil {
		return err
	}
	defer d.close()
	e.console.Info("demo on phantoms", "items", len(d.items()), "folder", root)
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
		if err := r.train(ctx, e, f, s, dev, d); err != nil {
			return err
		}
	}
	printDemo(e.stdout, runs, root)
	return nil
}

// train makes one run of the demo and judges it.
func (r *demoRun) train(ctx context.Context, e *environment, f *flags, s *pretrainSettings, dev kernels.Device, d *dataset) error {
	t, err := start(ctx, e, f, s, dev, d)
	if err != nil {
		return err
	}
	defer t.trainer.Close()
	size := s.data.imageSize
	encoder, err := nn.LoadEncoder(dev, t.dir.Backbone(), s.network.batch, size, size)
	if err != nil {
		return err
	}
	defer encoder.Close()
	features, err := encode(ctx, e, encoder, d, size, s.run.workers, unseen)
	if err != nil {
		return err
	}
	r.rate = t.total.rate()
	r.result, err = judge(features, d.items(), evaluate.KNN{K: evaluate.DefaultK})
	if err != nil {
		return err
	}
	r.result.Backbone, r.result.Network, r.result.Labels = t.dir.Backbone(), encoder.String(), s.data.labelSource()
	r.result.Step, r.result.Steps = t.trainer.StepsDone(), t.trainer.Config().Steps
	return rundir.WriteJSON(t.dir.Evaluation(), r.result)
}

func printDemo(w io.Writer, runs []*demoRun, root string) {
	v := runs[0].result
	fmt.Fprintf(w, "%-16s %14s %15s %10s\n", "method", "k-NN accuracy", "probe accuracy", "images/s")
	for _, r := range runs {
		fmt.Fprintf(w, "%-16s %13.1f%% %14.1f%% %10.0f\n", r.name, 100*r.result.KNN.Accuracy, 100*r.result.Probe.Accuracy, r.rate)
	}
	fmt.Fprintf(w, "%d test phantoms of %d classes, same seed and steps; the runs are in %s\n", v.Test, len(v.Classes), root)
}
