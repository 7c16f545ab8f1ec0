package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gzpt/nn"
	"gzpt/nn/data"
)

// Report is what frozen features are worth: the content of evaluate.json.
type Report struct {
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
	// Unlabelled is the items of the split that have no label and are left out.
	Unlabelled int `json:"unlabelled_items,omitempty"`
	// Counts is the items of each class, in the order of Classes.
	Counts []ClassCount `json:"class_items"`
	// Trained is the test items that the encoder was trained on.
	Trained int `json:"trained_test_items,omitempty"`
	// Warnings is what makes the scores mean less than they seem to.
	Warnings []string    `json:"warnings,omitempty"`
	KNN      KNNScores   `json:"knn"`
	Probe    ProbeScores `json:"probe"`
	// Found is what the file of the backbone held.
	Found *nn.FoundBackbone `json:"-"`
}

// ClassCount is the items of a class in the parts of a split.
type ClassCount struct {
	Train int `json:"train"`
	Val   int `json:"val"`
	Test  int `json:"test"`
}

// KNNScores is the scores of the nearest neighbours, K being how many voted.
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
	ErrClasses = errors.New("expected at least two classes among the labels")
	// ErrOneClass says that nothing can be learnt, as the training items are all alike.
	ErrOneClass = errors.New("expected at least two classes to tell apart")
	// ErrNames says that labels name items, and no classes.
	ErrNames = errors.New("labels that name items, not classes")
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
	return judge(f, items, knn, Probe{})
}

func judge(f Features, items []data.Item, knn KNN, probe Probe) (*Report, error) {
	all, err := SplitItems(items)
	if err != nil {
		return nil, err
	}
	words, groups := make([]string, len(items)), make([]string, len(items))
	for i, item := range items {
		words[i], groups[i] = item.Label, item.Group
	}
	classes, labels := Classes(words)
	if err := tooFew(classes); err != nil {
		return nil, err
	}
	split := all.Labelled(labels)
	if err := split.Check(len(items), groups); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSplit, err)
	}
	if err := tooMany(len(classes), split.items()); err != nil {
		return nil, err
	}
	if c := labels[split.Train[0]]; !slices.ContainsFunc(split.Train, func(row int) bool { return labels[row] != c }) {
		return nil, fmt.Errorf("all %d training items are of the class %q: %w", len(split.Train), classes[c], ErrOneClass)
	}
	truth := make([]int, len(split.Test))
	for i, row := range split.Test {
		truth[i] = labels[row]
	}
	near, err := knn.Predict(f, labels, len(classes), split.Train, split.Test)
	if err != nil {
		return nil, fmt.Errorf("k-NN: %w", err)
	}
	linear, err := probe.Fit(f, labels, len(classes), split, groups)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	probed, err := linear.Predict(f, split.Test)
	if err != nil {
		return nil, fmt.Errorf("linear probe: %w", err)
	}
	k := min(cmp.Or(knn.K, DefaultK), len(split.Train))
	r := &Report{
		Classes: classes, Train: len(split.Train), Val: len(split.Validation), Test: len(split.Test), Unlabelled: all.items() - split.items(),
		Counts: count(split, labels, len(classes)),
		KNN:    KNNScores{k, knn.Temperature, Score(truth, near)},
		Probe:  ProbeScores{linear.L2, Score(truth, probed)},
	}
	r.warn(knn)
	r.Warnings = append(r.Warnings, Doubts(words)...)
	r.Warnings = append(r.Warnings, linear.warnings()...)
	return r, nil
}

// CheckClasses returns an error unless labels, "" for none, tell items apart and do not name each by itself: [ErrClasses] or [ErrNames].
func CheckClasses(labels []string) error {
	classes, index := Classes(labels)
	if err := tooFew(classes); err != nil {
		return err
	}
	labelled := 0
	for _, c := range index {
		if c >= 0 {
			labelled++
		}
	}
	return tooMany(len(classes), labelled)
}

func tooFew(classes []string) error {
	switch len(classes) {
	case 0:
		return fmt.Errorf("there are no labels, %w", ErrClasses)
	case 1:
		return fmt.Errorf("all labels are %q, %w", classes[0], ErrClasses)
	}
	return nil
}

func tooMany(classes, items int) error {
	if classes > 2 && classes >= items {
		return fmt.Errorf("%d classes of %d items: %w", classes, items, ErrNames)
	}
	return nil
}

// count is the items of each class.
func count(s Split, labels []int, classes int) []ClassCount {
	counts := make([]ClassCount, classes)
	for _, i := range s.Train {
		counts[labels[i]].Train++
	}
	for _, i := range s.Validation {
		counts[labels[i]].Val++
	}
	for _, i := range s.Test {
		counts[labels[i]].Test++
	}
	return counts
}

// warn says what makes the scores mean less than they seem to.
func (r *Report) warn(knn KNN) {
	if r.KNN.K == r.Train && knn.Temperature == 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("k-NN: all %d training items vote on every test item, so that all get the same class: a smaller k tells them apart", r.Train))
	}
	for c, n := range r.Counts {
		switch {
		case n.Train == 0 && n.Test > 0:
			r.Warnings = append(r.Warnings, fmt.Sprintf("class %q has no training items: none of its %d test items can be predicted right", r.Classes[c], n.Test))
		case n.Test == 0:
			r.Warnings = append(r.Warnings, fmt.Sprintf("class %q has no test items: balanced accuracy and AUC are without it", r.Classes[c]))
		}
	}
}
