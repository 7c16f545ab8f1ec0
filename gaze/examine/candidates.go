package examine

import (
	"math"
	"slices"

	"gzpt/gaze/relation"
)

// Candidate is a threshold with what it gives.
type Candidate struct {
	Tau       float64         `json:"tau"`
	Positives relation.Counts `json:"positives_per_item"`
	// Labels is the share of the positives that join two items of one label; 0 without labels or positives.
	Labels float64 `json:"positives_same_label"`
	// Chosen is the tau of the rule, Suggested the one that Conclusion names.
	Chosen    bool `json:"chosen"`
	Suggested bool `json:"suggested"`
}

// candidatePositives is the positives an item that the candidates for tau give on average, or as near below as they can.
var candidatePositives = []float64{1, 2, 5, 10, 20, 50}

// candidateTaus is thresholds to try, the rule's own among them, the highest first.
func candidateTaus(p *relation.Positives) []float64 {
	rule := p.Rule()
	numbers := slices.DeleteFunc(slices.Clone(candidatePositives), func(k float64) bool { return k == rule.PerItem })
	taus := shortest(p.Pairs(), p.Pairs().TausForPositives(numbers))
	if rule.Kind != "top-k" {
		taus = append(taus, rule.Tau)
	}
	slices.Sort(taus)
	taus = slices.Compact(taus)
	slices.Reverse(taus)
	return taus
}

// candidates tries thresholds.
func candidates(p *relation.Positives, labels []string) []Candidate {
	taus := candidateTaus(p)
	rule, r := p.Rule(), p.Relation()
	perItem := make([][]int, len(taus))
	for t := range perItem {
		perItem[t] = make([]int, r.N)
	}
	labelled, hits := make([]int, len(taus)), make([]int, len(taus))
	p.Pairs().Each(func(i, j int, v float32) {
		for t := len(taus) - 1; t >= 0 && v > float32(taus[t]); t-- { // the lowest tau first
			perItem[t][i]++
			perItem[t][j]++
			if labels != nil && labels[i] != "" && labels[j] != "" {
				labelled[t]++
				if labels[i] == labels[j] {
					hits[t]++
				}
			}
		}
	})
	found := make([]Candidate, len(taus))
	for t, tau := range taus {
		var with []int
		for i, n := range perItem[t] {
			if r.HasGaze[i] {
				with = append(with, n)
			}
		}
		found[t] = Candidate{Tau: tau, Positives: relation.Count(with), Labels: share(hits[t], labelled[t]), Chosen: rule.Kind != "top-k" && tau == rule.Tau}
	}
	return found
}

// mostDecimals tells apart all similarities that are worth it.
const mostDecimals = 9

// shortest rounds thresholds up to the fewest decimals that leave nearly all of the pairs above each, so that a person can
// pass them on. Rounding down, or to the nearest, could let in all pairs of a similarity that many share.
func shortest(p relation.Pairs, taus []float64) []float64 {
	tried := slices.Clone(taus)
	for _, tau := range taus {
		for decimals := 2; decimals <= mostDecimals; decimals++ {
			tried = append(tried, roundedUp(tau, decimals))
		}
	}
	counts := above(p, tried)
	short := make([]float64, len(taus))
	for k, tau := range taus {
		short[k] = tau
		for decimals := mostDecimals; decimals >= 2; decimals-- {
			if rounded := roundedUp(tau, decimals); counts[rounded] >= counts[tau]-counts[tau]/100 {
				short[k] = rounded
			}
		}
	}
	return short
}

// above counts the pairs above each of some thresholds.
func above(p relation.Pairs, taus []float64) map[float64]int {
	rising := slices.Clone(taus)
	slices.Sort(rising)
	rising = slices.Compact(rising)
	counts := make([]int, len(rising))
	p.Each(func(_, _ int, v float32) {
		for t := 0; t < len(rising) && v > float32(rising[t]); t++ {
			counts[t]++
		}
	})
	above := map[float64]int{}
	for t, tau := range rising {
		above[tau] = counts[t]
	}
	return above
}

// roundedUp is a number with some decimals, not below v as float32.
func roundedUp(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	up := math.Ceil(v*scale) / scale
	if float32(up) < float32(v) { // the product was rounded down
		up = (math.Ceil(v*scale) + 1) / scale
	}
	return up
}
