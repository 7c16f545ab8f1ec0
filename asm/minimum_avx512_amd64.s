//go:build amd64 && !noasm

#include "textflag.h"

// The tile of sums of minima: STEP(a, w) is a < w ? a : w, and a where either is NaN. So a NaN in a reaches the sum; one in
// w must be looked for beside ([hasNaN]).
//
// A minimum and a sum go to Z30 or Z31 and on; a is broadcast as it is loaded.
//
// Expected: 90-98 % of the peak of a minimum and an addition, which is half of the multiply-add peak in elements: every k
// takes 32 operations for 18 loads, and 16 sums cover the latency of the addition.

#define TILE ·minimumTileAVX512
#define ROW(o, d, t, s0, s1) \
	VMINPS.BCST d(SI)(o*1), Z28, Z30; \
	VADDPS      Z30, s0, s0; \
	VMINPS.BCST d(SI)(o*1), Z29, Z31; \
	VADDPS      Z31, s1, s1
#include "tile_avx512_amd64.h"

// peakMinimumAVX512 runs n*16 independent minima of 16 floats, each added to a sum: the roof of the tile.
//
//	CX counts n    Z0-Z15 sums of min(0, 0)    Z16 0    Z17-Z20 the minima
//
// func peakMinimumAVX512(n int)
TEXT ·peakMinimumAVX512(SB), NOSPLIT, $0-8
	MOVQ   n+0(FP), CX
	VPXORQ Z16, Z16, Z16
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14
	VPXORQ Z15, Z15, Z15
	PCALIGN $32

loop:
	VMINPS Z16, Z16, Z17
	VADDPS Z17, Z0, Z0
	VMINPS Z16, Z16, Z18
	VADDPS Z18, Z1, Z1
	VMINPS Z16, Z16, Z19
	VADDPS Z19, Z2, Z2
	VMINPS Z16, Z16, Z20
	VADDPS Z20, Z3, Z3
	VMINPS Z16, Z16, Z17
	VADDPS Z17, Z4, Z4
	VMINPS Z16, Z16, Z18
	VADDPS Z18, Z5, Z5
	VMINPS Z16, Z16, Z19
	VADDPS Z19, Z6, Z6
	VMINPS Z16, Z16, Z20
	VADDPS Z20, Z7, Z7
	VMINPS Z16, Z16, Z17
	VADDPS Z17, Z8, Z8
	VMINPS Z16, Z16, Z18
	VADDPS Z18, Z9, Z9
	VMINPS Z16, Z16, Z19
	VADDPS Z19, Z10, Z10
	VMINPS Z16, Z16, Z20
	VADDPS Z20, Z11, Z11
	VMINPS Z16, Z16, Z17
	VADDPS Z17, Z12, Z12
	VMINPS Z16, Z16, Z18
	VADDPS Z18, Z13, Z13
	VMINPS Z16, Z16, Z19
	VADDPS Z19, Z14, Z14
	VMINPS Z16, Z16, Z20
	VADDPS Z20, Z15, Z15
	DECQ   CX
	JNE    loop
	VZEROUPPER
	RET
