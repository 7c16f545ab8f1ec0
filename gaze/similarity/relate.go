package similarity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gzpt/gaze"
	"gzpt/kernels"
)

// RelateOptions says how a relation matrix is made.
type RelateOptions struct {
	// Measure is the name of a measure, with parameters if they differ from the defaults: "tima:eps=0.1,rate=100", or a
	// weighted mean of several: "0.3*tima:eps=0.1+0.7*heatmap-cc".
	Measure string
	// Readers says what to do with several recordings of one image. "merge", also "", joins them one after the other into
	// one scanpath. "mean" compares every recording with every other and takes the mean over all pairs of recordings of
	// two images; besides the relation it needs room for the square of the number of recordings, in memory or, with File,
	// on the disk.
	Readers string
	// File, if not "", is a .npy file to make of the relation, written in blocks as they are done: the matrix may be larger
	// than the memory. A file beside it records what is done, so that the same call continues after an interruption.
	// Where the system cannot map files, the matrix is made in memory and then written.
	File string
	// Progress, if not nil, is told how many of the total pairs are done; never from two goroutines at once.
	Progress func(done, total int)
}

// Relate compares the gaze of all pairs of items, items[i] being the recordings of item i, none, one or several.
//
// An item without gaze (no recording, or no fixation that lasts) has similarity 0 with every item, itself included; all
// other diagonal entries are 1. The result does not depend on the number of workers. dev carries out products over all
// pairs where the measure is one.
func Relate(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*Relation, error) {
	if dev == nil {
		panic("gaze: Relate: no device")
	}
	for _, recordings := range items {
		if err := drawable(recordings); err != nil {
			return nil, err
		}
	}
	switch o.Readers {
	case "", "merge":
		paths := make([]gaze.Recording, len(items))
		for i, recordings := range items {
			paths[i] = gaze.Merge(recordings)
		}
		r, j, err := relatePaths(ctx, dev, paths, o)
		if err != nil {
			return nil, err
		}
		return r.named(j)
	case "mean":
		return relateMean(ctx, dev, items, o)
	}
	return nil, fmt.Errorf("readers %q, expected merge or mean", o.Readers)
}

// relatePaths compares all pairs of paths; the journal is that of a matrix which is whole, but has no name yet.
func relatePaths(ctx context.Context, dev kernels.Device, paths []gaze.Recording, o RelateOptions) (*Relation, *journal, error) {
	m, s, err := parseMeasure(o.Measure)
	if err != nil {
		return nil, nil, err
	}
	scope := kernels.NewScope(dev)
	defer scope.Close()
	w := &work{ctx: ctx, dev: scope, paths: paths, settings: s}
	r, j, err := open(w, o)
	if err != nil {
		return nil, nil, err
	}
	if err := r.fill(w, m, j, o.Progress); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("gaze measure %s: %w", m.Name, err), j.keep(), r.Close())
	}
	return r, j, nil
}

// named is a whole relation whose file has its name.
func (r *Relation) named(j *journal) (*Relation, error) {
	if err := j.complete(r); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// fill computes all blocks of the relation that the journal does not have yet.
func (r *Relation) fill(w *work, m Measure, j *journal, progress func(done, total int)) error {
	if r.N == 0 {
		return w.ctx.Err()
	}
	c, err := m.prepare(w)
	if err != nil {
		return err
	}
	blocks := (r.N + c.side - 1) / c.side
	j.begin(c.side, blocks)
	done := 0
	buffer := make([]float32, min(c.side, r.N)*min(c.side, r.N))
	for a := range blocks {
		for b := a; b < blocks; b++ {
			rows, cols := blockOf(a, c.side, r.N), blockOf(b, c.side, r.N)
			if !j.has(a, b) {
				if err := w.ctx.Err(); err != nil {
					return err
				}
				dst := buffer[:rows.n*cols.n]
				if err := c.compare(rows, cols, dst); err != nil {
					return err
				}
				if err := r.store(w, c, rows, cols, dst); err != nil {
					return err
				}
				if err := j.add(a, b); err != nil {
					return err
				}
			}
			if a == b {
				done += rows.n * (rows.n - 1) / 2
			} else {
				done += rows.n * cols.n
			}
			if progress != nil && done > 0 {
				progress(done, r.N*(r.N-1)/2)
			}
		}
	}
	return w.ctx.Err()
}

func blockOf(index, side, n int) span { return span{index * side, min(side, n-index*side)} }

// drawable checks what the measures rely on: a frame, and coordinates and durations that are numbers.
func drawable(recordings []gaze.Recording) error {
	for _, r := range recordings {
		bad := len(r.Fixations) > 0 && !(r.Width > 0 && r.Height > 0 && finite(r.Width) && finite(r.Height))
		for _, f := range r.Fixations {
			bad = bad || !finite(f.X) || !finite(f.Y) || !finite(f.Duration) || f.Duration < 0
		}
		if bad {
			return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("image %q, reader %q: a frame or a fixation that is not a number, expected pixels and seconds", r.Image, r.Reader)}
		}
	}
	return nil
}

