// The optimisers on a block of parameters. Every body is written once in the vocabulary of vector_*_amd64.h; the file that
// includes this one says the tier and the names. optimiserkernels_amd64.go has the loop of each. Nothing past n is read or
// written.
//
//	DI p or t    SI g, o or x    DX m    BX v    CX floats to go    AX offset
//
// Expected: bound by memory, 80 % of the speed of a copy or more.

#include "stepwise_amd64.h"

// V0 p    V1 g    V2 m    V4 decay    V5 trust    V6 momentum    V7 rate
TEXT HEAVYBALLBLOCK(SB), NOSPLIT, $0-40
	MOVQ         p+0(FP), DI
	MOVQ         gradient+8(FP), SI
	MOVQ         m+16(FP), DX
	MOVQ         n+24(FP), CX
	MOVQ         o+32(FP), R8
	VBROADCASTSS 0(R8), V4
	VBROADCASTSS 4(R8), V5
	VBROADCASTSS 8(R8), V6
	VBROADCASTSS 12(R8), V7

#define HEAVYBALL(load, store) \
	load((DI)(AX*1), V0);    \
	load((SI)(AX*1), V1);    \
	load((DX)(AX*1), V2);    \
	VFMADD231PS V4, V0, V1;  \
	VMULPS      V6, V2, V2;  \
	VFMADD231PS V5, V1, V2;  \
	VFNMADD231PS V7, V2, V0; \
	store(V2, (DX)(AX*1));   \
	store(V0, (DI)(AX*1))
	STEPWISE(HEAVYBALL(LOAD, STORE), HEAVYBALL(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0 p    V1 g    V2 m    V3 v    V4 decay    V5,V6 beta1, 1-beta1    V7,V8 beta2, 1-beta2    V9 rate    V10 correction
// V11 eps    V12 the step    V13 what p loses
TEXT ADAMWBLOCK(SB), NOSPLIT, $0-48
	MOVQ         p+0(FP), DI
	MOVQ         gradient+8(FP), SI
	MOVQ         m+16(FP), DX
	MOVQ         v+24(FP), BX
	MOVQ         n+32(FP), CX
	MOVQ         o+40(FP), R8
	VBROADCASTSS 0(R8), V4
	VBROADCASTSS 4(R8), V5
	VBROADCASTSS 8(R8), V6
	VBROADCASTSS 12(R8), V7
	VBROADCASTSS 16(R8), V8
	VBROADCASTSS 20(R8), V9
	VBROADCASTSS 24(R8), V10
	VBROADCASTSS 28(R8), V11

#define ADAMW(load, store) \
	load((DI)(AX*1), V0);      \
	load((SI)(AX*1), V1);      \
	load((DX)(AX*1), V2);      \
	load((BX)(AX*1), V3);      \
	VMULPS      V6, V1, V12;   \
	VFMADD213PS V12, V5, V2;   \
	VMULPS      V8, V1, V12;   \
	VMULPS      V7, V3, V3;    \
	VFMADD231PS V12, V1, V3;   \
	store(V2, (DX)(AX*1));     \
	store(V3, (BX)(AX*1));     \
	VSQRTPS     V3, V12;       \
	VFMADD213PS V11, V10, V12; \
	VDIVPS      V12, V2, V12;  \
	VMULPS      V4, V0, V13;   \
	VFMADD231PS V9, V12, V13;  \
	VSUBPS      V13, V0, V0;   \
	store(V0, (DI)(AX*1))
	STEPWISE(ADAMW(LOAD, STORE), ADAMW(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0,V2 doubles of t    V1,V3 of o    V8 keep    V9 take
//
// In doubles, because 0.9999 and 0.0001 rounded to float32 do not add up to 1 and would shrink the target step by step;
// the time goes to memory anyway.
TEXT EMABLOCK(SB), NOSPLIT, $0-40
	MOVQ         t+0(FP), DI
	MOVQ         o+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD keep+24(FP), V8
	VBROADCASTSD take+32(FP), V9

#define EMA(load, store) \
	load((DI)(AX*1), V0);       \
	load((SI)(AX*1), V1);       \
	WIDEN(V0, H0, V0, V2, H2);  \
	WIDEN(V1, H1, V1, V3, H3);  \
	VMULPD      V8, V0, V0;     \
	VMULPD      V8, V2, V2;     \
	VFMADD231PD V9, V1, V0;     \
	VFMADD231PD V9, V3, V2;     \
	NARROW(V0, V2, H2, V0, H0); \
	store(V0, (DI)(AX*1))
	STEPWISE(EMA(LOAD, STORE), EMA(LOADTAIL, STORETAIL))
	VZEROUPPER
	RET

// V0-V3 doubles of x    V8-V11 sums
TEXT SQUARESBLOCK(SB), NOSPLIT, $0-24
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS V8, V8, V8
	VXORPS V9, V9, V9
	VXORPS V10, V10, V10
	VXORPS V11, V11, V11

#define PAIROFSQUARES \
	VCVTPS2PD   (SI)(AX*1), V0;            \
	VCVTPS2PD   (BYTES/2)(SI)(AX*1), V1;   \
	VCVTPS2PD   BYTES(SI)(AX*1), V2;       \
	VCVTPS2PD   (BYTES*3/2)(SI)(AX*1), V3; \
	READAHEAD;                             \
	VFMADD231PD V0, V0, V8;                \
	VFMADD231PD V1, V1, V9;                \
	VFMADD231PD V2, V2, V10;               \
	VFMADD231PD V3, V3, V11
#define SQUARES(load) \
	load((SI)(AX*1), V0);      \
	WIDEN(V0, H0, V0, V2, H2); \
	VFMADD231PD V0, V0, V8;    \
	VFMADD231PD V2, V2, V10
	STEPWISE2(PAIROFSQUARES, SQUARES(LOAD), SQUARES(LOADTAIL))
	VADDPD V9, V8, V8
	VADDPD V11, V10, V10
	VADDPD V10, V8, V8
	TOTAL
	VMOVSD X8, ret+16(FP)
	VZEROUPPER
	RET

// V0 x, then x - x, which is NaN unless x is finite    R10 count    R11 count of a vector
TEXT NONFINITEBLOCK(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	XORQ R10, R10

#define NONFINITE(load, AT) \
	load(AT, V0);      \
	VSUBPS V0, V0, V0; \
	COUNTNAN(V0, R11); \
	ADDQ   R11, R10
#define PAIRNONFINITE NONFINITE(LOAD, (SI)(AX*1)); READAHEAD; NONFINITE(LOAD, BYTES(SI)(AX*1))
	STEPWISE2(PAIRNONFINITE, NONFINITE(LOAD, (SI)(AX*1)), NONFINITE(LOADTAIL, (SI)(AX*1)))
	MOVQ R10, ret+16(FP)
	VZEROUPPER
	RET
