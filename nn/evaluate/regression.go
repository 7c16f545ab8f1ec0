package evaluate

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// fit fits one model for each strength, in this order, each beginning where the one before ended.
func (p Probe) fit(f Features, labels []int, classes int, rows []int, strengths []float64) ([]*Linear, error) {
	first := f.newLinear(classes, rows, 0)
	x, err := first.standardise(f, rows)
	if err != nil {
		return nil, err
	}
	truth := make([]int, len(rows))
	for r, i := range rows {
		truth[r] = labels[i]
	}
	at := make([]float64, classes*(f.Dim+1))
	models := make([]*Linear, len(strengths))
	for k, l2 := range strengths {
		o := &objective{x: x, truth: truth, classes: classes, l2: l2, p: mat.NewDense(len(rows), classes, nil)}
		var left float64
		if at, left, err = minimise(o.evaluate, at, cmp.Or(p.Iterations, defaultIterations)); err != nil {
			return nil, fmt.Errorf("linear probe, L2 %g: %w", l2, err)
		}
		weights := mat.NewDense(classes, f.Dim+1, at)
		models[k] = &Linear{L2: l2, Left: left, classes: classes, mean: first.mean, scale: first.scale, weights: weights}
	}
	return models, nil
}

// objective is the function that a probe minimises, of the weights as classes x (features + 1).
type objective struct {
	x       *mat.Dense // rows x (features + 1)
	truth   []int
	classes int
	l2      float64
	p       *mat.Dense // rows x classes: the probabilities, then the gradient with respect to the logits
}

// evaluate returns the value at a point and writes the gradient: d/dW[c] = mean over rows of (p[c] - [label = c]) x +
// L2 W[c], the bias without the last term.
func (o *objective) evaluate(gradient, at []float64) float64 {
	columns := len(at) / o.classes
	w, g := mat.NewDense(o.classes, columns, at), mat.NewDense(o.classes, columns, gradient)
	o.p.Mul(o.x, w.T())
	loss, scale := 0.0, 1/float64(len(o.truth))
	for r, c := range o.truth {
		row := o.p.RawRowView(r)
		logit := row[c]
		loss += softmax(row) - logit
		row[c]--
		floats.Scale(scale, row)
	}
	g.Mul(o.p.T(), o.x)
	squares := 0.0
	for c := range o.classes {
		row := w.RawRowView(c)[:columns-1]
		squares += floats.Dot(row, row)
		floats.AddScaled(g.RawRowView(c)[:columns-1], o.l2, row)
	}
	return loss*scale + o.l2/2*squares
}

// part is one choice of rows to learn from and rows to measure on.
type part struct{ train, validation []int }

// folds cuts the rows into n parts of about the same mixture of classes; nil where there are fewer than two units (rows,
// or groups) to deal out.
func folds(rows, labels []int, groups []string, n int) []part {
	unit := map[string]int{} // fold of a group
	dealt := map[int]int{}   // units dealt out, by class
	fold := make([]int, len(rows))
	n = cmp.Or(n, defaultFolds)
	units := 0
	for r, i := range rows {
		if groups != nil && groups[i] != "" {
			if k, ok := unit[groups[i]]; ok {
				fold[r] = k
				continue
			}
		}
		// Each class begins with another fold, so that small classes do not all fall into the first.
		fold[r] = (dealt[labels[i]] + labels[i]) % n
		dealt[labels[i]]++
		units++
		if groups != nil && groups[i] != "" {
			unit[groups[i]] = fold[r]
		}
	}
	if units < 2 {
		return nil
	}
	var parts []part
	for k := range n {
		var p part
		for r, i := range rows {
			if fold[r] == k {
				p.validation = append(p.validation, i)
			} else {
				p.train = append(p.train, i)
			}
		}
		if len(p.train) > 0 && len(p.validation) > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}

// addLosses adds to losses[k] the mean cross-entropy on the validation rows of the model with strengths[k]. It returns how many of
// these models ended before their minimum.
func (p Probe) addLosses(losses []float64, f Features, labels []int, classes int, rows part, strengths []float64) (short int, err error) {
	models, err := p.fit(f, labels, classes, rows.train, strengths)
	if err != nil {
		return 0, err
	}
	for k, m := range models {
		if m.Left > 0 {
			short++
		}
		prediction, err := m.Predict(f, rows.validation)
		if err != nil {
			return 0, err
		}
		for r, i := range rows.validation {
			probability := prediction.Scores[r*classes+labels[i]]
			losses[k] -= math.Log(math.Max(probability, math.SmallestNonzeroFloat64)) / float64(len(rows.validation))
		}
	}
	return short, nil
}

// strongest is the strength with the least loss, the strongest among equals.
func strongest(strengths, losses []float64) float64 {
	best := 0
	for k, loss := range losses {
		if loss < losses[best] || loss == losses[best] && strengths[k] > strengths[best] {
			best = k
		}
	}
	return strengths[best]
}
