package heatmaps

import "testing"

func TestSIM(t *testing.T) {
	againstMaps(t, "sim:grid=16", 16, 1e-6, func(p, q []float64) (common float64) {
		for k := range p {
			common += min(p[k], q[k])
		}
		return common
	})
}
