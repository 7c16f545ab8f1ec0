//go:build amd64 && !noasm

#include "textflag.h"
#include "sums_avx512_amd64.h"
#include "peak_amd64.h"

// The roofs of the AVX-512 tier: peak_amd64.h.

// peakAVX512 runs n*16 multiply-adds of 16 floats. V0-V15 are sums of 0*0, Z16 is 0.
#define MULTIPLYADD(sum) VFMADD231PS Z16, Z16, sum

// func peakAVX512(n int)
TEXT ·peakAVX512(SB), NOSPLIT, $0-8
	PEAK(Z16, EACHSUM(MULTIPLYADD))

// peakMinimumAVX512 runs n*16 minima of 16 floats, each added to a sum: the roof of the tile of minima. V0-V15 are sums of
// min(0, 0), Z16 is 0, Z17-Z20 the minima.
#define MINIMUM(m, sum) VMINPS Z16, Z16, m; VADDPS m, sum, sum
#define MINIMA(s0, s1, s2, s3) MINIMUM(Z17, s0); MINIMUM(Z18, s1); MINIMUM(Z19, s2); MINIMUM(Z20, s3)

// func peakMinimumAVX512(n int)
TEXT ·peakMinimumAVX512(SB), NOSPLIT, $0-8
	PEAK(Z16, MINIMA(V0, V1, V2, V3); MINIMA(V4, V5, V6, V7); MINIMA(V8, V9, V10, V11); MINIMA(V12, V13, V14, V15))
