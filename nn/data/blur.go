package data

import "math"

// radius is how far a Gaussian reaches, which is cut at three standard deviations; a reflection has no more than the size less
// one.
func radius(sigma float64, size int) int { return min(int(math.Ceil(3*sigma)), size-1) }

// gaussian writes the weights of a Gaussian on views of a size, float32 numbers which sum to 1 over both sides, to the
// beginning of dst and returns them.
func gaussian(dst []float64, sigma float64, size int) []float64 {
	weights := dst[:radius(sigma, size)+1]
	sum := 0.0
	for k := range weights {
		w := math.Exp(-float64(k*k) / (2 * sigma * sigma))
		weights[k] = w
		sum += w
		if k > 0 {
			sum += w
		}
	}
	for k, w := range weights {
		weights[k] = float64(float32(w) * float32(1/sum))
	}
	return weights
}
