package scanpaths

import (
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "ss",
		About: "sequence score: the same of the places that all readers of the set look at, in the same order",
		Parameters: []measure.Parameter{
			{Name: "bandwidth", Default: "0.05", About: "reach of a place in diagonals of the frame: places nearer are one", Least: 0.01, Most: 1},
		},
		Prepare: prepareSS,
	})
}

// prepareSS is the sequence score (Yang et al., Predicting Goal-Directed Human Attention, CVPR 2020): fixations become the
// numbers of the clusters that a mean shift finds in them, and two sequences of n and m numbers are aligned by the
// algorithm of Needleman & Wunsch (1970), an equal pair scoring 1, any other and gaps 0:
//
//	R_ij = F_nm / max(n, m), F_ij = max(F_i-1,j-1 + [c_i = c_j], F_i-1,j, F_i,j-1).
//
// The published score compares readers of one image and takes its clusters from them. Here images are compared, so the
// clusters are those of all items together, in positions relative to the frame: this says most where the images show the
// same thing in the same place, and R depends on what else is in the set. Places are counted in bins of a quarter of the
// bandwidth, so that the clusters do not depend on the order of the items.
func prepareSS(w *measure.Work) (relation.Blocks, error) {
	paths, bandwidth := scanpaths(w), w.Settings.Number("bandwidth")
	d := newPlaceCounts(paths, bandwidth)
	labels := d.clusters(bandwidth)
	words := make([][]int, len(paths))
	for i, p := range paths {
		for _, place := range p {
			words[i] = append(words[i], labels[d.bin(place)])
		}
	}
	most := longest(words)
	return pairs(w, func() func(i, j int) float64 {
		row := make([]int, most)
		return func(i, j int) float64 {
			a, b := words[i], words[j]
			return float64(commonSubsequence(a, b, row)) / float64(max(len(a), len(b)))
		}
	})
}

// commonSubsequence is the length of the longest one; row is scratch memory.
func commonSubsequence(a, b []int, row []int) int {
	row = row[:len(b)]
	clear(row)
	for _, v := range a {
		corner, left := 0, 0
		for j, u := range b[:len(row)] {
			up := row[j]
			if v == u {
				corner++
			}
			left = max(corner, max(up, left))
			row[j] = left
			corner = up
		}
	}
	return row[len(row)-1]
}
