package fixations

import (
	"fmt"
	"math"
	"slices"
)

func init() {
	registerDetector(Detector{
		Name:  "adaptive",
		About: "what lies between saccades and their glissades, found by speeds that follow from the recording's noise (Nyström & Holmqvist); for trackers of 200 Hz or more",
		Parameters: []Parameter{
			{Name: "velocity", Default: "100", About: "speed in degrees per second from which the search for the threshold begins", Least: 1, Most: 1000},
			durationParameter("0.04"),
			{Name: "saccade", Default: "0.01", About: "shortest saccade in seconds", Least: 0, Most: 1},
			{Name: "glissade", Default: "0.08", About: "longest glissade in seconds", Least: 0, Most: 1},
			{Name: "fastest", Default: "1000", About: "speed in degrees per second above which there is no eye movement but noise", Least: 1, Most: 1e5},
			{Name: "acceleration", Default: "100000", About: "acceleration in degrees per second squared above which there is only noise", Least: 1, Most: 1e9},
			{Name: "rate", Default: "200", About: "fewest samples per second; recordings with fewer are refused", Least: 1, Most: 1e5},
			windowParameter(),
			gapParameter,
		},
		degrees: true,
		find:    findAdaptively,
	})
}

// findAdaptively is the adaptive velocity algorithm of Nyström & Holmqvist (Behavior Research Methods 42(1):188, 2010), with
// the constants of the paper:
//
//  1. Speeds are those of a Savitzky-Golay filter of twice the shortest saccade, as in the authors' program 2n - 1 samples
//     where a saccade has n, accelerations those of the filter applied once more. What is faster than an eye can be is noise,
//     from where the speed leaves twice its median to where it is back.
//  2. The peak threshold begins at 100 degrees per second and becomes the mean plus six standard deviations of the speeds
//     below it, until it changes by less than 1. As in the authors' program, these are the speeds of runs as long as a
//     fixation, a sixth of the shortest fixation cut off at either end: with all of them the threshold need not fall. Here it
//     never rises either, as in a recording with blinks it may, without bound.
//  3. A saccade is a run above the peak threshold, from the last local minimum below the onset threshold, mean plus three
//     standard deviations, to the first below the offset threshold: 0.7 times that of the onset and 0.3 times the mean plus
//     three standard deviations of the 40 ms before the saccade, or the onset's where that noise exceeds the peak threshold.
//  4. A glissade follows a saccade if the speed passes the offset threshold again and returns below it within 40 ms; it
//     lasts to the local minimum after that.
//  5. What remains between them, and lasts, is a fixation. Noise ends it; the authors' program drops it.
//
// The paper's filters are for even steps; here every fit is to the real times. Smooth pursuit is not looked for and becomes
// fixation. The paper's trackers had 1250 Hz; below 200 Hz a saccade has too few samples for its shape to be seen.
func findAdaptively(t *trace, s settings) ([]stretch, error) {
	if least := s.Number("rate"); t.step > 0 && math.Round(1/t.step) < least {
		return nil, fmt.Errorf("%.0f samples per second, expected %g or more for detector adaptive; idt and ivt take fewer", 1/t.step, least)
	}
	a := newAdaptive(t, s)
	a.markNoise(s.Number("fastest"), s.Number("acceleration"))
	a.findThresholds(s.Number("velocity"))
	var found []stretch
	for _, p := range t.parts {
		found = append(found, a.events(p)...)
	}
	return found, nil
}

// adaptive is the state of the search for saccades. Times are in samples.
type adaptive struct {
	*trace
	speeds, accelerations []float64 // degrees per second, and per second squared
	noise                 []bool
	shortest              float64 // fixation, in seconds
	// before is the shortest fixation: of the noise before a saccade, and of the window in which a glissade ends; margin is what
	// is cut off at either end of a run.
	before, margin, saccade, glissade int
	peak, onset                       float64 // thresholds
}

func newAdaptive(t *trace, s settings) *adaptive {
	half := t.halfFilter(s.Number("window"))
	vx, vy := t.slopes(t.x, half), t.slopes(t.y, half)
	const paperFixation = 0.04
	before := t.samples(paperFixation)
	return &adaptive{
		trace: t, speeds: lengths(vx, vy), accelerations: lengths(t.slopes(vx, half), t.slopes(vy, half)),
		noise: make([]bool, len(t.x)), shortest: s.Number("duration"),
		before: before, margin: before / 6, saccade: t.samples(s.Number("saccade")), glissade: t.samples(s.Number("glissade")),
	}
}

// halfFilter is the samples to either side of the middle one in the authors' filter, which has 2 ceil(n) - 1 samples, n of them
// in half a window.
func (t *trace) halfFilter(window float64) int {
	if t.step == 0 {
		return 1
	}
	return max(1, int(math.Ceil(math.Min(window/2/t.step, 1e6)-slack))-1) // 5.0000001 samples are 5
}

// markNoise finds what no eye does.
func (a *adaptive) markNoise(fastest, acceleration float64) {
	if len(a.speeds) == 0 {
		return
	}
	sorted := slices.Sorted(slices.Values(a.speeds))
	calm := 2 * sorted[len(sorted)/2]
	for _, p := range a.parts {
		for k := p.first; k < p.end; k++ {
			if a.noise[k] || a.speeds[k] <= fastest && a.accelerations[k] <= acceleration {
				continue
			}
			for i := k; i >= p.first && (i == k || a.speeds[i] > calm); i-- {
				a.noise[i] = true
			}
			for i := k + 1; i < p.end && a.speeds[i] > calm; i++ {
				a.noise[i] = true
			}
		}
	}
}

