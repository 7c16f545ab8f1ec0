package similarity

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/gaze"
)

// BenchmarkMaps is all pairs of 10,000 items by the measures that the device computes, from fixations to the matrix. The
// metrics tell the time with the maps being there from the time that making them takes, and what share the first is of the
// roof: of the device's multiply-adds, or minima and additions, over half of the square.
func BenchmarkMaps(b *testing.B) {
	const n = 10_000
	paths := make([]gaze.Recording, n)
	for i := range paths {
		paths[i] = path(uint64(i), 20, 640, 480)
	}
	for _, c := range []struct {
		measure    string
		operations float64 // for a pair
		roof       func(string, time.Duration) float64
	}{
		{"heatmap-cc", 2 * 1024, asm.Peak}, {"cosine", 2 * 1024, asm.Peak}, {"dhash", 2 * 64, asm.Peak},
		{"nss", 2 * 2048, asm.Peak}, {"ig", 2 * 2048, asm.Peak}, {"kl", 2 * 2050, asm.Peak}, {"sim", 2 * 1024, asm.PeakMinimum},
	} {
		tiers := asm.Tiers()[1:]
		for _, tier := range tiers {
			b.Run(fmt.Sprintf("measure=%s/isa=%s", c.measure, tier), func(b *testing.B) {
				dev, err := asm.Open(tier)
				if err != nil {
					b.Fatal(err)
				}
				defer dev.Close()
				var pairs time.Duration
				var peak float64
				for b.Loop() {
					m, s, err := parseMeasure(c.measure)
					if err != nil {
						b.Fatal(err)
					}
					w := &work{ctx: context.Background(), dev: dev, paths: paths, settings: s}
					r, j, err := open(w, RelateOptions{Measure: c.measure})
					if err != nil {
						b.Fatal(err)
					}
					made, err := m.prepare(w)
					if err != nil {
						b.Fatal(err)
					}
					m.prepare = func(*work) (comparison, error) { return made, nil }
					peak = max(peak, c.roof(tier, 100*time.Millisecond))
					start := time.Now()
					if err := r.fill(w, m, j, nil); err != nil {
						b.Fatal(err)
					}
					pairs += time.Since(start)
					peak = max(peak, c.roof(tier, 100*time.Millisecond))
					r = nil
					runtime.GC()
				}
				seconds := pairs.Seconds() / float64(b.N)
				b.ReportMetric(seconds, "s/pairs")
				b.ReportMetric(100*c.operations*n*(n-1)/2/seconds/1e9/peak, "%peak")
			})
		}
	}
}
