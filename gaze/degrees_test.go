package gaze

import (
	"math"
	"testing"
)

// The position on a screen of 1280 x 1024 pixels and 38 x 30 cm, 68 cm away, is one that pymovements' tests have.
func TestDegrees(t *testing.T) {
	x, y := Degrees(123, 1280, 38, 68), Degrees(865, 1024, 30, 68)
	if math.Abs(x+12.70732231) > 1e-8 || math.Abs(y-8.65963972) > 1e-8 {
		t.Errorf("(123, 865) is at (%.8f, %.8f) degrees, want (-12.70732231, 8.65963972)", x, y)
	}
	for _, position := range []float64{-50, 0, 639.5, 1279, 4000} {
		if back := Position(Degrees(position, 1280, 38, 68), 1280, 38, 68); math.Abs(back-position) > 1e-9 {
			t.Errorf("%g pixels come back as %g", position, back)
		}
	}
}

func TestPixelsPerDegree(t *testing.T) {
	// Half of the screen is atan(0.19/0.68) = 15.61099 degrees, and 640 pixels.
	if got, want := PixelsPerDegree(1280, .38, .68), 640/15.61099; math.Abs(got-want) > 1e-4 {
		t.Errorf("%g pixels per degree, want %g", got, want)
	}
	// A small screen: the arc is the tangent, so a degree in its middle covers as much.
	small := PixelsPerDegree(1000, .001, 1)
	if centre := 1 / (Degrees(500, 1000, .001, 1) - Degrees(499, 1000, .001, 1)); math.Abs(small/centre-1) > 1e-6 {
		t.Errorf("%g pixels per degree on average, %g in the middle", small, centre)
	}
	for _, bad := range [][3]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1, -1, 1}, {math.NaN(), 1, 1}, {1, 1, math.NaN()}, {1, 1, math.Inf(1)}, {math.Inf(1), 1, 1}} {
		if got := PixelsPerDegree(bad[0], bad[1], bad[2]); got != 0 {
			t.Errorf("PixelsPerDegree(%v) = %g, want 0", bad, got)
		}
	}
}
