package scanpaths

import "math"

// momentGrid is the side of the image that moments are taken of.
const momentGrid = 32

// moment describes a map by its amount and its shape.
type moment struct {
	// mass is M00 = sum I.
	mass float64
	// spread is Hu's first invariant (IRE Transactions 1962), H = eta20 + eta02, eta_pq = mu_pq / M00^(1+(p+q)/2), with
	// mu_pq the central moments in columns and rows.
	spread float64
}

// momentOf is the moment of a square image; an image of zeros has zeros.
func momentOf(image []float64) moment {
	side := int(math.Sqrt(float64(len(image))))
	var mass, mx, my float64
	for k, v := range image {
		mass += v
		mx += v * float64(k%side)
		my += v * float64(k/side)
	}
	if mass == 0 {
		return moment{}
	}
	mx, my = mx/mass, my/mass
	var square float64 // mu20 + mu02
	for k, v := range image {
		dx, dy := float64(k%side)-mx, float64(k/side)-my
		square += v * (dx*dx + dy*dy)
	}
	return moment{mass, square / (mass * mass)}
}

// relativeDifference is |a-b| / max(a,b) of numbers that are not negative: 0 where they are equal.
func relativeDifference(a, b float64) float64 {
	if a == b {
		return 0
	}
	return math.Abs(a-b) / math.Max(a, b)
}

// momentWeights are the shares of mass and spread in the distance of two moments.
type momentWeights struct{ mass, spread float64 }

func (w momentWeights) distance(a, b moment) float64 {
	return w.mass*relativeDifference(a.mass, b.mass) + w.spread*relativeDifference(a.spread, b.spread)
}
