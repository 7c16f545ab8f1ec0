package phantom

import (
	"math"
	"math/rand/v2"

	"gzpt/nn/data"
)

const (
	// blindness is how often the reader does not see the lesion.
	blindness = 0.1
	// tremor is the standard deviation of a fixation around what it is meant for: the eye's and the tracker's error, about
	// half a degree where the image fills 25.
	tremor = 0.02
)

// look is how the simulated reader looks at a scene, positions in fractions of the side.
func look(r *rand.Rand, s *Scene) []data.Fixation {
	p := &scanpath{random: r}
	p.search(s, 2+r.IntN(3))
	if r.Float64() < blindness {
		p.search(s, 3+r.IntN(5))
		return p.fixations
	}
	for k, i := range r.Perm(len(s.Lesion)) {
		p.dwell(s.Lesion[i])
		if k == 0 && r.Float64() < 0.3 {
			p.search(s, 1)
		}
	}
	if r.Float64() < 0.5 {
		p.search(s, 1+r.IntN(2))
		p.rest(s.Lesion[r.IntN(len(s.Lesion))], 0.3)
	}
	return p.fixations
}

// scanpath is the fixations so far.
type scanpath struct {
	random    *rand.Rand
	fixations []data.Fixation
	now       float64
}

// search looks at n places that draw the eye: mostly spots and vessels, sometimes anything in the organ.
func (p *scanpath) search(s *Scene, n int) {
	for range n {
		switch u := p.random.Float64(); {
		case u < 0.55:
			p.rest(s.Spots[p.random.IntN(len(s.Spots))], 0.2)
		case u < 0.8:
			v := s.Vessels[p.random.IntN(len(s.Vessels))]
			x, y := v.at(p.random.Float64())
			p.rest(Ellipse{X: x, Y: y}, 0.2)
		default:
			p.rest(s.Organ, 0.2)
		}
	}
}

// dwell rests on a region once, and once more for about every 0.03 that it extends, as far as it extends.
func (p *scanpath) dwell(e Ellipse) {
	n := 1 + int(math.Round((e.A+e.B)/0.03*between(p.random, 0.6, 1.4)))
	for range min(n, 12) {
		p.rest(e, 0.35)
	}
}

// rest adds a fixation of about the given seconds somewhere on a region, after a saccade.
func (p *scanpath) rest(e Ellipse, seconds float64) {
	angle, radius := between(p.random, 0, 2*math.Pi), math.Sqrt(p.random.Float64())
	x, y := e.turn(e.A*radius*math.Cos(angle), e.B*radius*math.Sin(angle))
	f := data.Fixation{
		X: inside(x + tremor*p.random.NormFloat64()), Y: inside(y + tremor*p.random.NormFloat64()),
		Start: p.now, Duration: seconds * math.Exp(0.35*p.random.NormFloat64()),
	}
	p.fixations = append(p.fixations, f)
	p.now += f.Duration + between(p.random, 0.02, 0.06)
}

// inside keeps a position on the image.
func inside(v float64) float64 { return min(max(v, 0.001), 0.999) }
