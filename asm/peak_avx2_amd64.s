//go:build amd64 && !noasm

#include "textflag.h"
#include "sums_avx2_amd64.h"
#include "peak_amd64.h"

// The roofs of the AVX2 tier: peak_amd64.h.

// peakAVX2 runs n*12 multiply-adds of 8 floats. V0-V11 are sums of 0*0, Y15 is 0.
#define MULTIPLYADD(sum) VFMADD231PS Y15, Y15, sum

// func peakAVX2(n int)
TEXT ·peakAVX2(SB), NOSPLIT, $0-8
	PEAK(Y15, EACHSUM(MULTIPLYADD))

// peakMinimumAVX2 runs n*12 minima of 8 floats, each added to a sum: the roof of the tile of minima. V0-V11 are sums of
// min(0, 0), Y12 is 0, Y13-Y15 the minima.
#define MINIMUM(m, sum) VMINPS Y12, Y12, m; VADDPS m, sum, sum
#define MINIMA(s0, s1, s2) MINIMUM(Y13, s0); MINIMUM(Y14, s1); MINIMUM(Y15, s2)

// func peakMinimumAVX2(n int)
TEXT ·peakMinimumAVX2(SB), NOSPLIT, $0-8
	PEAK(Y12, MINIMA(V0, V1, V2); MINIMA(V3, V4, V5); MINIMA(V6, V7, V8); MINIMA(V9, V10, V11))
