package scanpaths

// sample is a gaze position at an instant, in units that make space and time comparable.
type sample struct{ x, y, t float64 }

const (
	noise      = -1
	unassigned = -2
)

// dbscan clusters samples that are sorted by t (Ester et al., KDD 1996; Euclidean distance): a core sample has at least
// least samples, itself included, within eps of it; core samples within eps of each other share a cluster; a border
// sample joins the first cluster that reaches it; the rest is noise. labels receives the cluster of each sample, numbered
// in the order of their first core samples, or noise. It returns the number of clusters.
func dbscan(samples []sample, eps float64, least int, labels []int) int {
	n := len(samples)
	eps *= 1 + 1e-9 // samples just eps apart, as those of one fixation often are, are within it, whatever rounding makes of k/n
	core := make([]bool, n)
	first, last := 0, 0 // samples within eps in time: the others are not looked at
	from, to := make([]int, n), make([]int, n)
	for i, s := range samples {
		for s.t-samples[first].t > eps {
			first++
		}
		for last < n && samples[last].t-s.t <= eps {
			last++
		}
		from[i], to[i] = first, last
		count := 0
		for _, u := range samples[first:last] {
			if near(s, u, eps) {
				count++
			}
		}
		core[i] = count >= least
		labels[i] = unassigned
	}
	clusters := 0
	var queue []int
	for i := range samples {
		if !core[i] || labels[i] != unassigned {
			continue
		}
		labels[i] = clusters
		queue = append(queue[:0], i)
		for len(queue) > 0 {
			at := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			for j := from[at]; j < to[at]; j++ {
				if labels[j] != unassigned || !near(samples[at], samples[j], eps) {
					continue
				}
				labels[j] = clusters
				if core[j] {
					queue = append(queue, j)
				}
			}
		}
		clusters++
	}
	for i, l := range labels {
		if l == unassigned {
			labels[i] = noise
		}
	}
	return clusters
}

func near(a, b sample, eps float64) bool {
	dx, dy, dt := a.x-b.x, a.y-b.y, a.t-b.t
	return float64(dx*dx)+float64(dy*dy)+float64(dt*dt) <= eps*eps // not fused, as in squared
}
