package gaze

import (
	"math"
	"sync"
)

// painter sums up separable Gaussians over a grid. Its memory is used again for the next map.
type painter struct {
	rows, cols int
	cells      []float64 // rows x cols
	// down and across are the factors of the fixations that cells do not have yet, weights in down: pending of them, one
	// after the other.
	down, across []float64
	pending      int
}

var painters = sync.Pool{New: func() any { return &painter{} }}

// together is how many fixations are added in one pass over the cells, which then are loaded and stored once for all.
const together = 4

func (p *painter) begin(rows, cols int) {
	p.rows, p.cols, p.pending = rows, cols, 0
	p.cells = zeros(p.cells, rows*cols)
	p.down, p.across = zeros(p.down, together*rows), zeros(p.across, together*cols)
}

// zeros is a slice of n zeros, in the memory of s if that is enough.
func zeros(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// add draws a Gaussian at (x, y) with standard deviations sx, sy, all in fractions of the grid.
func (p *painter) add(x, y, sx, sy, weight float64) {
	down := p.down[p.pending*p.rows:][:p.rows]
	gaussian(down, y, sy)
	for i := range down {
		down[i] *= weight
	}
	gaussian(p.across[p.pending*p.cols:][:p.cols], x, sx)
	p.pending++
	if p.pending == together {
		p.flush()
	}
}

// flush adds the pending fixations to the cells: cells[i,j] += sum_f down[f,i] * across[f,j].
func (p *painter) flush() {
	clear(p.down[p.pending*p.rows:])
	p.pending = 0
	n := p.cols
	a, b, c, d := p.across[:n], p.across[n:][:n], p.across[2*n:][:n], p.across[3*n:][:n]
	for i := range p.rows {
		va, vb, vc, vd := p.down[i], p.down[p.rows+i], p.down[2*p.rows+i], p.down[3*p.rows+i]
		if va == 0 && vb == 0 && vc == 0 && vd == 0 {
			continue
		}
		line := p.cells[i*n:][:n]
		for j := range line {
			line[j] += va*a[j] + vb*b[j] + (vc*c[j] + vd*d[j])
		}
	}
}

// finish writes the cells, scaled to a sum of 1, and reports whether there is something in them.
func (p *painter) finish(dst []float32) bool {
	p.flush()
	sum := 0.0
	for _, v := range p.cells {
		sum += v
	}
	scale := 0.0
	if sum > 0 {
		scale = 1 / sum
	}
	for i, v := range p.cells {
		dst[i] = float32(v * scale)
	}
	return sum > 0
}

// gaussian fills dst with the integrals of a normal density over the cells [k/n, (k+1)/n] of the unit interval. What is right of
// the centre is taken from the mirrored tail: differences of numbers near 1 would leave nothing of small integrals.
func gaussian(dst []float64, centre, sigma float64) {
	scale := 1 / sigma
	step := scale / float64(len(dst))
	first := -centre * scale
	left, outside := first, normalTail(first)
	for k := range dst {
		right := first + float64(k+1)*step
		beyond := normalTail(right)
		if left < 0 && right > 0 {
			dst[k] = 1 - outside - beyond
		} else {
			dst[k] = math.Abs(beyond - outside)
		}
		left, outside = right, beyond
	}
}

const (
	// normalReach is where the table of the normal distribution ends: P(-9) is 1.1e-19, taken as 0. It is far below the epsilon of
	// the measures that take a map's logarithm, 2.2e-16.
	normalReach = 9
	// normalSteps is the table's entries in a standard deviation. Cubic Hermite interpolation between entries h apart is
	// wrong by at most h^4/384 max|P''''| = (1/64)^4/384 * 0.551 = 8.6e-11, and by less than a millionth
	// of P.
	normalSteps = 64
)

// knot is an entry of the table: P and P' times the distance of entries.
type knot struct{ value, slope float64 }

var normalTable = func() *[normalReach*normalSteps + 2]knot {
	var table [normalReach*normalSteps + 2]knot // the last one is only read for z = 0, with no weight
	for k := range table {
		z := float64(k)/normalSteps - normalReach
		table[k] = knot{math.Erfc(-z/math.Sqrt2) / 2, math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) / normalSteps}
	}
	return &table
}()

// normalTail is P(-|z|), P being the cumulative function of the normal distribution, at a quarter of the time of math.Erf.
func normalTail(z float64) float64 {
	at := (normalReach - math.Abs(z)) * normalSteps
	if !(at > 0) {
		return 0
	}
	k := int(at)
	t := at - float64(k)
	a, b := normalTable[k], normalTable[k+1]
	d := b.value - a.value
	return a.value + t*(a.slope+t*(3*d-2*a.slope-b.slope+t*(a.slope+b.slope-2*d)))
}
