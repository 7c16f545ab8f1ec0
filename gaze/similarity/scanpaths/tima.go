package scanpaths

import (
	"math"
	"slices"
	"strconv"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "tima",
		About: "moments of dwelled regions aligned in time: the same regions by area and shape in the same order, wherever they lie",
		Parameters: []measure.Parameter{
			{Name: "eps", Default: "0.2", About: "reach of a sample in fractions of width, height and time", Least: 1e-6, Most: 10},
			{Name: "share", Default: "10", About: "a region holds more than 1/share of the samples near one of them", Least: 1, Most: 1e6, Whole: true},
			{Name: "area", Default: "0.7", About: "weight of the regions' areas", Least: 0, Most: 1},
			{Name: "shape", Default: "0.3", About: "weight of the regions' shapes", Least: 0, Most: 1},
			{Name: "rate", Default: "50", About: "samples per second of fixation", Least: 1, Most: 1000},
			{Name: "canvas", Default: "0", About: "side of a square canvas in pixels that the coordinates are moved to; 0 draws in their own frame", Least: 0, Most: maxCanvas},
			{Name: "clamp", Default: "0", About: "positions beyond so many pixels are moved there; 0 moves none", Least: 0, Most: 1e6},
			{Name: "screen", Default: "no", About: "yes draws the regions on 1920 x 1080 pixels, whatever the canvas", Choices: []string{"no", "yes"}},
			{Name: "resize", Default: "area", About: "reduction to 32 x 32", Choices: []string{"area", "bilinear"}},
			{Name: "order", Default: "time", About: "order of the regions; lexical puts the 11th before the 3rd", Choices: []string{"time", "lexical"}},
			{Name: "axes", Default: "own", About: "swapped divides x by the height and y by the width", Choices: []string{"own", "swapped"}},
		},
		Prepare: prepareTIMA,
	})
}

