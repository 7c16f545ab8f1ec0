package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gzpt/cmd/gzpt-train/internal/relatefolder"
	"gzpt/gaze"
	"gzpt/gaze/examine"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/checksum"
	"gzpt/nn"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

// relateSettings is everything that the flags of relate say.
type relateSettings struct {
	pretrainSettings
	compare             string
	permutations, pairs int
}

func (s *relateSettings) addFlags(f *flags) {
	s.data.addFlags(f)
	s.data.gaze.addFlags(f, &s.data.Gaze.Path)
	s.gaze.addFlags(f)
	g := f.group("Report")
	g.StringVar(&s.compare, "compare", "", "rank these measures and that of --gaze: `A,B,C`, with parameters as there (tima:eps=0.1,rate=50,heatmap-cc), or all")
	g.IntVar(&s.permutations, "permutations", 20, "shuffle the gaze between the images `N` times to see what chance gives")
	g.IntVar(&s.pairs, "pairs", 6, "show the `N` closest and furthest pairs")
	g.Uint64Var(&s.network.seed, "seed", 0, "number from which all shuffling and the phantoms follow: `N`")
	g = f.group(freeGroup)
	f.path(g, &s.run.out, "out", "folder to make: `DIR`; an existing one is never overwritten")
	g.BoolVar(&s.run.resume, "resume", false, "continue the interrupted call in --out, with its settings")
	g.IntVar(&s.run.workers, "workers", 0, "images decoded at a time: `N` (0: one per processor)")
	s.run.device.addFlag(f, g)
	s.run.memory.addFlag(f, g)
}

// resolve checks the flags and fills in those that follow from others.
func (s *relateSettings) resolve(f *flags) error {
	s.data.anchor()
	switch {
	case s.gaze.gaze == "none":
		return usagef("--gaze none has no relation")
	case s.run.workers < 0:
		return usagef("--workers %d: expected at least 0", s.run.workers)
	case s.permutations < 0 || s.permutations == 1:
		return usagef("--permutations %d: expected 0, or 2 and more for a mean and its spread", s.permutations)
	case s.pairs < 0:
		return usagef("--pairs %d: expected at least 0", s.pairs)
	}
	if s.onPhantoms() {
		s.phantomDefaults(f)
	}
	if err := cmp.Or(s.validate(), outOfPlace(f, s.onPhantoms())); err != nil {
		return err
	}
	if _, err := s.measures(); err != nil {
		return usagef("--compare: %w", err)
	}
	if err := s.fits(f); err != nil {
		return err
	}
	return s.gaze.resolve(f)
}

// fits refuses what takes more memory than there is, before it is taken. The matrix itself is in a file.
func (s *relateSettings) fits(f *flags) error {
	const perPermutation, perPair = 64, 4 * 20 << 10 // figures; the images on the page, of the closest and the furthest
	s.data.InFlight = s.run.memory.inFlight()
	return s.run.memory.check(f, append(s.data.parts(s.run.workers, s.onPhantoms()),
		nn.Part{Setting: "permutations", What: "the figures of the permutations", Bytes: perPermutation * float64(s.permutations)},
		nn.Part{Setting: "pairs", What: "the pairs on the page", Bytes: perPair * float64(s.pairs)}))
}

// onPhantoms reports whether the items are made up: no flag names any.
func (s *relateSettings) onPhantoms() bool {
	return s.data.Path == "" && s.data.Gaze.Path == "" && s.gaze.relation == ""
}

// validate is that of the data settings, but without --data there may be gaze, or a relation, alone.
func (s *relateSettings) validate() error {
	d := s.data
	if d.Path == "" && !s.onPhantoms() {
		d.Path = cmp.Or(d.Gaze.Path, s.gaze.relation)
	}
	return cmp.Or(d.validate(), s.data.gaze.resolve(&s.data.Gaze))
}

