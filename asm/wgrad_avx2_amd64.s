//go:build amd64 && !noasm

#include "textflag.h"

// gradTileAVX2 computes tiles of 6 rows by 16 columns of a sum of outer products, one for each pixel
// k, one tile below the other, the last with fewer rows:
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[i*cStep+j] : 0
//		for each run { for k := range run.n { sum += a[run.a+k*aStep+i] * b[run.b+k*bStep+j] } }
//		c[i*cStep+j] = sum
//	}}
//
// Offsets and steps are bytes. Of a only rows floats of a pixel are read, of b always 16. mask is 16 words, -1 for a
// column that exists and 0 for one that does not, or nil when all exist: masked stores are slow.
// Unless ahead is 0, every tile fetches to L1 the next so many lines from there on, for later.
//
//	SI  a + run.a, walks k          Y0-Y11   sums: row i in Y(2i), Y(2i+1)
//	DI  b + run.b, walks k          Y12,Y13  16 columns of one pixel
//	CX  pixels of the run to go     Y14,Y15  one a, broadcast; the mask while loading and storing
//	DX  next run
//	R8  aStep, R9 3*aStep; R10 bStep, R11 3*bStep
//	AX  c of the tile, BX a; R12 behind the last run; R13 rows to go
//
// Expected: 88-96 % of the multiply-add peak. Every pixel takes 12 multiply-adds for 8 loads.

// AT0-AT3 are the operands of pixel k, k+1, k+2, k+3.
#define AT0(d) d(SI)
#define AT1(d) d(SI)(R8*1)
#define AT2(d) d(SI)(R8*2)
#define AT3(d) d(SI)(R9*1)
#define COLUMNS0 VMOVUPS (DI), Y12; VMOVUPS 32(DI), Y13
#define COLUMNS1 VMOVUPS (DI)(R10*1), Y12; VMOVUPS 32(DI)(R10*1), Y13
#define COLUMNS2 VMOVUPS (DI)(R10*2), Y12; VMOVUPS 32(DI)(R10*2), Y13
#define COLUMNS3 VMOVUPS (DI)(R11*1), Y12; VMOVUPS 32(DI)(R11*1), Y13
#define ROW(AT, d, t, s0, s1) VBROADCASTSS AT(d), t; VFMADD231PS Y12, t, s0; VFMADD231PS Y13, t, s1

#define ROWS1(AT) ROW(AT, 0, Y14, Y0, Y1)
#define ROWS2(AT) ROWS1(AT); ROW(AT, 4, Y15, Y2, Y3)
#define ROWS3(AT) ROWS2(AT); ROW(AT, 8, Y14, Y4, Y5)
#define ROWS4(AT) ROWS3(AT); ROW(AT, 12, Y15, Y6, Y7)
#define ROWS5(AT) ROWS4(AT); ROW(AT, 16, Y14, Y8, Y9)
#define ROWS6(AT) ROWS5(AT); ROW(AT, 20, Y15, Y10, Y11)

// FOUR is four pixels.
#define FOUR(ROWS) \
	COLUMNS0; ROWS(AT0); \
	COLUMNS1; ROWS(AT1); \
	COLUMNS2; ROWS(AT2); \
	COLUMNS3; ROWS(AT3); \
	LEAQ (SI)(R8*4), SI; \
	LEAQ (DI)(R10*4), DI

// RUNS walks all runs with the rows of ROWS; the labels are its own.
#define RUNS(ROWS, run, four, rest, one, next) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ BX, SI; \
	MOVQ 8(DX), DI; \
	ADDQ b+16(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ $4, CX; \
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

#define LOAD(s0, s1) VMOVUPS (SI), s0; VMOVUPS 32(SI), s1; ADDQ DI, SI
#define STORE(s0, s1) VMOVUPS s0, (SI); VMOVUPS s1, 32(SI); ADDQ DI, SI
#define LOADSOME(s0, s1) VMASKMOVPS (SI), Y14, s0; VMASKMOVPS 32(SI), Y15, s1; ADDQ DI, SI
#define STORESOME(s0, s1) VMASKMOVPS s0, Y14, (SI); VMASKMOVPS s1, Y15, 32(SI); ADDQ DI, SI

// EACH moves the sums of R13 rows, or of 6 if those are more, from or to c by MOVE and goes on at then.
#define EACH(MOVE, then) \
	MOVE(Y0, Y1); \
	CMPQ R13, $2; \
	JLT  then; \
	MOVE(Y2, Y3); \
	CMPQ R13, $3; \
	JLT  then; \
	MOVE(Y4, Y5); \
	CMPQ R13, $4; \
	JLT  then; \
	MOVE(Y6, Y7); \
	CMPQ R13, $5; \
	JLT  then; \
	MOVE(Y8, Y9); \
	CMPQ R13, $6; \
	JLT  then; \
	MOVE(Y10, Y11); \
	JMP  then

// func gradTileAVX2(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask *int32, add bool, ahead uintptr, lines int)
TEXT ·gradTileAVX2(SB), NOSPLIT, $0-104
	MOVQ n+40(FP), R12
	LEAQ (R12)(R12*2), R12
	SHLQ $3, R12
	ADDQ runs+32(FP), R12
	MOVQ aStep+8(FP), R8
	LEAQ (R8)(R8*2), R9
	MOVQ bStep+24(FP), R10
	LEAQ (R10)(R10*2), R11
	MOVQ rows+64(FP), R13
	MOVQ a+0(FP), BX
	MOVQ c+48(FP), AX

tile:
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
	MOVQ   AX, SI
	MOVQ   cStep+56(FP), DI
	CMPB   add+80(FP), $0
	JEQ    start
	MOVQ   mask+72(FP), DX
	TESTQ  DX, DX
	JNE    loadsome
	EACH(LOAD, start)

loadsome:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	EACH(LOADSOME, start)

start:
	MOVQ  ahead+88(FP), DX
	TESTQ DX, DX
	JNE   fetch

go:
	MOVQ runs+32(FP), DX
	CMPQ DX, R12
	JEQ  store
	CMPQ R13, $6
	JGE  run6
	CMPQ R13, $4
	JEQ  run4
	JGT  run5
	CMPQ R13, $2
	JEQ  run2
	JGT  run3
	JMP  run1

	RUNS(ROWS6, run6, four6, rest6, one6, next6)
	RUNS(ROWS5, run5, four5, rest5, one5, next5)
	RUNS(ROWS4, run4, four4, rest4, one4, next4)
	RUNS(ROWS3, run3, four3, rest3, one3, next3)
	RUNS(ROWS2, run2, four2, rest2, one2, next2)
	RUNS(ROWS1, run1, four1, rest1, one1, next1)

store:
	MOVQ  AX, SI
	MOVQ  cStep+56(FP), DI
	MOVQ  mask+72(FP), DX
	TESTQ DX, DX
	JNE   storesome
	EACH(STORE, stored)

storesome:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	EACH(STORESOME, stored)

stored:
	MOVQ SI, AX
	ADDQ $24, BX
	SUBQ $6, R13
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
