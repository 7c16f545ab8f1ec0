package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"gzpt/cmd/gzpt-train/internal/relatefolder"
	"gzpt/gaze/examine"
	"gzpt/gaze/similarity"
)

// readersCompared bounds the recordings that are compared to see whether readers agree.
const readersCompared = 2000

// comparison ranks the measures, that of the report among them. What is done is kept in compare.json until the report is.
func (x *examined) comparison(ctx context.Context, found *findings) ([]examine.Comparison, error) {
	specs, err := x.measures()
	if err != nil || len(specs) == 0 {
		return nil, err
	}
	if !x.gaze.alike().Permuted() && !slices.Contains(specs, found.Measure) {
		specs = append(specs, found.Measure)
	}
	done := x.progressed.Comparison
	for k, spec := range specs {
		if slices.ContainsFunc(done, func(c examine.Comparison) bool { return c.Measure == spec }) {
			continue
		}
		c, err := x.compared(ctx, found, spec, fmt.Sprintf("%d of %d measures, %s:", k+1, len(specs), similarity.BriefMeasure(spec)))
		if err != nil {
			return nil, err
		}
		done = append(done, c)
		x.progressed.Comparison = done
		if err := x.progressed.Write(x.dir); err != nil {
			return nil, err
		}
	}
	done = slices.Clone(done)
	examine.Rank(done)
	return done, nil
}

// compared is what a measure is worth; the report knows that of its own.
func (x *examined) compared(ctx context.Context, found *findings, spec, what string) (examine.Comparison, error) {
	if spec == found.Measure && !x.gaze.alike().Permuted() {
		return found.Examination.Comparison(spec, found.Timing), nil
	}
	o := similarity.RelateOptions{Measure: spec, Readers: x.gaze.readers, File: relatefolder.MatrixOf(x.dir.Comparison()), Progress: x.progress(what)}
	return examine.CompareMeasure(ctx, x.dev, x.set.Recordings, o, x.labels, readersCompared)
}

// print writes the report for a person.
func (r *findings) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d items, %d with gaze\n", r.name(), r.Items, r.WithGaze)
	fmt.Fprint(w, "similarity of all pairs, quantiles:")
	for i, level := range r.QuantileLevels {
		fmt.Fprintf(w, "  %g%% %.3f", 100*level, r.Quantiles[i])
	}
	what := fmt.Sprintf("above tau %.4g", r.Tau)
	if r.Rule.Kind == "top-k" {
		what = fmt.Sprintf("among the %d most alike", r.Rule.K)
	}
	fmt.Fprintf(w, "\npositives %s: %.2f%% of pairs; per item mean %.1f, median %.1f, %d to %d; %.1f%% of items have none\n",
		what, 100*r.ShareAbove, r.Positives.Mean, r.Positives.Median, r.Positives.Least, r.Positives.Most, 100*r.Positives.None)
	if a := r.Labels; a != nil {
		fmt.Fprintf(w, "labels, %d items: same-label AUC %.3f (%.3f to %.3f; chance 0.5); nearest neighbour shares the label %.1f%% (chance %.1f%%); "+
			"positives share it %.1f%%\n", a.Items, a.AUC, a.AUCLow, a.AUCHigh, 100*a.Neighbour, 100*a.Chance, 100*a.Positives)
	}
	if a := r.Examination.Readers; a != nil {
		fmt.Fprintf(w, "readers, %d recordings of %d images: same-image AUC %.3f (%.3f to %.3f); the nearest recording is of the same image %.1f%% (chance %.1f%%)\n",
			a.Recordings, a.Images, a.AUC, a.AUCLow, a.AUCHigh, 100*a.Neighbour, 100*a.Chance)
	}
	fmt.Fprintln(w, r.Conclusion.Signal)
	if r.Conclusion.Threshold != "" {
		fmt.Fprintln(w, r.Conclusion.Threshold)
	}
	printComparison(w, r.Comparison)
}

func printComparison(w io.Writer, all []examine.Comparison) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "%-36s %9s %9s %9s %12s %9s %12s\n", "measure", "label AUC", "nearest", "first 5", "readers' AUC", "seconds", "pairs/s")
	for _, c := range all {
		fmt.Fprintf(w, "%-36s", c.Name)
		if a := c.Labels; a != nil {
			fmt.Fprintf(w, " %9.3f %8.1f%% %8.1f%%", a.AUC, 100*a.Neighbour, 100*a.Precision[1].Share)
		} else {
			fmt.Fprintf(w, " %9s %9s %9s", "-", "-", "-")
		}
		if a := c.Readers; a != nil {
			fmt.Fprintf(w, " %12.3f", a.AUC)
		} else {
			fmt.Fprintf(w, " %12s", "-")
		}
		if t := c.Timing; t != nil {
			fmt.Fprintf(w, " %9.3f %12.3g\n", t.Seconds, t.PairsPerSecond)
		} else {
			fmt.Fprintf(w, " %9s %12s\n", "-", "-")
		}
	}
	if a := all[0].Labels; a != nil {
		fmt.Fprintf(w, "chance: label AUC 0.5, nearest and first 5 %.1f%%; ranked by the first 5\n", 100*a.Chance)
	}
}
