package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// blobs is n items of c classes around centres that lie apart by distance, in dim dimensions.
func blobs(n, dim, classes int, distance float64, seed uint64) (Features, []int) {
	r := rand.New(rand.NewPCG(seed, 1))
	centres := make([]float64, classes*dim)
	for i := range centres {
		centres[i] = distance * r.NormFloat64() / math.Sqrt(float64(dim))
	}
	f, labels := Features{Rows: n, Dim: dim, Values: make([]float32, n*dim)}, make([]int, n)
	for i := range n {
		labels[i] = i % classes
		for k := range dim {
			f.Values[i*dim+k] = float32(centres[labels[i]*dim+k] + r.NormFloat64())
		}
	}
	return f, labels
}

func sequence(from, to int) []int {
	var s []int
	for i := from; i < to; i++ {
		s = append(s, i)
	}
	return s
}

func take(labels, rows []int) []int {
	out := make([]int, len(rows))
	for k, i := range rows {
		out[k] = labels[i]
	}
	return out
}

func TestMetrics(t *testing.T) {
	truth := []int{0, 0, 0, 0, 1, 1, 2, 2}
	predicted := []int{0, 0, 0, 1, 1, 0, 2, 2}
	if got := Accuracy(truth, predicted); got != 6.0/8 {
		t.Errorf("accuracy %g", got)
	}
	if got, want := BalancedAccuracy(truth, predicted, 4), (3.0/4+1.0/2+1)/3; math.Abs(got-want) > 1e-15 {
		t.Errorf("balanced accuracy %g, want %g; class 3 does not occur", got, want)
	}
	want := [][]int{{3, 1, 0}, {1, 1, 0}, {0, 0, 2}}
	for c, row := range Confusion(truth, predicted, 3) {
		if !slices.Equal(row, want[c]) {
			t.Errorf("confusion row %d: %v, want %v", c, row, want[c])
		}
	}
	if Accuracy(nil, nil) != 0 || BalancedAccuracy(nil, nil, 2) != 0 || MacroAUC(nil, nil, 2) != 0.5 {
		t.Error("metrics of nothing")
	}
}

func TestAUC(t *testing.T) {
	yes, no := true, false
	for _, tc := range []struct {
		scores []float64
		member []bool
		want   float64
		ok     bool
	}{
		{[]float64{.1, .4, .35, .8}, []bool{no, no, yes, yes}, .75, true},
		{[]float64{1, 2, 3, 4}, []bool{no, no, yes, yes}, 1, true},
		{[]float64{4, 3, 2, 1}, []bool{no, no, yes, yes}, 0, true},
		{[]float64{5, 5, 5, 5}, []bool{no, yes, yes, no}, .5, true},
		{[]float64{1, 2, 2, 3}, []bool{no, yes, no, yes}, .875, true}, // pairs: 2>1, 2=2, 3>1, 3>2
		{[]float64{1, 2}, []bool{yes, yes}, 0, false},
		{[]float64{1, 2}, []bool{no, no}, 0, false},
	} {
		if got, ok := auc(tc.scores, tc.member); got != tc.want || ok != tc.ok {
			t.Errorf("%v %v: %g %v, want %g %v", tc.scores, tc.member, got, ok, tc.want, tc.ok)
		}
	}
}