// work is what a measure prepares its comparison from.
type work struct {
	ctx      context.Context
	dev      kernels.Device
	paths    []gaze.Recording
	settings settings
	blank    []bool // of the comparison that is being prepared
}

// span is the paths first .. first+n-1.
type span struct{ first, n int }

// comparison compares prepared paths, a block of the matrix at a time.
type comparison struct {
	// side is the rows and columns of a block: a second of work at most, so that a run can be interrupted. A smaller block
	// is as good.
	side int
	// compare writes the similarities of rows with cols to dst, row-major. Where both are the same, only what lies above
	// the diagonal counts, and where either path has no gaze nothing does.
	compare func(rows, cols span, dst []float32) error
	// finish, if not nil, turns what compare wrote into similarities in place. It is given stretches of a block, on all
	// cores.
	finish func(values []float32)
	// blank, if not nil, tells the paths that have gaze, but nothing to compare them by: 0 with every other.
	blank []bool
}

// finishRow makes similarities of path i and the paths from cols on of what compare wrote.
func (c comparison) finishRow(i int, cols span, values []float32) {
	if c.finish != nil {
		c.finish(values)
	}
	if c.blank == nil {
		return
	}
	if c.blank[i] {
		clear(values)
		return
	}
	for b, blank := range c.blank[cols.first : cols.first+cols.n] {
		if blank {
			values[b] = 0
		}
	}
}

// each calls do for every index below n on all cores, in any order. newWorker makes what one goroutine needs for
// itself. It returns the context's error if that ends first.
func (w *work) each(n int, newWorker func() (do func(i int))) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wait.Go(func() {
			do := newWorker()
			for w.ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wait.Wait()
	return w.ctx.Err()
}

// pairSide is the side of a block of pairs that are compared one by one.
const pairSide = 64

// pairs is a comparison by a similarity of two paths. newWorker makes the similarity with one goroutine's scratch memory;
// it is called once for a pair of different paths that have gaze and are not blank, in an order that follows from their gaze alone: so the
// relation is symmetric, and does not depend on the order of the items, even where a similarity breaks ties or rounds
// by the order of the two.
func (w *work) pairs(newWorker func() (similarity func(i, j int) float64)) (comparison, error) {
	has := make([]bool, len(w.paths))
	for i, p := range w.paths {
		has[i] = p.HasGaze() && (w.blank == nil || !w.blank[i])
	}
	rank := ranks(w.paths)
	return comparison{side: pairSide, blank: w.blank, compare: func(rows, cols span, dst []float32) error {
		return w.each(rows.n, func() func(int) {
			similarity := newWorker()
			return func(a int) {
				for b := range cols.n {
					i, j := rows.first+a, cols.first+b
					if i >= j || !has[i] || !has[j] {
						continue
					}
					if rank[i] > rank[j] {
						i, j = j, i
					}
					dst[a*cols.n+b] = float32(similarity(i, j))
				}
			}
		})
	}}, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
