package fixations

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"gzpt/gaze"
)

// naiveDispersion is the definition word for word: every window is taken anew and its dispersion computed from all samples.
func naiveDispersion(t *trace, threshold, duration float64) []stretch {
	dispersion := func(first, end int) float64 {
		x, y := 0.0, 0.0
		for a := first; a < end; a++ {
			for b := first; b < end; b++ {
				x, y = max(x, t.x[a]-t.x[b]), max(y, t.y[a]-t.y[b])
			}
		}
		return x + y
	}
	var found []stretch
	for _, p := range t.parts {
		for first := p.first; first < p.end; {
			end := first + 1
			for end < p.end && !t.lasts(first, end, duration) {
				end++
			}
			if !t.lasts(first, end, duration) {
				break // too few samples are left
			}
			if dispersion(first, end) > threshold {
				first++
				continue
			}
			for end < p.end && dispersion(first, end+1) <= threshold {
				end++
			}
			found = append(found, stretch{first: first, end: end, event: Fixation})
			first = end
		}
	}
	return found
}

// quarters is a recording whose positions are multiples of a quarter of a degree, so that dispersions hit the threshold.
func quarters(g *rand.Rand) gaze.Recording {
	r := gaze.Recording{Resolution: gaze.Resolution{X: 1, Y: 1}}
	x, y, time := 0.0, 0.0, 0.0
	for range g.IntN(90) {
		time += []float64{.01, .01, .01, .02, 0, .1}[g.IntN(6)]
		switch g.IntN(12) {
		case 0:
			x, y = float64(g.IntN(20)), float64(g.IntN(20))
		case 1, 2, 3:
			x += float64(g.IntN(3)-1) / 4
		case 4, 5:
			y += float64(g.IntN(3)-1) / 4
		}
		r.Samples = append(r.Samples, gaze.Sample{X: x, Y: y, Time: time})
	}
	return r
}

func TestDispersionByDefinition(t *testing.T) {
	g := rand.New(rand.NewPCG(4, 4))
	total := 0
	for n := range 3000 {
		tr, err := newTrace(quarters(g), .075)
		if err != nil {
			t.Fatal(err)
		}
		threshold, duration := []string{"0.25", "0.5", "1", "2"}[n%4], []string{"0", "0.05", "0.1", "0.3"}[n/4%4]
		s := settings{"dispersion": threshold, "duration": duration}
		got, _ := findByDispersion(tr, s)
		if want := naiveDispersion(tr, s.Number("dispersion"), s.Number("duration")); !reflect.DeepEqual(got, want) {
			t.Fatalf("recording %d, %v: %v, want %v", n, s, got, want)
		}
		total += len(got)
	}
	if total < 1000 {
		t.Errorf("%d fixations in all", total)
	}
}

// A slow drift is cut where it has gone a degree, and a recording that ends within a window has no fixation there.
func TestDrift(t *testing.T) {
	r := gaze.Recording{Width: 1000, Height: 1000, Resolution: gaze.Resolution{X: 20, Y: 20}}
	for k := range 500 { // a second at 2 degrees a second
		r.Samples = append(r.Samples, gaze.Sample{X: 100 + 40*float64(k)/500, Y: 100, Time: float64(k) / 500})
	}
	expectFixations(t, "drift", detected(t, r, "idt"), .004, gaze.Fixation{X: 110, Y: 100, Duration: .5}, gaze.Fixation{X: 130, Y: 100, Start: .5, Duration: .5})
	expectFixations(t, "drift, ivt", detected(t, r, "ivt"), .004, gaze.Fixation{X: 120, Y: 100, Duration: 1})
	if got := detected(t, r, "ivt:velocity=1.5"); len(got) != 0 {
		t.Errorf("faster than 1.5 degrees a second: %+v", got)
	}
	r.Samples = r.Samples[:49]
	if got := detected(t, r, "idt"); len(got) != 0 {
		t.Errorf("98 ms: %+v", got)
	}
	r.Samples = append(r.Samples, gaze.Sample{X: 100, Y: 100, Time: .098})
	expectFixations(t, "100 ms", detected(t, r, "idt"), 1e-9, gaze.Fixation{X: 102, Y: 100, Duration: .1})
}

func FuzzDispersion(f *testing.F) {
	f.Add(uint64(1), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, choice uint8) {
		tr, err := newTrace(quarters(rand.New(rand.NewPCG(seed, 0))), .075)
		if err != nil {
			t.Fatal(err)
		}
		s := settings{"dispersion": []string{"0.25", "0.5", "1", "2"}[choice%4], "duration": []string{"0", "0.05", "0.1", "0.3"}[choice/4%4]}
		got, _ := findByDispersion(tr, s)
		if want := naiveDispersion(tr, s.Number("dispersion"), s.Number("duration")); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