func TestMacroAUC(t *testing.T) {
	truth := []int{0, 1, 1}
	scores := []float64{
		.5, .5, 0,
		.6, .4, 0,
		.1, .9, 0,
	}
	// Class 0: .5 against .6 and .1: 1 of 2. Class 1: .4 and .9 against .5: 1 of 2. Class 2 does not occur.
	if got := MacroAUC(truth, scores, 3); got != .5 {
		t.Errorf("%g, want .5", got)
	}
	// A pair count as the oracle, with many ties.
	r := rand.New(rand.NewPCG(1, 2))
	n, classes := 60, 3
	truth, scores = make([]int, n), make([]float64, n*classes)
	for i := range truth {
		truth[i] = r.IntN(classes)
	}
	for i := range scores {
		scores[i] = float64(r.IntN(5))
	}
	want := 0.0
	for c := range classes {
		wins, pairs := 0.0, 0.0
		for i := range n {
			for j := range n {
				if truth[i] != c || truth[j] == c {
					continue
				}
				pairs++
				switch a, b := scores[i*classes+c], scores[j*classes+c]; {
				case a > b:
					wins++
				case a == b:
					wins += .5
				}
			}
		}
		want += wins / pairs / float64(classes)
	}
	if got := MacroAUC(truth, scores, classes); math.Abs(got-want) > 1e-12 {
		t.Errorf("%g, want %g", got, want)
	}
}

func TestClasses(t *testing.T) {
	for _, tc := range []struct {
		labels, names []string
		index         []int
	}{
		{[]string{"10", "9", "", "10"}, []string{"9", "10"}, []int{1, 0, -1, 1}},
		{[]string{"b", "10", "9"}, []string{"10", "9", "b"}, []int{2, 0, 1}},
		{[]string{"nan", "1"}, []string{"1", "nan"}, []int{1, 0}},
		{[]string{"1", "1.0"}, []string{"1", "1.0"}, []int{0, 1}},
		{nil, nil, nil},
	} {
		names, index := Classes(tc.labels)
		if !slices.Equal(names, tc.names) || !slices.Equal(index, tc.index) {
			t.Errorf("%q: %q %v, want %q %v", tc.labels, names, index, tc.names, tc.index)
		}
	}
}

func TestSplit(t *testing.T) {
	s, err := SplitColumn([]string{"train", "Test", "", "val", " train ", "dev"})
	if err != nil || !slices.Equal(s.Train, []int{0, 4}) || !slices.Equal(s.Validation, []int{3, 5}) || !slices.Equal(s.Test, []int{1}) {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := SplitColumn([]string{"train", "tset"}); err == nil || !strings.Contains(err.Error(), `item 1: split "tset"`) {
		t.Errorf("error %v", err)
	}
	if got := s.Labelled([]int{0, 1, 1, -1, -1, 0}); len(got.Train) != 1 || len(got.Validation) != 1 || len(got.Test) != 1 {
		t.Errorf("labelled: %+v", got)
	}
	groups := []string{"a", "b", "", "c", "a", ""}
	for _, tc := range []struct {
		split  Split
		groups []string
		want   string
	}{
		{s, nil, ""},
		{s, groups, ""},
		{Split{[]int{0, 5}, nil, []int{2}}, groups, ""}, // no group is a group of its own
		{Split{[]int{0}, nil, []int{4}}, groups, `group "a" is in two parts`},
		{Split{[]int{0}, []int{4}, []int{1}}, groups, `group "a" is in two parts`},
		{Split{[]int{0, 1}, nil, []int{1}}, nil, "item 1 is in the split twice, in train and in test"},
		{Split{[]int{0, 0}, nil, []int{1}}, nil, "twice"},
		{Split{[]int{0}, nil, nil}, nil, "0 test items"},
		{Split{nil, nil, []int{0}}, nil, "0 train"},
		{Split{[]int{0}, nil, []int{6}}, nil, "expected 0 to 5"},
		{Split{[]int{-1}, nil, []int{1}}, nil, "expected 0 to 5"},
	} {
		err := tc.split.Check(6, tc.groups)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%+v: error %v, want %q", tc.split, err, tc.want)
		}
	}
}

