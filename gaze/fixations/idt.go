package fixations

func init() {
	registerDetector(Detector{
		Name:  "idt",
		About: "samples that stay close together for long enough (I-DT)",
		Parameters: []Parameter{
			{Name: "dispersion", Default: "1", About: "largest width plus height of a fixation's samples in degrees", Least: 1e-3, Most: 90},
			durationParameter("0.1"),
			gapParameter,
		},
		degrees: true,
		find:    findByDispersion,
	})
}

// findByDispersion is identification by dispersion threshold, I-DT (Salvucci & Goldberg, ETRA 2000, section 3.3): from the
// first sample on, a window of the shortest duration is taken. If its dispersion
//
//	D = (max x - min x) + (max y - min y)
//
// is above the threshold, its first sample is left out and the next window begins one later. Otherwise the window grows
// until the next sample would bring D above the threshold; it is a fixation, and the next window begins behind it. The
// defaults, 1 degree and 100 ms, are within the ranges that the paper gives.
//
// Samples outside fixations are unclassified: I-DT does not look for saccades.
func findByDispersion(t *trace, s settings) ([]stretch, error) {
	var found []stretch
	threshold, duration := s.Number("dispersion")*(1+slack), s.Number("duration")
	for _, p := range t.parts {
		end := p.first
		for first := p.first; first < p.end; {
			for end = max(end, first+1); end < p.end && !t.lasts(first, end, duration); {
				end++
			}
			if !t.lasts(first, end, duration) {
				break
			}
			b, next := newBox(t, end-1), end-2
			for next >= first && b.with(t, next).dispersion() <= threshold {
				b = b.with(t, next)
				next--
			}
			if next >= first { // so does every window from a sample up to next to end
				first = next + 1
				continue
			}
			for end < p.end && b.with(t, end).dispersion() <= threshold {
				b = b.with(t, end)
				end++
			}
			found = append(found, stretch{first: first, end: end, event: Fixation})
			first = end
		}
	}
	return found, nil
}

// box is the smallest that holds some samples.
type box struct{ left, right, top, bottom float64 }

func newBox(t *trace, k int) box { return box{t.x[k], t.x[k], t.y[k], t.y[k]} }

// with is the box that holds sample k too.
func (b box) with(t *trace, k int) box {
	return box{min(b.left, t.x[k]), max(b.right, t.x[k]), min(b.top, t.y[k]), max(b.bottom, t.y[k])}
}

func (b box) dispersion() float64 { return (b.right - b.left) + (b.bottom - b.top) }
