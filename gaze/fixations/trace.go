package fixations

import (
	"fmt"
	"math"
	"slices"

	"gzpt/gaze"
)

// trace is the valid samples of a recording, one after the other.
type trace struct {
	recording gaze.Recording
	// sample is the index of each in the recording.
	sample []int
	// x and y are degrees of visual angle from an arbitrary point where degrees is true, pixels otherwise.
	x, y    []float64
	degrees bool
	// time is when a sample was taken, until up to when it stands, in seconds.
	time, until []float64
	// step is the median time between two samples of the recording, 0 for fewer than two.
	step float64
	// parts are the stretches between gaps, which no event crosses.
	parts []part
}

// part is the samples first .. end-1 of a trace.
type part struct{ first, end int }

// newTrace checks the samples of a recording and cuts them at gaps.
func newTrace(r gaze.Recording, gap float64) (*trace, error) {
	t := &trace{recording: r, degrees: true}
	if err := checkSamples(r.Samples); err != nil {
		return nil, err
	}
	t.step = medianStep(r.Samples)
	if t.step > 0 && t.step < leastStep {
		return nil, fmt.Errorf("samples %.6g s apart, expected seconds, and %g or more between the samples of a tracker", t.step, leastStep)
	}
	t.sample, t.time, t.until = make([]int, 0, len(r.Samples)), make([]float64, 0, len(r.Samples)), make([]float64, 0, len(r.Samples))
	for i, s := range r.Samples {
		if s.Lost() {
			continue
		}
		until := s.Time + t.step
		if i+1 < len(r.Samples) {
			until = min(until, r.Samples[i+1].Time)
		}
		n := len(t.time)
		if n == 0 || s.Time-t.time[n-1] > gap+rounding {
			t.parts = append(t.parts, part{n, n})
		}
		t.parts[len(t.parts)-1].end = n + 1
		t.sample, t.time, t.until = append(t.sample, i), append(t.time, s.Time), append(t.until, until)
		t.degrees = t.degrees && s.Resolution.Or(r.Resolution).Known()
	}
	t.place()
	return t, nil
}

// place fills in x and y. Under zoom the degrees go on from the sample before: a movement counts by the resolution at its
// end.
func (t *trace) place() {
	t.x, t.y = make([]float64, len(t.sample)), make([]float64, len(t.sample))
	var before gaze.Sample
	scale := gaze.Resolution{X: 1, Y: 1}
	var offsetX, offsetY float64
	for k, i := range t.sample {
		s := t.recording.Samples[i]
		if now := s.Resolution.Or(t.recording.Resolution); t.degrees && now != scale {
			if k > 0 {
				offsetX, offsetY = t.x[k-1]-before.X/now.X, t.y[k-1]-before.Y/now.Y
			}
			scale = now
		}
		t.x[k], t.y[k] = offsetX+s.X/scale.X, offsetY+s.Y/scale.Y
		before = s
	}
}

// checkSamples demands numbers, and times that do not decrease.
func checkSamples(samples []gaze.Sample) error {
	for i, s := range samples {
		r := s.Resolution
		switch {
		case math.IsNaN(s.Time) || math.IsInf(s.Time, 0):
			return fmt.Errorf("sample %d has the time %g, expected seconds", i+1, s.Time)
		case i > 0 && s.Time < samples[i-1].Time:
			return fmt.Errorf("sample %d at %g s follows one at %g s, expected times that do not decrease", i+1, s.Time, samples[i-1].Time)
		case !s.Lost() && (math.IsInf(s.X, 0) || math.IsInf(s.Y, 0)), math.IsInf(r.X, 0), math.IsInf(r.Y, 0):
			return fmt.Errorf("sample %d at %g s has a position or a resolution that is not a number", i+1, s.Time)
		}
	}
	return nil
}

// medianStep is the median time between successive samples that are not of the same instant, lost ones included.
func medianStep(samples []gaze.Sample) float64 {
	var steps []float64
	for i := 1; i < len(samples); i++ {
		if step := samples[i].Time - samples[i-1].Time; step > 0 {
			steps = append(steps, step)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// leastStep is far below the step of any tracker: times in another unit are an error here, not a recording of an instant.
const leastStep = 1e-5

// rounding is what times in seconds may be off by, far below a step of any tracker.
const rounding = 1e-9

// slack is what other numbers may be off by: distances and speeds relative to a threshold, speeds among each other in degrees per
// second, and steps of even times in a window.
const slack = 1e-6

// lasts reports whether the samples first .. end-1 make at least that many seconds.
func (t *trace) lasts(first, end int, seconds float64) bool {
	return end > first && t.until[end-1]-t.time[first] >= seconds-rounding
}

// samples is how many steps of the tracker a time has, to the nearest whole number and the larger of two: at least 1.
func (t *trace) samples(seconds float64) int {
	if t.step == 0 {
		return 1
	}
	return max(1, int(math.Floor(math.Min(seconds/t.step, 1e6)+.5+slack)))
}

// runs calls do for every run of samples of p for which is gives the same answer.
func (p part) runs(is func(k int) bool, do func(first, end int, yes bool)) {
	for first := p.first; first < p.end; {
		yes, end := is(first), first+1
		for end < p.end && is(end) == yes {
			end++
		}
		do(first, end, yes)
		first = end
	}
}

// pixels is the position of sample k in the frame.
func (t *trace) pixels(k int) (x, y float64) {
	s := t.recording.Samples[t.sample[k]]
	return s.X, s.Y
}

// fixation is a stretch of the trace in the frame of the recording.
func (t *trace) fixation(s stretch) gaze.Fixation {
	f := gaze.Fixation{Start: t.time[s.first], Duration: t.until[s.end-1] - t.time[s.first]}
	var weight, known float64
	var x, y, rx, ry float64 // from the first sample, so that equal positions have that one as their mean, and equal resolutions
	var first gaze.Resolution
	x0, y0 := t.pixels(s.first)
	for k := s.first; k < s.end; k++ {
		sample := t.recording.Samples[t.sample[k]]
		w := t.until[k] - t.time[k]
		if f.Duration <= 0 { // samples of one instant
			w = 1
		}
		weight += w
		x, y = x+w*(sample.X-x0), y+w*(sample.Y-y0)
		if sample.Resolution.Known() {
			first = first.Or(sample.Resolution)
			known += w
			rx, ry = rx+w*(sample.Resolution.X-first.X), ry+w*(sample.Resolution.Y-first.Y)
		}
	}
	f.X, f.Y = x0+x/weight, y0+y/weight
	if known > 0 {
		f.Resolution = gaze.Resolution{X: first.X + rx/known, Y: first.Y + ry/known}
	}
	if s.place > 0 {
		f.X, f.Y = t.pixels(s.place - 1)
	}
	return f
}
