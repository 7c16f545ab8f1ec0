//go:build amd64 && !noasm

#include "textflag.h"

// The tile of sums of minima: STEP(a, w) is a < w ? a : w, and a where either is NaN. So a NaN in a reaches the sum; one in
// w must be looked for beside ([hasNaN]).
//
// Y14 is one a, broadcast, and then the second minimum; Y15 is the first.
//
// Expected: 85-98 % of the peak of a minimum and an addition, which is half of the multiply-add peak in elements, or three
// quarters where additions have a port of their own: every k takes 24 operations for 8 loads, and 12 sums cover the
// latency of the addition.

#define TILE ·minimumTileAVX2
#define ROW(o, d, t, s0, s1) \
	VBROADCASTSS d(SI)(o*1), Y14; \
	VMINPS       Y14, Y12, Y15; \
	VADDPS       Y15, s0, s0; \
	VMINPS       Y14, Y13, Y14; \
	VADDPS       Y14, s1, s1
#include "tile_avx2_amd64.h"

// peakMinimumAVX2 runs n*12 independent minima of 8 floats, each added to a sum: the roof of the tile.
//
//	CX counts n    Y0-Y11 sums of min(0, 0)    Y12 0    Y13-Y15 the minima
//
// func peakMinimumAVX2(n int)
TEXT ·peakMinimumAVX2(SB), NOSPLIT, $0-8
	MOVQ   n+0(FP), CX
	VXORPS Y12, Y12, Y12
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	PCALIGN $32

loop:
	VMINPS Y12, Y12, Y13
	VADDPS Y13, Y0, Y0
	VMINPS Y12, Y12, Y14
	VADDPS Y14, Y1, Y1
	VMINPS Y12, Y12, Y15
	VADDPS Y15, Y2, Y2
	VMINPS Y12, Y12, Y13
	VADDPS Y13, Y3, Y3
	VMINPS Y12, Y12, Y14
	VADDPS Y14, Y4, Y4
	VMINPS Y12, Y12, Y15
	VADDPS Y15, Y5, Y5
	VMINPS Y12, Y12, Y13
	VADDPS Y13, Y6, Y6
	VMINPS Y12, Y12, Y14
	VADDPS Y14, Y7, Y7
	VMINPS Y12, Y12, Y15
	VADDPS Y15, Y8, Y8
	VMINPS Y12, Y12, Y13
	VADDPS Y13, Y9, Y9
	VMINPS Y12, Y12, Y14
	VADDPS Y14, Y10, Y10
	VMINPS Y12, Y12, Y15
	VADDPS Y15, Y11, Y11
	DECQ   CX
	JNE    loop
	VZEROUPPER
	RET

// hasNaN looks for a NaN; it serves both tiers:
//
//	for i := range n { if x[i] != x[i] { return true } }
//
//	SI x    CX floats to go    Y0 lanes that were NaN, Y1 those of the second vector
//
// Expected: 8 floats a cycle while x is in cache, otherwise the bandwidth of memory.
//
// func hasNaN(x *float32, n int) bool
TEXT ·hasNaN(SB), NOSPLIT, $0-17
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	SUBQ   $16, CX
	JLT    rest
	PCALIGN $32

two:
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VCMPPS  $3, Y2, Y2, Y2
	VCMPPS  $3, Y3, Y3, Y3
	VORPS   Y2, Y0, Y0
	VORPS   Y3, Y1, Y1
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGE     two

rest:
	ADDQ $16, CX
	JEQ  done

one:
	VMOVSS  (SI), X2
	VCMPPS  $3, Y2, Y2, Y2
	VORPS   Y2, Y0, Y0
	ADDQ    $4, SI
	DECQ    CX
	JNE     one

done:
	VORPS     Y1, Y0, Y0
	VMOVMSKPS Y0, AX
	TESTL     AX, AX
	SETNE     ret+16(FP)
	VZEROUPPER
	RET
