package fixations

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

// still is where the eye stays, from a time in seconds on.
type still struct{ x, y, from float64 }

// synthetic is a recording of a frame of 1000 x 800 pixels, 20 of which are a degree: the eye rests at places, in pixels,
// and goes from one to the next at 400 degrees per second, ending when the next begins. noise is the standard deviation of
// the positions in pixels.
func synthetic(rate, seconds, noise float64, places ...still) gaze.Recording {
	r := gaze.Recording{Image: "i", Reader: "r", Width: 1000, Height: 800, Resolution: gaze.Resolution{X: 20, Y: 20}}
	g := rand.New(rand.NewPCG(1, 2))
	at := 0
	for k := range int(math.Round(seconds * rate)) {
		time := float64(k) / rate
		for at+1 < len(places) && time >= places[at+1].from-1e-9 {
			at++
		}
		x, y := places[at].x, places[at].y
		if at+1 < len(places) {
			next := places[at+1]
			flight := math.Hypot(next.x-x, next.y-y) / (400 * 20)
			if part := (time - (next.from - flight)) / flight; part > 0 {
				x, y = x+part*(next.x-x), y+part*(next.y-y)
			}
		}
		r.Samples = append(r.Samples, gaze.Sample{X: x + noise*g.NormFloat64(), Y: y + noise*g.NormFloat64(), Time: time})
	}
	return r
}

// lose takes the positions of the samples from a time up to another.
func lose(r gaze.Recording, from, to float64) gaze.Recording {
	r.Samples = slices.Clone(r.Samples)
	for i, s := range r.Samples {
		if s.Time >= from-1e-9 && s.Time < to-1e-9 {
			r.Samples[i].X, r.Samples[i].Y = math.NaN(), math.NaN()
		}
	}
	return r
}

func detected(t *testing.T, r gaze.Recording, detector string) []gaze.Fixation {
	t.Helper()
	out, _, err := Detect(r, detector)
	if err != nil {
		t.Fatalf("%s: %v", detector, err)
	}
	return out.Fixations
}

// expectFixations demands fixations at places, each of a start and an end within a tolerance.
func expectFixations(t *testing.T, what string, got []gaze.Fixation, tolerance float64, want ...gaze.Fixation) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d fixations, want %d: %+v", what, len(got), len(want), got)
		return
	}
	for i, w := range want {
		g := got[i]
		if !within(g.X, w.X, 5) || !within(g.Y, w.Y, 5) || !within(g.Start, w.Start, tolerance) || !within(g.Start+g.Duration, w.Start+w.Duration, tolerance) {
			t.Errorf("%s: fixation %d is %+v, want %+v", what, i, g, w)
		}
	}
}

// Three places looked at one after the other are three fixations, for every detector and every kind of tracker.
func TestSyntheticFixations(t *testing.T) {
	places := []still{{100, 100, 0}, {500, 300, .6}, {800, 700, 1.2}}
	for _, rate := range []float64{60, 250, 500, 1000, 2000} {
		for _, noise := range []float64{0, .5} {
			r := synthetic(rate, 1.8, noise, places...)
			for _, name := range []string{"idt", "ivt", "ihmm", "adaptive", "auto", "released:position=mean,duration=0.1"} {
				switch {
				case name == "adaptive" && rate < 200:
					continue
				case (name == "idt" || name == "auto") && noise > 0:
					name = "idt:dispersion=1.5" // the first window takes a degree of the saccade's end, which leaves none for noise
				}
				// A saccade of 22 degrees takes 56 ms; its ends are off by half a window and a few samples, and noise can look like
				// a glissade.
				expectFixations(t, name, detected(t, r, name), .045+2/rate,
					gaze.Fixation{X: 100, Y: 100, Start: 0, Duration: .544}, gaze.Fixation{X: 500, Y: 300, Start: .6, Duration: .538}, gaze.Fixation{X: 800, Y: 700, Start: 1.2, Duration: .6})
			}
		}
	}
}

