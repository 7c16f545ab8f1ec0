package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/nn"
	"gzpt/nn/evaluate"
)

const aboutEvaluate = `
Judges a frozen encoder by its features: k nearest neighbours (cosine) and a linear probe learn from the items whose split
is train, the probe's strength is chosen on val, and accuracy, balanced accuracy and macro one-vs-rest AUC are of test. The
encoder is in eval mode.

  gzpt-train evaluate --run runs/a                                    the run's own data, labels and split
  gzpt-train evaluate --run runs/a --labels labels.csv:other --split split
  gzpt-train evaluate --weights resnet18.safetensors --data DIR --labels labels.csv:grade --split split --image-size 224

With --run alone the result also goes to RUN/evaluate.json.
`

func buildEvaluate(f *flags) work {
	s := &subject{}
	s.addFlags(f)
	var knn evaluate.KNN
	var out string
	g := f.group("Evaluation")
	g.IntVar(&knn.K, "k", evaluate.DefaultK, "neighbours that vote: `K`")
	g.Float64Var(&knn.Temperature, "temperature", 0, "weigh a vote by exp(similarity/`T`); 0: all votes are equal")
	f.path(g, &out, "out", "`FILE` for the result as JSON (default: evaluate.json of --run)")
	return func(ctx context.Context, e *environment, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("unexpected argument %q", args[0])
		case knn.K < 1 || knn.Temperature < 0:
			return usagef("--k is at least 1 and --temperature at least 0")
		}
		if err := s.resolve(f); err != nil {
			return err
		}
		if out == "" && s.run != "" && !f.given("weights") && !f.given("data") {
			out = rundir.Dir(s.run).Evaluation()
		}
		v, err := s.evaluate(ctx, e, knn)
		if err != nil {
			return err
		}
		v.print(e.stdout)
		if out == "" {
			return nil
		}
		return rundir.WriteJSON(out, v)
	}
}

func (s *subject) evaluate(ctx context.Context, e *environment, knn evaluate.KNN) (*evaluation, error) {
	dev, err := openDevice("auto")
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	encoder, err := s.encoder(e, dev)
	if err != nil {
		return nil, err
	}
	d, err := s.data.load(ctx, e, s.seed, false, s.workers)
	if err != nil {
		return nil, err
	}
	defer d.close()
	f, err := encode(ctx, e, encoder, d, s.data.imageSize, s.workers, unseen)
	if err != nil {
		return nil, err
	}
	v, err := judge(f, d.items(), knn)
	if err != nil {
		return nil, err
	}
	v.Backbone, v.Network, v.Labels = s.weights, encoder.String(), s.data.labelSource()
	v.Date = time.Now().Format(time.RFC3339)
	return v, s.addStep(e, v)
}

// addStep says how far the run was, and warns where it is not at its end.
func (s *subject) addStep(e *environment, v *evaluation) error {
	if s.run == "" || s.weights != rundir.Dir(s.run).Backbone() {
		return nil
	}
	c, err := nn.ReadCheckpointInfo(rundir.Dir(s.run).Checkpoint())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	v.Step, v.Steps = c.Steps, c.Config.Steps
	if v.Step < v.Steps {
		e.console.Warn(fmt.Sprintf("the run is at step %d of %d", v.Step, v.Steps))
	}
	return nil
}
