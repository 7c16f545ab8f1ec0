package relation

import (
	"context"
	"errors"
	"slices"

	"gzpt/gaze/internal/parallel"
)

// Mean is the relation of items made of that of their recordings, first[i] being the first recording of item i and the last
// entry their number: the mean over all pairs of recordings of two items that have gaze. It is made in a file if that is not
// "". The draft, which must be filled, is used up; where Mean fails, what is done of it is kept as by [Draft.Suspend].
func (d *Draft) Mean(ctx context.Context, first []int, file string) (*Relation, error) {
	r, err := d.mean(ctx, first, file)
	if err = errors.Join(err, d.relation.Close()); err != nil {
		return nil, err
	}
	return r, d.journal.discard()
}

func (d *Draft) mean(ctx context.Context, first []int, file string) (*Relation, error) {
	if err := d.journal.keep(); err != nil {
		return nil, err
	}
	out, err := restart(len(first)-1, file)
	if err != nil {
		return nil, err
	}
	if err := out.relation.meanOf(ctx, d.relation, first); err != nil {
		return nil, errors.Join(err, out.relation.Close())
	}
	return out.Complete()
}

// meanOf fills the relation from that of its items' paths, first[i] being the first path of item i: the mean over all
// pairs of paths that have gaze.
func (r *Relation) meanOf(ctx context.Context, paths *Relation, first []int) error {
	for i := range r.N {
		r.HasGaze[i] = slices.Contains(paths.HasGaze[first[i]:first[i+1]], true)
	}
	return parallel.Each(ctx, r.N, func() func(int) {
		return func(a int) {
			for b := a; b < r.N; b++ {
				switch {
				case !r.HasGaze[a] || !r.HasGaze[b]: // stays 0
				case a == b:
					r.Values[a*r.N+a] = 1
				default:
					v := paths.meanBetween(first[a], first[a+1], first[b], first[b+1])
					r.Values[a*r.N+b], r.Values[b*r.N+a] = v, v
				}
			}
		}
	})
}

// meanBetween is the mean similarity of the items a0 .. a1-1 with b0 .. b1-1, of those that have gaze, at least one of each.
func (r *Relation) meanBetween(a0, a1, b0, b1 int) float32 {
	sum, count := 0.0, 0
	for i := a0; i < a1; i++ {
		for j := b0; j < b1; j++ {
			if r.HasGaze[i] && r.HasGaze[j] {
				sum += float64(r.At(i, j))
				count++
			}
		}
	}
	return float32(sum / float64(count))
}
