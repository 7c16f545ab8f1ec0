package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/npy"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

const aboutRelate = `
Computes the relation matrix that pretrain would train on and says what it is worth: does this gaze carry a signal for the
labels, which tau should be used, how many positives does an image get? Look at this before spending a night on training.

  gzpt-train relate --data DIR --gaze heatmap-cc --labels labels.csv:grade --out relations/a
  gzpt-train relate --data DIR --labels labels.csv:grade --compare all --out relations/all
  gzpt-train relate --relation sim.npy --names namelist.txt --labels labels.csv:grade --out relations/released
  gzpt-train relate --resume --out relations/a

Images are not needed where the recordings know their frames: --data may be a file or a folder of gaze alone. OUT has
relate.html (the report, one page that needs nothing else), relate.json (its numbers), relation.npy (n x n float32) and
items.csv (its rows). The matrix is written block by block: an interrupted call goes on with --resume.
`

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
}

func buildRelate(f *flags) work {
	s := &relateSettings{}
	s.addFlags(f)
	return func(ctx context.Context, e *environment, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("unexpected argument %q", args[0])
		case s.run.out == "" && s.run.resume:
			return usagef("--resume needs --out DIR: the call to continue")
		case s.run.out == "":
			return usagef("--out DIR is missing: the folder to make")
		case s.run.resume:
			return s.continued(ctx, e, f)
		}
		if err := s.resolve(f); err != nil {
			return err
		}
		if err := rundir.Vacant(s.run.out); err != nil {
			return fmt.Errorf("%w; --resume continues a call that was interrupted", err)
		}
		begun := relateRecord{Settings: f.settings(), Command: e.commandLine(), Version: version(), Machine: thisMachine(), Started: time.Now().Format(time.RFC3339)}
		return s.related(ctx, e, func() (rundir.Dir, error) {
			return rundir.Create(s.run.out, func(dir rundir.Dir) error { return rundir.WriteJSON(dir.Config(), begun) })
		})
	}
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
	if err := s.validate(); err != nil {
		return err
	}
	if _, err := s.measures(); err != nil {
		return usagef("--compare: %w", err)
	}
	return s.gaze.resolve(f)
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
		names, err := similarity.ReadNames(s.gaze.names)
		if err != nil {
			return nil, err
		}
		if set, err = dataset.Named(s.data.Settings, names); err != nil {
			return nil, err
		}
	} else if set, err = dataset.GazeAlone(s.data.Settings); err != nil {
		return nil, s.data.gaze.named(err)
	}
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
}

// continued goes on with an interrupted call.
func (s *relateSettings) continued(ctx context.Context, e *environment, f *flags) error {
	s.data.anchor()
	dir, err := rundir.Open(s.run.out)
	if err != nil {
		return err
	}
	var was relateRecord
	if err := rundir.ReadJSON(dir.Config(), &was); err != nil {
		return err
	}
	if err := f.restore(was.Settings); err != nil {
		return err
	}
	if _, err := os.Stat(dir.Page()); err == nil {
		return fmt.Errorf("%s is complete: there is nothing to resume", s.run.out)
	}
	return s.related(ctx, e, func() (rundir.Dir, error) { return dir, nil })
}

// related reads the input, and once that is good opens the folder and fills it.
func (s *relateSettings) related(ctx context.Context, e *environment, open func() (rundir.Dir, error)) error {
	dev, err := s.run.device.open()
	if err != nil {
		return err
	}
	defer dev.Close()
	set, err := s.load(ctx, e)
	if err != nil {
		return err
	}
	defer set.Close()
	rows, err := pretrain.Rows(set.Items(), set.Recordings)
	if err != nil {
		return err
	}
	dir, err := open()
	if err != nil {
		return err
	}
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	if err := sameOrNewItems(dir, rows); err != nil {
		return err
	}
	var begun relateRecord
	if err := rundir.ReadJSON(dir.Config(), &begun); err != nil {
		return err
	}
	x := &examined{relateSettings: s, environment: e, dev: dev, set: set, rows: rows, dir: dir, begun: begun}
	err = x.run(ctx)
	if errors.Is(err, context.Canceled) {
		e.console.Info("what is done is kept", "continue_with", fmt.Sprintf("%s relate --resume --out %s", program, dir))
	}
	return err
}

