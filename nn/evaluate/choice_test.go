package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKNNTies: among training items that are equally near, those vote that come first in train, however many there are.
func TestKNNTies(t *testing.T) {
	const n, near = 300, 100 // a hundred items each in the query's direction, a little off, and across
	f, labels := Features{Rows: n + 1, Dim: 2, Values: make([]float32, 2*(n+1))}, make([]int, n+1)
	train := rand.New(rand.NewPCG(3, 4)).Perm(n)
	var order []int // of train, the nearest first
	for level, direction := range [][2]float32{{1, 0}, {1, 0.5}, {0, 1}} {
		for _, i := range train {
			if i%3 == level {
				copy(f.Values[2*i:], direction[:])
				order = append(order, i)
			}
		}
	}
	copy(f.Values[2*n:], []float32{2, 0})
	for k := 1; k < n; k += 7 {
		clear(labels)
		for _, i := range order[:k] {
			labels[i] = 1
		}
		p, err := KNN{K: k}.Predict(f, labels, 2, train, []int{n})
		if err != nil || p.Scores[1] != 1 {
			t.Fatalf("k %d: %v, %v: others vote than the first %d of each level", k, p.Scores, err, near)
		}
	}
}

// TestConstantFeature: a feature that does not vary among the training rows says nothing, whatever it is elsewhere.
func TestConstantFeature(t *testing.T) {
	f, labels := blobs(60, 3, 2, 2, 6)
	s := Split{Train: sequence(0, 40), Validation: sequence(40, 50)}
	for _, constant := range []float32{0, 0.1, 7, 1e6} {
		wide := Features{Rows: f.Rows, Dim: f.Dim + 1}
		for i := range f.Rows {
			last := constant
			if i >= 40 {
				last *= 1 + 0.1*float32(i%5)
			}
			wide.Values = append(append(wide.Values, f.Row(i)...), last)
		}
		var scores [2][]float64
		for k, features := range []Features{f, wide} {
			m, err := Probe{}.Fit(features, labels, 2, s, nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Predict(features, sequence(50, 60))
			if err != nil {
				t.Fatal(err)
			}
			scores[k] = p.Scores
		}
		for i, got := range scores[1] {
			if math.Abs(got-scores[0][i]) > 1e-9 {
				t.Fatalf("with a feature of %v the probabilities are %v, without it %v", constant, scores[1], scores[0])
			}
		}
	}
}

// TestProbeIsScikitLearns: the probabilities of LogisticRegression(C=1/(L2*12)) of scikit-learn 1.9 on the standardised features.
func TestProbeIsScikitLearns(t *testing.T) {
	f := Features{Rows: 16, Dim: 2, Values: []float32{
		0.5, 2, 1.5, -1, -2, 0.25, 3, 1, 0, 0, 1, 1.5, -1, -2, 2.5, -0.5, -0.5, 1, 4, 0, -3, -1, 1, -2.5, // to learn from
		0.25, 0.5, -1.5, -1, 3.5, -2, 0, 3,
	}}
	labels := []int{0, 1, 2, 1, 0, 0, 2, 1, 2, 1, 2, 0, 0, 0, 0, 0}
	for l2, want := range map[float64][]float64{
		1:   {0.3517849, 0.3120437, 0.3361714, 0.3153739, 0.2392627, 0.4453634, 0.2951154, 0.4846807, 0.2202039, 0.3961302, 0.290699, 0.3131708},
		0.1: {0.4637328, 0.2141478, 0.3221194, 0.2552937, 0.0546583, 0.690048, 0.1487487, 0.8261824, 0.0250689, 0.5821369, 0.1397843, 0.2780788},
		0.01: {0.68179885, 0.067750936, 0.25045021, 0.093072183, 0.00063437033, 0.90629345, 0.021584693, 0.97837025, 0.000045054366, 0.71220268,
			0.026788568, 0.26100875},
	} {
		m, err := Probe{L2: []float64{l2}}.Fit(f, labels, 3, Split{Train: sequence(0, 12)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Predict(f, sequence(12, 16))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range p.Scores {
			if math.Abs(got-want[i]) > 2e-5 {
				t.Errorf("L2 %g: probability %d is %v, expected %v", l2, i, got, want[i])
			}
		}
	}
}

// TestValidationChooses: where there are validation rows, they choose the strength, whatever folds of the training rows would.
func TestValidationChooses(t *testing.T) {
	noise, noiseLabels := blobs(60, 60, 2, 0, 7) // folds choose the strongest
	clear, clearLabels := blobs(60, 5, 2, 6, 3)  // folds choose a weaker one
	for name, c := range map[string]struct {
		f          Features
		labels     []int
		validation func(label int) int // of a copy of a training row
		folds, own float64
	}{
		"noise":          {noise, noiseLabels, func(label int) int { return label }, 10, 1e-4},
		"another signal": {clear, clearLabels, func(label int) int { return 1 - label }, 1e-4, 10},
	} {
		n, labels := c.f.Rows, slices.Clone(c.labels)
		f := Features{Rows: 2 * n, Dim: c.f.Dim, Values: slices.Concat(c.f.Values, c.f.Values)}
		for _, label := range c.labels {
			labels = append(labels, c.validation(label))
		}
		for _, s := range []Split{{Train: sequence(0, n)}, {Train: sequence(0, n), Validation: sequence(n, 2*n)}} {
			want := c.folds
			if s.Validation != nil {
				want = c.own
			}
			if m, err := (Probe{L2: []float64{10, 1e-4}}).Fit(f, labels, 2, s, nil); err != nil || m.L2 != want {
				t.Errorf("%s, %d validation rows: L2 %v, %v; expected %v", name, len(s.Validation), m.L2, err, want)
			}
		}
	}
}

func TestStrongest(t *testing.T) {
	for _, c := range []struct {
		strengths, losses []float64
		want              float64
	}{
		{[]float64{10, 1, 0.1}, []float64{3, 2, 4}, 1},
		{[]float64{10, 1, 0.1}, []float64{2, 2, 2}, 10},
		{[]float64{0.1, 10, 1}, []float64{2, 2, 2}, 10},
		{[]float64{0.1, 10, 1}, []float64{1, 2, 1}, 1},
	} {
		if got := strongest(c.strengths, c.losses); got != c.want {
			t.Errorf("%v with losses %v: %v, expected %v", c.strengths, c.losses, got, c.want)
		}
	}
}

// TestFoldsSpreadClasses: of every class each fold has as many units as any other, up to one, and small classes do not all fall
// into the first.
func TestFoldsSpreadClasses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var labels []int
	for class, n := range []int{1, 1, 1, 1, 1, 7, 23} {
		labels = append(labels, slices.Repeat([]int{class}, n)...)
	}
	rows := r.Perm(len(labels))
	for _, n := range []int{2, 3, 5} {
		parts := folds(rows, labels, nil, n)
		if len(parts) != n {
			t.Fatalf("%d folds, expected %d", len(parts), n)
		}
		single := 0
		for class := range 7 {
			least, most := len(labels), 0
			for k, p := range parts {
				count := 0
				for _, i := range p.validation {
					if labels[i] == class {
						count++
					}
				}
				least, most = min(least, count), max(most, count)
				if class < 5 && k == 0 {
					single += count
				}
			}
			if most-least > 1 {
				t.Errorf("%d folds have %d to %d of class %d", n, least, most, class)
			}
		}
		if want := (5 + n - 1) / n; single > want {
			t.Errorf("the first of %d folds has %d of 5 classes of one row, expected at most %d", n, single, want)
		}
	}
}

// TestFoldLoss: the loss of a part is the mean cross-entropy of its validation rows, so that folds of any size count alike.
func TestFoldLoss(t *testing.T) {
	f, labels := blobs(40, 3, 3, 2, 5)
	strengths := []float64{1, 0.01}
	for _, p := range []part{{sequence(0, 30), sequence(30, 40)}, {sequence(5, 40), sequence(0, 5)}} {
		losses := []float64{100, 200}
		if _, err := (Probe{}).addLosses(losses, f, labels, 3, p, strengths); err != nil {
			t.Fatal(err)
		}
		for k, l2 := range strengths {
			m, err := Probe{L2: []float64{l2}}.Fit(f, labels, 3, Split{Train: p.train}, nil)
			if err != nil {
				t.Fatal(err)
			}
			prediction, err := m.Predict(f, p.validation)
			if err != nil {
				t.Fatal(err)
			}
			want := float64(100 * (k + 1))
			for r, i := range p.validation {
				want -= math.Log(prediction.Scores[3*r+labels[i]]) / float64(len(p.validation))
			}
			if math.Abs(losses[k]-want) > 1e-4 {
				t.Errorf("%d validation rows, L2 %g: %v, expected %v", len(p.validation), l2, losses[k], want)
			}
		}
	}
}
