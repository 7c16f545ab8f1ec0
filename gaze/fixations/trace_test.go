package fixations

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/gaze"
)

func TestTrace(t *testing.T) {
	nan := math.NaN()
	r := gaze.Recording{Samples: []gaze.Sample{
		{X: 10, Y: 20, Time: 1}, {X: 11, Y: 21, Time: 1.01}, {X: nan, Y: 3, Time: 1.02}, {X: 12, Y: 22, Time: 1.05}, {X: 3, Y: nan, Time: 1.06},
		{X: 13, Y: 23, Time: 1.2}, {X: 14, Y: 24, Time: 1.2}, {X: 15, Y: 25, Time: 1.205},
	}}
	tr, err := newTrace(r, .075)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tr.sample, []int{0, 1, 3, 5, 6, 7}) || !slices.Equal(tr.parts, []part{{0, 3}, {3, 6}}) || tr.degrees || !within(tr.step, .01, 1e-12) {
		t.Errorf("%+v", tr)
	}
	for k, want := range []float64{1.01, 1.02, 1.06, 1.2, 1.205, 1.215} { // a sample stands to the next, at most a step
		if !within(tr.until[k], want, 1e-12) {
			t.Errorf("sample %d stands up to %g, want %g", k, tr.until[k], want)
		}
	}
	if !slices.Equal(tr.x, []float64{10, 11, 12, 13, 14, 15}) {
		t.Errorf("%v", tr.x)
	}
	// The mean is weighted by time: the fourth sample stands for none, the last for twice as long as the one before.
	f := tr.fixation(stretch{first: 3, end: 6, event: Fixation})
	if !within(f.X, (14*.005+15*.01)/.015, 1e-9) || !within(f.Start, 1.2, 0) || !within(f.Duration, .015, 1e-12) {
		t.Errorf("%+v", f)
	}
}

// Under zoom, a movement is so many degrees as the resolution at the time says, and the change itself is none.
func TestZoom(t *testing.T) {
	half := gaze.Resolution{X: 10, Y: 20}
	r := gaze.Recording{Resolution: gaze.Resolution{X: 20, Y: 40}, Samples: []gaze.Sample{
		{X: 100, Y: 200}, {X: 120, Y: 240}, {X: 120, Y: 240, Resolution: half}, {X: 130, Y: 240, Resolution: half}, {X: 110, Y: 240},
	}}
	tr, err := newTrace(r, 1)
	if err != nil || !tr.degrees {
		t.Fatal(tr, err)
	}
	for k, want := range []float64{0, 1, 1, 2, 1} {
		if got := tr.x[k] - tr.x[0]; !within(got, want, 1e-12) {
			t.Errorf("sample %d is %g degrees from the first, want %g", k, got, want)
		}
	}
	if f := tr.fixation(stretch{first: 2, end: 4}); f.Resolution != half {
		t.Errorf("%+v", f)
	}
	if f := tr.fixation(stretch{first: 0, end: 2}); f.Resolution.Known() {
		t.Errorf("%+v has a resolution of its own", f)
	}
	// The same gaze on the screen, with and without zooming in half-way, has the same fixations in time.
	plain := synthetic(250, 1.2, .3, still{300, 300, 0}, still{500, 500, .6})
	zoomed := plain
	zoomed.Samples = slices.Clone(plain.Samples)
	for i, s := range zoomed.Samples {
		if i >= 100 { // from then on twice as large, about the place looked at
			zoomed.Samples[i] = gaze.Sample{X: 300 + (s.X-300)/2, Y: 300 + (s.Y-300)/2, Time: s.Time, Resolution: half}
			zoomed.Samples[i].Resolution.Y = 10
		}
	}
	for _, name := range []string{"idt:dispersion=1.5", "ivt"} {
		a, b := detected(t, plain, name), detected(t, zoomed, name)
		if len(a) != 2 || len(b) != 2 || a[0].Duration != b[0].Duration || a[1].Start != b[1].Start || !within(b[1].X, 400, 2) || b[1].Resolution.X != 10 {
			t.Errorf("%s: %+v\nzoomed: %+v", name, a, b)
		}
	}
}

