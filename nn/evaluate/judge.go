package evaluate

import (
	"cmp"
	"errors"
	"fmt"

	"gzpt/nn"
	"gzpt/nn/data"
)

// Report is what frozen features are worth: the content of evaluate.json.
type Report struct {
	Backbone string      `json:"backbone"`
	Network  string      `json:"network"`
	Step     int         `json:"step,omitempty"`  // of the run that the backbone comes from
	Steps    int         `json:"steps,omitempty"` // of the whole run
	Date     string      `json:"date"`
	Labels   string      `json:"labels"`
	Classes  []string    `json:"classes"`
	Train    int         `json:"train_items"`
	Val      int         `json:"val_items"`
	Test     int         `json:"test_items"`
	KNN      KNNScores   `json:"knn"`
	Probe    ProbeScores `json:"probe"`
	// Found is what the file of the backbone held.
	Found *nn.FoundBackbone `json:"-"`
}

// KNNScores is the scores of the nearest neighbours.
type KNNScores struct {
	K           int     `json:"k"`
	Temperature float64 `json:"temperature"`
	Scores
}

// ProbeScores is the scores of the linear probe, L2 being the strength that was chosen.
type ProbeScores struct {
	L2 float64 `json:"l2"`
	Scores
}

var (
	// ErrClasses says that there are too few labels to tell anything apart by.
	ErrClasses = errors.New("classes among the labels, expected at least 2")
	// ErrSplit is the kind of an error that a split cannot be evaluated on, see [Split.Check].
	ErrSplit = errors.New("the split cannot be evaluated on")
)

// SplitItems is the parts of the items' split. The error names the item and where it is listed.
func SplitItems(items []data.Item) (Split, error) {
	words := make([]string, len(items))
	for i, item := range items {
		if _, err := SplitColumn([]string{item.Split}); err != nil {
			return Split{}, fmt.Errorf("%s:%d: image %q: split %q, expected train, val, test or nothing", item.File, item.Line, item.Name, item.Split)
		}
		words[i] = item.Split
	}
	return SplitColumn(words)
}

// Judge measures k-NN and a linear probe on features, one row an item: what is learnt comes from the train part, the
// strength of the probe from val, the scores from test.
func Judge(f Features, items []data.Item, knn KNN) (*Report, error) {
	all, err := SplitItems(items)
	if err != nil {
		return nil, err
	}
	words, groups := make([]string, len(items)), make([]string, len(items))
	for i, item := range items {
		words[i], groups[i] = item.Label, item.Group
	}
	classes, labels := Classes(words)
	if len(classes) < 2 {
		return nil, fmt.Errorf("%d %w", len(classes), ErrClasses)
	}
	split := all.Labelled(labels)
	if err := split.Check(len(items), groups); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSplit, err)
	}
	truth := make([]int, len(split.Test))
	for i, row := range split.Test {
		truth[i] = labels[row]
	}
	near, err := knn.Predict(f, labels, len(classes), split.Train, split.Test)
	if err != nil {
		return nil, fmt.Errorf("k-NN: %w", err)
	}
	linear, err := Probe{}.Fit(f, labels, len(classes), split, groups)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	probed, err := linear.Predict(f, split.Test)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	return &Report{
		Classes: classes, Train: len(split.Train), Val: len(split.Validation), Test: len(split.Test),
		KNN:   KNNScores{cmp.Or(knn.K, DefaultK), knn.Temperature, Score(truth, near)},
		Probe: ProbeScores{linear.L2, Score(truth, probed)},
	}, nil
}
