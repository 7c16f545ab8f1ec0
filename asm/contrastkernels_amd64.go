//go:build amd64 && !noasm

package asm

// rowStats is the largest logit of an anchor so far, and the sum of the exponentials of some logits less it.
type rowStats struct {
	largest float32
	sum     float64
}

// contrastKernels is the kernels of a tier for blocks of logits: rows of n floats, n a multiple of 64, stride bytes apart.
type contrastKernels struct {
	// largestAndSum: stats[r].largest = max(stats[r].largest, x[r,0], ..., x[r,n-1]), or any number where one is NaN;
	// stats[r].sum = sum_i exp(x[r,i]-stats[r].largest).
	largestAndSum func(x *float32, stride, rows, n int, stats *rowStats)
	// gradientRows: x[r,i] = exp(x[r,i]-shifts[r])*factors[r].
	gradientRows func(x *float32, stride, rows, n int, shifts, factors *float32)
	// symmetricRows: x[r,i] = exp(x[r,i]-shifts[r])*factors[r] + exp(x[r,i]-columnShifts[i])*columnFactors[i].
	symmetricRows func(x *float32, stride, rows, n int, shifts, factors, columnShifts, columnFactors *float32)
	// exponentialSums: x[r,i] = exp(x[r,i]), for x below 88 or -Inf; sums[r] += sum_i x[r,i]; columnSums[i] += sum_r x[r,i], unless it
	// is nil. lanes is room for maxLanes floats of each row.
	exponentialSums func(x *float32, stride, rows, n int, sums *float64, columnSums, lanes *float32)
	// scaleRows: y[r,i] = x[r,i]*(factors[r]+columnFactors[i]). y may be x.
	scaleRows func(y, x *float32, stride, rows, n int, factors, columnFactors *float32)
	// scaleFloats: x[i] *= factor.
	scaleFloats func(x *float32, n int, factor float32)
	// longestRow: max_r sum_i x[r*n+i]*x[r*n+i], or NaN where a sum is NaN or infinite. There is at least one row, and n is any number.
	longestRow func(x *float32, rows, n int) float64
}

var (
	contrastAVX2 = contrastKernels{
		largestAndSumAVX2, gradientRowsAVX2, symmetricRowsAVX2, exponentialSumsAVX2, scaleRowsAVX2, scaleFloatsAVX2, longestRowAVX2,
	}
	contrastAVX512 = contrastKernels{
		largestAndSumAVX512, gradientRowsAVX512, symmetricRowsAVX512, exponentialSumsAVX512, scaleRowsAVX512, scaleFloatsAVX512, longestRowAVX512,
	}
)

func (d *device) contrastKernels() *contrastKernels {
	if d.avx512 {
		return &contrastAVX512
	}
	return &contrastAVX2
}

//go:noescape
func largestAndSumAVX2(x *float32, stride, rows, n int, stats *rowStats)

//go:noescape
func gradientRowsAVX2(x *float32, stride, rows, n int, shifts, factors *float32)

//go:noescape
func symmetricRowsAVX2(x *float32, stride, rows, n int, shifts, factors, columnShifts, columnFactors *float32)

//go:noescape
func largestAndSumAVX512(x *float32, stride, rows, n int, stats *rowStats)

//go:noescape
func gradientRowsAVX512(x *float32, stride, rows, n int, shifts, factors *float32)

//go:noescape
func symmetricRowsAVX512(x *float32, stride, rows, n int, shifts, factors, columnShifts, columnFactors *float32)

//go:noescape
func exponentialSumsAVX2(x *float32, stride, rows, n int, sums *float64, columnSums, lanes *float32)

//go:noescape
func scaleRowsAVX2(y, x *float32, stride, rows, n int, factors, columnFactors *float32)

//go:noescape
func scaleFloatsAVX2(x *float32, n int, factor float32)

//go:noescape
func exponentialSumsAVX512(x *float32, stride, rows, n int, sums *float64, columnSums, lanes *float32)

//go:noescape
func scaleRowsAVX512(y, x *float32, stride, rows, n int, factors, columnFactors *float32)

//go:noescape
func scaleFloatsAVX512(x *float32, n int, factor float32)

//go:noescape
func longestRowAVX2(x *float32, rows, n int) float64

//go:noescape
func longestRowAVX512(x *float32, rows, n int) float64
