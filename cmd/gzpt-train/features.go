package main

import (
	"context"
	"fmt"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
)

// subject is a trained encoder and the images to show it: those of a run, or any.
type subject struct {
	run, weights string
	batch        int
	data         dataSettings
	seed         uint64
	workers      int
	// record is that of the run, nil where weights and data are given.
	record *record
}

func (s *subject) addFlags(f *flags) {
	g := f.group("What")
	f.path(g, &s.run, "run", "run directory: its backbone and its items: `DIR`")
	f.path(g, &s.weights, "weights", "backbone to use instead: `FILE`, safetensors under torchvision's names")
	g.IntVar(&s.batch, "batch", 32, "images in a pass: `N`")
	g.IntVar(&s.workers, "workers", 0, "goroutines that decode images: `N` (0: one per processor)")
	s.data.addFlags(f)
}

// resolve takes from the run what the flags do not say.
func (s *subject) resolve(f *flags) error {
	switch {
	case s.run == "" && (s.weights == "" || s.data.path == ""):
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
	var was record
	if err := rundir.ReadJSON(dir.Config(), &was); err != nil {
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
	s.record, s.seed = &was, was.Network.Seed
	if s.weights == "" {
		s.weights = dir.Backbone()
	}
	return s.data.validate()
}

// encoder opens the backbone for images of the subject's size.
func (s *subject) encoder(dev kernels.Device) (*nn.Encoder, error) {
	encoder, err := nn.LoadEncoder(dev, s.weights, s.batch, s.data.imageSize, s.data.imageSize)
	if err != nil {
		return nil, err
	}
	if has := encoder.Arch().Channels; has != s.data.channels {
		return nil, fmt.Errorf("%s: a backbone for %d channels: --channels %d", s.weights, has, has)
	}
	return encoder, nil
}

// pixelsAtOnce bounds the memory that decoded images take before they are encoded, in values.
const pixelsAtOnce = 1 << 25

// encode is the features of all items, and with pixels what the encoder saw.
func encode(ctx context.Context, e *environment, encoder *nn.Encoder, d *dataset, imageSize, workers int, seen func(pixels []float32) error) (evaluate.Features, error) {
	n, dim := len(d.items()), encoder.Arch().Features()
	values := imageSize * imageSize * d.source.Channels()
	chunk := max(1, min(n, pixelsAtOnce/values))
	f := evaluate.Features{Rows: n, Dim: dim, Values: make([]float32, n*dim)}
	pixels, items := make([]float32, chunk*values), make([]int, chunk)
	for from := 0; from < n; from += chunk {
		m := min(chunk, n-from)
		for k := range items[:m] {
			items[k] = from + k
		}
		part := pixels[:m*values]
		err := data.Eval(ctx, part, d.source, items[:m], data.EvalOptions{ImageSize: imageSize, Normalisation: data.ImageNet(), Workers: workers})
		if err != nil {
			return f, err
		}
		if err := encoder.Encode(f.Values[from*dim:(from+m)*dim], part); err != nil {
			return f, err
		}
		if err := seen(part); err != nil {
			return f, err
		}
		if err := ctx.Err(); err != nil {
			return f, err
		}
		e.console.Progress(float64(from+m)/float64(n), fmt.Sprintf("images encoded %d/%d", from+m, n))
	}
	e.console.Finish()
	return f, nil
}

// unseen is for features alone.
func unseen([]float32) error { return nil }
