// What the losses do to a row: exponentials, sums and the gradients built on them. Every body is written once in the
// vocabulary of vector_*_amd64.h; the file that includes this one says the tier and the names. losskernels_amd64.go has the
// loop of each. Nothing past n is read or written.
//
//	SI, DX, BX  inputs    DI  output    CX  floats to go    AX  offset    R9  constants of EXP
//
// Expected: rows are in L1 or L2, so arithmetic decides; an exponential takes some 20 instructions for a vector.

#include "exponential_amd64.h"
#include "stepwise_amd64.h"

// ADDVALUES adds the floats of V0 to the sums, doubles in V8 and V9. Destroys V1 and V2.
#define ADDVALUES \
	WIDEN(V0, H0, V1, V2, H2); \
	VADDPD V1, V8, V8;         \
	VADDPD V2, V9, V9

// ADDPRODUCTS adds the products of V0 and V1 to the sums. Destroys both, V2 and V3.
#define ADDPRODUCTS \
	WIDEN(V0, H0, V0, V2, H2); \
	WIDEN(V1, H1, V1, V3, H3); \
	VFMADD231PD V0, V1, V8;    \
	VFMADD231PD V2, V3, V9

// RETURNTOTAL returns the sum of the sums.
#define RETURNTOTAL(ret) \
	VADDPD V9, V8, V8; \
	TOTAL;             \
	VMOVSD X8, ret;    \
	VZEROUPPER;        \
	RET

