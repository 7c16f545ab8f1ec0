//go:build amd64 && !noasm

package asm

// rowsKernel does one thing to every element of the matrices out, a, b and c [rows, columns], whose rows lie one after
// another; columns and rows are at least 1. A kernel that has no use for an operand takes nil. params and sums hold some
// values for each column, in the order of interleaved. out may be a, b or c.
type rowsKernel func(out, a, b, c, params, sums *float32, columns, rows int)

// rowsKernels is the kernels of a tier. Each is the loop over all r and j of the line beside it, where relu(v) = v < 0 ? 0 :
// v.
type rowsKernels struct {
	lanes            int        // floats of a vector
	relu             rowsKernel // out[r,j] = a[r,j] < 0 ? 0 : a[r,j]
	reluBackward     rowsKernel // out[r,j] = c[r,j] <= 0 ? 0 : a[r,j]
	addBias          rowsKernel // out[r,j] = a[r,j] + params[0,j]
	norm             rowsKernel // out[r,j] = (a[r,j]-params[0,j])*params[1,j] + params[2,j]
	normReLU         rowsKernel // out[r,j] = relu((a[r,j]-params[0,j])*params[1,j] + params[2,j])
	normAddReLU      rowsKernel // out[r,j] = relu((a[r,j]-params[0,j])*params[1,j] + params[2,j] + b[r,j])
	normBackward     rowsKernel // out[r,j] = a[r,j]*params[1,j] - params[2,j] - (b[r,j]-params[0,j])*params[3,j]
	normReLUBackward rowsKernel // g = c[r,j] <= 0 ? 0 : a[r,j]; out[r,j] = g*params[1,j] - params[2,j] - (b[r,j]-params[0,j])*params[3,j]
	sum              rowsKernel // sums[0,j] += a[r,j]
	sumProducts      rowsKernel // sums[0,j] += a[r,j]; sums[1,j] += a[r,j]*(b[r,j]-params[0,j])
	sumGated         rowsKernel // g = c[r,j] <= 0 ? 0 : a[r,j]; sums[0,j] += g; sums[1,j] += g*(b[r,j]-params[0,j])
	sumStoreGated    rowsKernel // sumGated, and out[r,j] = g
	// widen: for i := range n { wide[i] += sums[i]; sums[i] = 0 }, n in whole vectors.
	widen func(wide *float64, sums *float32, n int)
}

var (
	rowsAVX2 = rowsKernels{
		lanes: 8, relu: reluRowsAVX2, reluBackward: reluBackwardRowsAVX2,
		addBias: addBiasRowsAVX2, norm: normRowsAVX2, normReLU: normReLURowsAVX2,
		normAddReLU: normAddReLURowsAVX2, normBackward: normBackwardRowsAVX2,
		normReLUBackward: normReLUBackwardRowsAVX2, sum: sumRowsAVX2,
		sumProducts: sumProductsRowsAVX2, sumGated: sumGatedRowsAVX2, sumStoreGated: sumStoreGatedRowsAVX2,
		widen: widenSumsAVX2,
	}
	rowsAVX512 = rowsKernels{
		lanes: 16, relu: reluRowsAVX512, reluBackward: reluBackwardRowsAVX512,
		addBias: addBiasRowsAVX512, norm: normRowsAVX512, normReLU: normReLURowsAVX512,
		normAddReLU: normAddReLURowsAVX512, normBackward: normBackwardRowsAVX512,
		normReLUBackward: normReLUBackwardRowsAVX512, sum: sumRowsAVX512,
		sumProducts: sumProductsRowsAVX512, sumGated: sumGatedRowsAVX512, sumStoreGated: sumStoreGatedRowsAVX512,
		widen: widenSumsAVX512,
	}
)

func (d *device) rows() *rowsKernels {
	if d.avx512 {
		return &rowsAVX512
	}
	return &rowsAVX2
}

//go:noescape
func reluRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func reluBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func addBiasRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normReLURowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normAddReLURowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normReLUBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumProductsRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumGatedRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumStoreGatedRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func widenSumsAVX2(wide *float64, sums *float32, n int)

//go:noescape
func reluRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func reluBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func addBiasRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normReLURowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normAddReLURowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func normReLUBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumProductsRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumGatedRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func sumStoreGatedRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)

//go:noescape
func widenSumsAVX512(wide *float64, sums *float32, n int)