func TestKNNByHand(t *testing.T) {
	// Directions at 0, 10, 20 and 90 degrees; lengths must not matter.
	f := Features{Rows: 5, Dim: 2}
	for i, degrees := range []float64{0, 10, 20, 90, 4} {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		length := float64(i + 1)
		f.Values = append(f.Values, float32(length*cos), float32(length*sin))
	}
	labels, train, query := []int{0, 1, 1, 1, 0}, []int{0, 1, 2, 3}, []int{4}
	for _, tc := range []struct {
		k    KNN
		want float64 // score of class 0
	}{
		{KNN{K: 1}, 1},
		{KNN{K: 2}, 1.0 / 2},
		{KNN{K: 3}, 1.0 / 3},
		{KNN{}, 1.0 / 4}, // 20 is more than there are
		{KNN{K: 2, Temperature: .01}, 1 / (1 + math.Exp((math.Cos(6*math.Pi/180)-math.Cos(4*math.Pi/180))/.01))},
	} {
		p, err := tc.k.Predict(f, labels, 2, train, query)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(p.Scores[0]-tc.want) > 1e-5 || math.Abs(p.Scores[0]+p.Scores[1]-1) > 1e-12 {
			t.Errorf("%+v: scores %v, want %g first", tc.k, p.Scores, tc.want)
		}
	}
	f.Values[0], f.Values[1] = 0, 0
	if _, err := (KNN{}).Predict(f, labels, 2, train, query); err == nil || !strings.Contains(err.Error(), "item 0") {
		t.Errorf("zero features: error %v", err)
	}
	if _, err := (KNN{}).Predict(f, labels, 2, nil, query); err == nil {
		t.Error("no training items were accepted")
	}
}

func TestProbeMinimum(t *testing.T) {
	f, labels := blobs(90, 7, 3, 2, 3)
	rows := sequence(0, 90)
	for _, l2 := range []float64{1, 1e-2, 1e-4} {
		models, err := Probe{}.fit(f, labels, 3, rows, []float64{l2})
		if err != nil {
			t.Fatal(err)
		}
		m := models[0]
		if m.Left != 0 {
			t.Errorf("L2 %g: a gradient of %g is left", l2, m.Left)
		}
		x, err := m.standardise(f, rows)
		if err != nil {
			t.Fatal(err)
		}
		o := &objective{x: x, truth: labels, classes: 3, l2: l2, p: mat.NewDense(90, 3, nil)}
		at := slices.Clone(m.weights.RawMatrix().Data)
		gradient := make([]float64, len(at))
		least := o.evaluate(gradient, at)
		for i, g := range gradient {
			if math.Abs(g) > 1e-5 {
				t.Errorf("L2 %g: gradient %d is %g at the minimum", l2, i, g)
			}
			for _, d := range []float64{1e-3, -1e-3} { // a strictly convex function rises in every direction
				moved := slices.Clone(at)
				moved[i] += d
				if o.evaluate(make([]float64, len(at)), moved) < least-1e-9 {
					t.Errorf("L2 %g: lower at weight %d %+g", l2, i, d)
				}
			}
		}
	}
}

func TestProbeGradient(t *testing.T) {
	f, labels := blobs(20, 4, 3, 1, 4)
	m := f.newLinear(3, sequence(0, 20), 0)
	x, err := m.standardise(f, sequence(0, 20))
	if err != nil {
		t.Fatal(err)
	}
	o := &objective{x: x, truth: labels, classes: 3, l2: .3, p: mat.NewDense(20, 3, nil)}
	r := rand.New(rand.NewPCG(5, 5))
	at, gradient := make([]float64, 15), make([]float64, 15)
	for i := range at {
		at[i] = r.NormFloat64()
	}
	o.evaluate(gradient, at)
	for i := range at {
		const h = 1e-5
		up, down := slices.Clone(at), slices.Clone(at)
		up[i] += h
		down[i] -= h
		if want := (o.evaluate(make([]float64, 15), up) - o.evaluate(make([]float64, 15), down)) / (2 * h); math.Abs(gradient[i]-want) > 1e-8 {
			t.Errorf("weight %d: gradient %g, finite difference %g", i, gradient[i], want)
		}
	}
}

