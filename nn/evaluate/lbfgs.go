package evaluate

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
)

const (
	memory = 20
	// flat is the largest gradient entry at which the minimum counts as reached: far below what moves a prediction.
	flat = 1e-6
	// near is the largest at which a search that had to end is as good as done: that of scikit-learn's LogisticRegression, of whose
	// fits nobody is warned either.
	near = 1e-4
	// The line search asks for at least sufficient of the decrease that the slope promises, and for a slope that has
	// fallen to at most curvature of the first: the weak Wolfe conditions with their usual constants.
	sufficient, curvature = 1e-4, 0.9
	maxHalvings           = 60
)

// descent is a minimisation by L-BFGS (Liu & Nocedal, Mathematical Programming 1989) of a smooth convex function, which
// returns its value at x and writes its gradient.
type descent struct {
	function    func(gradient, x []float64) float64
	x, gradient []float64
	value       float64
	direction   []float64
	steps       [][]float64 // x_k+1 - x_k, oldest first, at most memory of them
	changes     [][]float64 // of the gradient, likewise
}

// minimise searches the minimum from start and returns where it is. Where the search ends before, after so many iterations or
// because no lower point is found, left is the largest entry of the gradient there, 0 where that is no more than near.
func minimise(function func(gradient, x []float64) float64, start []float64, iterations int) (at []float64, left float64, err error) {
	n := len(start)
	d := &descent{function: function, x: append([]float64(nil), start...), gradient: make([]float64, n), direction: make([]float64, n)}
	d.value = function(d.gradient, d.x)
	for done := 0; ; done++ {
		if math.IsNaN(d.value) || math.IsInf(d.value, 0) {
			return nil, 0, errors.New("the objective is not finite")
		}
		if left = floats.Norm(d.gradient, math.Inf(1)); left <= flat {
			return d.x, 0, nil
		}
		if done == iterations {
			return d.x, beyond(left), nil
		}
		d.point()
		if !d.step() {
			return d.x, beyond(left), nil
		}
	}
}

// beyond is what is left of a gradient, 0 where that is near.
func beyond(left float64) float64 {
	if left <= near {
		return 0
	}
	return left
}

// point sets direction to the negative gradient times the approximate inverse Hessian: the two-loop recursion.
func (d *descent) point() {
	copy(d.direction, d.gradient)
	alpha := make([]float64, len(d.steps))
	for k := len(d.steps) - 1; k >= 0; k-- {
		s, y := d.steps[k], d.changes[k]
		alpha[k] = floats.Dot(s, d.direction) / floats.Dot(s, y)
		floats.AddScaled(d.direction, -alpha[k], y)
	}
	if k := len(d.steps) - 1; k >= 0 {
		floats.Scale(floats.Dot(d.steps[k], d.changes[k])/floats.Dot(d.changes[k], d.changes[k]), d.direction)
	}
	for k, s := range d.steps {
		y := d.changes[k]
		floats.AddScaled(d.direction, alpha[k]-floats.Dot(y, d.direction)/floats.Dot(s, y), s)
	}
	floats.Scale(-1, d.direction)
}

// step moves along direction to a point that fulfils the weak Wolfe conditions, found by bisection (Lewis & Overton,
// Mathematical Programming 2013), and remembers the step. It returns false if there is none.
func (d *descent) step() bool {
	slope := floats.Dot(d.gradient, d.direction)
	length, low, high := 1.0, 0.0, math.Inf(1)
	if len(d.steps) == 0 {
		length = 1 / math.Max(1, floats.Norm(d.gradient, 2))
	}
	x, gradient := make([]float64, len(d.x)), make([]float64, len(d.x))
	for range maxHalvings {
		floats.AddScaledTo(x, d.x, length, d.direction)
		value := d.function(gradient, x)
		switch {
		case !(value < d.value && value <= d.value+sufficient*length*slope):
			high = length
		case floats.Dot(gradient, d.direction) < curvature*slope:
			low = length
		default:
			d.accept(x, gradient, value)
			return true
		}
		if length = (low + high) / 2; math.IsInf(high, 1) {
			length = 2 * low
		}
	}
	return false
}

// accept makes x the present point.
func (d *descent) accept(x, gradient []float64, value float64) {
	s, y := d.x, d.gradient // reused: the old point is not needed any more
	floats.SubTo(s, x, s)
	floats.SubTo(y, gradient, y)
	d.steps, d.changes = append(d.steps, s), append(d.changes, y)
	if len(d.steps) > memory {
		d.steps, d.changes = d.steps[1:], d.changes[1:]
	}
	d.x, d.gradient, d.value = x, gradient, value
}
