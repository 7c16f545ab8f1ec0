//go:build amd64 && !noasm

#include "textflag.h"

// The tile of sums of minima: STEP(a, w) is a < w ? a : w, and a where either is NaN. So a NaN in a reaches the sum; one in
// w must be looked for beside ([hasNaN]).
//
// A0 is one a, broadcast, and then the second minimum; A1 is the first.
//
// Expected: 85-98 % of the peak of a minimum and an addition, which is half of the multiply-add peak in elements, or three
// quarters where additions have a port of their own: every k takes 24 operations for 8 loads, and 12 sums cover the
// latency of the addition.

#define TILE ·minimumTileAVX2
#define ROW(o, d, t, s0, s1) \
	VBROADCASTSS d(SI)(o*1), A0; \
	VMINPS       A0, W0, A1; \
	VADDPS       A1, s0, s0; \
	VMINPS       A0, W1, A0; \
	VADDPS       A0, s1, s1
#include "tile_avx2_amd64.h"

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