// Rosenbrock's valley bends: what L-BFGS needs its memory and its line search for.
func TestMinimise(t *testing.T) {
	evaluations := 0
	valley := func(gradient, x []float64) float64 {
		evaluations++
		a, b := 1-x[0], x[1]-x[0]*x[0]
		gradient[0], gradient[1] = -2*a-400*x[0]*b, 200*b
		return a*a + 100*b*b
	}
	at, left, err := minimise(valley, []float64{-1.2, 1}, defaultIterations)
	if left > 0 || err != nil || math.Abs(at[0]-1) > 1e-5 || math.Abs(at[1]-1) > 1e-5 || evaluations > 100 {
		t.Errorf("%v after %d evaluations, %g left, %v; want (1, 1)", at, evaluations, left, err)
	}
	if at, left, err := minimise(valley, []float64{-1.2, 1}, 3); left < 1e-3 || err != nil {
		t.Errorf("three iterations lead to %v, with %g left, %v", at, left, err)
	}
	ramp := func(gradient, x []float64) float64 { // it claims to fall where it rises
		gradient[0] = -1
		return x[0]
	}
	if at, left, err := minimise(ramp, []float64{0}, defaultIterations); left != 1 || err != nil {
		t.Errorf("no lower point: %v, with %g left, %v", at, left, err)
	}
	slope := func(gradient, x []float64) float64 { gradient[0] = 5e-5; return 5e-5 * x[0] }
	if _, left, err := minimise(slope, []float64{0}, 3); left != 0 || err != nil {
		t.Errorf("near the minimum %v is left, %v", left, err)
	}
	if _, _, err := minimise(func(_, _ []float64) float64 { return math.NaN() }, []float64{0}, defaultIterations); err == nil {
		t.Error("a function that is NaN was minimised")
	}
}

