package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gzpt/cmd/gzpt-train/internal/relatefolder"
	"gzpt/gaze/examine"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/checksum"
	"gzpt/kernels/npy"
	"gzpt/kernels/plain"
	"gzpt/nn/evaluate"
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
		if err := s.vacant(); err != nil {
			if errors.Is(err, rundir.ErrExists) {
				err = fmt.Errorf("%w; --resume continues a call that was interrupted, --out DIR names another folder", err)
			}
			return err
		}
		begun := relateRecord{Settings: f.settings(), Command: e.commandLine(), Version: version(), Machine: thisMachine(), Started: time.Now().Format(time.RFC3339)}
		return s.related(ctx, e, begun, s.create)
	}
}

// continued goes on with an interrupted call.
func (s *relateSettings) continued(ctx context.Context, e *environment, f *flags) error {
	s.data.anchor()
	dir, err := rundir.Open(s.run.out)
	if err != nil {
		return err
	}
	if _, err := pretrain.ReadRecord(dir); err == nil {
		return fmt.Errorf("%s: the record of a training, expected that of a relation", dir.Config())
	}
	was, err := readRelateRecord(dir)
	if err != nil {
		return err
	}
	if err := f.restore(was.Settings); err != nil {
		return err
	}
	s.data.allowOfOldRun(f, was.Settings)
	if err := s.fits(f); err != nil {
		return err
	}
	if _, err := os.Stat(dir.Page()); err == nil {
		return errors.Join(fmt.Errorf("%s is complete: there is nothing to resume", s.run.out), relatefolder.Tidy(dir))
	}
	return s.related(ctx, e, was, s.reopen)
}

// related reads the input, and once that is good opens the folder and fills it.
func (s *relateSettings) related(ctx context.Context, e *environment, begun relateRecord, open func(relateRecord, []pretrain.Row) (rundir.Dir, error)) error {
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
	rows, err := pretrain.Rows(set, set.Recordings)
	if err != nil {
		return err
	}
	x := &examined{relateSettings: s, environment: e, dev: dev, set: set, rows: rows, labels: s.judging(e, set), begun: begun}
	if !s.gaze.alike().NeedsGaze() { // what is wrong with the files of a relation is found before there is a folder
		ready, err := s.gaze.relate(ctx, e, dev, set, s.network.seed, "")
		if err != nil {
			return err
		}
		x.ready = ready.Relation
	}
	if x.dir, err = open(begun, rows); err != nil {
		return err
	}
	release, err := x.dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	x.dir.Clean()
	err = x.run(ctx)
	if errors.Is(err, context.Canceled) {
		e.console.Info("what is done is kept", "continue_with", fmt.Sprintf("%s relate --resume --out %s", program, x.dir))
	} else if err != nil && !s.run.resume && x.hopeless(err) {
		return errors.Join(err, relatefolder.Discard(x.dir))
	}
	return err
}

// judging is the labels of the items. Those that tell nothing apart are left out, with a warning: no gaze could agree with them.
func (s *relateSettings) judging(e *environment, set *dataset.Set) []string {
	labels := set.Labels()
	if labels == nil && s.data.Labels == "" {
		return nil
	}
	if err := evaluate.CheckClasses(labels); err != nil {
		e.console.Warn(fmt.Sprintf("labels %s are left out: %v", plain.Text(s.data.LabelSource()), err))
		return nil
	}
	e.tellDoubts(labels)
	return labels
}

// create makes the folder of a new call.
func (s *relateSettings) create(begun relateRecord, rows []pretrain.Row) (rundir.Dir, error) {
	if err := rundir.Vacant(s.run.out); err != nil && relatefolder.Unbegun(s.run.out) {
		if err := relatefolder.DiscardUnbegun(rundir.Dir(s.run.out)); err != nil {
			return "", err
		}
	}
	return rundir.Create(s.run.out, func(dir rundir.Dir) error {
		err := pretrain.WriteRows(dir.Items(), rows)
		if err == nil {
			begun.Checksums, err = pretrain.Checksums(dir.Items())
		}
		if err != nil {
			return err
		}
		return rundir.WriteJSON(dir.Config(), begun)
	})
}

