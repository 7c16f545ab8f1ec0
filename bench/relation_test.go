package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
)

// BenchmarkRelation is every gaze measure over all pairs of 500 scanpaths of 20 fixations, in microseconds a pair.
func BenchmarkRelation(b *testing.B) {
	const items = 500
	paths := scanpaths(items, 20)
	for _, m := range similarity.Measures() {
		b.Run("measure="+m.Name, func(b *testing.B) {
			fastTiers(b, func(b *testing.B, dev kernels.Device, _ string) {
				for b.Loop() {
					if _, err := similarity.Relate(context.Background(), dev, paths, similarity.RelateOptions{Measure: m.Name}); err != nil {
						b.Fatal(err)
					}
				}
				pairs := float64(items * (items - 1) / 2)
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/pairs, "µs/pair")
			})
		})
	}
}

// scanpaths are recordings of one reader who dwells on a few places of each image.
func scanpaths(items, fixations int) [][]gaze.Recording {
	g := rand.New(rand.NewPCG(1, 0))
	recordings := make([][]gaze.Recording, items)
	for i := range recordings {
		r := gaze.Recording{Image: fmt.Sprint(i), Width: 800, Height: 600}
		var x, y, start float64
		for f := range fixations {
			if f%5 == 0 {
				x, y = 100+600*g.Float64(), 100+400*g.Float64()
			}
			duration := 0.1 + 0.3*g.Float64()
			r.Fixations = append(r.Fixations, gaze.Fixation{
				X: x + 20*g.NormFloat64(), Y: y + 20*g.NormFloat64(), Start: start, Duration: duration})
			start += duration
		}
		recordings[i] = []gaze.Recording{r}
	}
	return recordings
}
