package scanpaths

import "math"

// warping is the scratch memory of dynamic time warping (Sakoe & Chiba, IEEE TASSP 1978) of sequences of n and m
// elements, n and m at least 1: with steps of one along either or both, all of weight 1, and no window.
//
// costs is (n+1) x (m+1), row-major: after warping, the cell (i+1, j+1) holds the cost of the cheapest path to the
// elements (i, j),
//
//	C_ij = local_ij + min(C_i-1,j-1, C_i-1,j, C_i,j-1),
//
// and row 0 and column 0 are infinite but for their corner, from which every path starts.
//
// Costs are kept as [bits].
type warping struct {
	n, m  int
	costs []int64
}

var infinite = bits(math.Inf(1))

// reset sets the size and the border.
func (w *warping) reset(n, m int, corner float64) {
	w.n, w.m = n, m
	stride := m + 1
	if size := (n + 1) * stride; cap(w.costs) < size {
		w.costs = make([]int64, size)
	} else {
		w.costs = w.costs[:size]
	}
	for j := range stride {
		w.costs[j] = infinite
	}
	for i := range n {
		w.costs[(i+1)*stride] = infinite
	}
	w.costs[0] = bits(corner)
}

// row is the cells (i+1, 1..m), which hold the local costs of element i before [warping.accumulate].
func (w *warping) row(i int) []int64 { return w.costs[(i+1)*(w.m+1)+1:][:w.m] }

// accumulate replaces the local costs by those of the cheapest paths.
func (w *warping) accumulate() {
	for i := range w.n {
		w.accumulateRow(i)
	}
}

func (w *warping) accumulateRow(i int) {
	above, row := w.costs[i*(w.m+1):][:w.m+1], w.row(i)
	left := infinite
	for j, local := range row {
		left = bits(fromBits(local) + fromBits(min(above[j], above[j+1], left)))
		row[j] = left
	}
}

// distances warps places by their distance. corner is what the path starts with: 0, or less what the first pair of
// elements shall not cost.
//
// Two rows are filled at a time, the lower a column behind: a cell waits for its left neighbour, so two rows keep the
// processor busier than one.
func (w *warping) distances(a, b []point, corner float64) {
	w.reset(len(a), len(b), corner)
	m := len(b)
	i := 0
	for ; i+1 < len(a); i += 2 {
		p, q := a[i], a[i+1]
		above := w.costs[i*(m+1):][:m+1]
		upper, lower := w.row(i)[:m], w.row(i + 1)[:m]
		last := b[0]
		left := bits(p.distance(last) + fromBits(min(above[0], above[1])))
		upper[0] = left
		before, diagonal, lowerLeft := above[1], infinite, infinite
		for j := 1; j < m; j++ {
			next, up := b[j], above[j+1]
			here := bits(p.distance(next) + fromBits(min(before, up, left)))
			lowerLeft = bits(q.distance(last) + fromBits(min(diagonal, left, lowerLeft)))
			upper[j], lower[j-1] = here, lowerLeft
			before, diagonal, left, last = up, left, here, next
		}
		lower[m-1] = bits(q.distance(last) + fromBits(min(diagonal, left, lowerLeft)))
	}
	if i < len(a) {
		row := w.row(i)
		for j, q := range b {
			row[j] = bits(a[i].distance(q))
		}
		w.accumulateRow(i)
	}
}

// cost is that of the cheapest path to the end.
func (w *warping) cost() float64 { return fromBits(w.costs[len(w.costs)-1]) }

// cells counts the cells of the cheapest path. Where steps cost the same, both beats one along the first sequence, which
// beats one along the second.
func (w *warping) cells() int {
	stride := w.m + 1
	count := 1
	for at := len(w.costs) - 1; at != stride+1; count++ {
		diagonal, up, left := w.costs[at-stride-1], w.costs[at-stride], w.costs[at-1]
		switch {
		case diagonal <= min(up, left):
			at -= stride + 1
		case up <= left:
			at -= stride
		default:
			at--
		}
	}
	return count
}

// similarity is 1 - cost / cells of the path.
func (w *warping) similarity() float64 { return 1 - w.cost()/float64(w.cells()) }