// A long gap ends a fixation, a short one does not, and a lost sample counts as a place in neither.
func TestGaps(t *testing.T) {
	whole := synthetic(500, 1, .3, still{400, 400, 0})
	for _, name := range []string{"idt", "ivt", "ihmm", "adaptive", "released:position=mean"} {
		short := detected(t, lose(whole, .5, .57), name)
		expectFixations(t, name+", a gap of 70 ms", short, .01, gaze.Fixation{X: 400, Y: 400, Start: 0, Duration: 1})
		long := detected(t, lose(whole, .5, .58), name)
		expectFixations(t, name+", a gap of 80 ms", long, .01, gaze.Fixation{X: 400, Y: 400, Start: 0, Duration: .5}, gaze.Fixation{X: 400, Y: 400, Start: .58, Duration: .42})
		with := name + ":gap=0.2"
		if strings.Contains(name, ":") {
			with = name + ",gap=0.2"
		}
		expectFixations(t, with, detected(t, lose(whole, .5, .58), with), .01, gaze.Fixation{X: 400, Y: 400, Start: 0, Duration: 1})
		rows := lose(whole, .5, .58) // rows left out instead of marked as lost are the same
		rows.Samples = slices.DeleteFunc(slices.Clone(rows.Samples), gaze.Sample.Lost)
		if got := detected(t, rows, name); !reflect.DeepEqual(got, long) {
			t.Errorf("%s: without the lost rows %+v, with them %+v", name, got, long)
		}
	}
}

// Recordings at the edge of sense have the fixations that they have, and no error.
func TestEdges(t *testing.T) {
	one := gaze.Recording{Width: 100, Height: 100, Resolution: gaze.Resolution{X: 10, Y: 10}, Samples: []gaze.Sample{{X: 5, Y: 5, Time: 1}}}
	instant := one
	instant.Samples = slices.Repeat(one.Samples, 5)
	lost := lose(synthetic(500, 1, 0, still{5, 5, 0}), 0, 1)
	for _, d := range Detectors() {
		if d.Name == "released" {
			continue // which takes single samples
		}
		for what, r := range map[string]gaze.Recording{"one sample": one, "five samples of an instant": instant, "all lost": lost} {
			if got := detected(t, r, d.Name); len(got) != 0 {
				t.Errorf("%s, %s: %+v", d.Name, what, got)
			}
		}
	}
	if got := detected(t, lost, "released"); len(got) != 0 {
		t.Errorf("released, all lost: %+v", got)
	}
	if got := detected(t, instant, "released"); len(got) != 1 || got[0] != (gaze.Fixation{X: 5, Y: 5, Start: 1}) {
		t.Errorf("released, an instant: %+v", got)
	}
	huge := synthetic(500, 1, 0, still{100, 100, 0}, still{500, 300, .5})
	huge.Samples[100].X, huge.Samples[350].Y = 1e300, -1e300
	for _, name := range []string{"idt", "ivt", "ihmm", "adaptive", "released:duration=0.1"} {
		if got := detected(t, huge, name); len(got) != 4 || !within(got[0].X, 100, 1) || !within(got[3].Y, 300, 1) {
			t.Errorf("%s, two positions beyond all bounds: %+v", name, got)
		}
	}
	twice := synthetic(500, 1, 0, still{100, 100, 0}, still{500, 300, .5})
	for i := range twice.Samples { // every time comes twice
		twice.Samples[i].Time = float64(i/2) / 250
	}
	for _, name := range []string{"idt", "ivt", "ihmm"} {
		if got := detected(t, twice, name); len(got) != 2 || !within(got[1].X, 500, 5) {
			t.Errorf("%s, times that come twice: %+v", name, got)
		}
	}
}

func TestDetectKeepsAndDrops(t *testing.T) {
	tracker := gaze.Recording{Width: 10, Height: 10, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: 1}}}
	sampled := synthetic(500, 1.5, 0, still{100, 100, 0}, still{1100, 100, .5}, still{300, 300, 1})
	sampled.Fixations = []gaze.Fixation{{X: 1, Y: 1, Duration: 1}}
	before := slices.Clone(sampled.Samples)
	unknown := sampled
	unknown.Resolution = gaze.Resolution{}
	items := [][]gaze.Recording{{tracker, sampled}, nil, {unknown, sampled}}
	out, report, err := DetectAll(items, "auto")
	if err != nil {
		t.Fatal(err)
	}
	idt, _ := ResolveDetector("idt")
	released, _ := ResolveDetector("released")
	if report.Kept != 1 || !reflect.DeepEqual(report.Used, map[string]int{idt: 2, released: 1}) {
		t.Errorf("%+v", report)
	}
	_, alone, _ := Detect(unknown, "released")
	if report.Dropped.Outside != 2+alone.Dropped.Outside || alone.Dropped.Outside < 1 || len(out[0][1].Fixations) != 2 {
		t.Errorf("%+v dropped, %+v alone; %+v", report.Dropped, alone.Dropped, out[0][1].Fixations)
	}
	if !reflect.DeepEqual(out[0][0], tracker) || len(out[1]) != 0 || len(out[2]) != 2 || !reflect.DeepEqual(out[0][1], out[2][1]) {
		t.Errorf("%+v", out)
	}
	if !slices.Equal(out[0][1].Samples, before) || !slices.Equal(sampled.Samples, before) || len(sampled.Fixations) != 1 {
		t.Error("the samples or the input changed")
	}
	noFrame := sampled
	noFrame.Width, noFrame.Height = 0, 0
	if got, report, err := Detect(noFrame, "idt"); err != nil || len(got.Fixations) != 3 || report.Dropped.Any() {
		t.Errorf("no frame: %+v, %+v, %v", got.Fixations, report, err)
	}
}

