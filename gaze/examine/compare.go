package examine

import (
	"cmp"
	"context"
	"os"
	"slices"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
)

// Comparison is what one measure is worth beside others.
type Comparison struct {
	// Name is the measure with the parameters that are not the defaults, Measure with every one.
	Name    string `json:"name"`
	Measure string `json:"measure"`
	// Labels is nil without labels, Readers without several readers of an image.
	Labels  *Agreement       `json:"labels,omitempty"`
	Readers *ReaderAgreement `json:"readers,omitempty"`
	// Timing is nil where the relation was not computed in one go.
	Timing *similarity.Timing `json:"timing,omitempty"`
}

// CompareMeasure computes a relation, says what it is worth, and forgets it: o.File, if there is one, is removed.
// readers bounds the recordings that readers are compared by, 0 for no comparison.
func CompareMeasure(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o similarity.RelateOptions, labels []string, readers int) (Comparison, error) {
	c := Comparison{Name: similarity.BriefMeasure(o.Measure), Measure: o.Measure}
	r, timing, err := similarity.TimedRelate(ctx, dev, items, o)
	if err != nil {
		return c, err
	}
	c.Timing = timing
	if labels != nil {
		a := newLabelling(r, labels, nil).agreement()
		c.Labels = &a
	}
	if err := r.Close(); err != nil {
		return c, err
	}
	if o.File != "" {
		if err := os.Remove(o.File); err != nil {
			return c, err
		}
	}
	if readers > 0 {
		c.Readers, err = CompareReaders(ctx, dev, items, o, readers)
	}
	return c, err
}

// Comparison is what the examined relation is worth beside other measures.
func (x *Examination) Comparison(measure string, timing *similarity.Timing) Comparison {
	c := Comparison{Name: similarity.BriefMeasure(measure), Measure: measure, Readers: x.Readers, Timing: timing}
	if x.Labels != nil {
		a := *x.Labels
		a.Positives, a.Control = 0, nil // of the relation alone
		c.Labels = &a
	}
	return c
}

// Rank sorts measures, the best first: by the precision at 5, as it is the nearest items that become positives, then by
// the AUC of the labels; without labels by that of the readers, and otherwise by name.
func Rank(all []Comparison) {
	slices.SortStableFunc(all, func(a, b Comparison) int {
		if a.Labels != nil && b.Labels != nil {
			if c := cmp.Or(cmp.Compare(b.Labels.Precision[1].Share, a.Labels.Precision[1].Share), cmp.Compare(b.Labels.AUC, a.Labels.AUC)); c != 0 {
				return c
			}
		} else if a.Readers != nil && b.Readers != nil {
			if c := cmp.Compare(b.Readers.AUC, a.Readers.AUC); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Measure, b.Measure)
	})
}
