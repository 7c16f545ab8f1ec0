package heatmaps

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// naiveSSIM walks over the windows and the cells of each, with variances about the mean.
func naiveSSIM(p, q []float64, grid int) float64 {
	scaled := func(cells []float64) (out []float64) {
		for _, v := range cells {
			out = append(out, v/slices.Max(cells))
		}
		return out
	}
	p, q = scaled(p), scaled(q)
	total, windows := 0.0, 0.0
	for top := 0; top+11 <= grid; top++ {
		for left := 0; left+11 <= grid; left++ {
			var weights, mx, my, vx, vy, cxy float64
			each := func(do func(weight, x, y float64)) {
				for r := range 11 {
					for c := range 11 {
						k := (top+r)*grid + left + c
						do(math.Exp(-float64((r-5)*(r-5)+(c-5)*(c-5))/(2*1.5*1.5)), p[k], q[k])
					}
				}
			}
			each(func(w, x, y float64) { weights, mx, my = weights+w, mx+w*x, my+w*y })
			mx, my = mx/weights, my/weights
			each(func(w, x, y float64) {
				vx, vy, cxy = vx+w/weights*(x-mx)*(x-mx), vy+w/weights*(y-my)*(y-my), cxy+w/weights*(x-mx)*(y-my)
			})
			total += (2*mx*my + 1e-4) * (2*cxy + 9e-4) / ((mx*mx + my*my + 1e-4) * (vx + vy + 9e-4))
			windows++
		}
	}
	return total / windows
}

func TestSSIM(t *testing.T) {
	for _, grid := range []int{11, 12, 32} {
		for _, sigma := range []float64{.05, 1} { // the wide maps vary little beside their means
			against(t, fmt.Sprintf("ssim:grid=%d,sigma=%g", grid, sigma), 1e-6, func(a, b int, items [][]gaze.Recording) float64 {
				return naiveSSIM(mapOf(items[a], grid, grid, sigma), mapOf(items[b], grid, grid, sigma), grid)
			})
		}
	}
}

// The same map twice has 1.
func TestSSIMOfTheSame(t *testing.T) {
	a := gazetest.Path(3, 20, 640, 480)
	if got := measuretest.Value(t, "ssim", a, a); got < .9999 {
		t.Errorf("%g", got)
	}
}
