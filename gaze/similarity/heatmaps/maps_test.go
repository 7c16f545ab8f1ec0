package heatmaps

import (
	"math"
	"strconv"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// mapOf is the map of an item in float64, the values that float32 holds.
func mapOf(recordings []gaze.Recording, rows, cols int, sigma float64) []float64 {
	cells := make([]float32, rows*cols)
	gaze.HeatMap(cells, gaze.Merge(recordings), rows, cols, gaze.Spread{Fraction: sigma})
	out := make([]float64, len(cells))
	for k, v := range cells {
		out[k] = float64(v)
	}
	return out
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

// against compares a measure with a formula for two items that both have a map; all others have 0.
func against(t *testing.T, measure string, tolerance float64, formula func(a, b int, items [][]gaze.Recording) float64) {
	t.Helper()
	items := gazetest.Varied()
	r := measuretest.Relate(t, measure, items)
	visible := func(i int) bool { return sum(mapOf(items[i], 8, 8, .05)) > 0 }
	distinct := map[float32]bool{}
	for i := range items {
		for j := range i {
			want := 0.0
			if visible(i) && visible(j) {
				want = formula(j, i, items)
				distinct[r.At(i, j)] = true
			}
			if got := r.At(i, j); !gazetest.Within(float64(got), want, tolerance) {
				t.Errorf("%s: R[%d,%d] = %g, want %g", measure, i, j, got, want)
			}
			if got := r.At(j, i); got != r.At(i, j) {
				t.Errorf("%s: R[%d,%d] = %g, R[%d,%d] = %g", measure, j, i, got, i, j, r.At(i, j))
			}
		}
	}
	if len(distinct) < 5 {
		t.Errorf("%s: only %d different similarities", measure, len(distinct))
	}
}

// againstMaps is against with a formula of two maps of grid x grid.
func againstMaps(t *testing.T, measure string, grid int, tolerance float64, formula func(p, q []float64) float64) {
	t.Helper()
	against(t, measure, tolerance, func(a, b int, items [][]gaze.Recording) float64 {
		return formula(mapOf(items[a], grid, grid, .05), mapOf(items[b], grid, grid, .05))
	})
}

func TestCosine(t *testing.T) {
	againstMaps(t, "cosine:grid=16", 16, 1e-6, func(p, q []float64) float64 {
		var pq, pp, qq float64
		for k := range p {
			pq, pp, qq = pq+p[k]*q[k], pp+p[k]*p[k], qq+q[k]*q[k]
		}
		return pq / math.Sqrt(pp*qq)
	})
}

func TestKL(t *testing.T) {
	kl := func(p, q []float64) (sum float64) { // the formula of the benchmark
		for k := range p {
			sum += q[k] * math.Log(epsilonMap+q[k]/(p[k]+epsilonMap))
		}
		return sum
	}
	for _, grid := range []int{2, 16, 32} {
		// The bound of a product of 2*grid*grid+2 numbers whose sizes add up to less than 40, the logarithm of 1/eps.
		bound := 4 * math.Sqrt(float64(2*grid*grid+2)) * 0x1p-23 * 40
		againstMaps(t, "kl:grid="+strconv.Itoa(grid), grid, bound, func(p, q []float64) float64 {
			return 1 / (1 + max(kl(p, q)+kl(q, p), 0)/2)
		})
	}
	// What the separable form leaves out is below its bound.
	p, q := mapOf(gazetest.Varied()[1], 32, 32, .05), mapOf(gazetest.Varied()[6], 32, 32, .05)
	separable := 0.0
	for k := range p {
		if q[k] > 0 {
			separable += q[k]*math.Log(q[k]) - q[k]*math.Log(p[k]+epsilonMap)
		}
	}
	if d := kl(p, q) - separable; d < -1e-13 || d > epsilonMap*(1+1024*epsilonMap)+1e-13 {
		t.Errorf("the separable form is %g smaller, expected at most eps", d)
	}
}

// One direction of the divergence, by hand.
func TestKLOfTwoMaps(t *testing.T) {
	for _, c := range []struct {
		p, q []float32
		want float64
	}{
		{[]float32{.5, .25, .25}, []float32{.25, .25, .5}, math.Ln2 / 4},
		{[]float32{.875, .125}, []float32{.5, .5}, math.Log(.5/.875)/2 + math.Log(.5/.125)/2},
		{[]float32{.5, .5}, []float32{.875, .125}, .875*math.Log(.875/.5) + .125*math.Log(.125/.5)},
		{[]float32{1, 0}, []float32{.5, .5}, -math.Ln2/2 + math.Log(.5/epsilonMap)/2},
		{[]float32{.5, .5}, []float32{1, 0}, math.Ln2},
		{nil, nil, 0},
	} {
		if got := KL(c.p, c.q); !gazetest.Within(got, c.want, 1e-12) {
			t.Errorf("of %v from %v: %g, want %g", c.q, c.p, got, c.want)
		}
	}
	defer func() {
		if recover() != "heatmaps: KL: maps of different sizes" {
			t.Error("maps of two sizes are compared")
		}
	}()
	KL([]float32{1}, []float32{.5, .5})
}

// The same maps have 1, maps without a common place nearly none.
func TestKLExtremes(t *testing.T) {
	a, b := gazetest.Varied()[6], []gaze.Recording{{Width: 640, Height: 480, Fixations: []gaze.Fixation{{X: 20, Y: 20, Duration: 1}}}}
	r := measuretest.Relate(t, "kl", [][]gaze.Recording{a, a, b})
	if r.At(0, 1) < 1-1e-5 || r.At(0, 2) > .05 {
		t.Errorf("the same maps have %g, two that are apart %g", r.At(0, 1), r.At(0, 2))
	}
}

// fixated is the density by its definition: the recordings' fixations one by one, or the map.
func fixated(recordings []gaze.Recording, grid int) []float64 {
	r := gaze.Merge(recordings)
	if r.Map != nil {
		return mapOf(recordings, grid, grid, .05)
	}
	out := make([]float64, grid*grid)
	for _, f := range r.Fixations {
		if f.Duration > 0 && f.X >= 0 && f.Y >= 0 && f.X < r.Width && f.Y < r.Height {
			out[int(f.Y/r.Height*float64(grid))*grid+int(f.X/r.Width*float64(grid))]++
		}
	}
	if s := sum(out); s > 0 {
		for k := range out {
			out[k] /= s
		}
	}
	return out
}

func TestNSS(t *testing.T) {
	const grid = 16
	nss := func(s, f []float64) (score float64) {
		mean, squares := sum(s)/float64(len(s)), 0.0
		for _, v := range s {
			squares += v * v
		}
		std := math.Sqrt(squares/float64(len(s)) - mean*mean)
		for k, share := range f {
			score += share * (s[k] - mean) / std
		}
		return score
	}
	against(t, "nss:grid=16", 1e-5, func(a, b int, items [][]gaze.Recording) float64 {
		v := (nss(mapOf(items[a], grid, grid, .05), fixated(items[b], grid)) + nss(mapOf(items[b], grid, grid, .05), fixated(items[a], grid))) / 2
		return v / (1 + math.Abs(v))
	})
}

func TestIG(t *testing.T) {
	const grid = 16
	for _, baseline := range []string{"uniform", "centre", "mean"} {
		base := make([]float64, grid*grid)
		for k := range base {
			switch y, x := (float64(k/grid)+.5)/grid, (float64(k%grid)+.5)/grid; baseline {
			case "uniform":
				base[k] = 1
			case "centre":
				base[k] = math.Exp(-8 * ((x-.5)*(x-.5) + (y-.5)*(y-.5)))
			case "mean":
				for _, item := range gazetest.Varied() {
					base[k] += mapOf(item, grid, grid, .05)[k]
				}
			}
		}
		total := sum(base)
		gain := func(p, f []float64) (bits float64) {
			for k, share := range f {
				bits += share * (math.Log2(p[k]+epsilonMap) - math.Log2(base[k]/total+epsilonMap))
			}
			return bits
		}
		against(t, "ig:grid=16,baseline="+baseline, 1e-5, func(a, b int, items [][]gaze.Recording) float64 {
			v := (gain(mapOf(items[a], grid, grid, .05), fixated(items[b], grid)) + gain(mapOf(items[b], grid, grid, .05), fixated(items[a], grid))) / 2
			return v / (1 + math.Abs(v))
		})
	}
}