func TestProbe(t *testing.T) {
	f, labels := blobs(400, 20, 4, 6, 6)
	for i := range f.Rows { // scales must not matter, nor features that do not vary
		f.Values[i*20] *= 1e4
		f.Values[i*20+1] = 7
	}
	all := Split{Train: sequence(0, 200), Validation: sequence(200, 300), Test: sequence(300, 400)}
	without := Split{Train: all.Train, Test: all.Test}
	for name, s := range map[string]Split{"validation": all, "folds": without} {
		m, err := (Probe{}).Fit(f, labels, 4, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Predict(f, s.Test)
		if err != nil {
			t.Fatal(err)
		}
		scores := Score(take(labels, s.Test), p)
		if scores.Accuracy < .95 || scores.MacroAUC < .99 {
			t.Errorf("%s: %+v", name, scores)
		}
		again, err := (Probe{}).Fit(f, labels, 4, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.weights.RawMatrix().Data, again.weights.RawMatrix().Data) || m.L2 != again.L2 {
			t.Errorf("%s: two fits differ", name)
		}
	}
}

// A probe of noise must choose a strong penalty, on whichever rows it chooses.
func TestProbeChoosesStrength(t *testing.T) {
	f, labels := blobs(120, 60, 2, 0, 7)
	for _, s := range []Split{{Train: sequence(0, 60), Validation: sequence(60, 120)}, {Train: sequence(0, 120)}} {
		m, err := (Probe{L2: []float64{1e-4, 10}}).Fit(f, labels, 2, s, nil)
		if err != nil || m.L2 != 10 {
			t.Errorf("chose %v, %v", m, err)
		}
	}
	if m, err := (Probe{}).Fit(f, labels, 2, Split{Train: []int{0}}, nil); err != nil || m.L2 != DefaultL2[0] {
		t.Errorf("one row: %v, %v", m, err)
	}
}

// Nothing of the test rows may reach a fit.
func TestProbeDoesNotLeak(t *testing.T) {
	f, labels := blobs(100, 5, 2, 2, 8)
	s := Split{Train: sequence(0, 50), Validation: sequence(50, 70), Test: sequence(70, 100)}
	before, err := (Probe{}).Fit(f, labels, 2, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range s.Test {
		labels[i] = 1 - labels[i]
		for c := range f.Dim {
			f.Values[i*f.Dim+c] = 1e6
		}
	}
	after, err := (Probe{}).Fit(f, labels, 2, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before.weights.RawMatrix().Data, after.weights.RawMatrix().Data) || !slices.Equal(before.mean, after.mean) {
		t.Error("the fit changed with the test rows")
	}
}

func TestFolds(t *testing.T) {
	rows := sequence(0, 23)
	labels, groups := make([]int, 23), make([]string, 23)
	for i := range rows {
		labels[i] = i % 2
		groups[i] = string(rune('a' + i/2))
	}
	groups[22] = ""
	for _, g := range [][]string{nil, groups} {
		seen := map[int]int{}
		for _, p := range folds(rows, labels, g, 0) {
			if len(p.train)+len(p.validation) != len(rows) {
				t.Errorf("a fold of %d + %d rows", len(p.train), len(p.validation))
			}
			for _, i := range p.validation {
				seen[i]++
				for _, j := range p.train {
					if i == j || g != nil && g[i] != "" && g[i] == g[j] {
						t.Errorf("%d and %d are on both sides of a fold", i, j)
					}
				}
			}
		}
		for _, i := range rows {
			if seen[i] != 1 {
				t.Errorf("row %d is measured on %d times", i, seen[i])
			}
		}
	}
	if folds([]int{3}, labels, nil, 0) != nil || folds([]int{4, 5}, labels, groups, 0) != nil {
		t.Error("folds of one unit")
	}
}

func TestNotFinite(t *testing.T) {
	f, labels := blobs(10, 3, 2, 1, 9)
	f.Values[7*3+1] = float32(math.NaN())
	s := Split{Train: sequence(0, 8), Test: sequence(8, 10)}
	if _, err := (Probe{}).Fit(f, labels, 2, s, nil); err == nil || !strings.Contains(err.Error(), "item") {
		t.Errorf("probe: error %v", err)
	}
	if _, err := (KNN{}).Predict(f, labels, 2, s.Train, s.Test); err == nil || !strings.Contains(err.Error(), "item 7") {
		t.Errorf("k-NN: error %v", err)
	}
}

func TestMisuse(t *testing.T) {
	f, labels := blobs(10, 3, 2, 1, 9)
	for name, call := range map[string]func(){
		"shape":      func() { Features{Rows: 4, Dim: 3}.check("X", nil, 1) },
		"row":        func() { (KNN{}).Predict(f, labels, 2, []int{10}, nil) },
		"neighbours": func() { (KNN{K: -1}).Predict(f, labels, 2, []int{1}, nil) },
		"nan votes":  func() { (KNN{Temperature: math.NaN()}).Predict(f, labels, 2, []int{1}, nil) },
		"label":      func() { (KNN{}).Predict(f, labels, 1, []int{1}, nil) },
		"accuracy":   func() { Accuracy([]int{1}, nil) },
		"confusion":  func() { Confusion([]int{2}, []int{0}, 2) },
		"scores":     func() { MacroAUC([]int{0}, nil, 2) },
		"nan score":  func() { MacroAUC([]int{0, 1}, []float64{math.NaN(), 1, 0, 1}, 2) },
		"groups":     func() { (Split{}).Check(2, []string{"a"}) },
		"prediction": func() { (&Linear{mean: make([]float64, 2)}).Predict(f, nil) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "evaluate: ") {
					t.Errorf("%s: panic %q", name, text)
				}
			}()
			call()
		}()
	}
}

func BenchmarkProbe(b *testing.B) {
	f, labels := blobs(900, 512, 3, 3, 10)
	s := Split{Train: sequence(0, 700), Validation: sequence(700, 800), Test: sequence(800, 900)}
	for name, split := range map[string]Split{"validation": s, "folds": {Train: s.Train, Test: s.Test}} {
		b.Run("rows=700/features=512/classes=3/choice="+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := (Probe{}).Fit(f, labels, 3, split, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
