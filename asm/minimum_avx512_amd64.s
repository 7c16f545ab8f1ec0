//go:build amd64 && !noasm

#include "textflag.h"

// The tile of sums of minima: STEP(a, w) is a < w ? a : w, and a where either is NaN. So a NaN in a reaches the sum; one in
// w must be looked for beside ([hasNaN]).
//
// A minimum and a sum go to A0 or A1 and on; a is broadcast as it is loaded.
//
// Expected: 90-98 % of the peak of a minimum and an addition, which is half of the multiply-add peak in elements: every k
// takes 32 operations for 18 loads, and 16 sums cover the latency of the addition.

#define TILE ·minimumTileAVX512
#define ROW(o, d, t, s0, s1) \
	VMINPS.BCST d(SI)(o*1), W0, A0; \
	VADDPS      A0, s0, s0; \
	VMINPS.BCST d(SI)(o*1), W1, A1; \
	VADDPS      A1, s1, s1
#include "tile_avx512_amd64.h"
