package main

import (
	"context"
	"fmt"
	"io"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/gaze/similarity"
	"gzpt/kernels/npy"
)

const aboutRelate = `
Computes the relation matrix that pretrain would train on and says what it is worth: how many positives an image gets, and
how well they agree with labels where there are some. Look at this before spending a night on training.

  gzpt-train relate --data DIR --gaze heatmap-cc --labels labels.csv:grade --out relations/a

OUT has relation.npy (n x n float32), items.csv (its rows) and relate.json (the diagnostics).
`

func buildRelate(f *flags) work {
	s := &pretrainSettings{}
	s.data.addFlags(f)
	s.gaze.addFlags(f)
	g := f.group(freeGroup)
	f.path(g, &s.run.out, "out", "folder to make: `DIR`; an existing one is never overwritten")
	g.IntVar(&s.run.workers, "workers", 0, "goroutines that decode images: `N` (0: one per processor)")
	g.Uint64Var(&s.network.seed, "seed", 0, "`N` that shuffles permuted gaze and makes phantoms")
	return func(ctx context.Context, e *environment, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("unexpected argument %q", args[0])
		case s.run.out == "":
			return usagef("--out DIR is missing: the folder to make")
		case s.gaze.gaze == "none":
			return usagef("--gaze none has no relation")
		}
		s.data.anchor()
		if s.data.path == "" {
			s.phantomDefaults(f)
		}
		if err := s.data.validate(); err != nil {
			return err
		}
		if err := s.gaze.resolve(f); err != nil {
			return err
		}
		if err := rundir.Vacant(s.run.out); err != nil {
			return err
		}
		return relate(ctx, e, s)
	}
}

// relation is what relate.json holds.
type relation struct {
	Gaze    string `json:"gaze"`
	Measure string `json:"measure,omitempty"`
	Readers string `json:"readers"`
	similarity.Diagnosis
	Skipped []string `json:"skipped,omitempty"`
}

func relate(ctx context.Context, e *environment, s *pretrainSettings) error {
	dev, err := openDevice("auto")
	if err != nil {
		return err
	}
	defer dev.Close()
	d, err := s.data.load(ctx, e, s.network.seed, s.gaze.needsGaze(), s.run.workers)
	if err != nil {
		return err
	}
	defer d.close()
	r, err := s.gaze.relate(ctx, e, dev, d, s.network.seed)
	if err != nil {
		return err
	}
	rows, err := d.rows()
	if err != nil {
		return err
	}
	found := relation{Gaze: s.gaze.gaze, Readers: s.gaze.readers, Diagnosis: r.Diagnose(s.gaze.tau, d.anyLabels()), Skipped: d.skips}
	if s.gaze.needsGaze() {
		found.Measure, _ = s.gaze.measure() // was resolved before
	}
	_, err = rundir.Create(s.run.out, func(dir rundir.Dir) error {
		if err := npy.WriteFile(dir.Relation(), []int{r.N, r.N}, r.Values); err != nil {
			return err
		}
		if err := writeItems(dir.Items(), rows); err != nil {
			return err
		}
		return rundir.WriteJSON(dir.Diagnosis(), found)
	})
	if err != nil {
		return err
	}
	e.console.Finish()
	found.print(e.stdout)
	fmt.Fprintln(e.stdout, "written to", s.run.out)
	return nil
}

// print writes the diagnostics for a person.
func (r *relation) print(w io.Writer) {
	name := r.Measure
	if name == "" {
		name = r.Gaze
	}
	fmt.Fprintf(w, "%s: %d items, %d with gaze\n", name, r.Items, r.WithGaze)
	fmt.Fprint(w, "similarity of all pairs, quantiles:")
	for i, level := range r.QuantileLevels {
		if i < len(r.Quantiles) {
			fmt.Fprintf(w, "  %g%% %.3f", 100*level, r.Quantiles[i])
		}
	}
	fmt.Fprintf(w, "\npositives above tau %.4g: %.2f%% of pairs; per item mean %.1f, median %.1f, %d to %d; %.1f%% of items have none\n",
		r.Tau, 100*r.ShareAbove, r.Positives.Mean, r.Positives.Median, r.Positives.Least, r.Positives.Most, 100*r.Positives.None)
	if a := r.Labels; a != nil {
		fmt.Fprintf(w, "labels, %d items: same-label AUC %.3f (chance 0.5); nearest neighbour shares the label %.1f%% (chance %.1f%%); "+
			"positives share it %.1f%%\n", a.Items, a.AUC, 100*a.Neighbour, 100*a.Chance, 100*a.Positives)
	}
}
