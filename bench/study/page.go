package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"gzpt/nn/evaluate"
)

// names are what the table calls the relations.
var names = map[string]string{
	"none": "no gaze (plain BYOL)", "permuted:tima": "permuted gaze (control)", "tima": "TIMA", "heatmap-cc": "heat-map correlation",
	"labels": "labels (upper bound)",
}

// page is the table, results[i] being the evaluations of relation i by seed.
func (s settings) page(results [][]evaluate.Report, when time.Time, machine string) string {
	var b strings.Builder
	first := results[0][0]
	fmt.Fprintf(&b, "%s, %s: ResNet-18 from random weights, BYOL, %d epochs at %d x %d, batch %d, %g positives an item on average, half of them "+
		"dropped. Frozen features, %d test images, %d seeds: mean ± standard deviation over seeds (smallest to largest).\n\n",
		filepath.Base(s.data), s.labels, s.epochs, s.size, s.size, s.batch, s.positives, first.Test, s.seeds)
	b.WriteString("| gaze | k-NN accuracy, % | probe accuracy, % | probe balanced accuracy, % | probe macro AUC |\n|---|---|---|---|---|\n")
	for i, relation := range s.relations {
		name := names[relation]
		if name == "" {
			name = relation
		}
		column := func(scale float64, decimals int, of func(evaluate.Report) float64) string {
			var values []float64
			for _, v := range results[i] {
				values = append(values, scale*of(v))
			}
			return spread(values, decimals)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name,
			column(100, 1, func(v evaluate.Report) float64 { return v.KNN.Accuracy }),
			column(100, 1, func(v evaluate.Report) float64 { return v.Probe.Accuracy }),
			column(100, 1, func(v evaluate.Report) float64 { return v.Probe.BalancedAccuracy }),
			column(1, 3, func(v evaluate.Report) float64 { return v.Probe.MacroAUC }))
	}
	accuracy := first.Probe.Accuracy
	fmt.Fprintf(&b, "\nOne image more or less is %.1f %%; the standard error of one accuracy near %.0f %% is %.1f %% from the choice of test images alone.\n",
		100/float64(first.Test), 100*accuracy, 100*math.Sqrt(accuracy*(1-accuracy)/float64(first.Test)))
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
