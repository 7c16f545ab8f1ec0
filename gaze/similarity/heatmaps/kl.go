package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "kl",
		About:      "Kullback-Leibler divergence of the maps, the mean of both directions: places that only one looked at weigh most",
		Parameters: mapParameters,
		Prepare:    prepareKL,
	})
}

// KL is the Kullback-Leibler divergence (Annals of Mathematical Statistics 1951) in nats of a fixation map Q from a map P that
// predicts it, both of which sum to 1,
//
//	KL(P, Q) = sum_k Q_k log(eps + Q_k / (P_k + eps)),  eps = 2.2204e-16,
//
// as in the MIT saliency benchmark. It is not symmetric: what Q has where P has nothing weighs most, not the reverse.
func KL(p, q []float32) float64 {
	if len(p) != len(q) {
		panic("heatmaps: KL: maps of different sizes")
	}
	sum := 0.0
	for k, v := range q {
		sum += float64(v) * math.Log(epsilonMap+float64(v)/(float64(p[k])+epsilonMap))
	}
	return sum
}

// prepareKL: R_ij = 1 / (1 + D) with D the mean of [KL] of two fixation maps in both directions, half of Jeffreys' divergence:
// a relation is symmetric, so one direction alone is no measure here.
//
// KL is computed as sum_k Q_k log Q_k - sum_k Q_k log(P_k + eps), which is smaller by at most
// sum_k eps (P_k + eps) = eps (1 + n eps), because log(1 + x) <= x: nothing in float32. So all pairs are one product, in
// which a logarithm is taken of P_k times the number of cells: the maps sum to 1, so this adds and subtracts the same, and
// the numbers stay small.
func prepareKL(w *measure.Work) (relation.Blocks, error) {
	grid := gridOf(w)
	cells := grid * grid
	depth := 2*cells + 2
	left, err := transformed(w, grid, grid, depth, func(dst, maps []float32) {
		self := 0.0
		for k, v := range maps {
			dst[k] = v
			dst[cells+k] = float32(math.Log((float64(v) + epsilonMap) * float64(cells)))
			if v > 0 {
				self += float64(v) * math.Log(float64(v)*float64(cells))
			}
		}
		dst[2*cells], dst[2*cells+1] = float32(self), 1
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	right := make([]float32, len(left))
	for i := range len(w.Paths) {
		l, r := left[i*depth:(i+1)*depth], right[i*depth:(i+1)*depth]
		for k := range cells {
			r[k], r[cells+k] = -l[cells+k]/2, -l[k]/2
		}
		r[2*cells], r[2*cells+1] = .5, l[2*cells]/2
	}
	c, err := w.Products(left, right, depth)
	c.Finish = func(values []float32) {
		for i, v := range values { // rounding makes numbers below 0 of equal maps
			values[i] = 1 / (1 + max(v, 0))
		}
	}
	return c, err
}
