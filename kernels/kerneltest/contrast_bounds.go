package kerneltest

import (
	"math"
)

// contrastTerms is what the bounds of a contrastive loss are made of, in matrices of anchors and columns.
type contrastTerms struct {
	columns           int
	candidates        []float64 // rows
	z, rounding       []float64 // logits, and the roundings that they may have
	labels            []float64
	positives, weight []float64 // sum of the labels of an anchor, and w_i
}

// sumOf is the roundings that a sum of so many products may have, of the sum of their absolute values.
func (c call) sumOf(products int) float64 {
	if c.roundings == nil {
		return 4 * math.Sqrt(float64(products))
	}
	return c.roundings(products, false)
}

// terms are those of a call. A product has the roundings of its sum, and 4 of its scale.
func (s contrastCase) terms(c call) contrastTerms {
	if c.known == nil {
		return s.computeTerms(c)
	}
	if c.known.terms == nil {
		t := s.computeTerms(c)
		c.known.terms = &t
	}
	return *c.known.terms
}

func (s contrastCase) computeTerms(c call) contrastTerms {
	q, n := c.named("q"), s.columns()
	t := contrastTerms{columns: n, z: make([]float64, s.anchors*n), rounding: make([]float64, s.anchors*n)}
	t.candidates = append(t.candidates, s.keyValues(c)...)
	if s.queue >= 0 {
		t.candidates = append(t.candidates, c.named("queue")...)
	}
	for i := range s.anchors {
		for j := range n {
			if !s.admits(i, j) {
				continue
			}
			var z, size float64
			candidate := t.candidates[j*s.depth:][:s.depth]
			for d, v := range q[i*s.depth:][:s.depth] {
				product := s.form.Scale * v * candidate[d]
				z += product
				size += math.Abs(product)
			}
			t.z[i*n+j], t.rounding[i*n+j] = z, c.sumOf(s.depth)*size+4*math.Abs(z)
		}
	}
	t.labels = s.denseLabels(c)
	t.weight, t.positives = rowWeights(t.labels, s.anchors, s.form.Normaliser)
	return t
}

// keyValues are the rows of the keys.
func (s contrastCase) keyValues(c call) []float64 {
	if s.symmetric {
		return c.named("q")
	}
	return c.named("k")
}

// denseLabels is the labels as a matrix of anchors and columns.
func (s contrastCase) denseLabels(c call) []float64 {
	offsets, columns, weights := c.named("offsets"), c.named("columns"), c.named("weights")
	labels := make([]float64, s.anchors*s.columns())
	for i := range s.anchors {
		for e := max(int(offsets[i]), 0); e < min(int(offsets[i+1]), len(columns)); e++ {
			if j := int(columns[e]); s.admits(i, j) {
				labels[i*s.columns()+j] += weights[e]
			}
		}
	}
	return labels
}

// lseBound allows every row the largest rounding of its logits, 4 roundings of the logarithm and 4*sqrt(columns) of the sum.
func (s contrastCase) lseBound(t contrastTerms, i int) float64 {
	var largest, size float64
	for j := range t.columns {
		if s.admits(i, j) {
			largest, size = max(largest, t.rounding[i*t.columns+j]), max(size, math.Abs(t.z[i*t.columns+j]))
		}
	}
	return largest + 4*(size+math.Log(float64(t.columns))+math.Sqrt(float64(t.columns)))
}

// lossBound is the bound of lse, and for the loss that of every labelled logit and its lse, and 4*sqrt(labels) roundings of
// the sum of their differences.
func (s contrastCase) lossBound(c call, out int) []float64 {
	t, rows := s.terms(c), make([]float64, s.anchors)
	for i := range rows {
		rows[i] = s.lseBound(t, i)
	}
	if out == 1 {
		return rows
	}
	sum, labelled := math.Abs(c.named("loss")[0]), 4*math.Sqrt(float64(len(c.named("weights"))))
	lse := c.want()[1]
	for i, row := range rows {
		for j, label := range t.labels[i*t.columns : (i+1)*t.columns] {
			if label != 0 {
				sum += contrastScale * t.weight[i] * label * (row + t.rounding[i*t.columns+j] + labelled*math.Abs(t.z[i*t.columns+j]-lse[i]))
			}
		}
	}
	return []float64{sum}
}

// backwardBound allows every coefficient the roundings of its logit, which the exponential makes relative ones, or to be 0 where that
// may be no normal number, and the sum over the columns, or over the anchors, those of its products.
func (s contrastCase) backwardBound(c call, out int) []float64 {
	return s.gradientBound(c, out, c.named("lse"), make([]float64, s.anchors))
}

// bothBound is lossBound and then backwardBound, whose lse has the bound of the loss.
func (s contrastCase) bothBound(c call, out int) []float64 {
	if out < 2 {
		return s.lossBound(c, out)
	}
	return s.gradientBound(c, out, c.want()[1], s.lossBound(c, 1))
}

// gradientBound is backwardBound for an lse that has so many roundings itself.
func (s contrastCase) gradientBound(c call, out int, lse, rounding []float64) []float64 {
	t, q, n := s.terms(c), c.named("q"), s.columns()
	b := make([]float64, c.operands[out].len())
	meet := func(sums []float64, size float64, x []float64) {
		for d, v := range x {
			sums[d] += size * math.Abs(v)
		}
	}
	row := func(x []float64, r int) []float64 { return x[r*s.depth : (r+1)*s.depth] }
	anchors := c.operands[out].name == "dq"
	summed := c.sumOf(map[bool]int{true: n, false: s.anchors}[anchors])
	if s.symmetric {
		summed = c.sumOf(n + s.anchors)
	}
	for i := range s.anchors {
		for j := range n {
			if !s.admits(i, j) {
				continue
			}
			at, factor := i*n+j, contrastScale*math.Abs(s.form.Scale)*t.weight[i]
			e, off := math.Exp(t.z[at]-lse[i]), t.rounding[at]+rounding[i]+4*math.Abs(lse[i])
			p := e * t.positives[i]
			size := factor * (summed + 8) * (p + t.labels[at])
			if p != 0 {
				size += factor * p * off
			}
			if e < underflow*math.Exp(off*0x1p-23) { // with these roundings it may be no normal number, for which devices have 0
				size += factor * p / 0x1p-23
			}
			if anchors {
				meet(row(b, i), size, row(t.candidates, j))
			}
			if j < s.keys && (s.symmetric || !anchors) {
				meet(row(b, j), size, row(q, i))
			}
		}
	}
	return b
}
