//go:build amd64 && !noasm

#include "textflag.h"
#include "vector_avx2_amd64.h"
#include "rows_amd64.h"

// Elementwise operations, batch normalisation and column sums, 8 floats at a time: what each computes stands at its
// declaration, how in rows_amd64.h, with the registers. Expected: the bandwidth of memory.

// func reluRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·reluRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(RELU, 0, 0)

// func reluBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·reluBackwardRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(RELUBACKWARD, 0, 0)

// func addBiasRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·addBiasRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(ADDBIAS, 1, 0)

// func normRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(NORM, 6, 0)

// func normReLURowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normReLURowsAVX2(SB), NOSPLIT, $0-64
	ROWS(NORMRELU, 6, 0)

// func normAddReLURowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normAddReLURowsAVX2(SB), NOSPLIT, $0-64
	ROWS(NORMADDRELU, 6, 0)

// func normBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normBackwardRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(NORMBACKWARD, 8, 0)

// func normReLUBackwardRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normReLUBackwardRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(NORMRELUBACKWARD, 8, 0)

// func sumRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(SUMS, 0, 1)

// func sumProductsRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumProductsRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(SUMPRODUCTS, 1, 2)

// func sumGatedRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumGatedRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(SUMGATED, 1, 2)

// func sumStoreGatedRowsAVX2(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumStoreGatedRowsAVX2(SB), NOSPLIT, $0-64
	ROWS(SUMSTOREGATED, 1, 2)

// func widenSumsAVX2(wide *float64, sums *float32, n int)
TEXT ·widenSumsAVX2(SB), NOSPLIT, $0-24
	WIDENSUMS
