package fixations

import (
	"math"
	"testing"

	"gzpt/gaze"
)

// A triangle of velocity is above the threshold where it should be: x accelerates for 20 ms and slows down for 20 ms.
func TestVelocityThreshold(t *testing.T) {
	r := gaze.Recording{Width: 1000, Height: 1000, Resolution: gaze.Resolution{X: 10, Y: 10}}
	const rate, peak = 1000, 200.0 // degrees per second
	position := 0.0                // degrees
	for k := range 500 {
		r.Samples = append(r.Samples, gaze.Sample{X: 100 + 10*position, Y: 300, Time: float64(k) / rate})
		velocity := peak * max(0, 1-math.Abs(float64(k)+.5-250)/20)
		position += velocity / rate
	}
	for _, threshold := range []string{"20", "100", "150"} {
		events, err := Events(r, "ivt:window=0.002,velocity="+threshold)
		if err != nil {
			t.Fatal(err)
		}
		half := 20 * (1 - (settings{"v": threshold}).Number("v")/peak) // samples from the peak
		for k, e := range events {
			switch distance := math.Abs(float64(k) - 250); {
			case distance < half-1 && e != Saccade, distance > half+1 && e != Fixation:
				t.Fatalf("threshold %s: sample %d is %s", threshold, k, e)
			}
		}
	}
	// Noise of a sample's size is no saccade over a window.
	noisy := synthetic(1000, 1, 1, still{300, 300, 0}) // .05 degrees, 70 degrees per second between neighbours
	if got := detected(t, noisy, "ivt"); len(got) != 1 || got[0].Duration < .999 {
		t.Errorf("over 20 ms: %+v", got)
	}
	if got := detected(t, noisy, "ivt:window=0"); len(got) != 0 {
		t.Errorf("between neighbours: %+v", got)
	}
}

// A stretch of rest shorter than the shortest fixation is neither fixation nor saccade.
func TestShortRest(t *testing.T) {
	r := synthetic(500, .9, 0, still{100, 100, 0}, still{500, 100, .4}, still{900, 100, .54})
	events, err := Events(r, "ivt")
	if err != nil || events[235] != Unclassified || events[195] != Saccade || events[100] != Fixation {
		t.Errorf("%v %v %v, %v", events[235], events[195], events[100], err)
	}
	if got := detected(t, r, "ivt:duration=0.05"); len(got) != 3 {
		t.Errorf("%+v", got)
	}
}
