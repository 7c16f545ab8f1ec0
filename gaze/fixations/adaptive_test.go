package fixations

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/gaze"
)

// saccadic is a recording at a rate of an eye that rests, makes a saccade of 10 degrees in 40 ms with the velocity of a half
// sine wave, wobbles back by half a degree, 20 ms later and in 15 ms, if glissade says so, and rests again. The saccade begins at .4 s.
func saccadic(rate, noise float64, glissade bool) gaze.Recording {
	r := gaze.Recording{Width: 1000, Height: 800, Resolution: gaze.Resolution{X: 20, Y: 20}}
	g := rand.New(rand.NewPCG(12, 12))
	move := func(part float64) float64 { return (1 - math.Cos(math.Pi*min(max(part, 0), 1))) / 2 }
	for k := range int(.9 * rate) {
		s := float64(k) / rate
		x := 10 * move((s-.4)/.04)
		if glissade {
			x -= .5 * move((s-.46)/.015)
		}
		r.Samples = append(r.Samples, gaze.Sample{X: 300 + 20*x + noise*g.NormFloat64(), Y: 400 + noise*g.NormFloat64(), Time: s})
	}
	return r
}

// edges are the times at which one event gives way to another.
func edges(r gaze.Recording, events []Event) (kinds []Event, times []float64) {
	for i, e := range events {
		if i == 0 || e != events[i-1] {
			kinds, times = append(kinds, e), append(times, r.Samples[i].Time)
		}
	}
	return kinds, times
}

func TestSaccadeAndGlissade(t *testing.T) {
	for _, rate := range []float64{250, 500, 1250} {
		for _, noise := range []float64{0, .05} {
			for _, glissade := range []bool{false, true} {
				r := saccadic(rate, noise, glissade)
				events, err := Events(r, "adaptive")
				if err != nil {
					t.Fatal(err)
				}
				want, at := []Event{Fixation, Saccade, Fixation}, []float64{0, .4, .44}
				if glissade {
					want, at = []Event{Fixation, Saccade, Glissade, Fixation}, []float64{0, .4, .45, .475}
				}
				kinds, times := edges(r, events)
				same := len(kinds) == len(want)
				for i := range kinds { // a window of 20 ms
					same = same && kinds[i] == want[i] && within(times[i], at[i], 1/rate+.016)
				}
				if !same {
					t.Errorf("%g Hz, noise %g: %v at %.3f, want %v at %.3f", rate, noise, kinds, times, want, at)
				}
				if fixations := detected(t, r, "adaptive"); len(fixations) != 2 || !within(fixations[0].X, 300, .1) {
					t.Errorf("%+v", fixations)
				}
			}
		}
	}
	// Without glissades the wobble is what it is not: one no longer than the parameter is none.
	r := saccadic(500, .05, true)
	if events, _ := Events(r, "adaptive:glissade=0.004"); len(events) == 0 || contains(events, Glissade) {
		t.Error("a glissade longer than the longest")
	}
}

func contains(events []Event, event Event) bool {
	for _, e := range events {
		if e == event {
			return true
		}
	}
	return false
}

// The threshold follows the noise: a quiet recording shows a saccade of half a degree, a noisy one does not.
func TestThresholdFollowsNoise(t *testing.T) {
	thresholds := map[float64]float64{}
	for _, noise := range []float64{.05, .5, 5} {
		r := synthetic(500, 3, noise, still{400, 400, 0}, still{410, 400, 1.5})
		tr, err := newTrace(r, .075)
		if err != nil {
			t.Fatal(err)
		}
		_, s, _ := parseDetector("adaptive")
		a := newAdaptive(tr, s)
		a.findThresholds(100)
		thresholds[noise] = a.peak
		if a.onset > a.peak {
			t.Errorf("noise %g: onset %g, peak %g", noise, a.onset, a.peak)
		}
		want := 1
		if noise < .2 {
			want = 2
		}
		if got := detected(t, r, "adaptive"); noise != .5 && len(got) != want {
			t.Errorf("noise %g, threshold %g: %d fixations, want %d", noise, a.peak, len(got), want)
		}
	}
	if !(thresholds[.05] < thresholds[.5] && thresholds[.5] < thresholds[5]) {
		t.Errorf("%v", thresholds)
	}
}

// What no eye does is neither saccade nor fixation; a threshold that would rise stays.
func TestNoise(t *testing.T) {
	r := synthetic(500, 1, .05, still{400, 400, 0})
	for i := 240; i < 250; i++ { // 25 degrees away within a sample
		r.Samples[i].X += 500
	}
	events, err := Events(r, "adaptive")
	if err != nil {
		t.Fatal(err)
	}
	if contains(events, Saccade) || events[239] != Unclassified || events[245] == Fixation || events[100] != Fixation || events[400] != Fixation {
		kinds, times := edges(r, events)
		t.Errorf("%v at %.3f", kinds, times)
	}
	shaking := synthetic(500, 2, 30, still{400, 400, 0}) // 1.5 degrees
	tr, _ := newTrace(shaking, .075)
	_, s, _ := parseDetector("adaptive")
	a := newAdaptive(tr, s)
	a.findThresholds(100)
	if a.peak != 100 || a.onset > a.peak {
		t.Errorf("thresholds %g and %g", a.peak, a.onset)
	}
}

func TestMeanAndSD(t *testing.T) {
	for _, tc := range []struct {
		values   []float64
		mean, sd float64
	}{{nil, 0, 0}, {[]float64{3}, 3, 0}, {[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 5, math.Sqrt(32. / 7)}} {
		if mean, sd := meanAndSD(tc.values); !within(mean, tc.mean, 1e-12) || !within(sd, tc.sd, 1e-12) {
			t.Errorf("%v: %g, %g", tc.values, mean, sd)
		}
	}
}
