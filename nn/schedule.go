package nn

import "math"

// learningRate is the rate of update u of n, u from 0, the first warm of which warm up:
//
//	LR * decay * rise
//	decay = (1+cos(pi*u/n))/2 for the cosine schedule, otherwise 1
//	rise  = 1 - (1-u/warm)*(1-WarmupRatio) for u < warm, otherwise 1
//
// The cosine runs over the whole run and the warm-up multiplies it, as in the schedule that GzPT was trained with.
func learningRate(c Config, u, warm, n int) float64 {
	lr := c.LR
	if c.Schedule == "cosine" {
		lr *= (1 + math.Cos(math.Pi*float64(u)/float64(n))) / 2
	}
	if u < warm {
		lr *= 1 - (1-float64(u)/float64(warm))*(1-c.WarmupRatio)
	}
	return lr
}

// targetMomentum is the momentum of the target network after micro-batch k of n, k from 0: m0 at the start, 1 at the
// end, along a cosine (Grill et al. 2020).
func targetMomentum(m0 float64, k, n int) float64 {
	return 1 - (1-m0)*(math.Cos(math.Pi*float64(k)/float64(n))+1)/2
}
