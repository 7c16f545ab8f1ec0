package scanpaths

import (
	"math"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

func TestMoments(t *testing.T) {
	one := gaze.Recording{Width: 800, Height: 800, Fixations: []gaze.Fixation{{X: 412.5, Y: 387.5, Duration: 1}}}
	two := one
	two.Fixations = append(two.Fixations, gaze.Fixation{X: 100, Y: 100, Duration: 1})
	if got := measuretest.Value(t, "moments:area=1,shape=0", one, one.Scaled(400, 400)); got != 1 {
		t.Errorf("the same picture: %g", got)
	}
	if got := measuretest.Value(t, "moments:area=1,shape=0,sigma=0.03", one, two); !gazetest.Within(got, .5, .02) {
		t.Errorf("the area of one blob and of two: %g, want a half", got)
	}
	area, shape := measuretest.Value(t, "moments:area=1,shape=0", one, two), measuretest.Value(t, "moments:area=0,shape=1", one, two)
	if got := measuretest.Value(t, "moments:area=0.2,shape=0.8", one, two); !gazetest.Within(1-got, .2*(1-area)+.8*(1-shape), 1e-6) {
		t.Errorf("weighted: %g, of %g and %g", got, area, shape)
	}
	// What the released drawing gives with OpenCV 5.0 and NumPy 2.4, without the JPEG file in between.
	if got := momentOf(releasedDrawing(one)); got.mass != 2295 || !gazetest.Within(got.spread, 0.001201437243984982, 1e-15) {
		t.Errorf("the released drawing of a fixation has %v, want 2295 and 0.0012014372", got)
	}
}

// naiveReleased blurs the whole canvas by definition.
func naiveReleased(xs, ys []int) []float64 {
	const n = defaultCanvas
	canvas := make([]float64, n*n)
	for i := range xs {
		canvas[ys[i]*n+xs[i]] = 1
	}
	mirror := func(k int) int {
		if k < 0 {
			k = -k
		}
		if k > n-1 {
			k = 2*(n-1) - k
		}
		return k
	}
	kernel := make([]float64, blurSide)
	for k := range kernel {
		d := float64(k - blurSide/2)
		kernel[k] = math.Exp(-d * d / (2 * blurDeviation * blurDeviation))
	}
	blur := func(in []float64, at func(line, k int) int) []float64 {
		out := make([]float64, n*n)
		for line := range n {
			for k := range n {
				sum := 0.0
				for l, v := range kernel {
					sum += v * in[at(line, mirror(k+l-blurSide/2))]
				}
				out[at(line, k)] = sum
			}
		}
		return out
	}
	canvas = blur(canvas, func(line, k int) int { return line*n + k })
	canvas = blur(canvas, func(line, k int) int { return k*n + line })
	largest := 0.0
	for _, v := range canvas {
		largest = max(largest, v)
	}
	out := make([]float64, momentGrid*momentGrid)
	for k := range out {
		out[k] = math.Floor(canvas[(12+k/momentGrid*25)*n+12+k%momentGrid*25] / largest * 255)
	}
	return out
}

func TestReleasedDrawing(t *testing.T) {
	if testing.Short() {
		t.Skip("blurs a large canvas")
	}
	xs, ys := []int{5, 400, 410, 799, 0, 60}, []int{3, 300, 305, 799, 799, 700}
	r := gaze.Recording{Width: 800, Height: 800}
	for i := range xs {
		f := gaze.Fixation{X: float64(xs[i]) + .5, Y: float64(ys[i]) + .5, Duration: float64(1 + i)}
		r.Fixations = append(r.Fixations, f, f) // a place counts once
	}
	got, want := releasedDrawing(r), naiveReleased(xs, ys)
	for k := range want {
		if !gazetest.Within(got[k], want[k], 1e-9) {
			t.Fatalf("cell %d is %g, want %g", k, got[k], want[k])
		}
	}
	if got := momentOf(got); got.mass != 2637 || !gazetest.Within(got.spread, 0.07343179502452508, 1e-14) { // as above
		t.Errorf("moments %v, want 2637 and 0.0734317950", got)
	}
}
