package scanpaths

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "tde",
		About: "pieces of some fixations in a row, each with the piece most like it: the same short routes, in any order",
		Parameters: []measure.Parameter{
			{Name: "k", Default: "3", About: "fixations of a piece", Least: 1, Most: 1e6, Whole: true},
		},
		Prepare: prepareTDE,
	})
	measure.Register(measure.Measure{
		Name:    "stde",
		About:   "time-delay embedding over pieces of all lengths: the same routes, short and long",
		Prepare: prepareSTDE,
	})
}

// prepareTDE compares scanpaths by time-delay embedding (Wang, Chen, Wang, Jiang, Fang & Yao, CVPR 2011): pieces of k
// fixations in a row are vectors in 2k dimensions, and each has a nearest one in the other scanpath. The published
// distance of a from b is
//
//	d_k(a,b) = mean over the pieces of a of the least Euclidean distance to a piece of b, divided by k,
//
// which is not symmetric. Here R_ij = 1 - sqrt(k) (d_k(a,b) + d_k(b,a)) / 2D with D the diagonal of the frame: one less
// the mean distance of fixations in the nearest piece (a root mean square), at least 0. For a scanpath of fewer than k
// fixations, k is their number.
func prepareTDE(w *measure.Work) (relation.Blocks, error) {
	paths, k := scanpaths(w), int(w.Settings.Number("k"))
	return pairs(w, func() func(i, j int) float64 {
		scratch := newPieces(longest(paths))
		return func(i, j int) float64 {
			k := min(k, len(paths[i]), len(paths[j]))
			scratch.start(paths[i], paths[j])
			var ab, ba float64
			for range k {
				ab, ba = scratch.lengthen()
			}
			return max(1-math.Sqrt(float64(k))*(ab+ba)/2, 0)
		}
	})
}

// prepareSTDE is scaled time-delay embedding (Zanca, Serchi, Piu, Rosini & Rufa, FixaTons, arXiv 1802.02534, 2018): with
// d_k of [prepareTDE] in units of the frame's larger side,
//
//	R_ij = mean over k = 1 .. min(n, m) of exp(-d_k),
//
// the mean of both directions.
func prepareSTDE(w *measure.Work) (relation.Blocks, error) {
	paths := make([][]point, len(w.Paths))
	for i, r := range w.Paths {
		paths[i] = places(r, max(r.Width, r.Height))
	}
	return pairs(w, func() func(i, j int) float64 {
		scratch := newPieces(longest(paths))
		return func(i, j int) float64 {
			most := min(len(paths[i]), len(paths[j]))
			scratch.start(paths[i], paths[j])
			sum := 0.0
			for range most {
				ab, ba := scratch.lengthen()
				sum += math.Exp(-ab) + math.Exp(-ba)
			}
			return sum / float64(2*most)
		}
	})
}

// pieces is scratch memory for the pieces of k fixations of a and b: their squared distances, row by row.
type pieces struct {
	k, n, m int // n x m pieces
	stride  int
	// single is the squared distances of fixations, squared those of pieces.
	single, squared []float64
	nearest         []int64
}

func newPieces(most int) *pieces { return &pieces{nearest: make([]int64, most)} }

// start begins with pieces of no fixation.
func (p *pieces) start(a, b []point) {
	p.k, p.n, p.m, p.stride = 0, len(a)+1, len(b)+1, len(b)
	if size := len(a) * len(b); cap(p.single) < size {
		p.single, p.squared = make([]float64, size), make([]float64, size)
	}
	p.single, p.squared = p.single[:len(a)*len(b)], p.squared[:len(a)*len(b)]
	for i, s := range a {
		row := p.single[i*len(b):][:len(b)]
		for j, t := range b {
			row[j] = s.squared(t)
		}
	}
	clear(p.squared)
}

// lengthen adds a fixation to every piece, so that the squared distance of the pieces at (i, j) grows by that of the
// fixations k further, and returns d_k in both directions.
func (p *pieces) lengthen() (ab, ba float64) {
	p.n, p.m = p.n-1, p.m-1
	columns := p.nearest[:p.m]
	for j := range columns {
		columns[j] = infinite
	}
	for i := range p.n {
		row := p.squared[i*p.stride:][:len(columns)]
		nearest := infinite
		for j, v := range p.single[(i+p.k)*p.stride+p.k:][:len(columns)] {
			v += row[j]
			row[j] = v
			d := bits(v)
			nearest = min(nearest, d)
			columns[j] = min(columns[j], d)
		}
		ab += root(nearest)
	}
	for _, d := range columns {
		ba += root(d)
	}
	p.k++
	return ab / float64(p.k*p.n), ba / float64(p.k*p.m)
}
