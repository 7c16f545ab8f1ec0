package similarity

// dtwCell is the best warping path that ends in a cell: its cost and its number of cells.
type dtwCell struct {
	cost   float64
	length int
}

// dtw is dynamic time warping (Sakoe & Chiba, IEEE TASSP 1978) of sequences of n and m elements, n and m at least 1, with
// steps of one along either or both, all of weight 1, and no window. It returns the accumulated cost of the cheapest path
// and how many cells that path has. Where steps cost the same, both beats one along the first sequence, which beats one
// along the second. row is scratch memory of at least m cells.
func dtw(n, m int, local func(i, j int) float64, row []dtwCell) (cost float64, length int) {
	for i := range n {
		var diagonal dtwCell
		for j := range m {
			best := diagonal
			switch {
			case i == 0 && j > 0:
				best = row[j-1]
			case i > 0 && j == 0:
				best = row[0]
			case i > 0:
				if row[j].cost < best.cost {
					best = row[j]
				}
				if row[j-1].cost < best.cost {
					best = row[j-1]
				}
			}
			diagonal = row[j]
			row[j] = dtwCell{best.cost + local(i, j), best.length + 1}
		}
	}
	return row[m-1].cost, row[m-1].length
}
