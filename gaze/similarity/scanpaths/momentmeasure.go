package scanpaths

import (
	"math"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:  "moments",
		About: "gaze moments: maps of the same area and shape, wherever they lie",
		Parameters: []measure.Parameter{
			{Name: "area", Default: "0.5", About: "weight of the maps' areas", Least: 0, Most: 1},
			{Name: "shape", Default: "0.5", About: "weight of the maps' shapes", Least: 0, Most: 1},
			measure.Degrees, measure.Sigma,
			{Name: "drawing", Default: "area", About: "how maps are drawn: averaged over areas and weighted by duration, or as the released code does", Choices: []string{"area", "released"}},
		},
		Prepare: prepareMoments,
	})
}

// prepareMoments compares heat maps by their gaze moments, the measure of McGIP for images without a fixed structure
// (AAAI 2024), which does not see places: on 32 x 32 cells whose largest is 255,
//
//	R_ij = 1 - area rd(M00) - shape rd(H), rd(a,b) = |a-b| / max(a,b),
//
// of the maps' sums M00 and Hu's first invariants H. The released weights are .5 and .5; area=0.2,shape=0.8 for teeth.
//
// Where the two weights are more than 1 together, R may be negative. The released drawing counts every place once, blurs
// 800 x 800 pixels by a Gaussian of 30.2 pixels (199 wide, mirrored at the border), cuts what is behind the point off and
// reads one pixel of 25 x 25; its sigma is fixed, and recordings that are heat maps already are not drawn.
func prepareMoments(w *measure.Work) (relation.Blocks, error) {
	s := w.Settings
	moments := make([]moment, len(w.Paths))
	err := w.Each(len(moments), func() func(int) {
		cells, image := make([]float32, momentGrid*momentGrid), make([]float64, momentGrid*momentGrid)
		return func(i int) {
			r := w.Paths[i]
			if !r.HasGaze() {
				return
			}
			if s["drawing"] == "released" && len(r.Fixations) > 0 {
				moments[i] = momentOf(releasedDrawing(r))
				return
			}
			gaze.HeatMap(cells, r, momentGrid, momentGrid, w.Spread())
			largest := float32(0)
			for _, v := range cells {
				largest = max(largest, v)
			}
			for k, v := range cells {
				image[k] = 255 * float64(v) / max(float64(largest), math.SmallestNonzeroFloat32)
			}
			moments[i] = momentOf(image)
		}
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	weights := momentWeights{s.Number("area"), s.Number("shape")}
	return w.Pairs(func() func(i, j int) float64 {
		return func(i, j int) float64 { return 1 - weights.distance(moments[i], moments[j]) }
	})
}

// The released drawing of a single map.
const (
	blurSide      = 199
	blurDeviation = 0.3*((blurSide-1)*0.5-1) + 0.8 // OpenCV's for a window of that width
)

// releasedDrawing is the map of a recording as the released code draws it.
func releasedDrawing(r gaze.Recording) []float64 {
	r = r.Scaled(defaultCanvas, defaultCanvas)
	seen := map[[2]int]bool{}
	var fixations []gaze.Fixation
	for _, f := range r.Fixations {
		x, y := pixelOf(f.X), pixelOf(f.Y)
		if seen[[2]int{x, y}] {
			continue
		}
		seen[[2]int{x, y}] = true
		for _, u := range mirrored(x) {
			for _, v := range mirrored(y) {
				fixations = append(fixations, gaze.Fixation{X: float64(u), Y: float64(v)})
			}
		}
	}
	r.Fixations = fixations
	weights := make([]float64, len(fixations))
	for i := range weights {
		weights[i] = 1
	}
	b := drawPatches(r, weights, gaussianPatch(blurSide, blurSide/2, blurDeviation))
	b.stretch(0)
	image := b.reduce(true)
	for k, v := range image {
		image[k] = math.Floor(v + 1e-9) // the largest is 255, whatever rounding makes of it
	}
	return image
}

func pixelOf(v float64) int { return min(max(pixel(v), 0), defaultCanvas-1) }

// mirrored is a pixel and its images beyond the border that the blur reaches, the pixel at the border not repeated.
func mirrored(x int) []int {
	out := []int{x}
	if x > 0 && x <= blurSide/2 {
		out = append(out, -x)
	}
	if last := defaultCanvas - 1; x < last && x >= last-blurSide/2 {
		out = append(out, 2*last-x)
	}
	return out
}
