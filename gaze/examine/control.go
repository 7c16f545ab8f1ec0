package examine

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"

	"gzpt/gaze/internal/parallel"
)

// spread is the mean and the standard deviation of values, with n-1 in the denominator.
func spread(values []float64) Spread {
	s := Spread{Least: math.Inf(1), Most: math.Inf(-1)}
	for _, v := range values {
		s.Mean += v / float64(len(values))
		s.Least, s.Most = min(s.Least, v), max(s.Most, v)
	}
	for _, v := range values {
		s.SD += (v - s.Mean) * (v - s.Mean) / float64(max(len(values)-1, 1))
	}
	s.SD = math.Sqrt(s.SD)
	return s
}

// control permutes the gaze n times. Which permutations these are follows from the seed alone.
func (l *labelling) control(ctx context.Context, n int, seed uint64, progress func(done, total int)) (*Control, error) {
	aucs, shares := make([]float64, n), make([][len(precisionAt)]float64, n)
	done := 0
	var telling sync.Mutex
	err := parallel.Each(ctx, n, func() func(int) {
		return func(k int) {
			permuted := l.relabelled(rand.New(rand.NewPCG(seed, uint64(k))).Perm(len(l.rows)))
			aucs[k], shares[k] = permuted.ranks().auc, permuted.precision()
			telling.Lock()
			defer telling.Unlock()
			if done++; progress != nil {
				progress(done, n)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	c := &Control{Permutations: n, AUC: spread(aucs)}
	for e := range precisionAt {
		column := make([]float64, n)
		for k := range column {
			column[k] = shares[k][e]
		}
		c.Precision = append(c.Precision, spread(column))
	}
	return c, nil
}