// findThresholds lets the peak threshold fall until it settles. Where nothing is below it, it is the onset's too.
func (a *adaptive) findThresholds(begin float64) {
	a.peak, a.onset = begin, begin
	for settled := false; !settled; {
		var calm []float64
		for _, p := range a.parts {
			p.runs(func(k int) bool { return a.speeds[k] < a.peak && !a.noise[k] }, func(first, end int, slow bool) {
				if slow && a.lasts(first, end, a.shortest) && end-first > 2*a.margin {
					calm = append(calm, a.speeds[first+a.margin:end-a.margin]...)
				}
			})
		}
		if len(calm) == 0 {
			return
		}
		mean, sd := meanAndSD(calm)
		settled = mean+6*sd > a.peak-1
		a.peak = min(a.peak, mean+6*sd)
		a.onset = min(a.peak, mean+3*sd)
	}
}

// events are the saccades, glissades and fixations of a part.
func (a *adaptive) events(p part) []stretch {
	var found []stretch
	free := p.first // where the event before ended
	for k := p.first; k < p.end; k++ {
		if a.noise[k] || a.speeds[k] <= a.peak {
			continue
		}
		saccade, offset, ok := a.saccadeAt(p, free, k)
		if !ok {
			for k+1 < p.end && a.speeds[k+1] > a.peak {
				k++
			}
			continue
		}
		found = a.appendFixations(found, part{free, saccade.first})
		found = append(found, saccade)
		free = saccade.end
		if glissade, ok := a.glissadeAfter(p, saccade, offset); ok {
			found = append(found, glissade)
			free = glissade.end
		}
		k = free - 1
	}
	return a.appendFixations(found, part{free, p.end})
}

// saccadeAt is the saccade with a peak that begins at sample k, and its offset threshold; none where it would be too short
// or has noise in it. It begins at sample free at the earliest.
func (a *adaptive) saccadeAt(p part, free, k int) (s stretch, offset float64, ok bool) {
	first := k
	for first > free && (a.speeds[first] > a.onset || a.slower(first-1, first)) {
		first--
	}
	offset = a.onset
	if mean, sd := meanAndSD(a.speeds[max(free, first-a.before):first]); first > free && mean+3*sd < a.peak {
		offset = 0.7*a.onset + 0.3*(mean+3*sd)
	}
	last := k
	for last+1 < p.end && a.speeds[last+1] > a.peak {
		last++
	}
	last = a.settle(p, last, offset)
	s = stretch{first: first, end: last + 1, event: Saccade}
	return s, offset, s.end-s.first >= a.saccade && !slices.Contains(a.noise[s.first:s.end], true)
}

// slower reports whether the eye is slower at sample k than at sample l, by more than rounding: on whole pixels many speeds are
// equal.
func (a *adaptive) slower(k, l int) bool { return a.speeds[k] < a.speeds[l]-slack }

// settle is the first sample from k on that is not above a threshold and is a local minimum; the last of the part if there
// is none.
func (a *adaptive) settle(p part, k int, threshold float64) int {
	for k+1 < p.end && (a.speeds[k] > threshold || a.slower(k+1, k)) {
		k++
	}
	return k
}

// glissadeAfter is the glissade that follows a saccade, if one does. One that is as fast as a saccade must be smaller.
func (a *adaptive) glissadeAfter(p part, saccade stretch, offset float64) (stretch, bool) {
	begin := saccade.end
	window := min(begin+a.before, p.end)
	end, rising := 0, false
	for k := begin; k < window; k++ {
		above := a.speeds[k] > offset
		if rising && !above {
			end = k
		}
		rising = above
	}
	if end == 0 {
		return stretch{}, false
	}
	end = a.settle(p, end, offset) + 1
	fast := slices.Max(a.speeds[begin:end]) > a.peak
	if end-begin > a.glissade || slices.Contains(a.noise[begin:end], true) ||
		fast && a.distance(begin-1, end-1) >= a.distance(saccade.first, begin-1) {
		return stretch{}, false
	}
	return stretch{first: begin, end: end, event: Glissade}, true
}

// distance is how far the eye is at sample l from where it is at sample k, in degrees.
func (a *adaptive) distance(k, l int) float64 { return math.Hypot(a.x[l]-a.x[k], a.y[l]-a.y[k]) }

// appendFixations adds what lasts of a stretch without saccades, between noise.
func (a *adaptive) appendFixations(found []stretch, free part) []stretch {
	free.runs(func(k int) bool { return a.noise[k] }, func(first, end int, noise bool) {
		if !noise && a.lasts(first, end, a.shortest) {
			found = append(found, stretch{first: first, end: end, event: Fixation})
		}
	})
	return found
}

// meanAndSD are the mean and the standard deviation of a sample; 0 for none, and no deviation of one.
func meanAndSD(values []float64) (mean, sd float64) {
	if len(values) == 0 {
		return 0, 0
	}
	for _, v := range values {
		mean += v / float64(len(values))
	}
	if len(values) > 1 {
		for _, v := range values {
			sd += (v - mean) * (v - mean) / float64(len(values)-1)
		}
	}
	return mean, math.Sqrt(sd)
}
