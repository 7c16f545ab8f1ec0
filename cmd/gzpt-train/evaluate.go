package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"gzpt/kernels"
	"gzpt/kernels/plain"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

const aboutEvaluate = `
Judges a frozen encoder by its features: k nearest neighbours (cosine) and a linear probe learn from the items whose split
is train, the probe's strength is chosen on val, and accuracy, balanced accuracy and macro one-vs-rest AUC are of test. The
encoder is in eval mode.

  gzpt-train evaluate --run runs/a                                    the run's own data, labels and split
  gzpt-train evaluate --run runs/a --labels labels.csv:other --split split
  gzpt-train evaluate --weights resnet18.safetensors --data DIR --labels labels.csv:grade --split split --image-size 224

On the run's own images (without --weights and --data) the result also goes to RUN/evaluate.json, in the place of the last one.
`

func buildEvaluate(f *flags) work {
	s := &subject{}
	s.addFlags(f)
	var knn evaluate.KNN
	var out string
	var trainedToo bool
	g := f.group("Evaluation")
	g.IntVar(&knn.K, "k", evaluate.DefaultK, "neighbours that vote: `K`")
	g.Float64Var(&knn.Temperature, "temperature", 0, "weigh a vote by exp(similarity/`T`); 0: all votes are equal")
	g.BoolVar(&trainedToo, "trained-too", false, "score test images that the run was trained on, too, instead of stopping")
	f.path(g, &out, "out", "`FILE` for the result as JSON (default: evaluate.json of --run); "+
		"one that is there is overwritten if it is a former result")
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
		begins := "" // what is damaged in a run is made anew
		if f.given("out") {
			begins = "{\n  \"backbone\": "
		}
		if err := ready("out", out, begins); err != nil {
			return err
		}
		v, err := s.evaluate(ctx, e, f, knn, trainedToo)
		if err != nil {
			return err
		}
		e.console.Finish()
		e.warn(v)
		printReport(e.stdout, v)
		if out == "" {
			return nil
		}
		if err := rundir.WriteJSON(out, v); err != nil {
			return err
		}
		e.console.Info("written", "file", out)
		return nil
	}
}

func (s *subject) evaluate(ctx context.Context, e *environment, f *flags, knn evaluate.KNN, trainedToo bool) (*evaluate.Report, error) {
	dev, set, err := s.open(ctx, e, f)
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	defer set.Close()
	trained, told := 0, ""
	if dir, ofRun := s.runOfWeights(); ofRun {
		was, err := pretrain.ReadRecord(dir)
		if err != nil {
			return nil, err
		}
		sameData := decodeFlag(was.Settings["data"]) == s.data.Path // and so names mean the same images
		if trained, told, err = pretrain.TrainedTestItems(dir, set, sameData); err != nil && !(trainedToo && errors.Is(err, pretrain.ErrTrained)) {
			return nil, err
		}
	}
	v, err := s.judge(ctx, e, dev, set, knn)
	if err != nil {
		return nil, err
	}
	if v.Trained = trained; trained > 0 {
		v.Warnings = append(v.Warnings, fmt.Sprintf("%d of %d test images were trained on: these are no scores of new images", trained, v.Test))
	}
	if told != "" {
		v.Warnings = append(v.Warnings, told)
	}
	return v, nil
}

func (s *subject) judge(ctx context.Context, e *environment, dev kernels.Device, set *dataset.Set, knn evaluate.KNN) (*evaluate.Report, error) {
	o := evaluate.BackboneOptions{EncodeOptions: s.encoding(e), Batch: s.batch, KNN: knn, Labels: s.data.LabelSource()}
	if dir := rundir.Dir(s.run); s.run != "" && s.weights == dir.Backbone() {
		v, err := pretrain.Evaluate(ctx, dev, dir, set, o)
		if err == nil && v.Step < v.Steps {
			e.console.Warn(fmt.Sprintf("the run is at step %d of %d", v.Step, v.Steps))
		}
		return v, err
	}
	v, err := evaluate.Backbone(ctx, dev, s.weights, set, o)
	if err == nil {
		s.tell(e, v.Found)
	}
	return v, err
}

// warn says what makes scores mean less than they seem to.
func (e *environment) warn(v *evaluate.Report) {
	for _, text := range v.Warnings {
		e.console.Warn(text)
	}
}

// printReport writes the scores as a table.
func printReport(w io.Writer, v *evaluate.Report) {
	fmt.Fprintf(w, "%s of %s: %d classes of %s; %d train, %d val, %d test items\n", v.Network, plain.Text(v.Backbone), len(v.Classes), plain.Text(v.Labels), v.Train, v.Val, v.Test)
	fmt.Fprintf(w, "items of each class, train/val/test: %s\n", classCounts(v))
	fmt.Fprintf(w, "%-22s %9s %18s %10s\n", "", "accuracy", "balanced accuracy", "macro AUC")
	row := func(name string, s evaluate.Scores) {
		fmt.Fprintf(w, "%-22s %8.1f%% %17.1f%% %10.3f\n", name, 100*s.Accuracy, 100*s.BalancedAccuracy, s.MacroAUC)
	}
	row(fmt.Sprintf("k-NN, k = %d", v.KNN.K), v.KNN.Scores)
	row(fmt.Sprintf("linear probe, L2 %g", v.Probe.L2), v.Probe.Scores)
}

// mostClasses is how many classes are counted by name.
const mostClasses = 20

// classCounts is the classes with their items in the parts of the split.
func classCounts(v *evaluate.Report) string {
	var parts []string
	for c, n := range v.Counts[:min(len(v.Counts), mostClasses)] {
		parts = append(parts, fmt.Sprintf("%s %d/%d/%d", plain.Text(v.Classes[c]), n.Train, n.Val, n.Test))
	}
	if more := len(v.Counts) - mostClasses; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more classes", more))
	}
	text := strings.Join(parts, ", ")
	if v.Unlabelled > 0 {
		text += fmt.Sprintf("; %d items without a label are left out", v.Unlabelled)
	}
	return text
}
