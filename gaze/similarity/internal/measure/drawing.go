package measure

import (
	"math"

	"gzpt/gaze"
)

// Degrees and Sigma say how a fixation is drawn.
var (
	Degrees = Parameter{Name: "degrees", Default: "1", About: "standard deviation of a fixation's Gaussian in degrees of visual angle, where the pixels in a degree are known; 0 takes sigma for all", Least: 0, Most: 45}
	Sigma   = Parameter{Name: "sigma", Default: "0.05", About: "standard deviation of a fixation's Gaussian as a fraction of the image's width, where they are not", Least: 1e-3, Most: 1}
)

// Spread is how fixations are drawn.
func (w *Work) Spread() gaze.Spread {
	return gaze.Spread{Degrees: w.Settings.Number("degrees"), Fraction: w.Settings.Number("sigma")}
}

// Cell is which of n equal parts of a frame's side a place lies in, given as a fraction of that side: on the border of two, in the
// second; what is off the frame belongs to the nearest.
func Cell(fraction float64, n int) int {
	return int(min(max(Floor(fraction*float64(n)), 0), float64(n-1)))
}

// Floor is the largest whole number that is not above v, nor above it by rounding alone: pixels of an image that a file gives as
// fractions of it are whole again.
func Floor(v float64) float64 { return math.Floor(v + 1e-9) }
