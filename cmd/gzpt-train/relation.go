package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
)

// gazeSettings says which images count as alike.
type gazeSettings struct {
	gaze, readers        string
	tau, positives, drop float64
}

const (
	// releasedTau is the threshold that GzPT was released with, for TIMA.
	releasedTau = 0.95
	// usualPositives is how many positives an item has, on average, where a measure has no threshold of its own.
	usualPositives = 4
	releasedDrop   = 0.5
)

func (s *gazeSettings) addFlags(f *flags) {
	var names []string
	for _, m := range similarity.Measures() {
		names = append(names, m.Name)
	}
	g := f.group("Gaze")
	g.StringVar(&s.gaze, "gaze", "tima", "`MEASURE` of how alike two images were looked at ("+strings.Join(names, ", ")+"), with parameters as "+
		"in tima:eps=0.1; none: plain BYOL; permuted or permuted:MEASURE: gaze shuffled between the images, the control; labels: same label, "+
		"the upper bound")
	f.choice(g, &s.readers, "readers", []string{"merge", "mean"}, "several readers of one image: `HOW`")
	g.Float64Var(&s.tau, "tau", 0, "two images are positives above this similarity: `T` (default: 0.95 for tima, otherwise by --positives 4; phantoms: by --positives 20)")
	g.Float64Var(&s.positives, "positives", 0, "choose tau so that an item has at most `K` positives on average")
	g.Float64Var(&s.drop, "drop", releasedDrop, "probability `P` that a positive pair is dropped in a step")
}

// resolve checks the flags and fills in what follows from others.
func (s *gazeSettings) resolve(f *flags) error {
	switch {
	case f.given("tau") && f.given("positives"):
		return usagef("--tau and --positives are two ways to say the same: give one")
	case s.drop < 0 || s.drop > 1:
		return usagef("--drop %g: expected 0 to 1", s.drop)
	case f.given("positives") && s.positives <= 0:
		return usagef("--positives %g: expected more than 0", s.positives)
	}
	if s.gaze == "none" {
		s.tau, s.positives, s.drop = 0, 0, 0
		return nil
	}
	if s.gaze == "labels" {
		s.tau, s.positives = 0.5, 0
		if !f.given("drop") {
			s.drop = 0
		}
		return nil
	}
	measure, err := s.measure()
	if err != nil {
		return usagef("--gaze: %w, or none, permuted, labels", err)
	}
	if !f.given("tau") && s.positives == 0 {
		if strings.HasPrefix(measure, "tima") {
			s.tau = releasedTau
		} else {
			s.positives = usualPositives
		}
	}
	return nil
}

// needsGaze reports whether gaze files are read.
func (s *gazeSettings) needsGaze() bool { return s.gaze != "none" && s.gaze != "labels" }

func (s *gazeSettings) permuted() bool {
	return s.gaze == "permuted" || strings.HasPrefix(s.gaze, "permuted:")
}

// measure is the measure with every parameter written out.
func (s *gazeSettings) measure() (string, error) {
	spec := s.gaze
	if s.permuted() {
		spec = strings.TrimPrefix(strings.TrimPrefix(s.gaze, "permuted"), ":")
	}
	if spec == "" {
		spec = "tima"
	}
	return similarity.ResolveMeasure(spec)
}

// relate computes the relation of all items, nil for none. Permuted gaze is shuffled between the training items alone,
// so that the control has as many positives as the real thing. Where --positives asks for it, tau is set.
func (s *gazeSettings) relate(ctx context.Context, e *environment, dev kernels.Device, d *dataset, seed uint64) (*similarity.Relation, error) {
	var r *similarity.Relation
	var err error
	switch s.gaze {
	case "none":
		return nil, nil
	case "labels":
		labels := d.anyLabels()
		if labels == nil {
			return nil, errors.New("--gaze labels, but no image has a label: --labels FILE:COLUMN names them")
		}
		r = similarity.LabelRelation(labels)
	default:
		r, err = s.compare(ctx, e, dev, d, seed)
		if err != nil {
			return nil, err
		}
	}
	if s.positives > 0 {
		s.tau = r.TauForPositives(s.positives)
	}
	return r, nil
}

// tellPositives says how many images count as alike, and warns where that is next to none.
func (s *gazeSettings) tellPositives(e *environment, r *similarity.Relation) {
	p := r.Diagnose(s.tau, nil).Positives
	e.console.Info("positives", "tau", s.tau, "per_item", p.Mean, "median", p.Median, "most", p.Most, "share_of_items_without", p.None)
	if p.Mean < 0.5 {
		e.console.Warn("most images are alike to no other: this is nearly plain BYOL; --positives K chooses tau by the number of positives")
	}
}

// compare is the relation by gaze.
func (s *gazeSettings) compare(ctx context.Context, e *environment, dev kernels.Device, d *dataset, seed uint64) (*similarity.Relation, error) {
	measure, err := s.measure()
	if err != nil {
		return nil, err
	}
	recordings := d.recordings
	if s.permuted() {
		recordings, err = permute(d, seed)
		if err != nil {
			return nil, err
		}
	}
	return similarity.Relate(ctx, dev, recordings, similarity.RelateOptions{
		Measure: measure, Readers: s.readers,
		Progress: func(done, total int) {
			e.console.Progress(float64(done)/float64(total), fmt.Sprintf("gaze compared %d/%d", done, total))
		},
	})
}

// permute gives every training item with gaze the gaze of another one.
func permute(d *dataset, seed uint64) ([][]gaze.Recording, error) {
	training, err := trainingItems(d.items())
	if err != nil {
		return nil, err
	}
	hasGaze := make([]bool, len(d.items()))
	for _, i := range training {
		for _, r := range d.recordings[i] {
			hasGaze[i] = hasGaze[i] || r.HasGaze()
		}
	}
	shuffled := make([][]gaze.Recording, len(hasGaze))
	for i, from := range similarity.Permutation(hasGaze, seed) {
		shuffled[i] = d.recordings[from]
	}
	return shuffled, nil
}
