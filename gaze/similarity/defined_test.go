package similarity

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// odd is recordings that hold next to nothing, or what no eye does, in frames of all sizes.
func odd() (items [][]gaze.Recording) {
	add := func(width, height float64, fixations ...gaze.Fixation) {
		items = append(items, []gaze.Recording{{Image: "o", Width: width, Height: height, Fixations: fixations}})
	}
	usual := gazetest.Path(1, 20, 640, 480)
	add(640, 480, usual.Fixations...)
	add(640, 480, usual.Fixations...) // the same
	add(1, 1, usual.Scaled(1, 1).Fixations...)
	add(1e-3, 1e9, usual.Scaled(1e-3, 1e9).Fixations...)
	add(1e9, 1e9, usual.Scaled(1e9, 1e9).Fixations...)
	add(640, 480) // nothing
	add(640, 480, gaze.Fixation{X: 5, Y: 5, Duration: .3})
	add(640, 480, gaze.Fixation{X: 5, Y: 5, Duration: .3}, gaze.Fixation{X: 400, Y: 300})
	add(640, 480, gaze.Fixation{X: 5, Y: 5}, gaze.Fixation{X: 400, Y: 300}, gaze.Fixation{X: 5, Y: 300})
	add(640, 480, slices.Repeat([]gaze.Fixation{{X: 320, Y: 240, Duration: .2}}, 5)...)
	add(640, 480, gaze.Fixation{X: 1e300, Y: -1e300, Duration: 1}, gaze.Fixation{X: -1e300, Y: 1e300, Duration: 1}, gaze.Fixation{X: 1e300, Y: 1e300, Duration: 1e6})
	add(640, 480, gaze.Fixation{X: math.MaxFloat64, Y: 3, Duration: 1e-300}, gaze.Fixation{X: 3, Y: 3, Duration: 1e-300}, gaze.Fixation{X: 3, Y: 9, Duration: 1e-300})
	items = append(items, nil, []gaze.Recording{gazetest.Mapped(1, 30, 40)},
		[]gaze.Recording{{Width: 640, Height: 480, Map: &gaze.Map{Rows: 1, Cols: 1, Values: []float32{1}}}})
	return items
}

// Whatever recordings hold, every measure gives a symmetric similarity from -1 to 1, 0 where there is no gaze, and 1 for the
// same gaze.
func TestEveryMeasureIsDefined(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers; the goroutines of every measure are those of TestRelate; run without -short")
	}
	items := odd()
	specs := append(slices.Clone(measuretest.Scanpaths), "ig:baseline=uniform", "ig:baseline=mean", "heatmap-cc:sigma=0.001,grid=2",
		"kl:sigma=0.001", "iou:top=0.01", "0.5*kl+0.5*tde")
	for _, m := range Measures() {
		specs = append(specs, m.Name)
	}
	for _, spec := range specs {
		r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: spec})
		if err != nil {
			t.Fatal(err)
		}
		// How well a map tells its own fixations is no share of a perfect score.
		scored := strings.HasPrefix(spec, "nss") || strings.HasPrefix(spec, "ig") || spec == "auc-judd"
		if v := r.At(0, 1); !gazetest.Within(float64(v), 1, 1e-5) && !scored || v < .3 {
			t.Errorf("%s: %g with the same gaze", spec, v)
		}
		for i := range items {
			for j := range items {
				v := r.At(i, j)
				want := float32(0)
				if r.HasGaze[i] {
					want = 1
				}
				switch {
				case !(v >= -1 && v <= 1):
					t.Errorf("%s: R[%d,%d] = %g", spec, i, j, v)
				case v != r.At(j, i):
					t.Errorf("%s: R[%d,%d] = %g, turned %g", spec, i, j, v, r.At(j, i))
				case i == j && v != want, !(r.HasGaze[i] && r.HasGaze[j]) && v != 0:
					t.Errorf("%s: R[%d,%d] = %g, gaze %v and %v", spec, i, j, v, r.HasGaze[i], r.HasGaze[j])
				}
			}
		}
	}
}
