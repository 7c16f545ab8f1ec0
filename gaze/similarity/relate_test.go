package similarity

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

// some is n items; every seventh has no recording, every eleventh one that does not last.
func some(n int) [][]gaze.Recording {
	items := make([][]gaze.Recording, n)
	for i := range items {
		switch {
		case i%7 == 3:
		case i%11 == 5:
			items[i] = []gaze.Recording{{Width: 10, Height: 10, Fixations: []gaze.Fixation{{X: 5, Y: 5}}}}
		default:
			items[i] = []gaze.Recording{path(uint64(i), 10+i%20, 640, 480)}
		}
	}
	return items
}

func TestRelate(t *testing.T) {
	const n = 40
	items := some(n)
	for _, m := range Measures() {
		calls, last := 0, 0
		r, err := Relate(context.Background(), device(t), items, RelateOptions{Measure: m.Name, Progress: func(done, total int) {
			calls++
			if done <= last || total != n*(n-1)/2 {
				t.Errorf("%s: progress %d of %d after %d", m.Name, done, total, last)
			}
			last = done
		}})
		if err != nil {
			t.Fatal(err)
		}
		if calls == 0 || last != n*(n-1)/2 {
			t.Errorf("%s: the last progress was %d of %d", m.Name, last, n)
		}
		for i := range n {
			if has := i%7 != 3 && i%11 != 5; r.HasGaze[i] != has || r.At(i, i) != map[bool]float32{true: 1}[has] {
				t.Errorf("%s: item %d has gaze %v and %g with itself", m.Name, i, r.HasGaze[i], r.At(i, i))
			}
			for j := range n {
				v := r.At(i, j)
				if v != r.At(j, i) || !(v >= -1 && v <= 1) || v != 0 && !(r.HasGaze[i] && r.HasGaze[j]) {
					t.Errorf("%s: R[%d,%d] = %g, R[%d,%d] = %g", m.Name, i, j, v, j, i, r.At(j, i))
				}
			}
		}
	}
}

func TestHeatMapCorrelation(t *testing.T) {
	items := some(12)
	r, err := Relate(context.Background(), device(t), items, RelateOptions{Measure: "heatmap-cc:grid=8,sigma=0.1"})
	if err != nil {
		t.Fatal(err)
	}
	mapOf := func(i int) []float32 {
		m := make([]float32, 64)
		gaze.HeatMap(m, gaze.Merge(items[i]), 8, 8, .1)
		return m
	}
	for i := range items {
		for j := range i {
			a, b := mapOf(i), mapOf(j)
			var ab, aa, bb float64
			for k := range a { // the mean of a map that sums to 1 is 1/64
				x, y := float64(a[k])-1./64, float64(b[k])-1./64
				ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
			}
			want := ab / math.Sqrt(aa*bb)
			if !r.HasGaze[i] || !r.HasGaze[j] {
				want = 0
			}
			if !within(float64(r.At(i, j)), want, 1e-5) {
				t.Errorf("R[%d,%d] = %g, want %g", i, j, r.At(i, j), want)
			}
		}
	}
}

// The same bits however many workers there are.
func TestRelateIsReproducible(t *testing.T) {
	items := some(30)
	for _, m := range Measures() {
		var first *Relation
		for _, workers := range []int{1, 2, 5} {
			before := runtime.GOMAXPROCS(workers)
			r, err := Relate(context.Background(), device(t), items, RelateOptions{Measure: m.Name})
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = r
			}
			if !slices.Equal(r.Values, first.Values) {
				t.Errorf("%s: another matrix on %d workers", m.Name, workers)
			}
		}
	}
}

func TestRelateIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := 0
	_, err := Relate(ctx, device(t), some(200), RelateOptions{Measure: "tima", Progress: func(n, _ int) {
		done = n
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || done > 200*199/4 {
		t.Errorf("error %v after %d of 19900 pairs", err, done)
	}
	if _, err := Relate(ctx, device(t), some(3), RelateOptions{Measure: "heatmap-cc"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRelateRefuses(t *testing.T) {
	ok := path(1, 10, 100, 100)
	noFrame, nan, negative := ok, ok, ok
	noFrame.Width = 0
	nan.Fixations = []gaze.Fixation{{X: math.NaN(), Duration: 1}}
	negative.Fixations = []gaze.Fixation{{Duration: -1}}
	negative.File, negative.Line = "g.csv", 7
	for want, tc := range map[string]struct {
		r gaze.Recording
		o RelateOptions
	}{
		`gaze measure "cc", expected one of `:                       {ok, RelateOptions{Measure: "cc"}},
		`gaze measure tima has no parameter "sigma"; it has eps`:    {ok, RelateOptions{Measure: "tima:sigma=1"}},
		`gaze measure tima: eps is "-1", expected a number from`:    {ok, RelateOptions{Measure: "tima:eps=-1"}},
		`eps is "", expected`:                                       {ok, RelateOptions{Measure: "tima:eps"}},
		`rate is "NaN"`:                                             {ok, RelateOptions{Measure: "tima:rate=NaN"}},
		`resize is "cubic", expected area or bilinear`:              {ok, RelateOptions{Measure: "tima:resize=cubic"}},
		`readers "all", expected merge or mean`:                     {ok, RelateOptions{Measure: "tima", Readers: "all"}},
		`g.csv:7: image "i", reader "": a frame or a fixation`:      {negative, RelateOptions{Measure: "tima"}},
		`image "i", reader "": a frame or a fixation that is not a`: {nan, RelateOptions{Measure: "tima"}},
		`: a frame or a fixation that is not a number`:              {noFrame, RelateOptions{Measure: "tima"}},
	} {
		if _, err := Relate(context.Background(), device(t), [][]gaze.Recording{{tc.r}}, tc.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if r, err := Relate(context.Background(), device(t), nil, RelateOptions{Measure: "heatmap-cc"}); err != nil || r.N != 0 {
		t.Errorf("no items: %v, %v", r, err)
	}
}

func TestResolveMeasure(t *testing.T) {
	got, err := ResolveMeasure("heatmap-cc:grid=16")
	if want := "heatmap-cc:sigma=0.05,grid=16"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, m := range Measures() { // what is resolved is itself a measure's text, and its defaults are legal
		first, err := ResolveMeasure(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := ResolveMeasure(first); err != nil || second != first {
			t.Errorf("%q resolves to %q, %v", first, second, err)
		}
	}
}

// The mean over readers is the mean of the relation of all recordings.
func TestMeanOverReaders(t *testing.T) {
	p := func(seed uint64) gaze.Recording { return path(seed, 20, 640, 480) }
	items := [][]gaze.Recording{{p(1), p(2)}, {p(3)}, {}, {p(4), {}, p(5), p(6)}}
	alone := [][]gaze.Recording{{p(1)}, {p(2)}, {p(3)}, {p(4)}, {p(5)}, {p(6)}}
	owners := []int{0, 0, 1, 3, 3, 3}
	for _, m := range Measures() {
		r, err := Relate(context.Background(), device(t), items, RelateOptions{Measure: m.Name, Readers: "mean"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := Relate(context.Background(), device(t), alone, RelateOptions{Measure: m.Name})
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			for j := range items {
				sum, count := 0.0, 0.0
				for a, oa := range owners {
					for b, ob := range owners {
						if oa == i && ob == j {
							sum, count = sum+float64(all.At(a, b)), count+1
						}
					}
				}
				want := sum / max(count, 1)
				if i == j {
					want = min(count, 1)
				}
				if !within(float64(r.At(i, j)), want, 1e-6) || r.At(i, j) != r.At(j, i) {
					t.Errorf("%s: R[%d,%d] = %g, want %g", m.Name, i, j, r.At(i, j), want)
				}
			}
		}
		if !slices.Equal(r.HasGaze, []bool{true, true, false, true}) {
			t.Errorf("%s: %v have gaze", m.Name, r.HasGaze)
		}
	}
}

func TestPermuted(t *testing.T) {
	r, err := Relate(context.Background(), device(t), some(40), RelateOptions{Measure: "tima"})
	if err != nil {
		t.Fatal(err)
	}
	p := Permutation(r.HasGaze, 7)
	if !slices.Equal(p, Permutation(r.HasGaze, 7)) || slices.Equal(p, Permutation(r.HasGaze, 8)) {
		t.Error("the permutation does not follow its seed")
	}
	sorted := slices.Sorted(slices.Values(p))
	moved := 0
	for i := range p {
		if sorted[i] != i || !r.HasGaze[i] && p[i] != i || r.HasGaze[i] && !r.HasGaze[p[i]] {
			t.Fatalf("not a permutation among items with gaze: %v", p)
		}
		if p[i] != i {
			moved++
		}
	}
	if moved < 20 {
		t.Errorf("%d items moved", moved)
	}
	q := r.Permuted(7)
	for i := range q.N {
		for j := range q.N {
			if q.At(i, j) != r.At(p[i], p[j]) {
				t.Fatalf("R'[%d,%d]", i, j)
			}
		}
	}
	a, b := r.Diagnose(.9, nil), q.Diagnose(.9, nil)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the permuted relation has other positives: %+v, %+v", a, b)
	}
}

func TestLabelRelation(t *testing.T) {
	r := LabelRelation([]string{"a", "", "b", "a", ""})
	want := []float32{
		1, 0, 0, 1, 0,
		0, 1, 0, 0, 0,
		0, 0, 1, 0, 0,
		1, 0, 0, 1, 0,
		0, 0, 0, 0, 1,
	}
	if !slices.Equal(r.Values, want) {
		t.Errorf("%v", r.Values)
	}
}

func TestDiagnose(t *testing.T) {
	r := &Relation{N: 4, HasGaze: []bool{true, true, true, false}, Values: []float32{
		1, .9, .5, 0,
		.9, 1, .2, 0,
		.5, .2, 1, 0,
		0, 0, 0, 0,
	}}
	d := r.Diagnose(.5, []string{"x", "y", "x", "x"})
	if d.Items != 4 || d.WithGaze != 3 || !within(d.ShareAbove, 1./3, 1e-12) {
		t.Errorf("%+v", d)
	}
	if want := (Counts{Mean: 2. / 3, Median: 1, Least: 0, Most: 1, None: 1. / 3}); d.Positives != want {
		t.Errorf("positives %+v, want %+v", d.Positives, want)
	}
	if d.Quantiles[0] != float64(float32(.2)) || d.Quantiles[4] != .5 || d.Quantiles[8] != float64(float32(.9)) {
		t.Errorf("quantiles %v", d.Quantiles)
	}
	// Pairs: (0,2) of one label .5; (0,1) .9 and (1,2) .2 of two. Nearest: 0 -> 1 no, 1 -> 0 no, 2 -> 0 yes.
	want := Agreement{Items: 3, AUC: .5, Neighbour: 1. / 3, Chance: 1. / 3, Positives: 0}
	if a := *d.Labels; a.Items != 3 || a.AUC != .5 || a.Neighbour != want.Neighbour || !within(a.Chance, want.Chance, 1e-12) || a.Positives != 0 {
		t.Errorf("labels %+v, want %+v", a, want)
	}
	if a := r.Diagnose(.4, []string{"x", "", "x", "x"}).Labels; a.Items != 2 || a.Neighbour != 1 || a.Positives != 1 || a.AUC != .5 {
		t.Errorf("with an item without a label: %+v", a)
	}
	tied := &Relation{N: 3, HasGaze: []bool{true, true, true}, Values: []float32{1, .5, .5, .5, 1, .5, .5, .5, 1}}
	if a := tied.Diagnose(.4, []string{"x", "y", "x"}).Labels; a.Neighbour != (.5+0+.5)/3 || a.AUC != .5 {
		t.Errorf("ties: %+v", a)
	}
	for _, none := range []*Relation{newRelation(0), newRelation(3)} {
		d := none.Diagnose(.5, make([]string, none.N))
		if d.WithGaze != 0 || d.ShareAbove != 0 || d.Labels.AUC != 0.5 || none.TauForPositives(3) != 0 {
			t.Errorf("%+v", d)
		}
	}
}

func TestAUCByPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	draw := func(n int) (values []float32) {
		for range n {
			values = append(values, float32(r.IntN(8)))
		}
		return values
	}
	a, b := draw(50), draw(70)
	wins := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				wins++
			case x == y:
				wins += .5
			}
		}
	}
	if got, want := auc(a, b), wins/50/70; !within(got, want, 1e-12) {
		t.Errorf("%g, want %g", got, want)
	}
}

func TestTauForPositives(t *testing.T) {
	r, err := Relate(context.Background(), device(t), some(60), RelateOptions{Measure: "tima"})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []float64{0, .5, 1, 5, 1e9} {
		tau := r.TauForPositives(k)
		mean := r.Diagnose(tau, nil).Positives.Mean
		lower := r.Diagnose(math.Nextafter(float64(math.Nextafter32(float32(tau), -2)), -2), nil).Positives.Mean
		if mean > k || lower <= k && k < 1e9 {
			t.Errorf("k = %g: tau %g gives %g positives, a lower one %g", k, tau, mean, lower)
		}
	}
	if got := r.Diagnose(r.TauForPositives(1e9), nil).ShareAbove; got != 1 {
		t.Errorf("all pairs asked for, a share of %g given", got)
	}
}

func TestMisuse(t *testing.T) {
	for name, call := range map[string]func(){
		"a map of another size": func() { gaze.HeatMap(make([]float32, 5), gaze.Recording{}, 2, 2, .1) },
		"labels of other items": func() { newRelation(2).Diagnose(.5, []string{"a"}) },
		"no device": func() {
			Relate(context.Background(), nil, some(2), RelateOptions{Measure: "heatmap-cc"})
		},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "gaze: ") {
					t.Errorf("%s: panic %q", name, text)
				}
			}()
			call()
		}()
	}
}
