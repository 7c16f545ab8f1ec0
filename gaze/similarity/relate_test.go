package similarity

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
)

func TestRelate(t *testing.T) {
	const n = 40
	items := gazetest.Some(n)
	for _, m := range Measures() {
		calls, last := 0, 0
		r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: m.Name, Progress: func(done, total int) {
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
	items := gazetest.Some(12)
	r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: "heatmap-cc:grid=8,sigma=0.1"})
	if err != nil {
		t.Fatal(err)
	}
	mapOf := func(i int) []float32 {
		m := make([]float32, 64)
		gaze.HeatMap(m, gaze.Merge(items[i]), 8, 8, gaze.Spread{Fraction: .1})
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
			if !gazetest.Within(float64(r.At(i, j)), want, 1e-5) {
				t.Errorf("R[%d,%d] = %g, want %g", i, j, r.At(i, j), want)
			}
		}
	}
}

// The same bits however many workers there are.
func TestRelateIsReproducible(t *testing.T) {
	items := gazetest.Some(30)
	for _, m := range Measures() {
		var first *relation.Relation
		for _, workers := range []int{1, 2, 5} {
			before := runtime.GOMAXPROCS(workers)
			r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: m.Name})
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
	_, err := Relate(ctx, gazetest.Device(t), gazetest.Some(200), RelateOptions{Measure: "tima", Progress: func(n, _ int) {
		done = n
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || done > 200*199/4 {
		t.Errorf("error %v after %d of 19900 pairs", err, done)
	}
	if _, err := Relate(ctx, gazetest.Device(t), gazetest.Some(3), RelateOptions{Measure: "heatmap-cc"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRelateRefuses(t *testing.T) {
	ok := gazetest.Path(1, 10, 100, 100)
	noFrame, nan, negative, wide, wideFixation := ok, ok, ok, ok, ok
	wide.Resolution = gaze.Resolution{X: 30, Y: math.Inf(1)}
	wideFixation.Fixations = []gaze.Fixation{{Duration: 1, Resolution: gaze.Resolution{X: math.Inf(1), Y: 30}}}
	mapOf := func(values ...float32) gaze.Recording {
		return gaze.Recording{Width: 10, Height: 10, Map: &gaze.Map{Rows: 1, Cols: 2, Values: values}}
	}
	noFrame.Width = 0
	nan.Fixations = []gaze.Fixation{{X: math.NaN(), Duration: 1}}
	negative.Fixations = []gaze.Fixation{{Duration: -1}}
	negative.File, negative.Line = "g.csv", 7
	for want, tc := range map[string]struct {
		r gaze.Recording
		o RelateOptions
	}{
		`gaze measure "cc", expected one of `:                            {ok, RelateOptions{Measure: "cc"}},
		`gaze measure tima has no parameter "sigma"; it has eps`:         {ok, RelateOptions{Measure: "tima:sigma=1"}},
		`gaze measure tima: eps is "-1", expected a number from`:         {ok, RelateOptions{Measure: "tima:eps=-1"}},
		`eps is "", expected`:                                            {ok, RelateOptions{Measure: "tima:eps"}},
		`rate is "NaN"`:                                                  {ok, RelateOptions{Measure: "tima:rate=NaN"}},
		`resize is "cubic", expected area or bilinear`:                   {ok, RelateOptions{Measure: "tima:resize=cubic"}},
		`gaze measure multimatch: a screen needs both width and`:         {ok, RelateOptions{Measure: "multimatch:width=1920"}},
		`readers "all", expected merge or mean`:                          {ok, RelateOptions{Measure: "tima", Readers: "all"}},
		`g.csv:7: image "i", reader "": a frame or a fixation`:           {negative, RelateOptions{Measure: "tima"}},
		`image "i", reader "": a frame or a fixation out of all measure`: {nan, RelateOptions{Measure: "tima"}},
		`frame or a fixation out of all measure, expected`:               {wide, RelateOptions{Measure: "heatmap-cc"}},
		`a fixation out of all measure, expected a frame`:                {wideFixation, RelateOptions{Measure: "heatmap-cc"}},
		`a heat map that is not one, expected 1 x 2 numbers`:             {mapOf(1, float32(math.NaN())), RelateOptions{Measure: "sim"}},
		`heat map that is not one, expected 1 x 2 numbers`:               {mapOf(1, -1), RelateOptions{Measure: "sim"}},
		`map that is not one, expected 1 x 2 numbers`:                    {mapOf(1), RelateOptions{Measure: "sim"}},
		`: a frame or a fixation out of all measure`:                     {noFrame, RelateOptions{Measure: "tima"}},
	} {
		if _, err := Relate(context.Background(), gazetest.Device(t), [][]gaze.Recording{{tc.r}}, tc.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if r, err := Relate(context.Background(), gazetest.Device(t), nil, RelateOptions{Measure: "heatmap-cc"}); err != nil || r.N != 0 {
		t.Errorf("no items: %v, %v", r, err)
	}
}

func TestResolveMeasure(t *testing.T) {
	got, err := ResolveMeasure("heatmap-cc:grid=16")
	if want := "heatmap-cc:degrees=1,sigma=0.05,grid=16"; err != nil || got != want {
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
	p := func(seed uint64) gaze.Recording { return gazetest.Path(seed, 20, 640, 480) }
	items := [][]gaze.Recording{{p(1), p(2)}, {p(3)}, {}, {p(4), {}, p(5), p(6)}}
	alone := [][]gaze.Recording{{p(1)}, {p(2)}, {p(3)}, {p(4)}, {p(5)}, {p(6)}}
	owners := []int{0, 0, 1, 3, 3, 3}
	for _, m := range Measures() {
		r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: m.Name, Readers: "mean"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := Relate(context.Background(), gazetest.Device(t), alone, RelateOptions{Measure: m.Name})
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
				if !gazetest.Within(float64(r.At(i, j)), want, 1e-6) || r.At(i, j) != r.At(j, i) {
					t.Errorf("%s: R[%d,%d] = %g, want %g", m.Name, i, j, r.At(i, j), want)
				}
			}
		}
		if !slices.Equal(r.HasGaze, []bool{true, true, false, true}) {
			t.Errorf("%s: %v have gaze", m.Name, r.HasGaze)
		}
	}
}

func TestRelateWithoutADevice(t *testing.T) {
	defer func() {
		if got := recover(); got != "similarity: Relate: no device" {
			t.Errorf("panic %v", got)
		}
	}()
	Relate(context.Background(), nil, gazetest.Some(2), RelateOptions{Measure: "heatmap-cc"})
}
