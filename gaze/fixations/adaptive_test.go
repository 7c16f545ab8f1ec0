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

// The filter has the 2 ceil(rate * shortest saccade) - 1 samples of the authors' program, three at least.
func TestFilterOfAdaptive(t *testing.T) {
	for rate, want := range map[float64]int{1250: 25, 1000: 19, 500: 9, 250: 5, 200: 3, 120: 3, 60: 3} {
		tr, err := newTrace(saccadic(rate, 0, false), .075)
		if err != nil {
			t.Fatal(err)
		}
		if got := 2*tr.halfFilter(.02) + 1; got != want {
			t.Errorf("%g Hz: %d samples, want %d", rate, got, want)
		}
		if got := 2*tr.halfFilter(0) + 1; got != 3 {
			t.Errorf("%g Hz, no window: %d samples, want 3", rate, got)
		}
	}
}

// authorsThresholds is how the authors' program finds the thresholds, in its order and with its rounding: speeds of runs of 40
// ms or more below the threshold, less floor(rate * 0.04 / 6) samples at either end.
func authorsThresholds(speeds []float64, rate float64) (peak, onset float64) {
	peak = 100
	for before := math.Inf(1); math.Abs(peak-before) > 1; {
		before = peak
		var calm []float64
		for first := 0; first < len(speeds); {
			end := first
			for end < len(speeds) && speeds[end] < peak {
				end++
			}
			if float64(end-first)/rate >= .04 {
				cut := .04 * rate / 6
				calm = append(calm, speeds[int(math.Floor(float64(first)+cut)):int(math.Ceil(float64(end-1)-cut))+1]...)
			}
			first = end + 1
		}
		mean, squares := 0.0, 0.0
		for _, v := range calm {
			mean += v / float64(len(calm))
		}
		for _, v := range calm {
			squares += (v - mean) * (v - mean)
		}
		sd := math.Sqrt(squares / float64(len(calm)-1))
		peak, onset = mean+6*sd, mean+3*sd
	}
	return peak, onset
}

func TestThresholdsOfAuthors(t *testing.T) {
	for _, rate := range []float64{250, 500, 1000, 1250} {
		tr, err := newTrace(saccadic(rate, .1, true), .075)
		if err != nil {
			t.Fatal(err)
		}
		_, s, _ := parseDetector("adaptive")
		a := newAdaptive(tr, s)
		a.findThresholds(100)
		if peak, onset := authorsThresholds(a.speeds, rate); !within(a.peak, peak, 1e-9) || !within(a.onset, onset, 1e-9) || peak > 90 {
			t.Errorf("%g Hz: thresholds %g and %g, want %g and %g", rate, a.peak, a.onset, peak, onset)
		}
	}
}