func TestDetectRefuses(t *testing.T) {
	good := synthetic(60, 1, 0, still{100, 100, 0})
	good.File, good.Line = "g.csv", 7
	with := func(change func(r *gaze.Recording)) gaze.Recording {
		r := good
		r.Samples = slices.Clone(r.Samples)
		change(&r)
		return r
	}
	const place = `g.csv:7: image "i", reader "r": `
	noResolution := with(func(r *gaze.Recording) { r.Resolution = gaze.Resolution{} })
	for _, tc := range []struct {
		r              gaze.Recording
		detector, want string
	}{
		{good, "id", `fixation detector "id", expected one of adaptive, auto, idt, ihmm, ivt, released`},
		{good, "idt:velocity=1", `fixation detector idt has no parameter "velocity"; it has dispersion, duration, gap`},
		{good, "ivt:velocity=0", `fixation detector ivt: velocity is "0", expected a number from 0.001 to 1000`},
		{good, "auto:gap=1", `fixation detector auto has no parameter "gap"; it has none`},
		{good, "released:drop-last=maybe", `fixation detector released: drop-last is "maybe", expected no or yes`},
		{good, "adaptive", place + "60 samples per second, expected 200 or more for detector adaptive; idt and ivt take fewer"},
		{noResolution, "ivt", place + "the pixels in a degree of visual angle are not known, expected them for detector ivt; detector released needs none"},
		{with(func(r *gaze.Recording) { r.Width, r.Height = 0, 0 }), "released", place + "the height of the frame is not known, expected it for detector released"},
		{with(func(r *gaze.Recording) { r.Samples[3].Time = 0 }), "idt", place + "sample 4 at 0 s follows one at 0.03333333333333333 s, expected times that do not decrease"},
		{with(func(r *gaze.Recording) { r.Samples[3].Time = math.NaN() }), "idt", place + "sample 4 has the time NaN, expected seconds"},
		{with(func(r *gaze.Recording) { r.Samples[0].Time = math.Inf(-1) }), "idt", place + "sample 1 has the time -Inf, expected seconds"},
		{with(func(r *gaze.Recording) {
			for i := range r.Samples {
				r.Samples[i].Time *= 1e-4
			}
		}), "released", place + "samples 1.66667e-06 s apart, expected seconds, and 1e-05 or more between the samples of a tracker"},
		{with(func(r *gaze.Recording) { r.Samples[1].X = math.Inf(1) }), "released", place + "sample 2 at 0.016666666666666666 s has a position or a resolution that is not a number"},
		{with(func(r *gaze.Recording) { r.Samples[0].Resolution.Y = math.Inf(1) }), "idt", place + "sample 1 at 0 s has a position or a resolution that is not a number"},
	} {
		_, _, err := Detect(tc.r, tc.detector)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: error %v, want %s", tc.detector, err, tc.want)
		}
		if _, eventsErr := Events(tc.r, tc.detector); eventsErr == nil || eventsErr.Error() != err.Error() {
			t.Errorf("%s: events give the error %v", tc.detector, eventsErr)
		}
		items := [][]gaze.Recording{nil, {tc.r}, {tc.r}}
		if _, _, all := DetectAll(items, tc.detector); all == nil || all.Error() != err.Error() {
			t.Errorf("%s: all give the error %v", tc.detector, all)
		}
	}
}