// load reads the items: images with their gaze, gaze alone, or the rows of a relation alone.
func (s *relateSettings) load(ctx context.Context, e *environment) (set *dataset.Set, err error) {
	images := s.onPhantoms()
	if s.data.Path != "" {
		if images, err = dataset.HasImages(s.data.Path); err != nil {
			return nil, err
		}
	}
	if images {
		return s.data.load(ctx, e, s.network.seed, s.gaze.alike().NeedsGaze() || s.data.Gaze.Path != "", s.run.workers)
	}
	if err := s.data.gaze.resolve(&s.data.Gaze); err != nil {
		return nil, err
	}
	if s.data.Path == "" && s.data.Gaze.Path == "" {
		names, err := relation.ReadNames(s.gaze.names)
		if err != nil {
			return nil, err
		}
		if set, err = dataset.Named(s.data.Settings, names); err != nil {
			return nil, err
		}
	} else if set, err = dataset.GazeAlone(s.data.Settings); err != nil {
		return nil, s.data.gaze.named(err)
	}
	tellNotes(e, set)
	tellSkips(e, set)
	return set, nil
}

// relateRecord is config.json of a relation.
type relateRecord struct {
	Settings settings `json:"settings"`
	Command  string   `json:"command"`
	Version  string   `json:"version"`
	Machine  machine  `json:"machine"`
	Started  string   `json:"started"`
	// Checksums is that of items.csv, by its name; nil in records of older versions.
	Checksums map[string]string `json:"checksums,omitempty"`
}

func readRelateRecord(dir rundir.Dir) (r relateRecord, err error) {
	sealed, err := rundir.ReadSealed(dir.Config(), &r)
	if err == nil && r.Checksums != nil && !sealed {
		err = fmt.Errorf("%s: %w: it has lost its checksum", dir.Config(), checksum.ErrDamaged)
	}
	return r, err
}

// measures is those that --compare names, with every parameter. A part between commas that is no measure by itself, but
// a parameter, belongs to the measure before it.
func (s *relateSettings) measures() ([]string, error) {
	var specs []string
	switch s.compare {
	case "":
		return nil, nil
	case "all":
		for _, m := range similarity.Measures() {
			specs = append(specs, m.Name)
		}
	default:
		for _, part := range strings.Split(s.compare, ",") {
			if n := len(specs); n > 0 && strings.Contains(part, "=") && !strings.Contains(part, ":") {
				specs[n-1] += "," + part
			} else {
				specs = append(specs, part)
			}
		}
	}
	var resolved []string
	for _, spec := range specs {
		m, err := similarity.ResolveMeasure(spec)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(resolved, m) {
			resolved = append(resolved, m)
		}
	}
	if !s.gaze.alike().NeedsGaze() {
		return nil, errors.New("only with the measures of recordings")
	}
	return resolved, nil
}

// examined is a relation and its report in the making.
type examined struct {
	*relateSettings
	*environment
	dev  kernels.Device
	set  *dataset.Set
	rows []pretrain.Row
	// labels is what the relation is judged by, nil for none.
	labels []string
	dir    rundir.Dir
	// begun is what the call was begun as, before any interruption, and progressed what it has done.
	begun      relateRecord
	progressed relatefolder.Progress
	// ready is a relation that no gaze was compared for, nil for any other.
	ready *relation.Relation
}

// findings is what relate.json holds.
type findings struct {
	Gaze    string `json:"gaze"`
	Measure string `json:"measure,omitempty"`
	// Readers says what was done with several readers of an image; Reader agreement is in the examination.
	Readers string `json:"several_readers"`
	examine.Examination
	// Timing is missing where no gaze was compared, or not in one go.
	Timing     *similarity.Timing   `json:"timing,omitempty"`
	Comparison []examine.Comparison `json:"comparison,omitempty"`
	Files      []dataset.File       `json:"gaze_files,omitempty"`
	// Detector says what found the fixations.
	Detector string       `json:"detector,omitempty"`
	Dropped  gaze.Dropped `json:"dropped"`
	Skipped  []string     `json:"skipped,omitempty"`
	// Checksums is those of the relation and of its items, by the names of the files.
	Checksums map[string]string `json:"checksums,omitempty"`
}

// name is what the relation comes from.
func (r *findings) name() string {
	if r.Measure == "" || strings.HasPrefix(r.Gaze, "permuted") {
		return r.Gaze
	}
	return similarity.BriefMeasure(r.Measure)
}