// prepareTIMA compares scanpaths as sequences of dwelled regions, the measure of GzPT (IEEE TMI 44(10):4063, 2025) as its
// released code defines it:
//
//  1. samples (x/W, y/H, k/n), k = 0 .. n-1, are clustered by DBSCAN with reach eps and at least floor(n/share)+1 samples,
//     each from the fixation in the middle of its part of the dwell time;
//  2. each cluster is drawn as a sum of Gaussians, floor(H/10) pixels wide and high with a standard deviation of a sixth of
//     that, scaled to 0 .. 255 and reduced to 32 x 32;
//  3. its moment (M00, H) is compared by area*rd(M00) + shape*rd(H), rd(a,b) = |a-b|/max(a,b);
//  4. the sequences of moments are aligned by dynamic time warping: similarity = 1 - cost / cells of the path.
//
// A scanpath without clusters has similarity 0. The released code differs where it draws; parameters give that back,
// except for the rounding to 8 bits and JPEG: bilinear reduction, clusters in the lexical order of their numbers, and
//
//	mammograms: x divided by the height, y by the width   tima:resize=bilinear,order=lexical,axes=swapped
//	knees: half the samples make a region, positions are  tima:resize=bilinear,order=lexical,share=20,clamp=800,screen=yes
//	limited to their 800 x 800 frame and drawn on a larger canvas
//
// Its comparison of single maps has area=0.5,shape=0.5.
//
// Fixations become samples as if a tracker of the given rate had seen the dwell time alone, without saccades: sample k of the
// n = dwell * rate, to the nearest whole number and the larger of two, is of the fixation at (k + 1/2)/n of the dwell time, and
// where that is the end of one fixation, of the next. A dwell of less than half a sample has no clusters.
func prepareTIMA(w *measure.Work) (relation.Blocks, error) {
	t := newTIMA(w.Settings)
	sequences := make([][]moment, len(w.Paths))
	err := w.Each(len(sequences), func() func(int) {
		return func(i int) { sequences[i] = t.regions(w.Paths[i]) }
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Pairs(func() func(i, j int) float64 {
		var scratch warping
		return func(i, j int) float64 { return t.weights.similarity(sequences[i], sequences[j], &scratch) }
	})
}

// similarity is 1 - cost/cells of the warping path, 0 where either sequence is empty.
func (w momentWeights) similarity(a, b []moment, scratch *warping) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	scratch.reset(len(a), len(b), 0)
	for i, p := range a {
		row := scratch.row(i)
		for j, q := range b {
			row[j] = bits(w.distance(p, q))
		}
	}
	scratch.accumulate()
	return scratch.similarity()
}

// tima is the settings of the measure.
type tima struct {
	eps, rate, canvas, clamp           float64
	share                              int
	weights                            momentWeights
	bilinear, lexical, swapped, screen bool
}

func newTIMA(s measure.Settings) tima {
	return tima{
		eps: s.Number("eps"), rate: s.Number("rate"), canvas: s.Number("canvas"), clamp: s.Number("clamp"), share: int(s.Number("share")),
		weights:  momentWeights{s.Number("area"), s.Number("shape")},
		bilinear: s["resize"] == "bilinear", lexical: s["order"] == "lexical", swapped: s["axes"] == "swapped", screen: s["screen"] == "yes",
	}
}

const (
	// maxCanvas bounds the sides of a canvas in pixels; larger frames are scaled down to it.
	maxCanvas = 2048
	// defaultCanvas is the canvas of the released code, for positions in fractions of an image of unknown size.
	defaultCanvas = 800
	// screenWidth and screenHeight are the canvas of the released code where it is given none.
	screenWidth, screenHeight = 1920, 1080
	// maxSamples bounds the work on one scanpath: for longer ones the rate is lowered to it.
	maxSamples = 8192
)

// regions is the moments of a scanpath's clusters in the order of time.
func (t tima) regions(r gaze.Recording) []moment {
	n := sampleCount(r, t.rate)
	if n == 0 {
		return nil
	}
	r = t.onCanvas(clamped(r, t.clamp))
	indices := resample(r.Fixations, n)
	samples := make([]sample, n)
	sx, sy := r.Width, r.Height
	if t.swapped {
		sx, sy = sy, sx
	}
	for k, i := range indices {
		f := r.Fixations[i]
		samples[k] = sample{f.X / sx, f.Y / sy, float64(k) / float64(n)}
	}
	labels := make([]int, n)
	clusters := dbscan(samples, t.eps, n/t.share+1, labels)
	if t.screen {
		r.Width, r.Height = screenWidth, screenHeight
	}
	sequence := make([]moment, clusters)
	weights := make([]float64, len(r.Fixations))
	for c := range sequence {
		clear(weights)
		for k, l := range labels {
			if l == c {
				weights[indices[k]]++
			}
		}
		sequence[c] = momentOf(drawBlob(r, weights).reduce(t.bilinear))
	}
	if t.lexical {
		sequence = lexical(sequence)
	}
	return sequence
}

// sampleCount is the samples of a scanpath.
func sampleCount(r gaze.Recording, rate float64) int {
	return int(math.Min(nearest(r.Dwell()*rate), maxSamples))
}

// clamped moves positions beyond most pixels there; 0 moves none.
func clamped(r gaze.Recording, most float64) gaze.Recording {
	if most == 0 {
		return r
	}
	r.Fixations = slices.Clone(r.Fixations)
	for i := range r.Fixations {
		f := &r.Fixations[i]
		f.X, f.Y = min(f.X, most), min(f.Y, most)
	}
	return r
}

// onCanvas is the recording in the frame that it is drawn in.
func (t tima) onCanvas(r gaze.Recording) gaze.Recording {
	switch largest := max(r.Width, r.Height); {
	case t.canvas > 0:
		return r.Scaled(t.canvas, t.canvas)
	case r.Width == 1 && r.Height == 1:
		return r.Scaled(defaultCanvas, defaultCanvas)
	case largest > maxCanvas:
		return r.Scaled(r.Width*maxCanvas/largest, r.Height*maxCanvas/largest)
	}
	return r
}

// resample returns which fixation is looked at in the middle of each of n equal parts of the dwell time, at the end of one the
// next.
func resample(fixations []gaze.Fixation, n int) []int {
	total := 0.0
	for _, f := range fixations {
		total += f.Duration
	}
	indices := make([]int, n)
	i, end := 0, fixations[0].Duration
	for k := range indices {
		at := (float64(k) + 0.5) / float64(n) * total
		for at*(1+rounding) >= end && i < len(fixations)-1 {
			i++
			end += fixations[i].Duration
		}
		indices[k] = i
	}
	return indices
}

// lexical puts a sequence in the order of its numbers read as words: 0, 1, 10, 11, 2, ...
func lexical(sequence []moment) []moment {
	numbers := make([]string, len(sequence))
	for i := range numbers {
		numbers[i] = strconv.Itoa(i)
	}
	slices.Sort(numbers)
	sorted := make([]moment, len(sequence))
	for k, word := range numbers {
		i, _ := strconv.Atoi(word)
		sorted[k] = sequence[i]
	}
	return sorted
}