// V0 largest    V1 x    V2 -Inf
TEXT LARGESTROW(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MINUSINFINITY(V2)
	VMOVUPS V2, V0

#define LARGER VMAXPS V1, V0, V0
	STEPWISE(LOAD((SI)(AX*1), V1); LARGER, LOADTAIL((SI)(AX*1), V1); PADTAIL(V1, V2); LARGER)
	LARGEST
	VMOVSS X0, ret+16(FP)
	VZEROUPPER
	RET

// V0 exponential    V4 x - shift    V5,V6 scratch    V8,V9 sums    V10 -Inf    V11 shift
TEXT EXPONENTIALSROW(SB), NOSPLIT, $0-32
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS shift+16(FP), V11
	MINUSINFINITY(V10)
	EXPCONSTANTS
	VXORPS       V8, V8, V8
	VXORPS       V9, V9, V9

#define ADDEXPONENTIALS VSUBPS V11, V4, V4; EXP(V4, V5, V6, V0); ADDVALUES
	STEPWISE(LOAD((SI)(AX*1), V4); ADDEXPONENTIALS, LOADTAIL((SI)(AX*1), V4); PADTAIL(V4, V10); ADDEXPONENTIALS)
	RETURNTOTAL(ret+24(FP))

// V0 x    V10 first    V11 second
TEXT SUBTRACTROW(SB), NOSPLIT, $0-32
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS first+24(FP), V10
	VBROADCASTSS second+28(FP), V11

#define SUBTRACT(load, store) \
	load((SI)(AX*1), V0); \
	VSUBPS V10, V0, V0;   \
	VSUBPS V11, V0, V0;   \
	store(V0, (DI)(AX*1))
	STEPWISE(SUBTRACT(LOAD, STORE), SUBTRACT(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0 x    V1,V2 its doubles    V8,V9 sums
TEXT TOTALROW(SB), NOSPLIT, $0-24
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS V8, V8, V8
	VXORPS V9, V9, V9
	STEPWISE(LOAD((SI)(AX*1), V0); ADDVALUES, LOADTAIL((SI)(AX*1), V0); ADDVALUES)
	RETURNTOTAL(ret+16(FP))

// V0,V2 doubles of x    V1,V3 of y    V8,V9 sums
TEXT DOTROW(SB), NOSPLIT, $0-32
	MOVQ   x+0(FP), SI
	MOVQ   y+8(FP), DX
	MOVQ   n+16(FP), CX
	VXORPS V8, V8, V8
	VXORPS V9, V9, V9

#define MULTIPLY(load) \
	load((SI)(AX*1), V0); \
	load((DX)(AX*1), V1); \
	ADDPRODUCTS
	STEPWISE(MULTIPLY(LOAD), MULTIPLY(LOADTAIL))
	RETURNTOTAL(ret+24(FP))

// V0,V2 doubles of logp where there is a label    V1,V3 of the labels    V4 copy of the labels    V8,V9 sums    V14 0
TEXT LABELLEDROW(SB), NOSPLIT, $0-32
	MOVQ   logp+0(FP), SI
	MOVQ   labels+8(FP), DX
	MOVQ   n+16(FP), CX
	VXORPS V8, V8, V8
	VXORPS V9, V9, V9
	VXORPS V14, V14, V14

#define LABEL(load) \
	load((SI)(AX*1), V0); \
	load((DX)(AX*1), V1); \
	VMOVUPS V1, V4;       \
	GATE(V4, V0, V0);     \
	ADDPRODUCTS
	STEPWISE(LABEL(LOAD), LABEL(LOADTAIL))
	RETURNTOTAL(ret+24(FP))

// V0 exponential    V1 dy    V4 y    V5,V6 scratch    V11 sum
TEXT SOFTMAXGRADIENTROW(SB), NOSPLIT, $0-36
	MOVQ         dx+0(FP), DI
	MOVQ         dy+8(FP), SI
	MOVQ         y+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS sum+32(FP), V11
	EXPCONSTANTS

#define SOFTMAXGRADIENT(load, store) \
	load((DX)(AX*1), V4);     \
	load((SI)(AX*1), V1);     \
	EXP(V4, V5, V6, V0);      \
	VFNMADD231PS V11, V0, V1; \
	store(V1, (DI)(AX*1))
	STEPWISE(SOFTMAXGRADIENT(LOAD, STORE), SOFTMAXGRADIENT(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0 exponential    V1 label    V4 logp    V5,V6 scratch    V10 positives    V11 weight
TEXT POSITIVESGRADIENTROW(SB), NOSPLIT, $0-40
	MOVQ         dx+0(FP), DI
	MOVQ         logp+8(FP), SI
	MOVQ         labels+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS positives+32(FP), V10
	VBROADCASTSS weight+36(FP), V11
	EXPCONSTANTS

#define POSITIVESGRADIENT(load, store) \
	load((SI)(AX*1), V4);    \
	load((DX)(AX*1), V1);    \
	EXP(V4, V5, V6, V0);     \
	VFMSUB213PS V1, V10, V0; \
	VMULPS      V11, V0, V0; \
	store(V0, (DI)(AX*1))
	STEPWISE(POSITIVESGRADIENT(LOAD, STORE), POSITIVESGRADIENT(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0 x    V11 divisor
TEXT DIVIDEROW(SB), NOSPLIT, $0-28
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS divisor+24(FP), V11

#define DIVIDE(load, store) \
	load((SI)(AX*1), V0); \
	VDIVPS V11, V0, V0;   \
	store(V0, (DI)(AX*1))
	STEPWISE(DIVIDE(LOAD, STORE), DIVIDE(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0 y    V1 dy    V10 along    V11 norm
TEXT NORMALIZEGRADIENTROW(SB), NOSPLIT, $0-40
	MOVQ         dx+0(FP), DI
	MOVQ         dy+8(FP), SI
	MOVQ         y+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS along+32(FP), V10
	VBROADCASTSS norm+36(FP), V11

#define NORMALIZEGRADIENT(load, store) \
	load((DX)(AX*1), V0);     \
	load((SI)(AX*1), V1);     \
	VFNMADD231PS V10, V0, V1; \
	VDIVPS       V11, V1, V1; \
	store(V1, (DI)(AX*1))
	STEPWISE(NORMALIZEGRADIENT(LOAD, STORE), NORMALIZEGRADIENT(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET
