package fixations

import "math"

// windowParameter is how long a stretch of the trace a velocity is measured over.
func windowParameter() Parameter {
	return Parameter{Name: "window", Default: "0.02", About: "seconds that a velocity is measured over", Least: 0, Most: 1}
}

// slopes is the velocity of a value at every sample, per second: the slope of the straight line that fits the values of
// half samples to either side best, by least squares over their real times; half is 1 at least. At a gap the window lies on
// the sample's side of it and keeps its length. With even steps that is the differentiating filter of Savitzky & Golay
// (Analytical Chemistry 1964) of order 2, which smooths noise by the number of samples and leaves a constant velocity and a
// constant acceleration as they are.
func (t *trace) slopes(values []float64, half int) []float64 {
	reach := 1.5*float64(2*half)*t.step + rounding
	out := make([]float64, len(values))
	for _, p := range t.parts {
		for k := p.first; k < p.end; k++ {
			first := max(min(k-half, p.end-1-2*half), p.first)
			end := min(first+2*half+1, p.end)
			for first < k-1 && t.time[k]-t.time[first] > reach { // lost samples in between
				first++
			}
			for end > k+2 && t.time[end-1]-t.time[k] > reach {
				end--
			}
			out[k] = slope(t.time[first:end], values[first:end])
		}
	}
	return out
}

// slope is that of the line through (x, y) by least squares; 0 where all x are the same.
func slope(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my float64 // relative to the first, as times may be large
	for i := range x {
		mx, my = mx+(x[i]-x[0])/n, my+(y[i]-y[0])/n
	}
	var xx, xy float64
	for i := range x {
		dx := x[i] - x[0] - mx
		xx += dx * dx
		xy += dx * (y[i] - y[0] - my)
	}
	if xx == 0 {
		return 0
	}
	return xy / xx
}

// speeds is how fast the eye moves at every sample, in degrees per second, measured over as many samples to either side as half a
// window has.
func (t *trace) speeds(window float64) []float64 {
	half := t.samples(window / 2)
	return lengths(t.slopes(t.x, half), t.slopes(t.y, half))
}

func lengths(x, y []float64) []float64 {
	out := make([]float64, len(x))
	for k := range out {
		out[k] = math.Hypot(x[k], y[k])
	}
	return out
}

// asFastAs reports of a sample whether its speed is a velocity or more.
func asFastAs(velocity float64, speeds []float64) func(k int) bool {
	return func(k int) bool { return speeds[k] >= velocity*(1-slack) }
}

// bySpeed makes saccades of the runs of fast samples, and fixations of the runs of slow ones that last.
func (t *trace) bySpeed(fast func(k int) bool, duration float64) []stretch {
	var found []stretch
	for _, p := range t.parts {
		p.runs(fast, func(first, end int, isFast bool) {
			switch {
			case isFast:
				found = append(found, stretch{first: first, end: end, event: Saccade})
			case t.lasts(first, end, duration):
				found = append(found, stretch{first: first, end: end, event: Fixation})
			}
		})
	}
	return found
}
