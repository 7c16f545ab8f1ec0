package bench

import (
	"context"
	"testing"

	"gzpt/gaze/similarity"
)

// BenchmarkRelation is every gaze measure over all pairs of 500 scanpaths of 20 fixations, in microseconds a pair.
func BenchmarkRelation(b *testing.B) {
	const items = 500
	paths := Scanpaths(items, 20)
	onDevices(b, func(b *testing.B, dev device) {
		for _, m := range similarity.Measures() {
			b.Run("measure="+m.Name, func(b *testing.B) {
				for b.Loop() {
					if _, err := similarity.Relate(context.Background(), dev, paths, similarity.RelateOptions{Measure: m.Name}); err != nil {
						b.Fatal(err)
					}
				}
				pairs := float64(items * (items - 1) / 2)
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/pairs, "µs/pair")
			})
		}
	})
}
