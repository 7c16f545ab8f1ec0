package heatmaps

import (
	"math"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "emd",
		About:      "earth mover's distance of the maps: how far the dwell must move to turn one into the other",
		Parameters: []measure.Parameter{measure.Sigma, gridParameter(8, 2, 16)},
		Prepare:    prepareEMD,
	})
}

// prepareEMD: R_ij = 1 - EMD(P, Q) / D with the earth mover's distance (Rubner, Tomasi & Guibas, IJCV 2000) of two fixation
// maps on a coarse grid: the least sum of mass times distance that turns P into Q, distances taken between the centres of
// cells, in cells, and D the distance of opposite corners. From 0 to 1; EMD is a distance, so two maps close to a third are
// close to each other.
func prepareEMD(w *measure.Work) (relation.Blocks, error) {
	grid := gridOf(w)
	cells := grid * grid
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	n := len(w.Paths)
	masses := make([]int64, n*cells)
	err = w.Each(n, func() func(int) {
		return func(i int) { massOf(masses[i*cells:(i+1)*cells], maps[i*cells:(i+1)*cells]) }
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	distances := cellDistances(grid)
	return w.Pairs(func() func(i, j int) float64 {
		t := newTransport(distances, cells)
		return func(i, j int) float64 {
			return 1 - t.cost(masses[i*cells:(i+1)*cells], masses[j*cells:(j+1)*cells])/(totalMass*distances[cells-1])
		}
	})
}

// totalMass is the mass of every map. Whole numbers make a transport exact: it is optimal for masses that are off by half a
// unit each, which changes the distance by less than 1e-10.
const totalMass = 1 << 40

// massOf rounds a map to whole masses. What rounding adds or takes, the largest cell gives or gets.
func massOf(dst []int64, cells []float32) {
	sum := 0.0
	for _, v := range cells {
		sum += float64(v)
	}
	if sum == 0 {
		return
	}
	left, largest := int64(totalMass), 0
	for k, v := range cells {
		dst[k] = int64(math.Round(float64(v) / sum * totalMass))
		left -= dst[k]
		if dst[k] > dst[largest] {
			largest = k
		}
	}
	dst[largest] += left
}

// cellDistances is the distance between any two cells of a grid, a row for each; the last of the first row is that of
// opposite corners.
func cellDistances(grid int) []float64 {
	cells := grid * grid
	d := make([]float64, cells*cells)
	for a := range cells {
		for b := range cells {
			d[a*cells+b] = math.Hypot(float64(a/grid-b/grid), float64(a%grid-b%grid))
		}
	}
	return d
}

// transport solves transportation problems over the cells of a grid; its slices are scratch.
//
// Mass that both maps have in a cell stays there: by the triangle inequality moving it gains nothing. What one map has
// more goes from its cells, the sources, to those of the other, the sinks, along shortest paths, one source after the other
// (successive shortest paths; Ahuja, Magnanti & Orlin, Network Flows, 1993, section 9.7). Prices keep the reduced costs
// cost[i,j] - from[i] - to[j] at or above 0, and at 0 where mass flows: that is what makes a flow optimal.
type transport struct {
	distances []float64
	cells     int

	sources, sinks []int     // their cells
	supply, demand []int64   // mass that has not moved yet
	costs          []float64 // [source, sink]
	flow           []int64   // [sink, source]
	from, to       []float64 // prices of sources and sinks

	// Of a search: the reduced cost of the way to a sink and the source before it, whether it is final; the same of a source
	// and the sink before it.
	reach, reachSource []float64
	before, through    []int
	final, seen        []bool
}

func newTransport(distances []float64, cells int) *transport {
	return &transport{
		distances: distances, cells: cells,
		sources: make([]int, 0, cells), sinks: make([]int, 0, cells),
		supply: make([]int64, cells), demand: make([]int64, cells),
		costs: make([]float64, cells*cells), flow: make([]int64, cells*cells),
		from: make([]float64, cells), to: make([]float64, cells),
		reach: make([]float64, cells), reachSource: make([]float64, cells),
		before: make([]int, cells), through: make([]int, cells),
		final: make([]bool, cells), seen: make([]bool, cells),
	}
}

// cost is the least sum of mass times distance between p and q, which have the same sum.
func (t *transport) cost(p, q []int64) float64 {
	t.pose(p, q)
	t.start()
	for s := range t.sources {
		for t.supply[s] > 0 {
			t.push(s, t.search(s))
		}
	}
	sum := 0.0
	for j := range t.sinks {
		for i, mass := range t.flow[j*len(t.sources) : (j+1)*len(t.sources)] {
			sum += float64(mass) * t.costs[i*len(t.sinks)+j]
		}
	}
	return sum
}

// pose sets up the problem.
func (t *transport) pose(p, q []int64) {
	t.sources, t.sinks = t.sources[:0], t.sinks[:0]
	for k, v := range p {
		switch {
		case v > q[k]:
			t.supply[len(t.sources)] = v - q[k]
			t.sources = append(t.sources, k)
		case v < q[k]:
			t.demand[len(t.sinks)] = q[k] - v
			t.sinks = append(t.sinks, k)
		}
	}
	for i, a := range t.sources {
		for j, b := range t.sinks {
			t.costs[i*len(t.sinks)+j] = t.distances[a*t.cells+b]
		}
	}
	clear(t.flow[:len(t.sources)*len(t.sinks)])
}

// start finds first prices, the nearest source of each sink and then the best sink of each source, and moves mass where they
// make it free.
func (t *transport) start() {
	m, n := len(t.sources), len(t.sinks)
	for j := range n {
		t.to[j] = math.Inf(1)
		for i := range m {
			t.to[j] = min(t.to[j], t.costs[i*n+j])
		}
	}
	for i := range m {
		t.from[i] = math.Inf(1)
		for j, c := range t.costs[i*n : (i+1)*n] {
			t.from[i] = min(t.from[i], c-t.to[j])
		}
		for j, c := range t.costs[i*n : (i+1)*n] {
			if mass := min(t.supply[i], t.demand[j]); mass > 0 && c-t.to[j] <= t.from[i] {
				t.flow[j*m+i] += mass
				t.supply[i] -= mass
				t.demand[j] -= mass
			}
		}
	}
}

// search finds the cheapest way from source s to a sink that lacks mass (Dijkstra), changes the prices so that it is free,
// and returns that sink.
func (t *transport) search(s int) (sink int) {
	m, n := len(t.sources), len(t.sinks)
	clear(t.final[:n])
	clear(t.seen[:m])
	for j := range n {
		t.reach[j] = math.Inf(1)
	}
	t.visit(s, 0)
	for {
		best := math.Inf(1)
		for j, v := range t.reach[:n] {
			if v < best && !t.final[j] {
				best, sink = v, j
			}
		}
		if math.IsInf(best, 1) {
			panic("heatmaps: transport: the maps have different masses")
		}
		if t.demand[sink] > 0 {
			break
		}
		t.final[sink] = true
		for i, mass := range t.flow[sink*m : (sink+1)*m] { // mass that came here can come from elsewhere instead
			if mass > 0 && !t.seen[i] {
				t.through[i] = sink
				t.visit(i, best)
			}
		}
	}
	for j, final := range t.final[:n] {
		if final {
			t.to[j] += t.reach[j] - t.reach[sink]
		}
	}
	for i, seen := range t.seen[:m] {
		if seen {
			t.from[i] += t.reach[sink] - t.reachSource[i]
		}
	}
	return sink
}

// visit goes on from a source that is reached at a cost.
func (t *transport) visit(i int, cost float64) {
	n := len(t.sinks)
	t.seen[i], t.reachSource[i] = true, cost
	base := cost - t.from[i]
	for j, c := range t.costs[i*n : (i+1)*n] {
		if v := base + c - t.to[j]; v < t.reach[j] && !t.final[j] {
			t.reach[j], t.before[j] = max(v, cost), i // rounding must not lead back
		}
	}
}

// push moves as much mass as the way from source s to a sink takes.
func (t *transport) push(s, sink int) {
	m := len(t.sources)
	mass := min(t.supply[s], t.demand[sink])
	for i := t.before[sink]; i != s; i = t.before[t.through[i]] {
		mass = min(mass, t.flow[t.through[i]*m+i])
	}
	t.supply[s] -= mass
	t.demand[sink] -= mass
	for j := sink; ; {
		i := t.before[j]
		t.flow[j*m+i] += mass
		if i == s {
			return
		}
		j = t.through[i]
		t.flow[j*m+i] -= mass
	}
}
