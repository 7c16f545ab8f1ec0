package fixations

import (
	"errors"
	"math"
)

func init() {
	registerDetector(Detector{
		Name:  "released",
		About: "samples in a box around the first of them, as in the code released with McGIP and GzPT; needs no degrees",
		Parameters: []Parameter{
			{Name: "box", Default: "0.05", About: "largest distance from the first sample along x and along y, as a fraction of the frame's height", Least: 1e-4, Most: 1},
			durationParameter("0"),
			gapParameter,
			{Name: "position", Default: "first", About: "of a fixation: that of its first sample, or the mean of all", Choices: []string{"first", "mean"}},
			{Name: "drop-last", Default: "no", About: "yes leaves out the last fixation, as the released code does", Choices: []string{"no", "yes"}},
		},
		find: findInBoxes,
	})
}

// findInBoxes is the filter of the released code (function gazeFilter of its MultiMatch): a fixation is a sample and those
// after it up to the first with
//
//	|x - x_first| >= box * H  or  |y - y_first| >= box * H,
//
// H the height of the frame, which begins the next. The released code has 40 pixels in a frame 800 high. There is no saccade
// and, by default, no shortest fixation: one sample on the way from place to place is a fixation of one step. The released
// code counts durations in samples and knows no gaps.
func findInBoxes(t *trace, s settings) ([]stretch, error) {
	reach := s.Number("box") * t.recording.Height
	if !(reach > 0) || math.IsInf(reach, 0) {
		return nil, errors.New("the height of the frame is not known, expected it for detector released")
	}
	var found []stretch
	for _, p := range t.parts {
		for first := p.first; first < p.end; {
			x, y := t.pixels(first)
			end := first + 1
			for ; end < p.end; end++ {
				if u, v := t.pixels(end); math.Abs(u-x) >= reach*(1-slack) || math.Abs(v-y) >= reach*(1-slack) {
					break
				}
			}
			run := stretch{first: first, end: end, event: Fixation}
			if s["position"] == "first" {
				run.place = first + 1
			}
			found = append(found, run)
			first = end
		}
	}
	if s["drop-last"] == "yes" && len(found) > 0 {
		found = found[:len(found)-1]
	}
	return t.lasting(found, s.Number("duration")), nil
}

// lasting is the stretches of at least that many seconds.
func (t *trace) lasting(found []stretch, seconds float64) []stretch {
	kept := found[:0]
	for _, f := range found {
		if t.lasts(f.first, f.end, seconds) {
			kept = append(kept, f)
		}
	}
	return kept
}
