//go:build amd64 && !noasm

#include "textflag.h"

// gradTileAVX512 computes tiles of 8 rows by 32 columns of a sum of outer products, one for each pixel
// k, one tile below the other, the last with fewer rows:
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[i*cStep+j] : 0
//		for each run { for k := range run.n { sum += a[run.a+k*aStep+i] * b[run.b+k*bStep+j] } }
//		c[i*cStep+j] = sum
//	}}
//
// Offsets and steps are bytes. Of a only rows floats of a pixel are read, of b always 32. Unless ahead is 0, every
// tile fetches to L1 the next so many lines from there on, for later.
//
//	SI  a + run.a, walks k          Z0-Z15   sums: row i in Z(2i), Z(2i+1)
//	DI  b + run.b, walks k          Z28,Z29  32 columns of one pixel
//	CX  pixels of the run to go     Z30,Z31  one a, broadcast
//	DX  next run                    K1,K2    columns that exist
//	R8  aStep, R9 3*aStep; R10 bStep, R11 3*bStep
//	R12 behind the last run; R13 rows to go
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

// FOUR is four pixels.
#define FOUR(ROWS) \
	COLUMNS0; ROWS(AT0); \
	COLUMNS1; ROWS(AT1); \
	COLUMNS2; ROWS(AT2); \
	COLUMNS3; ROWS(AT3); \
	LEAQ (SI)(R8*4), SI; \
	LEAQ (DI)(R10*4), DI

// RUNS walks all runs with the rows of ROWS; the labels are its own.
#define RUNS(ROWS, run, many, few, four, rest, one, next) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ a+0(FP), SI; \
	MOVQ 8(DX), DI; \
	ADDQ b+16(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ $16, CX; \
	JLT  few; \
	PCALIGN $32; \
many: \
	FOUR(ROWS); \
	FOUR(ROWS); \
	FOUR(ROWS); \
	FOUR(ROWS); \
	SUBQ $16, CX; \
	JGE  many; \
few: \
	ADDQ $12, CX; \
	JLT  rest; \
	PCALIGN $32; \
four: \
	FOUR(ROWS); \
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
	CMPQ DX, R12; \
	JNE  run; \
	JMP  store

#define LOAD(s0, s1) VMOVUPS.Z (SI), K1, s0; VMOVUPS.Z 64(SI), K2, s1; ADDQ DI, SI
#define STORE(s0, s1) VMOVUPS s0, K1, (SI); VMOVUPS s1, K2, 64(SI); ADDQ DI, SI

// EACH moves the sums of R13 rows, or of 8 if those are more, from or to c by MOVE and goes on at then.
#define EACH(MOVE, then) \
	MOVE(Z0, Z1); \
	CMPQ R13, $2; \
	JLT  then; \
	MOVE(Z2, Z3); \
	CMPQ R13, $3; \
	JLT  then; \
	MOVE(Z4, Z5); \
	CMPQ R13, $4; \
	JLT  then; \
	MOVE(Z6, Z7); \
	CMPQ R13, $5; \
	JLT  then; \
	MOVE(Z8, Z9); \
	CMPQ R13, $6; \
	JLT  then; \
	MOVE(Z10, Z11); \
	CMPQ R13, $7; \
	JLT  then; \
	MOVE(Z12, Z13); \
	CMPQ R13, $8; \
	JLT  then; \
	MOVE(Z14, Z15); \
	JMP  then

// func gradTileAVX512(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask uint64, add bool, ahead uintptr, lines int)
TEXT ·gradTileAVX512(SB), NOSPLIT, $0-104
	MOVQ  mask+72(FP), CX
	KMOVW CX, K1
	SHRQ  $16, CX
	KMOVW CX, K2
	MOVQ  n+40(FP), R12
	LEAQ  (R12)(R12*2), R12
	SHLQ  $3, R12
	ADDQ  runs+32(FP), R12
	MOVQ  aStep+8(FP), R8
	LEAQ  (R8)(R8*2), R9
	MOVQ  bStep+24(FP), R10
	LEAQ  (R10)(R10*2), R11
	MOVQ  rows+64(FP), R13

tile:
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
	MOVQ   c+48(FP), SI
	MOVQ   cStep+56(FP), DI
	CMPB   add+80(FP), $0
	JEQ    start
	EACH(LOAD, start)

start:
	MOVQ  ahead+88(FP), DX
	TESTQ DX, DX
	JNE   fetch

go:
	MOVQ runs+32(FP), DX
	CMPQ DX, R12
	JEQ  store
	CMPQ R13, $8
	JGE  run8
	CMPQ R13, $4
	JEQ  run4
	JGT  above4
	CMPQ R13, $2
	JEQ  run2
	JGT  run3
	JMP  run1

above4:
	CMPQ R13, $6
	JEQ  run6
	JGT  run7
	JMP  run5

	RUNS(ROWS8, run8, many8, few8, four8, rest8, one8, next8)
	RUNS(ROWS7, run7, many7, few7, four7, rest7, one7, next7)
	RUNS(ROWS6, run6, many6, few6, four6, rest6, one6, next6)
	RUNS(ROWS5, run5, many5, few5, four5, rest5, one5, next5)
	RUNS(ROWS4, run4, many4, few4, four4, rest4, one4, next4)
	RUNS(ROWS3, run3, many3, few3, four3, rest3, one3, next3)
	RUNS(ROWS2, run2, many2, few2, four2, rest2, one2, next2)
	RUNS(ROWS1, run1, many1, few1, four1, rest1, one1, next1)

store:
	MOVQ c+48(FP), SI
	MOVQ cStep+56(FP), DI
	EACH(STORE, stored)

stored:
	MOVQ SI, c+48(FP)
	ADDQ $32, a+0(FP)
	SUBQ $8, R13
	JGT  tile
	VZEROUPPER
	RET

fetch:
	MOVQ  lines+96(FP), CX

line:
	PREFETCHT0 (DX)
	ADDQ $64, DX
	DECQ CX
	JNE  line
	MOVQ DX, ahead+88(FP)
	JMP  go
