package gaze

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"gzpt/kernels"
)

// RelateOptions says how a relation matrix is made.
type RelateOptions struct {
	// Measure is the name of a measure, with parameters if they differ from the defaults: "tima:eps=0.1,rate=100".
	Measure string
	// Readers says what to do with several recordings of one image. "merge", also "", joins them one after the other into
	// one scanpath. "mean" compares every recording with every other and takes the mean over all pairs of recordings of
	// two images; it needs the square of the number of recordings in memory.
	Readers string
	// Progress, if not nil, is told how many of the total rows are done; never from two goroutines at once.
	Progress func(done, total int)
}

// Relate compares the gaze of all pairs of items, items[i] being the recordings of item i, none, one or several.
//
// An item without gaze (no recording, or no fixation that lasts) has similarity 0 with every item, itself included; all
// other diagonal entries are 1. The result does not depend on the number of workers. dev carries out products over all
// pairs where the measure is one.
func Relate(ctx context.Context, dev kernels.Device, items [][]Recording, o RelateOptions) (*Relation, error) {
	m, s, err := parseMeasure(o.Measure)
	if err != nil {
		return nil, err
	}
	var paths []Recording
	var owner []int // item of each path
	for i, recordings := range items {
		if err := drawable(recordings); err != nil {
			return nil, err
		}
		switch o.Readers {
		case "", "merge":
			paths, owner = append(paths, merge(recordings)), append(owner, i)
		case "mean":
			for _, r := range recordings {
				paths, owner = append(paths, r), append(owner, i)
			}
		default:
			return nil, fmt.Errorf("readers %q, expected merge or mean", o.Readers)
		}
	}
	r := newRelation(len(paths))
	for i, p := range paths {
		r.HasGaze[i] = p.Dwell() > 0
	}
	w := &work{ctx: ctx, dev: dev, paths: paths, values: r.Values, settings: s, progress: o.Progress}
	if err := m.relate(w); err != nil {
		return nil, err
	}
	if err := r.finish(); err != nil {
		return nil, fmt.Errorf("gaze measure %s: %w", m.Name, err)
	}
	if o.Readers == "mean" {
		r = r.mean(owner, len(items))
	}
	return r, nil
}

// drawable checks what the measures rely on: a frame, and coordinates and durations that are numbers.
func drawable(recordings []Recording) error {
	for _, r := range recordings {
		bad := len(r.Fixations) > 0 && !(r.Width > 0 && r.Height > 0 && finite(r.Width) && finite(r.Height))
		for _, f := range r.Fixations {
			bad = bad || !finite(f.X) || !finite(f.Y) || !finite(f.Duration) || f.Duration < 0
		}
		if bad {
			return Problem{r.File, r.Line, 0, fmt.Sprintf("image %q, reader %q: a frame or a fixation that is not a number, expected pixels and seconds", r.Image, r.Reader)}
		}
	}
	return nil
}

// finish clears what belongs to items without gaze and sets the diagonal.
func (r *Relation) finish() error {
	for i := range r.N {
		row := r.Values[i*r.N : (i+1)*r.N]
		for j := range row {
			switch {
			case !r.HasGaze[i] || !r.HasGaze[j]:
				row[j] = 0
			case i == j:
				row[j] = 1
			case !finite(float64(row[j])):
				return errors.New("a similarity is not a number")
			}
		}
	}
	return nil
}

// mean is the relation of n items from that of their paths: the mean over all pairs of paths that have gaze.
func (r *Relation) mean(owner []int, n int) *Relation {
	sums, counts := make([]float64, n*n), make([]int, n*n)
	out := newRelation(n)
	for i, a := range owner {
		if !r.HasGaze[i] {
			continue
		}
		out.HasGaze[a] = true
		for j, b := range owner {
			if r.HasGaze[j] {
				sums[a*n+b] += float64(r.Values[i*r.N+j])
				counts[a*n+b]++
			}
		}
	}
	for k, c := range counts {
		if c > 0 {
			out.Values[k] = float32(sums[k] / float64(c))
		}
	}
	for i := range n {
		if out.HasGaze[i] {
			out.Values[i*n+i] = 1
		}
		for j := range i { // the sums of the two halves were taken in different orders
			out.Values[i*n+j] = out.Values[j*n+i]
		}
	}
	return out
}

// work is one run of a measure: it reads paths and fills values, n x n, where both items have gaze; the rest, and the
// diagonal, are set by Relate.
type work struct {
	ctx      context.Context
	dev      kernels.Device
	paths    []Recording
	values   []float32
	settings settings
	progress func(done, total int)
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

// pairs fills the matrix with a symmetric similarity of two paths. newWorker makes the similarity with one goroutine's
// scratch memory; it is called with i < j only.
func (w *work) pairs(newWorker func() (similarity func(i, j int) float64)) error {
	n := len(w.paths)
	var mutex sync.Mutex
	done := 0
	return w.each(n, func() func(int) {
		similarity := newWorker()
		return func(i int) {
			for j := i + 1; j < n; j++ {
				v := float32(similarity(i, j))
				w.values[i*n+j], w.values[j*n+i] = v, v
			}
			if w.progress == nil {
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			done++
			w.progress(done, n)
		}
	})
}

// device returns the device, which measures that are products need.
func (w *work) device() kernels.Device {
	if w.dev == nil {
		panic("gaze: Relate: this measure needs a device")
	}
	return w.dev
}
