package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "jsd",
		About:      "Jensen-Shannon distance of the maps: how far each is from the mean of both",
		Parameters: mapParameters,
		Prepare:    prepareJSD,
	})
}

// prepareJSD: R_ij = 1 - sqrt(JSD) with the Jensen-Shannon divergence of two fixation maps P and Q in bits,
//
//	JSD = sum_k [P_k log2(P_k / M_k) + Q_k log2(Q_k / M_k)] / 2,  M = (P + Q) / 2,
//
// from 0 to 1 (Lin, IEEE Transactions on Information Theory 1991). Its root is a distance (Endres & Schindelin, ibid. 2003):
// two maps close to a third are close to each other.
//
// With h(x) = x log2 x it is sum_k [h(P_k) + h(Q_k) - h(P_k + Q_k)] / 2 + 1 for maps that sum to 1: one logarithm a cell.
func prepareJSD(w *measure.Work) (relation.Blocks, error) {
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	n, cells := len(w.Paths), gridOf(w)*gridOf(w)
	own, zeros := make([]float64, n), make([]float32, cells) // own is sum_k h(P_k) + P_k
	err = w.Each(n, func() func(int) {
		return func(i int) {
			for _, v := range maps[i*cells : (i+1)*cells] {
				own[i] += float64(v)
			}
			own[i] += entropy(maps[i*cells:(i+1)*cells], zeros)
		}
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Pairs(func() func(i, j int) float64 {
		return func(i, j int) float64 {
			both := entropy(maps[i*cells:(i+1)*cells], maps[j*cells:(j+1)*cells])
			divergence := (own[i] + own[j] - both) / 2
			return 1 - math.Sqrt(min(max(divergence, 0), 1))
		}
	})
}

// logBits is the bits of the fraction by which entropy looks a logarithm up.
const logBits = 8

// logTable has for the middle m of each of 2^logBits parts of [1,2): 1/m and log2(m).
var logTable = func() (t [1 << logBits][2]float64) {
	for i := range t {
		m := 1 + (float64(i)+.5)/(1<<logBits)
		t[i] = [2]float64{1 / m, math.Log2(m)}
	}
	return t
}()

// entropy is sum_k h(x) of x = p_k + q_k >= 0, h(x) = x log2 x and h(0) = 0, without a call or a branch. With x = 2^e m (1 + z),
// m from the table and |z| < 2^-9, log2(1+z) is the first four terms of its series: an error of at most
// |z|^5 / (5 ln 2) < 1e-14. Of 0 it makes a finite logarithm, which is multiplied by 0.
func entropy(p, q []float32) float64 {
	const fraction = 1<<52 - 1
	sum := 0.0
	q = q[:len(p)]
	for k, v := range p {
		x := float64(v) + float64(q[k])
		bits := math.Float64bits(x)
		entry := &logTable[bits>>(52-logBits)%(1<<logBits)]
		z := math.Float64frombits(bits&fraction|1023<<52)*entry[0] - 1
		series := z * (1 - z*(1./2-z*(1./3-z*(1./4))))
		sum += x * (float64(int64(bits>>52)-1023) + entry[1] + series*(1/math.Ln2))
	}
	return sum
}
