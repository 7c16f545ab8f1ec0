package evaluate

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Probe fits a linear classifier to frozen features: multinomial logistic regression on features that are standardised
// by the mean and standard deviation of the training rows. It minimises, over the weights W and the biases b,
//
//	mean over training rows of -log softmax(W x + b)[label] + L2/2 * |W|^2
//
// by L-BFGS (Liu & Nocedal, Mathematical Programming 1989).
type Probe struct {
	// L2 is the strengths to choose from; nil means DefaultL2. The one with the least cross-entropy on the validation rows
	// wins, or, without any, the one with the least mean over Folds folds of the training rows; the stronger among equals.
	L2 []float64
	// Folds is 5 if 0.
	Folds int
	// Iterations is how many a fit may take, 1000 if 0. A [Linear] says where they did not reach the minimum.
	Iterations int
}

// DefaultL2 is the strengths that a probe chooses from, strongest first.
var DefaultL2 = []float64{10, 1, 1e-1, 1e-2, 1e-3, 1e-4}

const (
	defaultFolds      = 5
	defaultIterations = 1000
)

// Linear is a fitted probe.
type Linear struct {
	// L2 is the strength that was chosen.
	L2 float64
	// Left is the largest entry of the gradient where the search for the weights ended before their minimum, 0 where it reached it or
	// was near.
	Left float64
	// Fits is how many fits L2 was chosen by, and Short how many of these ended before their minimum.
	Fits, Short int
	classes     int
	mean, scale []float64  // per feature
	weights     *mat.Dense // classes x (features + 1); the last column is the bias
}

// Fit learns from s.Train and chooses by s.Validation; it does not look at s.Test. Folds deal out the training rows of
// every class in turn, by group where groups, one word per item, is not nil: rows of one group stay together.
func (p Probe) Fit(f Features, labels []int, classes int, s Split, groups []string) (*Linear, error) {
	f.check("Probe.Fit", labels, classes, s.Train, s.Validation)
	if len(s.Train) == 0 {
		return nil, errors.New("no training items to fit a probe to")
	}
	strengths := p.L2
	if strengths == nil {
		strengths = DefaultL2
	}
	parts := []part{{s.Train, s.Validation}}
	if len(s.Validation) == 0 && len(strengths) > 1 {
		parts = folds(s.Train, labels, groups, p.Folds)
	}
	best, fits, short := strengths[0], 0, 0
	if len(strengths) > 1 && len(parts) > 0 {
		losses := make([]float64, len(strengths))
		for _, part := range parts {
			n, err := p.addLosses(losses, f, labels, classes, part, strengths)
			if err != nil {
				return nil, err
			}
			fits, short = fits+len(strengths), short+n
		}
		best = strongest(strengths, losses)
	}
	models, err := p.fit(f, labels, classes, s.Train, []float64{best})
	if err != nil {
		return nil, err
	}
	models[0].Fits, models[0].Short = fits, short
	return models[0], nil
}

// warnings says what did not reach its minimum.
func (l *Linear) warnings() (all []string) {
	if l.Left > 0 {
		all = append(all, fmt.Sprintf("linear probe: L-BFGS ended before the minimum, where the largest entry of the gradient is %.2g, "+
			"expected at most %g: the scores are those of weights that are not yet the best", l.Left, near))
	}
	if l.Short > 0 {
		all = append(all, fmt.Sprintf("linear probe: %d of the %d fits that L2 %g was chosen by ended before their minimum: "+
			"another strength may be better", l.Short, l.Fits, l.L2))
	}
	return all
}

// Predict is the class probabilities of the given rows.
func (l *Linear) Predict(f Features, rows []int) (Prediction, error) {
	if f.Dim != len(l.mean) || len(f.Values) != f.Rows*f.Dim {
		panic("evaluate: Linear.Predict: features of another shape than those that were fitted")
	}
	scores := make([]float64, len(rows)*l.classes)
	if len(rows) > 0 {
		x, err := l.standardise(f, rows)
		if err != nil {
			return Prediction{}, err
		}
		logits := mat.NewDense(len(rows), l.classes, scores)
		logits.Mul(x, l.weights.T())
		for r := range rows {
			softmax(logits.RawRowView(r))
		}
	}
	return newPrediction(scores, l.classes), nil
}

// notUsable is the error of an item whose features no classifier can use.
func notUsable(item int) error {
	return fmt.Errorf("the features of item %d are all zero or not finite; expected the output of a trained encoder", item)
}

// newLinear measures the training rows for standardisation. A feature that does not vary is left out: its scale is 0.
func (f Features) newLinear(classes int, rows []int, l2 float64) *Linear {
	l := &Linear{L2: l2, classes: classes, mean: make([]float64, f.Dim), scale: make([]float64, f.Dim), weights: mat.NewDense(classes, f.Dim+1, nil)}
	for _, i := range rows {
		for c, v := range f.Row(i) {
			l.mean[c] += float64(v) / float64(len(rows))
		}
	}
	for _, i := range rows {
		for c, v := range f.Row(i) {
			d := float64(v) - l.mean[c]
			l.scale[c] += d * d / float64(len(rows))
		}
	}
	for c, variance := range l.scale {
		if l.scale[c] = 0; variance > 1e-12*l.mean[c]*l.mean[c] {
			l.scale[c] = 1 / math.Sqrt(variance)
		}
	}
	return l
}

// standardise is the given rows with zero mean and unit variance on the training rows, and a last column of ones.
func (l *Linear) standardise(f Features, rows []int) (*mat.Dense, error) {
	x := mat.NewDense(len(rows), f.Dim+1, nil)
	for r, i := range rows {
		dst := x.RawRowView(r)
		for c, v := range f.Row(i) {
			dst[c] = (float64(v) - l.mean[c]) * l.scale[c]
		}
		dst[f.Dim] = 1
		if floats.HasNaN(dst) || math.IsInf(floats.Norm(dst, 1), 0) {
			return nil, notUsable(i)
		}
	}
	return x, nil
}

// softmax turns logits into probabilities in place and returns the log of the sum of their exponentials.
func softmax(logits []float64) float64 {
	sum := floats.LogSumExp(logits)
	for c, v := range logits {
		logits[c] = math.Exp(v - sum)
	}
	return sum
}
