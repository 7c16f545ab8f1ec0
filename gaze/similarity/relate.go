// Package similarity measures how alike the gaze of two images is, and makes the relation of all pairs of images by any of
// its measures: those of scanpaths lie in package scanpaths, those of maps in package heatmaps.
package similarity

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
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
func Relate(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*relation.Relation, error) {
	if dev == nil {
		panic("similarity: Relate: no device")
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
		d, err := relatePaths(ctx, dev, paths, o)
		if err != nil {
			return nil, err
		}
		return d.Complete()
	case "mean":
		return relateMean(ctx, dev, items, o)
	}
	return nil, fmt.Errorf("readers %q, expected merge or mean", o.Readers)
}

// drawable checks what the measures rely on.
func drawable(recordings []gaze.Recording) error {
	for _, r := range recordings {
		fault := ""
		if !drawableFixations(r) {
			fault = "a frame or a fixation out of all measure, expected a frame above 0, finite pixels and seconds that are not negative"
		} else if m := r.Map; m != nil && !drawableMap(m) {
			fault = fmt.Sprintf("a heat map that is not one, expected %d x %d numbers that are not negative", m.Rows, m.Cols)
		}
		if fault != "" {
			return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("image %q, reader %q: %s", r.Image, r.Reader, fault)}
		}
	}
	return nil
}

// drawableFixations demands a frame, finite positions and resolutions, and finite durations that are not negative.
func drawableFixations(r gaze.Recording) bool {
	if len(r.Fixations) > 0 && !(r.Width > 0 && r.Height > 0 && finite(r.Width) && finite(r.Height)) || endless(r.Resolution) {
		return false
	}
	return !slices.ContainsFunc(r.Fixations, func(f gaze.Fixation) bool {
		return !finite(f.X) || !finite(f.Y) || !finite(f.Duration) || f.Duration < 0 || endless(f.Resolution)
	})
}

// drawableMap demands a finite number that is not negative for every cell.
func drawableMap(m *gaze.Map) bool {
	return len(m.Values) == m.Rows*m.Cols && !slices.ContainsFunc(m.Values, func(v float32) bool { return !(v >= 0) || !finite(float64(v)) })
}

// endless reports whether a degree is known to cover more pixels than there are numbers for: no fixation would be seen.
func endless(r gaze.Resolution) bool { return r.Known() && math.IsInf(r.X+r.Y, 1) }

// relateMean compares all recordings, and takes the mean over those of two items.
func relateMean(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*relation.Relation, error) {
	first := make([]int, len(items)+1) // path of each item; the last stands for the end
	for i, recordings := range items {
		first[i+1] = first[i] + len(recordings)
	}
	all := o
	if o.File != "" {
		all.File = ofReaders(o.File)
	}
	d, err := relatePaths(ctx, dev, slices.Concat(items...), all)
	if err != nil {
		return nil, err
	}
	return d.Mean(ctx, first, o.File)
}

// ofReaders is the file of the relation of all recordings beside that of the items.
func ofReaders(file string) string { return file + ".readers" }

// Begun reports whether an interrupted Relate left a part of the relation for a file.
func Begun(file string) bool { return relation.Begun(file) || relation.Begun(ofReaders(file)) }

// Unchecked reports whether such a part was begun by a version that kept no checksums of it.
func Unchecked(file string) bool {
	return relation.Unchecked(file) || relation.Unchecked(ofReaders(file))
}

// Discard removes what interrupted calls have left of a relation for a file.
func Discard(file string) error {
	return errors.Join(relation.Discard(file), relation.Discard(ofReaders(file)))
}

// relatePaths compares all pairs of paths; the relation is whole, but its file has no name yet.
func relatePaths(ctx context.Context, dev kernels.Device, paths []gaze.Recording, o RelateOptions) (*relation.Draft, error) {
	m, s, err := parseMeasure(o.Measure)
	if err != nil {
		return nil, err
	}
	scope := kernels.NewScope(dev)
	defer scope.Close()
	w := &measure.Work{Ctx: ctx, Device: scope, Paths: paths, Settings: s}
	hasGaze, inputs := make([]bool, len(paths)), ""
	for i, p := range paths {
		hasGaze[i] = p.HasGaze()
	}
	if o.File != "" {
		inputs = digest(w, o.Measure)
	}
	d, err := relation.Begin(hasGaze, o.File, inputs)
	if err != nil {
		return nil, err
	}
	if err := fill(d, w, m, o.Progress); err != nil {
		if memory := new(kernels.OutOfMemory); errors.As(err, &memory) {
			err = fmt.Errorf("%w: fewer images, or a measure of fewer numbers an image, take less", err)
		}
		return nil, errors.Join(fmt.Errorf("gaze measure %s: %w", m.Name, err), d.Suspend())
	}
	return d, nil
}

// fill computes what the draft does not have yet.
func fill(d *relation.Draft, w *measure.Work, m Measure, progress func(done, total int)) error {
	if len(w.Paths) == 0 {
		return w.Ctx.Err()
	}
	blocks, err := m.Prepare(w)
	if err != nil {
		return err
	}
	return d.Fill(w.Ctx, blocks, progress)
}

// valuesVersion rises with every change that gives a measure other numbers: a matrix that an older version began is begun anew.
const valuesVersion = 2

// digest is of everything that the values depend on.
func digest(w *measure.Work, text string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n", valuesVersion, text, w.Device.Name())
	var buffer []byte
	for _, p := range w.Paths {
		buffer = append(buffer[:0], p.Image...)
		numbers := []float64{p.Width, p.Height, p.Resolution.X, p.Resolution.Y, float64(len(p.Fixations))}
		for _, f := range p.Fixations {
			numbers = append(numbers, f.X, f.Y, f.Start, f.Duration, f.Resolution.X, f.Resolution.Y)
		}
		if p.Map != nil {
			numbers = append(numbers, float64(p.Map.Rows), float64(p.Map.Cols))
			for _, v := range p.Map.Values {
				numbers = append(numbers, float64(v))
			}
		}
		buffer, _ = binary.Append(buffer, binary.LittleEndian, numbers) // numbers have a size
		h.Write(buffer)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Timing is how long a relation took.
type Timing struct {
	Seconds        float64 `json:"seconds"`
	PairsPerSecond float64 `json:"pairs_per_s"`
}

// TimedRelate is [Relate] with its timing, which is nil where an interrupted call had done a part.
func TimedRelate(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o RelateOptions) (*relation.Relation, *Timing, error) {
	begun := o.File != "" && Begun(o.File)
	start := time.Now()
	r, err := Relate(ctx, dev, items, o)
	if err != nil || begun {
		return r, nil, err
	}
	seconds := max(time.Since(start).Seconds(), 1e-9)
	return r, &Timing{seconds, float64(r.N) * float64(r.N-1) / 2 / seconds}, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
