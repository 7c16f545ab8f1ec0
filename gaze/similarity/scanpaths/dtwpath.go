package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "dtw",
		About: "fixations aligned in time: the same places in the same order, whatever the pace",
		Parameters: []measure.Parameter{
			{Name: "duration", Default: "0", About: "share of the fixations' durations in what is compared, from 0 to 1", Least: 0, Most: 1},
		},
		Prepare: prepareDTW,
	})
}

// prepareDTW compares scanpaths by dynamic time warping of their fixations (Sakoe & Chiba, IEEE TASSP 1978), normalised by
// the path and the frame's diagonal D:
//
//	R_ij = 1 - cost / cells of the cheapest path, local cost (1-w) |p-q|/D + w |d-e|/max(d,e)
//
// of fixations at p and q that last d and e, w being the parameter duration. Of paths of one cost, that with a step along
// both sequences counts. R is 1 for the same fixations, 0 where all are a diagonal apart, and where they are further.
func prepareDTW(w *measure.Work) (relation.Blocks, error) {
	paths, share := scanpaths(w), w.Settings.Number("duration")
	durations := make([][]float64, len(w.Paths))
	for i, r := range w.Paths {
		for _, f := range r.Fixations {
			durations[i] = append(durations[i], f.Duration)
		}
	}
	return pairs(w, func() func(i, j int) float64 {
		var scratch warping
		return func(i, j int) float64 {
			if share == 0 {
				scratch.distances(paths[i], paths[j], 0)
			} else {
				scratch.timed(paths[i], paths[j], durations[i], durations[j], share)
			}
			return max(scratch.similarity(), 0)
		}
	})
}

// timed warps places and durations, the durations having the given share.
func (w *warping) timed(a, b []point, d, e []float64, share float64) {
	w.reset(len(a), len(b), 0)
	for i, p := range a {
		row := w.row(i)
		for j, q := range b {
			row[j] = bits((1-share)*p.distance(q) + share*relativeDifference(d[i], e[j]))
		}
	}
	w.accumulate()
}
