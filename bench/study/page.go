package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"gzpt/nn/evaluate"
)

// names are what the table calls the relations.
var names = map[string]string{
	"none": "no gaze", "permuted:tima": "permuted gaze (control)", "permuted:heatmap-cc": "permuted gaze (control)", "tima": "TIMA",
	"heatmap-cc": "heat-map correlation", "labels": "labels (upper bound)",
}

// methodNames are what the table calls the methods.
var methodNames = map[string]string{"byol": "BYOL", "simsiam": "SimSiam", "simclr": "SimCLR", "moco": "MoCo v2"}

// about is what the runs have in common.
func (s settings) about(test int) string {
	what := fmt.Sprintf("%s, %s: ResNet-18", filepath.Base(s.data), s.labels)
	if s.phantoms > 0 {
		what = fmt.Sprintf("%d phantoms, the lesion's habit: ResNet-18 of width %d", s.phantoms, s.arch.Width)
	}
	return fmt.Sprintf("%s from random weights, AdamW with a learning rate of %g, %d epochs at %d x %d, batch %d, %g positives an item on average, "+
		"%g %% of them dropped in a step. Frozen features, %d test images, %d seeds: mean ± standard deviation over seeds (smallest to largest).",
		what, s.lr, s.epochs, s.size, s.size, s.batch, s.positives, 100*s.drop, test, s.seeds)
}

// page is the table, results[i] being the evaluations of condition i by seed.
func (s settings) page(results [][]evaluate.Report, when time.Time, machine string) string {
	var b strings.Builder
	first := results[0][0]
	b.WriteString(s.about(first.Test) + "\n\n")
	b.WriteString("| method | gaze | k-NN accuracy, % | probe accuracy, % | probe balanced accuracy, % | probe macro AUC |\n|---|---|---|---|---|---|\n")
	for i, c := range s.conditions() {
		column := func(scale float64, decimals int, of func(evaluate.Report) float64) string {
			var values []float64
			for _, v := range results[i] {
				values = append(values, scale*of(v))
			}
			return spread(values, decimals)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", methodNames[c.method], cmp.Or(names[c.relation], c.relation),
			column(100, 1, func(v evaluate.Report) float64 { return v.KNN.Accuracy }),
			column(100, 1, func(v evaluate.Report) float64 { return v.Probe.Accuracy }),
			column(100, 1, func(v evaluate.Report) float64 { return v.Probe.BalancedAccuracy }),
			column(1, 3, func(v evaluate.Report) float64 { return v.Probe.MacroAUC }))
	}
	accuracy := first.Probe.Accuracy
	fmt.Fprintf(&b, "\nOne image more or less is %.1f %%; the standard error of one accuracy near %.0f %% is %.1f %% from the choice of test images alone.\n",
		100/float64(first.Test), 100*accuracy, 100*math.Sqrt(accuracy*(1-accuracy)/float64(first.Test)))
	for i, c := range s.conditions() {
		for seed, v := range results[i] {
			for _, text := range v.Warnings {
				fmt.Fprintf(&b, "\n%s with %s, seed %d: %s.\n", c.method, c.relation, seed, text)
			}
		}
	}
	fmt.Fprintf(&b, "\n%s, %s\n", when.Format(time.DateOnly), machine)
	return b.String()
}

// spread is "mean ± standard deviation (smallest to largest)".
func spread(values []float64, decimals int) string {
	n := float64(len(values))
	mean, least, most := 0.0, math.Inf(1), math.Inf(-1)
	for _, v := range values {
		mean += v / n
		least, most = min(least, v), max(most, v)
	}
	if len(values) == 1 {
		return fmt.Sprintf("%.*f", decimals, mean)
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return fmt.Sprintf("%.*f ± %.*f (%.*f to %.*f)", decimals, mean, decimals, math.Sqrt(squares/(n-1)), decimals, least, decimals, most)
}