// The velocity of a parabola is its derivative, with even steps; a line's, with any.
func TestSlopes(t *testing.T) {
	g := rand.New(rand.NewPCG(9, 9))
	var even, uneven gaze.Recording
	time := 1e6 // as far as clocks count
	for k := range 100 {
		s := float64(k) / 500
		even.Samples = append(even.Samples, gaze.Sample{X: 3 + 20*s + 500*s*s, Y: 7, Time: s})
		time += .001 + .003*g.Float64()
		uneven.Samples = append(uneven.Samples, gaze.Sample{X: 3 + 20*(time-1e6), Y: 7, Time: time})
	}
	for window, half := range map[float64]int{0: 1, .002: 1, .02: 5, .048: 12} {
		tr, _ := newTrace(even, .1)
		vx, vy := tr.slopes(tr.x, tr.samples(window/2)), tr.slopes(tr.y, tr.samples(window/2))
		for k := range vx {
			s := even.Samples[min(max(k, half), len(vx)-1-half)].Time // at the ends the window keeps its place
			if !within(vx[k], 20+1000*s, 1e-8) || vy[k] != 0 {
				t.Fatalf("window %g, sample %d: %g, %g, want %g", window, k, vx[k], vy[k], 20+1000*s)
			}
		}
		tr, _ = newTrace(uneven, .1)
		for k, v := range tr.slopes(tr.x, tr.samples(window/2)) {
			if !within(v, 20, 1e-4) { // the clock's rounding is 1e-10
				t.Fatalf("window %g, sample %d of uneven ones: %g", window, k, v)
			}
		}
	}
	if got := slope([]float64{1, 1}, []float64{2, 3}); got != 0 {
		t.Errorf("two places at one instant: %g", got)
	}
}

// wholePixels is a recording as many trackers write it: even steps, some of them lost, and positions in whole pixels that stand
// still, drift by a pixel or jump.
func wholePixels(g *rand.Rand, rate int, origin gaze.Sample) gaze.Recording {
	r := gaze.Recording{Height: 800, Resolution: gaze.Resolution{X: 35, Y: 35}} // the width is not known: nothing is off the frame
	x, y, lost, drift := 400, 400, 0, 0
	for k := range 2 * rate {
		switch g.IntN(30) {
		case 0:
			lost = g.IntN(rate / 8)
		case 1:
			x, y = 300+g.IntN(200), 300+g.IntN(200)
		case 2:
			drift = 700 / rate * (g.IntN(3) - 1) // 20 degrees per second
		case 3, 4, 5:
			x, y = x+g.IntN(20)-10, y+g.IntN(20)-10
		}
		x += drift
		s := gaze.Sample{X: origin.X + float64(x), Y: origin.Y + float64(y), Time: origin.Time + float64(k)/float64(rate)}
		if lost > 0 {
			lost--
			s.X, s.Y = math.NaN(), math.NaN()
		}
		r.Samples = append(r.Samples, s)
	}
	return r
}

// Where the clock and the pixels count from changes no event: no gap, dispersion, speed or distance that is just the threshold, no
// window of two and a half samples and no least of equal speeds is decided by rounding.
func TestOriginChangesNothing(t *testing.T) {
	for _, rate := range []int{50, 100, 140, 200, 250, 350, 500, 700, 1250} {
		for seed := range uint64(12) {
			plain := wholePixels(rand.New(rand.NewPCG(seed, 3)), rate, gaze.Sample{})
			for _, origin := range []gaze.Sample{{Time: 1000}, {Time: 12345.678}, {X: 173}, {X: 1024, Y: 11, Time: 60.1}, {X: .1, Y: .7}} {
				moved := wholePixels(rand.New(rand.NewPCG(seed, 3)), rate, origin)
				for _, detector := range []string{"adaptive", "idt", "ihmm", "ivt", "released", "released:box=0.025,position=mean"} {
					if detector == "adaptive" && rate < 200 {
						continue // it refuses them
					}
					want, _ := Events(plain, detector)
					if got, err := Events(moved, detector); err != nil || !slices.Equal(got, want) {
						t.Fatalf("%s at %d Hz, recording %d from %+v: other events, %v", detector, rate, seed, origin, err)
					}
					a, b := detected(t, plain, detector), detected(t, moved, detector)
					for k := range a {
						if !within(b[k].X-origin.X, a[k].X, 1e-6) || !within(b[k].Start-origin.Time, a[k].Start, 1e-6) {
							t.Fatalf("%s at %d Hz, recording %d from %+v: %+v, want %+v", detector, rate, seed, origin, b[k], a[k])
						}
					}
				}
			}
		}
	}
}
