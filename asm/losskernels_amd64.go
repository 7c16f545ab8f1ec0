//go:build amd64 && !noasm

package asm

// lossKernels is the kernels of a tier for rows of n floats, n at least 1. Outputs may be inputs. Sums are float64.
type lossKernels struct {
	// largest: the largest x[i], or any number where one is NaN.
	largest func(x *float32, n int) float32
	// exponentials: sum_i exp(x[i]-shift).
	exponentials func(x *float32, n int, shift float32) float64
	// subtract: y[i] = x[i] - first - second.
	subtract func(y, x *float32, n int, first, second float32)
	// total: sum_i x[i].
	total func(x *float32, n int) float64
	// dot: sum_i x[i]*y[i].
	dot func(x, y *float32, n int) float64
	// labelled: sum_i labels[i] <= 0 ? 0 : labels[i]*logp[i].
	labelled func(logp, labels *float32, n int) float64
	// softmaxGradient: dx[i] = dy[i] - exp(y[i])*sum.
	softmaxGradient func(dx, dy, y *float32, n int, sum float32)
	// positivesGradient: dx[i] = (exp(logp[i])*positives - labels[i]) * weight.
	positivesGradient func(dx, logp, labels *float32, n int, positives, weight float32)
	// divide: y[i] = x[i] / divisor.
	divide func(y, x *float32, n int, divisor float32)
	// normalizeGradient: dx[i] = (dy[i] - y[i]*along) / norm.
	normalizeGradient func(dx, dy, y *float32, n int, along, norm float32)
}

var (
	lossesAVX2 = lossKernels{
		largest:           largestAVX2,
		exponentials:      exponentialsAVX2,
		subtract:          subtractAVX2,
		total:             totalAVX2,
		dot:               dotAVX2,
		labelled:          labelledAVX2,
		softmaxGradient:   softmaxGradientAVX2,
		positivesGradient: positivesGradientAVX2,
		divide:            divideAVX2,
		normalizeGradient: normalizeGradientAVX2,
	}
	lossesAVX512 = lossKernels{
		largest:           largestAVX512,
		exponentials:      exponentialsAVX512,
		subtract:          subtractAVX512,
		total:             totalAVX512,
		dot:               dotAVX512,
		labelled:          labelledAVX512,
		softmaxGradient:   softmaxGradientAVX512,
		positivesGradient: positivesGradientAVX512,
		divide:            divideAVX512,
		normalizeGradient: normalizeGradientAVX512,
	}
)

func (d *device) losses() *lossKernels {
	if d.avx512 {
		return &lossesAVX512
	}
	return &lossesAVX2
}

//go:noescape
func largestAVX2(x *float32, n int) float32

//go:noescape
func exponentialsAVX2(x *float32, n int, shift float32) float64

//go:noescape
func subtractAVX2(y, x *float32, n int, first, second float32)

//go:noescape
func totalAVX2(x *float32, n int) float64

//go:noescape
func dotAVX2(x, y *float32, n int) float64

//go:noescape
func labelledAVX2(logp, labels *float32, n int) float64

//go:noescape
func softmaxGradientAVX2(dx, dy, y *float32, n int, sum float32)

//go:noescape
func positivesGradientAVX2(dx, logp, labels *float32, n int, positives, weight float32)

//go:noescape
func divideAVX2(y, x *float32, n int, divisor float32)

//go:noescape
func normalizeGradientAVX2(dx, dy, y *float32, n int, along, norm float32)

//go:noescape
func largestAVX512(x *float32, n int) float32

//go:noescape
func exponentialsAVX512(x *float32, n int, shift float32) float64

//go:noescape
func subtractAVX512(y, x *float32, n int, first, second float32)

//go:noescape
func totalAVX512(x *float32, n int) float64

//go:noescape
func dotAVX512(x, y *float32, n int) float64

//go:noescape
func labelledAVX512(logp, labels *float32, n int) float64

//go:noescape
func softmaxGradientAVX512(dx, dy, y *float32, n int, sum float32)

//go:noescape
func positivesGradientAVX512(dx, logp, labels *float32, n int, positives, weight float32)

//go:noescape
func divideAVX512(y, x *float32, n int, divisor float32)

//go:noescape
func normalizeGradientAVX512(dx, dy, y *float32, n int, along, norm float32)
