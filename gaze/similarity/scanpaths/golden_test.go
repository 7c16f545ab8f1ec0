package scanpaths

import (
	"math"
	"slices"
	"testing"

	"gzpt/gaze/internal/gazetest"
)

// decimals8 is half a unit of the eighth decimal, to which the reference values are printed at least.
const decimals8 = 5e-9

func TestGoldenDTW(t *testing.T) {
	var g struct {
		Cases []struct {
			X, Y                 [][2]float64
			W                    [2]float64
			Distance, Similarity float64
			Path                 [][2]int
		}
	}
	gazetest.Golden(t, "dtw", &g)
	moments := func(values [][2]float64) (s []moment) {
		for _, v := range values {
			s = append(s, moment{v[0], v[1]})
		}
		return s
	}
	for i, c := range g.Cases {
		x, y := moments(c.X), moments(c.Y)
		w := momentWeights{c.W[0], c.W[1]}
		var scratch warping
		if got := w.similarity(x, y, &scratch); !gazetest.Within(got, c.Similarity, decimals8) {
			t.Errorf("case %d: similarity %.10f, want %.10f", i, got, c.Similarity)
		}
		cost, cells := scratch.cost(), scratch.cells()
		if c.Distance != 0 && !gazetest.Within(cost, c.Distance, decimals8) {
			t.Errorf("case %d: cost %.10f, want %.10f", i, cost, c.Distance)
		}
		if c.Path != nil && cells != len(c.Path) {
			t.Errorf("case %d: a path of %d cells, want %d", i, cells, len(c.Path))
		}
	}
	if len(g.Cases) == 0 {
		t.Error("no cases")
	}
}

func TestGoldenMoments(t *testing.T) {
	var g struct {
		Cases []struct {
			Centre    [2]float64
			S, M00, H float64
		}
		Similarity map[string]float64 `json:"similarity_s2_s4"`
	}
	gazetest.Golden(t, "moments", &g)
	var moments []moment
	for _, c := range g.Cases {
		image := make([]float64, momentGrid*momentGrid)
		for k := range image {
			dr, dc := float64(k/momentGrid)-c.Centre[0], float64(k%momentGrid)-c.Centre[1]
			image[k] = math.Floor(255 * math.Exp(-(dr*dr+dc*dc)/(2*c.S*c.S)))
		}
		m := momentOf(image)
		if m.mass != c.M00 || !gazetest.Within(m.spread, c.H, 1e-10) {
			t.Errorf("%+v: %+v", c, m)
		}
		moments = append(moments, m)
	}
	for name, w := range map[string]momentWeights{"wH=.5,wM=.5": {.5, .5}, "wH=.8,wM=.2": {.2, .8}} {
		if got := 1 - w.distance(moments[0], moments[2]); !gazetest.Within(got, g.Similarity[name], decimals8) {
			t.Errorf("%s: similarity %.10f, want %.10f", name, got, g.Similarity[name])
		}
	}
}

func TestGoldenDBSCAN(t *testing.T) {
	var g struct{ Points, Labels string }
	gazetest.Golden(t, "dbscan", &g)
	if g.Labels != "20 x 0, 15 x 1, 10 x 2, 1 x noise" { // written out below, as the points are
		t.Fatalf("the reference has other labels: %s", g.Labels)
	}
	var points [][2]int
	var want []int
	add := func(n, label int, at func(i int) (x, y int)) {
		for i := range n {
			x, y := at(i)
			points, want = append(points, [2]int{x, y}), append(want, label)
		}
	}
	add(20, 0, func(i int) (int, int) { return 100 + 5*(i%3), 200 + 3*(i%4) })
	add(15, 1, func(i int) (int, int) { return 500 + 4*(i%5), 300 + 2*(i%3) })
	add(10, 2, func(i int) (int, int) { return 100 + 3*(i%4), 220 })
	add(1, noise, func(int) (int, int) { return 790, 10 })
	n := len(points)
	samples := make([]sample, n)
	for t, p := range points {
		samples[t] = sample{float64(p[0]) / 800, float64(p[1]) / 800, float64(t) / float64(n)}
	}
	labels := make([]int, n)
	if clusters := dbscan(samples, .2, n/10+1, labels); clusters != 3 || !slices.Equal(labels, want) {
		t.Errorf("%d clusters %v, want %v", clusters, labels, want)
	}
}