func TestResolveDetector(t *testing.T) {
	got, err := ResolveDetector("idt:dispersion=1.5")
	if want := "idt:dispersion=1.5,duration=0.1,gap=0.075"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, d := range Detectors() { // what is resolved is itself a detector's text, and its defaults are legal
		first, err := ResolveDetector(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := ResolveDetector(first); err != nil || second != first {
			t.Errorf("%q resolves to %q, %v", first, second, err)
		}
	}
}

func TestEvents(t *testing.T) {
	r := lose(synthetic(500, 1.2, 0, still{100, 100, 0}, still{500, 300, .6}), .2, .3)
	for _, d := range Detectors() {
		events, err := Events(r, d.Name)
		if err != nil || len(events) != len(r.Samples) {
			t.Fatalf("%s: %d events, %v", d.Name, len(events), err)
		}
		for i, e := range events {
			if (e == Lost) != r.Samples[i].Lost() {
				t.Fatalf("%s: sample %d is %s", d.Name, i, e)
			}
		}
		if events[50] != Fixation || events[len(events)-1] != Fixation {
			t.Errorf("%s: %s and %s where the eye rests", d.Name, events[50], events[len(events)-1])
		}
	}
	for detector, want := range map[string]Event{"idt": Unclassified, "ivt": Saccade, "ihmm": Saccade, "adaptive": Saccade, "released": Fixation} {
		if events, _ := Events(r, detector); events[285] != want { // 30 ms before the new place, 26 ms after leaving the old
			t.Errorf("%s: %s in flight, want %s", detector, events[285], want)
		}
	}
	if got := Event(9).String(); got != "event 9" {
		t.Errorf("%s", got)
	}
}

// fuzzed is a recording made of bytes, five a sample: the step in milliseconds, the movement, whether the eye is lost, and
// now and then another zoom.
func fuzzed(data []byte) gaze.Recording {
	r := gaze.Recording{Image: "i", Width: 1024, Height: 768, Resolution: gaze.Resolution{X: 30, Y: 32}}
	x, y, time := 512.0, 384.0, 0.0
	for ; len(data) >= 5; data = data[5:] {
		time += float64(data[0]%20) / 1000
		x += math.Pow(float64(int8(data[1]))/16, 3)
		y += math.Pow(float64(int8(data[2]))/16, 3)
		s := gaze.Sample{X: x, Y: y, Time: time}
		if data[3]%8 == 0 {
			s.X = math.NaN()
		}
		if data[4]%8 == 0 {
			s.Resolution = gaze.Resolution{X: 1 + float64(data[4]), Y: 200}
		}
		r.Samples = append(r.Samples, s)
	}
	return r
}

// Whatever was recorded: fixations are numbers within the frame, in order and apart, as long as asked for; events and
// fixations say the same.
func FuzzDetect(f *testing.F) {
	g := rand.New(rand.NewPCG(3, 3))
	for n := range 8 {
		data := make([]byte, 5*(1+60*n))
		for i := range data {
			data[i] = byte(g.IntN(256))
			if i%5 == 1 || i%5 == 2 { // mostly at rest
				data[i] = byte(int8(g.IntN(9) - 4))
				if g.IntN(20) == 0 {
					data[i] = byte(g.IntN(256))
				}
			}
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := fuzzed(data)
		for detector, least := range map[string]float64{"idt": .1, "ivt": .1, "ihmm": .1, "adaptive:rate=1": .04, "released:duration=0.05": .05, "idt:gap=0,duration=0": 0} {
			out, report, err := Detect(r, detector)
			if err != nil {
				t.Fatal(err)
			}
			events, err := Events(r, detector)
			if err != nil || len(events) != len(r.Samples) {
				t.Fatal(len(events), err)
			}
			end := math.Inf(-1)
			for _, fixation := range out.Fixations {
				if !out.Inside(fixation.X, fixation.Y) || !(fixation.Start >= end) || !(fixation.Duration >= least-2*rounding) || math.IsInf(fixation.Duration, 0) {
					t.Errorf("%s: %+v after %g", detector, fixation, end)
				}
				end = fixation.Start + fixation.Duration - rounding
				first := slices.IndexFunc(r.Samples, func(s gaze.Sample) bool { return s.Time == fixation.Start && !s.Lost() })
				if first < 0 || !slices.Contains(events[first:], Fixation) {
					t.Errorf("%s: %+v, but no such event", detector, fixation)
				}
			}
			for i, e := range events {
				if (e == Lost) != r.Samples[i].Lost() || e == Fixation && len(out.Fixations)+report.Dropped.Outside == 0 {
					t.Errorf("%s: sample %d is %s", detector, i, e)
				}
			}
		}
	})
}

// BenchmarkDetect is every detector on ten seconds of 500 Hz, in samples per second.
func BenchmarkDetect(b *testing.B) {
	var places []still
	g := rand.New(rand.NewPCG(5, 5))
	for k := range 33 {
		places = append(places, still{50 + 900*g.Float64(), 50 + 700*g.Float64(), .3 * float64(k)})
	}
	r := synthetic(500, 10, .5, places...)
	for _, d := range Detectors() {
		b.Run("detector="+d.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Detect(r, d.Name); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(r.Samples)*b.N)/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
