package phantom

import (
	"math"
	"math/rand/v2"
)

// Ellipse is a region of a phantom, in fractions of its side: centre, half-axes, and the angle of the first half-axis
// against the x-axis, in radians.
type Ellipse struct {
	X, Y, A, B, Angle float64
}

// Scene is what there is to see in a phantom: outlines, without the class.
type Scene struct {
	Organ Ellipse
	// Lesion is the parts of the lesion; Spots are harmless.
	Lesion, Spots []Ellipse
	// Vessels are lines from one place to another, bent over a third.
	Vessels []Vessel
}

// Vessel is a curve of the second degree through three control points, and its width.
type Vessel struct {
	X, Y  [3]float64
	Width float64
}

// Classes are the names of the classes, by habit of the lesion.
var Classes = []string{"cluster", "mass", "nodule", "streak"}

// habit is the range of the lesions of a class: uniform between two bounds.
type habit struct {
	parts [2]int
	// size is the half-axis of a part, stretch how many times longer than wide it is, with the area kept.
	size, stretch [2]float64
	// region is the angle at which the lesion lies as seen from the organ's centre, in units of pi clockwise from the
	// right, and offset how far out, in fractions of the organ's radius.
	region, offset [2]float64
	// spread is the distance of the parts from the lesion's centre.
	spread [2]float64
}

// habits are those of Classes. Half-axes overlap between one class and another, and so do regions: neither a length nor the
// place alone decides. The smallest part is two and a half pixels across where the demo paints 32 of them, enough to be seen.
var habits = []habit{
	{parts: [2]int{3, 5}, size: [2]float64{0.04, 0.06}, stretch: [2]float64{1, 1.3}, region: [2]float64{1.2, 1.8}, offset: [2]float64{0.3, 0.6}, spread: [2]float64{0.1, 0.16}},
	{parts: [2]int{1, 1}, size: [2]float64{0.14, 0.2}, stretch: [2]float64{1, 1.4}, region: [2]float64{0, 2}, offset: [2]float64{0, 0.35}},
	{parts: [2]int{1, 1}, size: [2]float64{0.055, 0.085}, stretch: [2]float64{1, 1.2}, region: [2]float64{0, 2}, offset: [2]float64{0.45, 0.7}},
	{parts: [2]int{1, 1}, size: [2]float64{0.09, 0.12}, stretch: [2]float64{3, 4.5}, region: [2]float64{0.2, 0.8}, offset: [2]float64{0.3, 0.6}},
}

// newScene draws the outlines of a phantom of a class.
func newScene(r *rand.Rand, class int) Scene {
	var s Scene
	s.Organ = Ellipse{X: around(r, 0.5, 0.06), Y: around(r, 0.5, 0.06), A: between(r, 0.32, 0.46), B: between(r, 0.32, 0.46), Angle: between(r, 0, math.Pi)}
	s.addLesion(r, habits[class])
	for range 3 + r.IntN(4) {
		size := between(r, 0.03, 0.14)
		spot := Ellipse{A: size, B: size * between(r, 0.6, 1), Angle: between(r, 0, math.Pi)}
		spot.X, spot.Y = s.Organ.place(between(r, 0, 2), math.Sqrt(r.Float64())*0.85)
		s.Spots = append(s.Spots, spot)
	}
	for range 3 + r.IntN(4) {
		var v Vessel
		for k := range v.X {
			v.X[k], v.Y[k] = s.Organ.place(between(r, 0, 2), math.Sqrt(r.Float64())*0.95)
		}
		v.Width = between(r, 0.006, 0.014)
		s.Vessels = append(s.Vessels, v)
	}
	return s
}

// addLesion places a lesion of the given habit in the organ.
func (s *Scene) addLesion(r *rand.Rand, h habit) {
	x, y := s.Organ.place(between(r, h.region[0], h.region[1]), between(r, h.offset[0], h.offset[1]))
	parts := h.parts[0] + r.IntN(h.parts[1]-h.parts[0]+1)
	turn := between(r, 0, 2*math.Pi)
	for k := range parts {
		size, stretch := between(r, h.size[0], h.size[1]), math.Sqrt(between(r, h.stretch[0], h.stretch[1]))
		part := Ellipse{X: x, Y: y, A: size * stretch, B: size / stretch, Angle: between(r, 0, math.Pi)}
		if parts > 1 {
			distance := between(r, h.spread[0], h.spread[1])
			sin, cos := math.Sincos(turn + 2*math.Pi*float64(k)/float64(parts))
			part.X, part.Y = x+distance*cos, y+distance*sin
		}
		s.Lesion = append(s.Lesion, part)
	}
}

// place is the point at an angle in units of pi clockwise from the right, offset times the way from the centre to the
// border.
func (e Ellipse) place(angle, offset float64) (x, y float64) {
	sin, cos := math.Sincos(angle*math.Pi - e.Angle)
	return e.turn(offset*e.A*cos, offset*e.B*sin)
}

// turn brings a point in units of the axes to the frame of the phantom.
func (e Ellipse) turn(u, v float64) (x, y float64) {
	sin, cos := math.Sincos(e.Angle)
	return e.X + u*cos - v*sin, e.Y + u*sin + v*cos
}

// depth is how far inside a point lies, in fractions of the side: 0 on the border, negative outside; exact on a circle,
// elsewhere close near the border.
func (e Ellipse) depth(x, y float64) float64 {
	sin, cos := math.Sincos(e.Angle)
	dx, dy := x-e.X, y-e.Y
	u, v := (dx*cos+dy*sin)/e.A, (dy*cos-dx*sin)/e.B
	rho := math.Hypot(u, v)
	if rho == 0 {
		return min(e.A, e.B)
	}
	return rho * (1 - rho) / math.Hypot(u/e.A, v/e.B)
}

func between(r *rand.Rand, from, to float64) float64 { return from + r.Float64()*(to-from) }

// around is normally distributed with a standard deviation, cut at two of them.
func around(r *rand.Rand, mean, deviation float64) float64 {
	return mean + deviation*min(max(r.NormFloat64(), -2), 2)
}
