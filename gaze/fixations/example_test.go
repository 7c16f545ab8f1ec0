package fixations_test

import (
	"fmt"
	"math"

	"gzpt/gaze"
	"gzpt/gaze/fixations"
)

// A tracker of 100 samples a second, with 40 pixels in a degree, sees an eye rest at one place, blink, go on resting, and
// rest at another place.
func ExampleDetect() {
	r := gaze.Recording{Width: 800, Height: 600, Resolution: gaze.Resolution{X: 40, Y: 40}}
	for k := range 100 {
		s := gaze.Sample{X: 200, Y: 300, Time: float64(k) / 100}
		switch {
		case k >= 20 && k < 26:
			s.X, s.Y = math.NaN(), math.NaN()
		case k >= 60:
			s.X, s.Y = 500, 100
		}
		r.Samples = append(r.Samples, s)
	}
	detected, report, err := fixations.Detect(r, "auto")
	if err != nil {
		fmt.Println(err)
		return
	}
	for detector := range report.Used {
		fmt.Println(detector)
	}
	for _, f := range detected.Fixations {
		fmt.Printf("(%g, %g) from %.2f s, %.2f s long\n", f.X, f.Y, f.Start, f.Duration)
	}
	// Output:
	// idt:dispersion=1,duration=0.1,gap=0.075
	// (200, 300) from 0.00 s, 0.60 s long
	// (500, 100) from 0.60 s, 0.40 s long
}
