package main

import (
	"fmt"
	"io"

	"gzpt/nn/data"
	"gzpt/nn/evaluate"
)

// evaluation is what evaluate.json holds: the worth of frozen features.
type evaluation struct {
	Backbone string   `json:"backbone"`
	Network  string   `json:"network"`
	Step     int      `json:"step,omitempty"`  // of the run that the backbone comes from
	Steps    int      `json:"steps,omitempty"` // of the whole run
	Date     string   `json:"date"`
	Labels   string   `json:"labels"`
	Classes  []string `json:"classes"`
	Train    int      `json:"train_items"`
	Val      int      `json:"val_items"`
	Test     int      `json:"test_items"`
	KNN      knnJSON  `json:"knn"`
	Probe    probe    `json:"probe"`
}

type knnJSON struct {
	K           int     `json:"k"`
	Temperature float64 `json:"temperature"`
	evaluate.Scores
}

type probe struct {
	L2 float64 `json:"l2"`
	evaluate.Scores
}

// splitOf is the parts of the items' split.
func splitOf(items []data.Item) (evaluate.Split, error) {
	words := make([]string, len(items))
	for i, item := range items {
		if _, err := evaluate.SplitColumn([]string{item.Split}); err != nil {
			return evaluate.Split{}, fmt.Errorf("%s:%d: image %q: split %q, expected train, val, test or nothing", item.File, item.Line, item.Name, item.Split)
		}
		words[i] = item.Split
	}
	return evaluate.SplitColumn(words)
}

// judge measures k-NN and a linear probe on features, one row an item: what is learnt comes from the train part, the
// strength of the probe from val, the scores from test.
func judge(f evaluate.Features, items []data.Item, knn evaluate.KNN) (*evaluation, error) {
	all, err := splitOf(items)
	if err != nil {
		return nil, err
	}
	words, groups := make([]string, len(items)), make([]string, len(items))
	for i, item := range items {
		words[i], groups[i] = item.Label, item.Group
	}
	classes, labels := evaluate.Classes(words)
	if len(classes) < 2 {
		return nil, fmt.Errorf("%d classes among the labels, expected at least 2; --labels FILE:COLUMN names them", len(classes))
	}
	split := all.Labelled(labels)
	if err := split.Check(len(items), groups); err != nil {
		return nil, fmt.Errorf("%w; --split COLUMN names it, --group COLUMN what must stay together", err)
	}
	truth := make([]int, len(split.Test))
	for i, row := range split.Test {
		truth[i] = labels[row]
	}
	near, err := knn.Predict(f, labels, len(classes), split.Train, split.Test)
	if err != nil {
		return nil, fmt.Errorf("k-NN: %w", err)
	}
	linear, err := evaluate.Probe{}.Fit(f, labels, len(classes), split, groups)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	probed, err := linear.Predict(f, split.Test)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	return &evaluation{
		Classes: classes, Train: len(split.Train), Val: len(split.Validation), Test: len(split.Test),
		KNN:   knnJSON{knn.K, knn.Temperature, evaluate.Score(truth, near)},
		Probe: probe{linear.L2, evaluate.Score(truth, probed)},
	}, nil
}

// print writes the scores as a table.
func (v *evaluation) print(w io.Writer) {
	fmt.Fprintf(w, "%s of %s: %d classes of %s; %d train, %d val, %d test items\n", v.Network, v.Backbone, len(v.Classes), v.Labels, v.Train, v.Val, v.Test)
	fmt.Fprintf(w, "%-22s %9s %18s %10s\n", "", "accuracy", "balanced accuracy", "macro AUC")
	row := func(name string, s evaluate.Scores) {
		fmt.Fprintf(w, "%-22s %8.1f%% %17.1f%% %10.3f\n", name, 100*s.Accuracy, 100*s.BalancedAccuracy, s.MacroAUC)
	}
	row(fmt.Sprintf("k-NN, k = %d", v.KNN.K), v.KNN.Scores)
	row(fmt.Sprintf("linear probe, L2 %g", v.Probe.L2), v.Probe.Scores)
}
