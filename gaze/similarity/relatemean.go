package similarity

import (
	"context"
	"errors"
	"slices"

	"gzpt/gaze"
	"gzpt/kernels"
)

// relateMean compares all recordings, and takes the mean over those of two items.
func relateMean(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*Relation, error) {
	first := make([]int, len(items)+1) // path of each item; the last stands for the end
	for i, recordings := range items {
		first[i+1] = first[i] + len(recordings)
	}
	all := o
	if o.File != "" {
		all.File += ".readers"
	}
	paths, ofPaths, err := relatePaths(ctx, dev, slices.Concat(items...), all)
	if err != nil {
		return nil, err
	}
	r, err := paths.mean(ctx, first, ofPaths, o.File)
	if err = errors.Join(err, paths.Close()); err != nil {
		return nil, err
	}
	return r, ofPaths.discard()
}

// mean is the relation of items from that of their paths, in a file if that is not "".
func (r *Relation) mean(ctx context.Context, first []int, ofPaths *journal, file string) (*Relation, error) {
	if err := ofPaths.keep(); err != nil {
		return nil, err
	}
	out, j, err := create(len(first)-1, file)
	if err != nil {
		return nil, err
	}
	if err := out.meanOf(ctx, r, first); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out.named(j)
}

// meanOf fills the relation from that of its items' paths, first[i] being the first path of item i: the mean over all
// pairs of paths that have gaze.
func (r *Relation) meanOf(ctx context.Context, paths *Relation, first []int) error {
	for i := range r.N {
		r.HasGaze[i] = slices.Contains(paths.HasGaze[first[i]:first[i+1]], true)
	}
	w := &work{ctx: ctx}
	return w.each(r.N, func() func(int) {
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
