//go:build amd64 && !noasm

#include "textflag.h"

// gradTileAVX512 computes a tile of up to 8 rows by 32 columns of a sum of outer products, one for each pixel k:
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[i*cStep+j] : 0
//		for each run { for k := range run.n { sum += a[run.a+k*aStep+i] * b[run.b+k*bStep+j] } }
//		c[i*cStep+j] = sum
//	}}
//
// Offsets and steps are bytes. Of a only rows floats of a pixel are read, of b always 32.
//
//	SI  a + run.a, walks k          Z0-Z15   sums: row i in Z(2i), Z(2i+1)
//	DI  b + run.b, walks k          Z28,Z29  32 columns of one pixel
//	CX  pixels of the run to go     Z30,Z31  one a, broadcast
//	DX  next run                    K1,K2    columns that exist
//	R8  aStep, R9 3*aStep; R10 bStep, R11 3*bStep
//
// Expected: 90-97 % of the multiply-add peak. Every pixel takes 16 multiply-adds for 10 loads.

// AT0-AT3 are the operands of pixel k, k+1, k+2, k+3.
#define AT0(d) d(SI)
#define AT1(d) d(SI)(R8*1)
#define AT2(d) d(SI)(R8*2)
#define AT3(d) d(SI)(R9*1)
#define COLUMNS0 VMOVUPS (DI), Z28; VMOVUPS 64(DI), Z29
#define COLUMNS1 VMOVUPS (DI)(R10*1), Z28; VMOVUPS 64(DI)(R10*1), Z29
#define COLUMNS2 VMOVUPS (DI)(R10*2), Z28; VMOVUPS 64(DI)(R10*2), Z29
#define COLUMNS3 VMOVUPS (DI)(R11*1), Z28; VMOVUPS 64(DI)(R11*1), Z29
#define ROW(AT, d, t, s0, s1) VBROADCASTSS AT(d), t; VFMADD231PS Z28, t, s0; VFMADD231PS Z29, t, s1

#define ROWS1(AT) ROW(AT, 0, Z30, Z0, Z1)
#define ROWS2(AT) ROWS1(AT); ROW(AT, 4, Z31, Z2, Z3)
#define ROWS3(AT) ROWS2(AT); ROW(AT, 8, Z30, Z4, Z5)
#define ROWS4(AT) ROWS3(AT); ROW(AT, 12, Z31, Z6, Z7)
#define ROWS5(AT) ROWS4(AT); ROW(AT, 16, Z30, Z8, Z9)
#define ROWS6(AT) ROWS5(AT); ROW(AT, 20, Z31, Z10, Z11)
#define ROWS7(AT) ROWS6(AT); ROW(AT, 24, Z30, Z12, Z13)
#define ROWS8(AT) ROWS7(AT); ROW(AT, 28, Z31, Z14, Z15)

// RUNS walks all runs with the rows of ROWS; the labels are its own.
#define RUNS(ROWS, run, four, rest, one, next) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ a+0(FP), SI; \
	MOVQ 8(DX), DI; \
	ADDQ b+16(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ $4, CX; \
	JLT  rest; \
	PCALIGN $32; \
four: \
	COLUMNS0; ROWS(AT0); \
	COLUMNS1; ROWS(AT1); \
	COLUMNS2; ROWS(AT2); \
	COLUMNS3; ROWS(AT3); \
	LEAQ (SI)(R8*4), SI; \
	LEAQ (DI)(R10*4), DI; \
	SUBQ $4, CX; \
	JGE  four; \
rest: \
	ADDQ $4, CX; \
	JEQ  next; \
one: \
	COLUMNS0; ROWS(AT0); \
	ADDQ R8, SI; \
	ADDQ R10, DI; \
	DECQ CX; \
	JNE  one; \
next: \
	ADDQ $24, DX; \
	DECQ n+40(FP); \
	JNE  run; \
	JMP  store

#define LOAD(s0, s1) VMOVUPS.Z (SI), K1, s0; VMOVUPS.Z 64(SI), K2, s1; ADDQ DI, SI
#define STORE(s0, s1) VMOVUPS s0, K1, (SI); VMOVUPS s1, K2, 64(SI); ADDQ DI, SI

// EACH moves the sums of CX rows from or to c by MOVE and goes on at then.
#define EACH(MOVE, then) \
	MOVE(Z0, Z1); \
	CMPQ CX, $2; \
	JLT  then; \
	MOVE(Z2, Z3); \
	CMPQ CX, $3; \
	JLT  then; \
	MOVE(Z4, Z5); \
	CMPQ CX, $4; \
	JLT  then; \
	MOVE(Z6, Z7); \
	CMPQ CX, $5; \
	JLT  then; \
	MOVE(Z8, Z9); \
	CMPQ CX, $6; \
	JLT  then; \
	MOVE(Z10, Z11); \
	CMPQ CX, $7; \
	JLT  then; \
	MOVE(Z12, Z13); \
	CMPQ CX, $8; \
	JLT  then; \
	MOVE(Z14, Z15); \
	JMP  then

// func gradTileAVX512(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask uint64, add bool)
TEXT ·gradTileAVX512(SB), NOSPLIT, $0-81
	MOVQ   mask+72(FP), CX
	KMOVW  CX, K1
	SHRQ   $16, CX
	KMOVW  CX, K2
	MOVQ   rows+64(FP), CX
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
	MOVBLZX add+80(FP), AX
	TESTL  AX, AX
	JEQ    start
	MOVQ   c+48(FP), SI
	MOVQ   cStep+56(FP), DI
	EACH(LOAD, start)

start:
	MOVQ runs+32(FP), DX
	CMPQ n+40(FP), $0
	JEQ  store
	MOVQ aStep+8(FP), R8
	LEAQ (R8)(R8*2), R9
	MOVQ bStep+24(FP), R10
	LEAQ (R10)(R10*2), R11
	CMPQ CX, $8
	JEQ  run8
	CMPQ CX, $4
	JEQ  run4
	JGT  above4
	CMPQ CX, $2
	JEQ  run2
	JGT  run3
	JMP  run1

above4:
	CMPQ CX, $6
	JEQ  run6
	JGT  run7
	JMP  run5

	RUNS(ROWS8, run8, four8, rest8, one8, next8)
	RUNS(ROWS7, run7, four7, rest7, one7, next7)
	RUNS(ROWS6, run6, four6, rest6, one6, next6)
	RUNS(ROWS5, run5, four5, rest5, one5, next5)
	RUNS(ROWS4, run4, four4, rest4, one4, next4)
	RUNS(ROWS3, run3, four3, rest3, one3, next3)
	RUNS(ROWS2, run2, four2, rest2, one2, next2)
	RUNS(ROWS1, run1, four1, rest1, one1, next1)

store:
	MOVQ rows+64(FP), CX
	MOVQ c+48(FP), SI
	MOVQ cStep+56(FP), DI
	EACH(STORE, done)

done:
	VZEROUPPER
	RET
