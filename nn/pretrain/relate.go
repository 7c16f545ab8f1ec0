package pretrain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/formats"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain/dataset"
)

// Alike says what makes two images alike, and so where a relation comes from.
type Alike struct {
	// By is a gaze measure with its parameters ("tima:eps=0.1"); "permuted:MEASURE", the same on gaze that is shuffled between
	// the images, the control; "labels", the upper bound; "none" for no relation; or [ReadyMade]. "" and "permuted" alone
	// mean tima.
	By string
	// Readers is what is done with several readers of an image, see similarity.RelateOptions.
	Readers string
	// Matrix and Names are the files of a relation that is ready-made, see relation.ReadReleased.
	Matrix, Names string
}

const (
	// ReadyMade stands for a measure where the relation comes from a file.
	ReadyMade = "relation"

	usualMeasure  = "tima"
	noRelation    = "none"
	labelRelation = "labels"
)

var (
	// ErrNoLabels says that a relation by labels lacks them.
	ErrNoLabels = errors.New("no image has a label")
	// ErrNoneNamed says that a ready-made relation is of other images.
	ErrNoneNamed = errors.New("none of its names is among the images")
)

// NeedsGaze reports whether recordings are compared.
func (a Alike) NeedsGaze() bool {
	return a.By != noRelation && a.By != labelRelation && a.By != ReadyMade
}

// Permuted reports whether the gaze is shuffled first.
func (a Alike) Permuted() bool { return a.By == "permuted" || strings.HasPrefix(a.By, "permuted:") }

// Spec is the measure as it was given, the usual one where none was.
func (a Alike) Spec() string {
	if !a.Permuted() {
		return cmp.Or(a.By, usualMeasure)
	}
	return cmp.Or(strings.TrimPrefix(strings.TrimPrefix(a.By, "permuted"), ":"), usualMeasure)
}

// Measure is the measure with every parameter written out.
func (a Alike) Measure() (string, error) { return similarity.ResolveMeasure(a.Spec()) }

// Related is a relation and how it came about.
type Related struct {
	// Relation is nil for no relation.
	*relation.Relation
	// Timing is nil where no gaze was compared, or not in one go.
	Timing *similarity.Timing
	// Listed is the rows of a ready-made matrix, Missing the items that are not among them, and Doubts what may be wrong with it.
	Listed, Missing int
	relation.Doubts
}

// RelateOptions says how a relation is computed.
type RelateOptions struct {
	// File, if not "", is where a matrix of measured gaze is built, block by block; see similarity.RelateOptions.
	File string
	// Seed is what the shuffling of permuted gaze follows from.
	Seed uint64
	// Progress, if not nil, is told how many of the pairs are compared.
	Progress func(done, total int)
}

// Relate computes the relation of all items. Permuted gaze is shuffled between the training items alone, so that the control
// has as many positives as the real thing.
func (a Alike) Relate(ctx context.Context, dev kernels.Device, set *dataset.Set, o RelateOptions) (*Related, error) {
	switch a.By {
	case noRelation:
		return &Related{}, nil
	case ReadyMade:
		return a.readyMade(set)
	case labelRelation:
		labels := set.Labels()
		if labels == nil {
			return nil, ErrNoLabels
		}
		if err := evaluate.CheckClasses(labels); err != nil { // all images would be alike, or none
			return nil, err
		}
		return &Related{Relation: relation.FromLabels(labels)}, nil
	}
	measure, err := a.Measure()
	if err != nil {
		return nil, err
	}
	recordings := set.Recordings
	if a.Permuted() {
		if recordings, err = permuted(set, o.Seed); err != nil {
			return nil, err
		}
	}
	r, timing, err := similarity.TimedRelate(ctx, dev, recordings, similarity.RelateOptions{
		Measure: measure, Readers: a.Readers, File: o.File, Progress: o.Progress,
	})
	if err != nil {
		return nil, err
	}
	return &Related{Relation: r, Timing: timing}, nil
}

// readyMade takes the items' rows from a matrix that is there.
func (a Alike) readyMade(set *dataset.Set) (*Related, error) {
	ready, listed, doubts, err := relation.ReadReleased(a.Matrix, a.Names)
	if err != nil {
		return nil, err
	}
	rows, err := formats.MatchNames(set.Images(), a.Names, listed)
	if err != nil {
		return nil, err
	}
	r := &Related{Listed: len(listed), Doubts: doubts}
	for _, row := range rows {
		if row < 0 {
			r.Missing++
		}
	}
	if r.Missing == len(rows) {
		return nil, fmt.Errorf("%s: %w, the first of which is %q", a.Names, ErrNoneNamed, set.Items()[0].Name)
	}
	r.Relation = ready.Select(rows)
	return r, nil
}

// permuted gives every training item with gaze the gaze of another one.
func permuted(set *dataset.Set, seed uint64) ([][]gaze.Recording, error) {
	rows, err := Rows(set, nil)
	if err != nil {
		return nil, err
	}
	hasGaze := make([]bool, len(rows))
	for i, r := range rows {
		hasGaze[i] = r.Training && slices.ContainsFunc(set.Recordings[i], gaze.Recording.HasGaze)
	}
	shuffled := make([][]gaze.Recording, len(hasGaze))
	for i, from := range relation.Permutation(hasGaze, seed) {
		shuffled[i] = set.Recordings[from]
	}
	return shuffled, nil
}

// ErrFlat says that soft weights do not rise.
var ErrFlat = errors.New("no less than where weights are to be full")

// Positives applies a rule to the relation of the items of some rows; of a top-k, among those that are trained on alone.
func Positives(r *relation.Relation, rule relation.Rule, rows []Row) (*relation.Positives, error) {
	if err := rule.Check(); err != nil {
		return nil, err
	}
	p := r.Positives(rule, groups(rows), Training(rows))
	if found := p.Rule(); found.Kind == "soft" && found.Full <= found.Tau {
		return nil, fmt.Errorf("tau is %g for %g positives an item: %w, %g", found.Tau, found.PerItem, ErrFlat, found.Full)
	}
	return p, nil
}
