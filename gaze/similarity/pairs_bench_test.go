package similarity

import (
	"runtime"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// BenchmarkPairs compares scanpaths of 25 fixations, the median of real reading of endoscopic images, on one core.
func BenchmarkPairs(b *testing.B) {
	all := gazetest.Paths(1000, 25)
	specs := []string{"dtw:duration=0.5", "multimatch:grouping=yes", "scanmatch:cols=12,rows=8,bin=0.1"}
	for _, m := range Measures() {
		specs = append(specs, m.Name)
	}
	for _, spec := range specs {
		b.Run("measure="+spec, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			c := measuretest.Prepared(b, spec, all)
			side := min(c.Side, 500)
			dst := make([]float32, side*side)
			for b.Loop() {
				if err := c.Compute(relation.Span{N: side}, relation.Span{First: 500, N: side}, dst); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(side*side)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
