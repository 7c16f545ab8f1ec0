//go:build amd64 && !noasm

#include "textflag.h"
#include "vector_avx512_amd64.h"
#include "rows_amd64.h"

// Elementwise operations, batch normalisation and column sums, 16 floats at a time: what each computes stands at its
// declaration, how in rows_amd64.h, with the registers. Expected: the bandwidth of memory.

// func reluRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·reluRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(RELU, 0, 0)

// func reluBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·reluBackwardRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(RELUBACKWARD, 0, 0)

// func addBiasRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·addBiasRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(ADDBIAS, 1, 0)

// func normRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(NORM, 6, 0)

// func normReLURowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normReLURowsAVX512(SB), NOSPLIT, $0-64
	ROWS(NORMRELU, 6, 0)

// func normAddReLURowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normAddReLURowsAVX512(SB), NOSPLIT, $0-64
	ROWS(NORMADDRELU, 6, 0)

// func normBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normBackwardRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(NORMBACKWARD, 8, 0)

// func normReLUBackwardRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·normReLUBackwardRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(NORMRELUBACKWARD, 8, 0)

// func sumRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(SUMS, 0, 1)

// func sumProductsRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumProductsRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(SUMPRODUCTS, 1, 2)

// func sumGatedRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumGatedRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(SUMGATED, 1, 2)

// func sumStoreGatedRowsAVX512(out, a, b, c, params, sums *float32, columns, rows int)
TEXT ·sumStoreGatedRowsAVX512(SB), NOSPLIT, $0-64
	ROWS(SUMSTOREGATED, 1, 2)

// func widenSumsAVX512(wide *float64, sums *float32, n int)
TEXT ·widenSumsAVX512(SB), NOSPLIT, $0-24
	WIDENSUMS
