package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/cmd/gzpt-train/internal/words"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
)

// gazeSettings says which images count as alike.
type gazeSettings struct {
	gaze, readers, relation, names string
	rule, patients                 string
	tau, positives, full, quantile float64
	mutual                         bool
	drop                           float64
	// idle is the flags that were given and say nothing, as there are no degrees of alikeness or no gaze is read.
	idle []string
}

const (
	// releasedTau is the threshold that GzPT was released with, for TIMA.
	releasedTau = 0.95
	// usualQuantile makes a hundredth of all pairs positives.
	usualQuantile = 0.99
)

func (s *gazeSettings) addFlags(f *flags) {
	g := f.group("Gaze")
	g.StringVar(&s.gaze, "gaze", "tima", "`MEASURE` of how alike two images were looked at, with parameters as in tima:eps=0.1; or none, permuted (the control), "+
		"labels (the upper bound)")
	f.choice(g, &s.readers, "readers", []string{"merge", "mean"}, "several readers of an image, one scanpath or the mean of all their pairs: `HOW`")
	f.path(g, &s.relation, "relation", "take this matrix instead of a measure: `FILE`, a square .npy; --names says what its rows are")
	f.path(g, &s.names, "names", "names of the rows of --relation: `FILE`, an image a line or items.csv; what it lacks has no gaze")
	g = f.group("Positives")
	f.choice(g, &s.rule, "rule", relation.RuleKinds(), "which pairs are positives, above --tau, the --positives K most alike, above a --quantile, or weighted from --tau to --tau-full: `RULE`")
	g.Float64Var(&s.tau, "tau", 0, "pairs above this similarity are positives: `T` (tima: 0.95, otherwise by --positives 4; phantoms: by --positives 20)")
	g.Float64Var(&s.positives, "positives", 0, "choose tau so that an image has `K` positives on average at most; of --rule top-k exactly the K most alike")
	g.Float64Var(&s.quantile, "quantile", usualQuantile, "for --rule quantile: tau is the similarity that a share `Q` of all pairs does not exceed")
	g.Float64Var(&s.full, "tau-full", 1, "for --rule soft: the similarity `T` from which a pair counts fully; at --tau it counts nothing")
	g.BoolVar(&s.mutual, "mutual", false, "for --rule top-k: each of the two must be among the K of the other")
	f.choice(g, &s.patients, "patients", relation.PatientRules(), "may two images of one patient (--group) be positives; apart is never, within only these: `WHICH`")
	g.Float64Var(&s.drop, "drop", pretrain.UsualDrop, "in training, leave out each positive pair with probability `P` in a step")
}

// resolve checks the flags and fills in what follows from others.
func (s *gazeSettings) resolve(f *flags) error {
	if err := s.contradiction(f); err != nil {
		return err
	}
	switch {
	case s.relation != "":
		s.gaze = pretrain.ReadyMade
		s.idle = unread(f)
	case s.gaze == "none":
		s.idle = append(given(f, "rule", "tau", "positives", "quantile", "tau-full", "mutual", "patients", "drop"), unread(f)...)
		s.tau, s.positives, s.drop = 0, 0, 0
		return nil
	case s.gaze == "labels":
		s.idle = append(given(f, "rule", "tau", "positives", "quantile", "tau-full", "mutual"), unread(f)...)
		s.rule, s.tau, s.positives = "threshold", 0.5, 0
		if !f.given("drop") {
			s.drop = 0
		}
		return nil
	default:
		if _, err := s.alike().Measure(); err != nil {
			if s.unknown() {
				return usagef("--gaze: %w, or none, permuted, labels%s", err, s.nearestMeasure())
			}
			return usagef("--gaze: %w", err)
		}
	}
	s.fillIn(f)
	rule := s.ruleOf()
	if rule.PerItem > 0 { // tau is not known yet
		rule.Full, rule.Tau = 1, 0
	}
	if err := rule.Check(); err != nil {
		return inFlags(err)
	}
	return nil
}

// given is those of the flags that were on the command line.
func given(f *flags, names ...string) (on []string) {
	for _, name := range names {
		if f.given(name) {
			on = append(on, "--"+name)
		}
	}
	return on
}

// unread is the flags that were given and say how gaze is read or readers are compared.
func unread(f *flags) []string {
	on := given(f, "readers")
	for _, g := range f.groups {
		if g.title == recordingsGroup {
			g.set.VisitAll(func(flag *pflag.Flag) { on = append(on, given(f, flag.Name)...) })
		}
	}
	return on
}

// tellIdle says which flags have no effect.
func (s *gazeSettings) tellIdle(e *environment) {
	if len(s.idle) == 0 {
		return
	}
	with := "--gaze " + s.gaze
	if s.gaze == pretrain.ReadyMade {
		with = "--relation"
	}
	e.console.Warn(fmt.Sprintf("no effect with %s: %s", with, strings.Join(s.idle, ", ")))
}