// reopen demands that the items of an old folder are the same.
func (s *relateSettings) reopen(begun relateRecord, rows []pretrain.Row) (rundir.Dir, error) {
	dir := rundir.Dir(s.run.out)
	if err := checksum.CheckFile(dir.Items(), begun.Checksums[filepath.Base(dir.Items())]); err != nil {
		return "", err
	}
	recorded, err := pretrain.ReadRows(dir.Items())
	if errors.Is(err, fs.ErrNotExist) { // older versions wrote them after the record
		return dir, pretrain.WriteRows(dir.Items(), rows)
	}
	if err != nil {
		return "", err
	}
	relabelled, err := pretrain.SameRows(dir.Items(), recorded, rows)
	if err == nil && len(relabelled) > 0 {
		err = fmt.Errorf("%s: the label of image %q has changed %w", dir.Items(), relabelled[0], pretrain.ErrChanged)
	}
	return dir, err
}

// vacant returns an error unless the folder can be made: it does not exist, is empty, or has only what a call that failed before
// it computed anything has left.
func (s *relateSettings) vacant() error {
	err := rundir.Creatable(s.run.out)
	if errors.Is(err, rundir.ErrExists) && relatefolder.Unbegun(s.run.out) {
		return nil
	}
	return err
}

// hopeless reports whether a call that failed would fail again as it is, and has nothing that is worth keeping: then it must
// not stand in the way of one with other flags. A full disk or memory may have room later.
func (x *examined) hopeless(err error) bool {
	var number syscall.Errno
	if memory := new(kernels.OutOfMemory); errors.As(err, &number) || errors.As(err, &memory) {
		return false
	}
	_, missing := os.Stat(x.dir.Relation())
	return missing != nil || errors.Is(err, pretrain.ErrFlat)
}

func (x *examined) run(ctx context.Context) (err error) {
	if x.progressed, err = relatefolder.ReadProgress(x.dir); err != nil {
		return err
	}
	found := &findings{Gaze: x.gaze.gaze, Readers: x.gaze.readers, Files: x.set.Files, Detector: x.set.Detector, Dropped: x.set.Dropped, Skipped: x.set.Skips}
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
	examination, err := examine.Positives(ctx, positives, examine.Options{
		Labels: x.labels, Permutations: x.permutations, Seed: x.network.seed, Pairs: x.pairs,
		Progress: x.progress("gaze permuted"),
	})
	if err != nil {
		return err
	}
	found.Examination = *examination
	if x.gaze.alike().NeedsGaze() && !x.gaze.alike().Permuted() {
		found.Examination.Readers, err = examine.CompareReaders(ctx, x.dev, x.set.Recordings,
			similarity.RelateOptions{Measure: found.Measure, Progress: x.progress("readers compared")}, readersCompared)
		if err != nil {
			return err
		}
	}
	found.Conclude()
	if found.Comparison, err = x.comparison(ctx, found); err != nil {
		return err
	}
	if found.Checksums, err = pretrain.Checksums(x.dir.Relation(), x.dir.Items()); err != nil {
		return err
	}
	if err := rundir.WriteJSON(x.dir.Diagnosis(), found); err != nil {
		return err
	}
	if err := x.writePage(); err != nil {
		return err
	}
	if err := relatefolder.DiscardProgress(x.dir); err != nil {
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
	if x.ready != nil {
		return x.ready, npy.WriteFile(file, []int{x.ready.N, x.ready.N}, x.ready.Values)
	}
	if _, err := os.Stat(file); err == nil {
		return x.kept(file)
	}
	if similarity.Unchecked(file) {
		x.console.Warn(file + ".blocks: it has no checksums, as those of older versions: what is done of the relation is taken for what was computed")
	}
	r, err := x.gaze.relate(ctx, x.environment, x.dev, x.set, x.network.seed, file)
	if err != nil {
		return nil, err
	}
	found.Timing = r.Timing
	sum, err := checksum.File(file)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	x.progressed.Relation = sum
	return r.Relation, x.progressed.Write(x.dir)
}

// kept opens the relation that was finished before an interruption.
func (x *examined) kept(file string) (*relation.Relation, error) {
	sum, err := x.progressed.RelationSum(x.dir)
	if err != nil {
		return nil, err
	}
	if sum == "" {
		x.console.Warn(file + ": there is no checksum of it: it is taken for what was computed")
	}
	r, err := relation.Open(file, len(x.rows))
	if err != nil {
		return nil, err
	}
	if err := checksum.CheckFile(file, sum); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	x.progressed.Relation = sum
	return r, similarity.Discard(file) // where an interruption came just before that
}
