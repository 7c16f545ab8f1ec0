package heatmaps

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// permuted is the cheapest assignment of the units of p to those of q, tried one by one.
func permuted(p, q []int64, distances []float64) float64 {
	var from, to []int
	for k := range p {
		for range p[k] {
			from = append(from, k)
		}
		for range q[k] {
			to = append(to, k)
		}
	}
	var least func(n int) float64
	least = func(n int) float64 {
		if n == len(from) {
			return 0
		}
		best := math.Inf(1)
		for k := n; k < len(to); k++ {
			to[n], to[k] = to[k], to[n]
			best = min(best, distances[from[n]*len(p)+to[n]]+least(n+1))
			to[n], to[k] = to[k], to[n]
		}
		return best
	}
	return least(0)
}

// scattered is a map of units that fall on random cells.
func scattered(g *rand.Rand, cells, units int) []int64 {
	m := make([]int64, cells)
	for range units {
		m[g.IntN(cells)]++
	}
	return m
}

// Small maps have no cheaper assignment than the one that is found.
func TestTransport(t *testing.T) {
	g := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		grid, units := 2+g.IntN(3), 1+g.IntN(6)
		p, q := scattered(g, grid*grid, units), scattered(g, grid*grid, units)
		distances := cellDistances(grid)
		solver := newTransport(distances, grid*grid)
		if got, want := solver.cost(p, q), permuted(p, q, distances); !gazetest.Within(got, want, 1e-9) {
			t.Fatalf("from %v to %v: %g, want %g", p, q, got, want)
		}
	}
}

// On large maps the prices prove that nothing is cheaper: no reduced cost is below 0, mass flows only where it is 0, and all
// of it arrives.
func TestTransportIsOptimal(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		grid := []int{8, 8, 16}[round%3]
		cells := grid * grid
		mass := func() []int64 {
			values := make([]float32, cells)
			for k := range values {
				values[k] = float32(math.Pow(g.Float64(), float64(1+round%9)))
			}
			m := make([]int64, cells)
			massOf(m, values)
			return m
		}
		p, q := mass(), mass()
		s := newTransport(cellDistances(grid), cells)
		cost := s.cost(p, q)
		m, n, dual := len(s.sources), len(s.sinks), 0.0
		sent, got := make([]int64, cells), make([]int64, cells)
		for i, a := range s.sources {
			dual += s.from[i] * float64(p[a]-q[a])
			for j, b := range s.sinks {
				f, reduced := s.flow[j*m+i], s.costs[i*n+j]-s.from[i]-s.to[j]
				if f < 0 || reduced < -1e-9 || f > 0 && reduced > 1e-9 {
					t.Fatalf("round %d: %d units flow at a reduced cost of %g", round, f, reduced)
				}
				sent[a], got[b] = sent[a]+f, got[b]+f
			}
		}
		for j, b := range s.sinks {
			dual += s.to[j] * float64(q[b]-p[b])
		}
		for k := range p {
			if sent[k] != max(p[k]-q[k], 0) || got[k] != max(q[k]-p[k], 0) {
				t.Fatalf("round %d: cell %d sends %d and gets %d, has %d and needs %d", round, k, sent[k], got[k], p[k], q[k])
			}
		}
		if !gazetest.Within(cost/totalMass, dual/totalMass, 1e-9) {
			t.Fatalf("round %d: cost %g, value of the prices %g", round, cost, dual)
		}
	}
}

// Along a line the distance is the sum of the differences of the sums up to each place.
func TestTransportAlongALine(t *testing.T) {
	g := rand.New(rand.NewPCG(8, 8))
	const n = 30
	distances := make([]float64, n*n)
	for i := range distances {
		distances[i] = math.Abs(float64(i/n - i%n))
	}
	for range 50 {
		p, q := scattered(g, n, 1000), scattered(g, n, 1000)
		want, difference := 0.0, int64(0)
		for k := range p {
			difference += p[k] - q[k]
			want += math.Abs(float64(difference))
		}
		if got := newTransport(distances, n).cost(p, q); !gazetest.Within(got, want, 1e-6) {
			t.Fatalf("%g, want %g", got, want)
		}
	}
}

func TestMassOf(t *testing.T) {
	for _, cells := range [][]float32{{1, 2, 3}, {.1, .1, .1}, {1e-30, 0, 0}, {3e38, 3e38, 1}, {0, 0, 1e-20}} {
		m := make([]int64, len(cells))
		massOf(m, cells)
		total, whole := int64(0), 0.0
		for _, v := range cells {
			whole += float64(v)
		}
		for k, v := range m {
			total += v
			if want := float64(cells[k]) / whole * totalMass; math.Abs(float64(v)-want) > 2 {
				t.Errorf("%v: cell %d has %d, want %g", cells, k, v, want)
			}
		}
		if total != totalMass {
			t.Errorf("%v: %d in all", cells, total)
		}
	}
}

func TestEMD(t *testing.T) {
	for _, grid := range []int{2, 8} {
		s := newTransport(cellDistances(grid), grid*grid) // proved above
		againstMaps(t, "emd:grid="+strconv.Itoa(grid), grid, 1e-6, func(p, q []float64) float64 {
			a, b := make([]int64, len(p)), make([]int64, len(p))
			units := func(dst []int64, cells []float64) {
				left := int64(1 << 30)
				for k, v := range cells {
					dst[k] = min(int64(v/sum(cells)*(1<<30)), left)
					left -= dst[k]
				}
				dst[0] += left
			}
			units(a, p)
			units(b, q)
			return 1 - s.cost(a, b)/(1<<30)/(float64(grid-1)*math.Sqrt2)
		})
	}
	r := measuretest.Relate(t, "emd", gazetest.Some(40))
	checkTriangle(t, r)
}

// BenchmarkEMD is one pair of maps of 20 fixations on the default grid.
func BenchmarkEMD(b *testing.B) {
	w := &measure.Work{Ctx: context.Background(), Settings: measure.Settings{"sigma": "0.05", "grid": "8"}}
	for i := range uint64(64) {
		w.Paths = append(w.Paths, gazetest.Path(i, 20, 640, 480))
	}
	maps, err := mapsOf(w)
	if err != nil {
		b.Fatal(err)
	}
	masses := make([]int64, len(maps))
	for i := range w.Paths {
		massOf(masses[i*64:(i+1)*64], maps[i*64:(i+1)*64])
	}
	t, pair := newTransport(cellDistances(8), 64), 0
	for b.Loop() {
		i, j := pair%64, pair/64%64
		t.cost(masses[i*64:(i+1)*64], masses[j*64:(j+1)*64])
		pair++
	}
}

// Masses that differ cannot be moved: an error of the caller, not a search without end.
func TestTransportRefusesOtherMasses(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("masses of 3 and 2 were moved")
		}
	}()
	newTransport(cellDistances(2), 4).cost([]int64{3, 0, 0, 0}, []int64{0, 2, 0, 0})
}
