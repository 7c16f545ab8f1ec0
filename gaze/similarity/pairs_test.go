package similarity

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"gzpt/gaze"
)

// paths is n scanpaths of the given number of fixations in frames of several sizes, as in a set of endoscopic images.
func paths(n, fixations int) []gaze.Recording {
	out := make([]gaze.Recording, n)
	for i := range out {
		size := 400 + float64(i%8)*200
		out[i] = path(uint64(i), 2*fixations, size, size*.8)
		out[i].Fixations = out[i].Fixations[:min(fixations, len(out[i].Fixations))]
	}
	return out
}

// prepared is the comparison of a measure, written as for Relate, over some paths.
func prepared(tb testing.TB, spec string, paths []gaze.Recording) comparison {
	tb.Helper()
	m, s, err := parseMeasure(spec)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := m.prepare(&work{ctx: context.Background(), dev: device(tb), paths: paths, settings: s})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// value is the similarity of two recordings by a measure.
func value(tb testing.TB, spec string, a, b gaze.Recording) float64 {
	tb.Helper()
	dst := make([]float32, 4)
	if err := prepared(tb, spec, []gaze.Recording{a, b}).compare(span{0, 2}, span{0, 2}, dst); err != nil {
		tb.Fatal(err)
	}
	return float64(dst[1])
}

// BenchmarkPairs compares scanpaths of 25 fixations, the median of real reading of endoscopic images, on one core.
func BenchmarkPairs(b *testing.B) {
	all := paths(1000, 25)
	specs := []string{"dtw:duration=0.5", "multimatch:grouping=yes", "scanmatch:cols=12,rows=8,bin=0.1"}
	for _, m := range Measures() {
		specs = append(specs, m.Name)
	}
	for _, spec := range specs {
		b.Run("measure="+spec, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			c := prepared(b, spec, all)
			side := min(c.side, 500)
			dst := make([]float32, side*side)
			for b.Loop() {
				if err := c.compare(span{0, side}, span{500, side}, dst); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(side*side)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

// randomPlaces is n places in the unit square, drawn from few enough that some coincide.
func randomPlaces(r *rand.Rand, n int) []point {
	out := make([]point, n)
	for i := range out {
		out[i] = point{float64(r.IntN(5)) / 4, float64(r.IntN(5)) / 4}
	}
	return out
}
