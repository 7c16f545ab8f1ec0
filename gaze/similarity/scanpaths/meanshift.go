package scanpaths

import (
	"cmp"
	"math"
	"slices"

	"gzpt/gaze/similarity/internal/measure"
)

// binsPerBandwidth is how finely places are counted before their clusters are sought.
const binsPerBandwidth = 4

// placeCounts counts places on a grid over the unit square around the origin, side bins wide and high; places outside count
// at its border.
type placeCounts struct {
	side   int
	counts []float64
}

func newPlaceCounts(scanpaths [][]point, bandwidth float64) *placeCounts {
	side := int(math.Ceil(binsPerBandwidth / bandwidth))
	d := &placeCounts{side, make([]float64, side*side)}
	for _, s := range scanpaths {
		for _, p := range s {
			d.counts[d.bin(p)]++
		}
	}
	return d
}

func (d *placeCounts) bin(p point) int {
	return measure.Cell(p.x+.5, d.side) + measure.Cell(p.y+.5, d.side)*d.side
}

// centre is the middle of a bin.
func (d *placeCounts) centre(column, row int) point {
	return point{(float64(column)+.5)/float64(d.side) - .5, (float64(row)+.5)/float64(d.side) - .5}
}

// around is the mean of the places within bandwidth of p, and how many they are.
func (d *placeCounts) around(p point, bandwidth float64) (mean point, count float64) {
	left, right := measure.Cell(p.x+.5-bandwidth, d.side), measure.Cell(p.x+.5+bandwidth, d.side)
	top, bottom := measure.Cell(p.y+.5-bandwidth, d.side), measure.Cell(p.y+.5+bandwidth, d.side)
	for row := top; row <= bottom; row++ {
		for column := left; column <= right; column++ {
			n, q := d.counts[row*d.side+column], d.centre(column, row)
			if n > 0 && p.squared(q) <= bandwidth*bandwidth {
				mean, count = point{mean.x + float64(n*q.x), mean.y + float64(n*q.y)}, count+n
			}
		}
	}
	if count > 0 {
		mean = point{mean.x / count, mean.y / count}
	}
	return mean, count
}

// mode is a place where a mean shift ends, with as many places around it.
type mode struct {
	point
	count float64
}

// climb shifts a place to the mean around it until it stays.
func (d *placeCounts) climb(p point, bandwidth float64) mode {
	for range 300 {
		next, count := d.around(p, bandwidth)
		if count == 0 || p.distance(next) < 1e-3*bandwidth {
			return mode{p, count}
		}
		p = next
	}
	_, count := d.around(p, bandwidth)
	return mode{p, count}
}

// clusters numbers the clusters of the places by mean shift with a flat kernel (Comaniciu & Meer, IEEE TPAMI 2002):
// climbs start from every bin that holds a place, of ends within bandwidth of each other that with most places around it
// stays, and a bin belongs to the nearest one that stays. It returns the cluster of every bin.
func (d *placeCounts) clusters(bandwidth float64) []int {
	var ends []mode
	for k, n := range d.counts {
		if n > 0 {
			ends = append(ends, d.climb(d.centre(k%d.side, k/d.side), bandwidth))
		}
	}
	slices.SortFunc(ends, func(a, b mode) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y))
	})
	var kept []point
	for _, e := range ends {
		if !slices.ContainsFunc(kept, func(p point) bool { return p.distance(e.point) <= bandwidth }) {
			kept = append(kept, e.point)
		}
	}
	labels := make([]int, len(d.counts))
	for k, n := range d.counts {
		if n == 0 {
			continue
		}
		least := math.Inf(1)
		for c, p := range kept {
			if distance := p.squared(d.centre(k%d.side, k/d.side)); distance < least {
				least, labels[k] = distance, c
			}
		}
	}
	return labels
}
