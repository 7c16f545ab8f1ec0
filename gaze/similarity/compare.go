package similarity

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gzpt/gaze"
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
	Timing *Timing `json:"timing,omitempty"`
}

// Timing is how long a relation took.
type Timing struct {
	Seconds        float64 `json:"seconds"`
	PairsPerSecond float64 `json:"pairs_per_s"`
}

// TimedRelate is [Relate] with its timing, which is nil where an interrupted call had done a part.
func TimedRelate(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*Relation, *Timing, error) {
	begun := o.File != "" && Begun(o.File)
	start := time.Now()
	r, err := Relate(ctx, dev, items, o)
	if err != nil || begun {
		return r, nil, err
	}
	seconds := max(time.Since(start).Seconds(), 1e-9)
	return r, &Timing{seconds, float64(r.N) * float64(r.N-1) / 2 / seconds}, nil
}

// CompareMeasure computes a relation, says what it is worth, and forgets it: o.File, if there is one, is removed.
// readers bounds the recordings that readers are compared by, 0 for no comparison.
func CompareMeasure(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions, labels []string, readers int) (Comparison, error) {
	c := Comparison{Name: BriefMeasure(o.Measure), Measure: o.Measure}
	r, timing, err := TimedRelate(ctx, dev, items, o)
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
		if err := remove(o.File); err != nil {
			return c, err
		}
	}
	if readers > 0 {
		c.Readers, err = CompareReaders(ctx, dev, items, o, readers)
	}
	return c, err
}

// Comparison is what the examined relation is worth beside other measures.
func (x *Examination) Comparison(measure string, timing *Timing) Comparison {
	c := Comparison{Name: BriefMeasure(measure), Measure: measure, Readers: x.Readers, Timing: timing}
	if x.Labels != nil {
		a := *x.Labels
		a.Positives, a.Control = 0, nil // of the relation alone
		c.Labels = &a
	}
	return c
}

// BriefMeasure leaves out of the text of a measure the parameters that have their defaults.
func BriefMeasure(spec string) string {
	m, s, err := parseMeasure(spec)
	if err != nil {
		return spec
	}
	var other []string
	for _, p := range m.Parameters {
		if s[p.Name] != p.Default {
			other = append(other, p.Name+"="+s[p.Name])
		}
	}
	return strings.TrimSuffix(m.Name+":"+strings.Join(other, ","), ":")
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