// sameOrNewItems writes the items of a new folder, and demands that those of an old one are the same.
func sameOrNewItems(dir rundir.Dir, rows []pretrain.Row) error {
	recorded, err := pretrain.ReadRows(dir.Items())
	if errors.Is(err, fs.ErrNotExist) {
		return pretrain.WriteRows(dir.Items(), rows)
	}
	if err != nil {
		return err
	}
	return pretrain.SameRows(dir.Items(), recorded, rows)
}

// examined is a relation and its report in the making.
type examined struct {
	*relateSettings
	*environment
	dev  kernels.Device
	set  *dataset.Set
	rows []pretrain.Row
	dir  rundir.Dir
	// begun is what the call was begun as, before any interruption.
	begun relateRecord
}

// readersCompared bounds the recordings that are compared to see whether readers agree.
const readersCompared = 2000

func (x *examined) run(ctx context.Context) error {
	found := &relation{Gaze: x.gaze.gaze, Readers: x.gaze.readers, Files: x.set.Files, Detector: x.set.Detector, Dropped: x.set.Dropped, Skipped: x.set.Skips}
	if x.gaze.alike().NeedsGaze() {
		found.Measure, _ = x.gaze.alike().Measure() // was resolved before
	}
	r, err := x.matrix(ctx, found)
	if err != nil {
		return err
	}
	defer r.Close()
	positives, err := pretrain.Positives(r, x.gaze.ruleOf(), x.rows)
	if err != nil {
		return err
	}
	labels := x.set.Labels()
	examination, err := positives.Examine(ctx, similarity.ExamineOptions{
		Labels: labels, Permutations: x.permutations, Seed: x.network.seed, Pairs: x.pairs,
		Progress: x.progress("gaze permuted"),
	})
	if err != nil {
		return err
	}
	found.Examination = *examination
	if x.gaze.alike().NeedsGaze() && !x.gaze.alike().Permuted() {
		found.Examination.Readers, err = similarity.CompareReaders(ctx, x.dev, x.set.Recordings,
			similarity.RelateOptions{Measure: found.Measure, Progress: x.progress("readers compared")}, readersCompared)
		if err != nil {
			return err
		}
	}
	found.Conclude()
	if found.Comparison, err = x.comparison(ctx, found); err != nil {
		return err
	}
	if err := rundir.WriteJSON(x.dir.Diagnosis(), found); err != nil {
		return err
	}
	if err := x.writePage(); err != nil {
		return err
	}
	x.console.Finish()
	found.print(x.stdout)
	fmt.Fprintln(x.stdout, "written to", x.dir, "- the report is", x.dir.Page())
	return nil
}

// matrix computes the relation, or opens it where it was finished before an interruption.
func (x *examined) matrix(ctx context.Context, found *relation) (*similarity.Relation, error) {
	file := x.dir.Relation()
	if _, err := os.Stat(file); err == nil {
		return similarity.OpenRelation(file)
	}
	inBlocks := ""
	if x.gaze.alike().NeedsGaze() {
		inBlocks = file
	}
	r, err := x.gaze.relate(ctx, x.environment, x.dev, x.set, x.network.seed, inBlocks)
	if err != nil {
		return nil, err
	}
	found.Timing = r.Timing
	if inBlocks == "" {
		return r.Relation, npy.WriteFile(file, []int{r.N, r.N}, r.Values)
	}
	return r.Relation, nil
}

// relation is what relate.json holds.
type relation struct {
	Gaze    string `json:"gaze"`
	Measure string `json:"measure,omitempty"`
	// Readers says what was done with several readers of an image; Reader agreement is in the examination.
	Readers string `json:"several_readers"`
	similarity.Examination
	// Timing is missing where no gaze was compared, or not in one go.
	Timing     *similarity.Timing      `json:"timing,omitempty"`
	Comparison []similarity.Comparison `json:"comparison,omitempty"`
	Files      []dataset.File          `json:"gaze_files,omitempty"`
	// Detector says what found the fixations.
	Detector string       `json:"detector,omitempty"`
	Dropped  gaze.Dropped `json:"dropped"`
	Skipped  []string     `json:"skipped,omitempty"`
}

// name is what the relation comes from.
func (r *relation) name() string {
	if r.Measure == "" || strings.HasPrefix(r.Gaze, "permuted") {
		return r.Gaze
	}
	return similarity.BriefMeasure(r.Measure)
}