// contradiction finds flags that exclude each other.
func (s *gazeSettings) contradiction(f *flags) error {
	takesTau := s.rule == "threshold" || s.rule == "soft"
	switch {
	case takesTau && f.given("tau") && f.given("positives"):
		return usagef("--tau and --positives are two ways to say the same: give one")
	case f.given("tau") && !takesTau:
		return usagef("--tau is for --rule threshold and soft, not for %s", s.rule)
	case f.given("positives") && s.rule == "quantile":
		return usagef("--positives and --rule quantile are two ways to say the same: give one")
	case f.given("quantile") && s.rule != "quantile":
		return usagef("--quantile is for --rule quantile, not for %s", s.rule)
	case f.given("tau-full") && s.rule != "soft":
		return usagef("--tau-full is for --rule soft, not for %s", s.rule)
	case s.drop < 0 || s.drop > 1:
		return usagef("--drop %g: expected 0 to 1", s.drop)
	case f.given("positives") && s.positives <= 0:
		return usagef("--positives %g: expected more than 0", s.positives)
	case s.rule == "top-k" && s.positives != math.Trunc(s.positives):
		return usagef("--positives %g: expected a whole number for --rule top-k", s.positives)
	case (s.relation == "") != (s.names == ""):
		return usagef("--relation FILE and --names FILE belong together: a matrix and what its rows are")
	case s.relation != "" && f.given("gaze"):
		return usagef("--relation and --gaze are two sources of one relation: give one")
	case s.patients != "any" && f.all.Lookup("group").Value.String() == "":
		return usagef("--patients %s needs --group COLUMN: whose images they are", s.patients)
	}
	return nil
}

// fillIn chooses what the rule needs and no flag says.
func (s *gazeSettings) fillIn(f *flags) {
	switch {
	case s.rule == "quantile":
		s.positives = 0
	case f.given("tau") || s.positives > 0:
	case s.rule == "threshold" && s.gaze != pretrain.ReadyMade && strings.HasPrefix(s.alike().Spec(), "tima"):
		s.tau = releasedTau
	default:
		s.positives = pretrain.UsualPositives
	}
}

// ruleOf is the rule that the flags say.
func (s *gazeSettings) ruleOf() relation.Rule {
	r := relation.Rule{Kind: s.rule, Mutual: s.mutual, Patients: s.patients}
	switch s.rule {
	case "top-k":
		r.K = int(s.positives)
	case "quantile":
		r.Quantile = s.quantile
	default:
		r.Tau, r.PerItem = s.tau, s.positives
		if s.rule == "soft" {
			r.Full = s.full
		}
	}
	return r
}

// told is the rule for a line of the log, with what it goes by.
func (s *gazeSettings) told() []any {
	if s.rule == "top-k" {
		return []any{"rule", s.rule, "k", s.positives}
	}
	return []any{"rule", s.rule, "tau", s.tau}
}

// alike is where the relation comes from.
func (s *gazeSettings) alike() pretrain.Alike {
	return pretrain.Alike{By: s.gaze, Readers: s.readers, Matrix: s.relation, Names: s.names}
}

// unknown reports whether the name of the measure is none that there is.
func (s *gazeSettings) unknown() bool {
	name, _, _ := strings.Cut(s.alike().Spec(), ":")
	return !slices.ContainsFunc(similarity.Measures(), func(m similarity.Measure) bool { return m.Name == name })
}

// nearestMeasure asks whether another measure was meant.
func (s *gazeSettings) nearestMeasure() string {
	known := []string{"none", "permuted", "labels"}
	for _, m := range similarity.Measures() {
		known = append(known, m.Name)
	}
	name, _, _ := strings.Cut(s.alike().Spec(), ":")
	return words.DidYouMean(name, known)
}

// relate computes the relation of all items, nil for none, in the given file if it is not "".
func (s *gazeSettings) relate(ctx context.Context, e *environment, dev kernels.Device, set *dataset.Set, seed uint64, file string) (*pretrain.Related, error) {
	r, err := s.alike().Relate(ctx, dev, set, pretrain.RelateOptions{File: file, Seed: seed, Progress: e.progress("gaze compared")})
	if err != nil {
		return nil, err
	}
	if r.Listed > 0 {
		e.console.Info("relation read", "file", s.relation, "rows", r.Listed, "items", len(set.Items()), "items_not_in_it", r.Missing)
	}
	if r.Asymmetry > 0 {
		e.console.Warn(fmt.Sprintf("%s is not symmetric: R[i,j] and R[j,i] differ by up to %.3g; their mean is taken", s.relation, r.Asymmetry))
	}
	if r.Distances {
		e.console.Warn(s.relation + " is 0 on its diagonal and larger everywhere else, as distances are; " +
			"expected larger values where images are more alike")
	}
	return r, nil
}

// tellPositives says how many images count as alike, and warns where that is next to none or, of gaze, most.
func (s *gazeSettings) tellPositives(e *environment, positives *relation.Positives) {
	p := positives.Counts()
	e.console.Info("positives", append(s.told(), "per_item", p.Mean, "median", p.Median, "most", p.Most, "share_of_items_without", p.None)...)
	const remedy = "; --positives K chooses tau by the number of positives"
	switch others := float64(positives.Relation().N - 1); {
	case p.Mean < 0.5:
		e.console.Warn("most images are alike to no other: this is nearly training without gaze" + remedy)
	case p.Mean > others/2 && s.gaze != "labels":
		e.console.Warn("most images are alike to most others: they are pulled together whatever they show" + remedy)
	}
}
