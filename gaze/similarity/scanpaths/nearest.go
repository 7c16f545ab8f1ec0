package scanpaths

import "math"

// neighbours is the scratch memory of nearest-neighbour distances: squared, as [bits].
type neighbours struct{ ofA, ofB []int64 }

func newNeighbours(most int) *neighbours {
	return &neighbours{make([]int64, most), make([]int64, most)}
}

// find gives for every place of each scanpath the distance to the nearest place of the other one.
func (n *neighbours) find(a, b []point) (ofA, ofB []int64) {
	ofA, ofB = n.ofA[:len(a)], n.ofB[:len(b)]
	for j := range ofB {
		ofB[j] = infinite
	}
	for i, p := range a {
		nearest := infinite
		for j, q := range b[:len(ofB)] {
			d := bits(p.squared(q))
			nearest = min(nearest, d)
			ofB[j] = min(ofB[j], d)
		}
		ofA[i] = nearest
	}
	return ofA, ofB
}

// root is the distance of a squared one as [bits].
func root(squared int64) float64 { return math.Sqrt(fromBits(squared)) }
