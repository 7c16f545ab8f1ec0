// What tile_amd64.h, which has the loop, leaves to a tier, for AVX-512: tiles of 8 rows by 32 columns. mask is a uint64.
//
//	Z0-Z15   sums    Z28,Z29  weights    Z30,Z31  one a
//	R12,R13  in[6..7]    K1,K2   columns that exist
//	T0-T11   Z16-Z27; T12-T15, those of rows 6 and 7, are where OUT says
//	LEFT     on the stack

#include "sums_avx512_amd64.h"

#define FRAME 344
#define LEFT 336(SP)
#define COMPARELEFT CMPQ LEFT, $0
#define T0 Z16
#define T1 Z17
#define T2 Z18
#define T3 Z19
#define T4 Z20
#define T5 Z21
#define T6 Z22
#define T7 Z23
#define T8 Z24
#define T9 Z25
#define T10 Z26
#define T11 Z27
#define T12 0(CX)
#define T13 64(CX)
#define T14 128(CX)
#define T15 192(CX)

// OUT sets CX to 16(SP) on the next boundary of 64 bytes: the frames above decide where the stack lies.
#define OUT LEAQ 79(SP), CX; ANDQ $~63, CX

// MOVE and BEGIN are MOVEOUT and BEGINOUT for totals in registers.
#define MOVE(s0, s1, t0, t1) VADDPS s0, t0, t0; CLEAR(s0); VADDPS s1, t1, t1; CLEAR(s1)
#define BEGIN(s0, s1, t0, t1) VMOVAPS s0, t0; CLEAR(s0); VMOVAPS s1, t1; CLEAR(s1)

// The rows 6 and 7.
#define ROWS7(d) ROWS6(d); ROW(R12, d, A0, V12, V13)
#define ROWS8(d) ROWS7(d); ROW(R13, d, A1, V14, V15)
#define EACH7(DO, DOOUT) EACH6(DO, DOOUT); OUT; DOOUT(V12, V13, T12, T13)
#define EACH8(DO, DOOUT) EACH7(DO, DOOUT); DOOUT(V14, V15, T14, T15)
#define MOREIN MOVQ 48(SI), R12; MOVQ 56(SI), R13
#define MORERUNS \
	RUNS(ROWS8, EACH8, run8, many8, few8, four8, rest8, one8, next8, first8) \
	RUNS(ROWS7, EACH7, run7, many7, few7, four7, rest7, one7, next7, first7)
#define ALLROWS EACH8

// WEIGHTS loads the weights of one k, and fetches those of 16 steps on from L2, where a panel lives, into L1.
#define WEIGHTS(b) VMOVUPS b(DI), W0; VMOVUPS b+64(DI), W1; PREFETCHT0 b+2048(DI); PREFETCHT0 b+2112(DI)

#define PREPARE COLUMNMASKS(mask+64(FP))

#define ADDROW(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, K1, s0; VADDPS 64(SI)(AX*1), s1, K2, s1
#define STOREROW(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, K1, (SI)(AX*1); VMOVUPS s1, K2, 64(SI)(AX*1)

// UPTO8 is UPTO6 for CX rows, or for 8 if those are more; it always goes on at then.
#define UPTO8(DO, then) \
	UPTO6(DO, then);  \
	JEQ  then;        \
	DO(6, V12, V13);  \
	CMPQ CX, $8;      \
	JLT  then;        \
	DO(7, V14, V15);  \
	JMP  then

#define ADDANDSTORE(then) \
	MOVBLZX add+72(FP), AX; \
	TESTL   AX, AX;         \
	JEQ     put;            \
	UPTO8(ADDROW, put);     \
put: \
	UPTO8(STOREROW, then)

#include "tile_amd64.h"
