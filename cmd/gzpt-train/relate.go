package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/gaze"
	"gzpt/gaze/examine"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/npy"
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
	s.data.gaze.addFlags(f)
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
	dev, err := openDevice("auto")
	if err != nil {
		return err
	}
	defer dev.Close()
	d, err := s.load(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	rows, err := d.rows()
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
	x := &examined{relateSettings: s, environment: e, dev: dev, data: d, rows: rows, dir: dir, begun: begun}
	err = x.run(ctx)
	if errors.Is(err, context.Canceled) {
		e.console.Info("what is done is kept", "continue_with", fmt.Sprintf("%s relate --resume --out %s", program, dir))
	}
	return err
}

// sameOrNewItems writes the items of a new folder, and demands that those of an old one are the same.
func sameOrNewItems(dir rundir.Dir, rows []itemRow) error {
	recorded, err := readItems(dir.Items())
	if errors.Is(err, fs.ErrNotExist) {
		return writeItems(dir.Items(), rows)
	}
	if err != nil {
		return err
	}
	return sameItems(dir.Items(), recorded, rows)
}

// examined is a relation and its report in the making.
type examined struct {
	*relateSettings
	*environment
	dev  kernels.Device
	data *dataset
	rows []itemRow
	dir  rundir.Dir
	// begun is what the call was begun as, before any interruption.
	begun relateRecord
}

// readersCompared bounds the recordings that are compared to see whether readers agree.
const readersCompared = 2000

func (x *examined) run(ctx context.Context) error {
	found := &findings{Gaze: x.gaze.gaze, Readers: x.gaze.readers, Files: x.data.files, Detector: x.data.detector, Dropped: x.data.dropped, Skipped: x.data.skips}
	if x.gaze.needsGaze() {
		found.Measure, _ = x.gaze.measure() // was resolved before
	}
	r, err := x.matrix(ctx, found)
	if err != nil {
		return err
	}
	defer r.Close()
	positives, err := x.gaze.apply(r, x.rows)
	if err != nil {
		return err
	}
	labels := x.data.anyLabels()
	examination, err := examine.Positives(ctx, positives, examine.Options{
		Labels: labels, Permutations: x.permutations, Seed: x.network.seed, Pairs: x.pairs,
		Progress: func(done, total int) {
			x.console.Progress(float64(done)/float64(total), fmt.Sprintf("gaze permuted %d/%d", done, total))
		},
	})
	if err != nil {
		return err
	}
	found.Examination = *examination
	if x.gaze.needsGaze() && !x.gaze.permuted() {
		found.Examination.Readers, err = examine.CompareReaders(ctx, x.dev, x.data.recordings,
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
func (x *examined) matrix(ctx context.Context, found *findings) (*relation.Relation, error) {
	file := x.dir.Relation()
	if _, err := os.Stat(file); err == nil {
		return relation.Open(file)
	}
	inBlocks := ""
	if x.gaze.needsGaze() {
		inBlocks = file
	}
	r, timing, err := x.gaze.relate(ctx, x.environment, x.dev, x.data, x.network.seed, inBlocks)
	if err != nil {
		return nil, err
	}
	found.Timing = timing
	if inBlocks == "" {
		return r, npy.WriteFile(file, []int{r.N, r.N}, r.Values)
	}
	return r, nil
}

func (x *examined) progress(what string) func(done, total int) {
	return func(done, total int) {
		x.console.Progress(float64(done)/float64(total), fmt.Sprintf("%s %d/%d", what, done, total))
	}
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
	Files      []gazeFile           `json:"gaze_files,omitempty"`
	// Detector says what found the fixations.
	Detector string       `json:"detector,omitempty"`
	Dropped  gaze.Dropped `json:"dropped"`
	Skipped  []string     `json:"skipped,omitempty"`
}

// name is what the relation comes from.
func (r *findings) name() string {
	if r.Measure == "" || strings.HasPrefix(r.Gaze, "permuted") {
		return r.Gaze
	}
	return similarity.BriefMeasure(r.Measure)
}
