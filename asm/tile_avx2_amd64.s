//go:build amd64 && !noasm

#include "textflag.h"

// tileAVX2 computes a tile of up to 6 rows (pixels) by 16 columns (output channels):
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[out[i]+j] : 0
//		for each run { for k := range run.n { sum += a[in[i]+run.a+k] * w[run.b+16*k+j] } }
//		c[out[i]+j] = sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have 6 entries even where rows is less; the entries of in past
// rows are not read from. w is packed: 16 floats for every k, zeros past the last channel. mask is 16 words, -1 for a
// column that exists and 0 for one that does not, or nil when all exist: masked stores are slow.
//
//	SI  a + run.a, walks k          Y0-Y11   sums: row i in Y(2i), Y(2i+1)
//	DI  w + run.b, walks k          Y12,Y13  16 weights of one k
//	CX  floats of the run to go     Y14,Y15  one a, broadcast; the mask while loading and storing
//	DX  next run
//	AX BX R8-R11  in[0..5]
//
// Expected: 92-98 % of the multiply-add peak. Every k takes 12 multiply-adds for 8 loads, and 12 sums cover the latency.

#define WEIGHTS(b) VMOVUPS b(DI), Y12; VMOVUPS b+32(DI), Y13
#define ROW(o, d, t, s0, s1) VBROADCASTSS d(SI)(o*1), t; VFMADD231PS Y12, t, s0; VFMADD231PS Y13, t, s1

#define ROWS1(d) ROW(AX, d, Y14, Y0, Y1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, Y15, Y2, Y3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, Y14, Y4, Y5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, Y15, Y6, Y7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, Y14, Y8, Y9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, Y15, Y10, Y11)

// RUNS walks all runs with the rows of ROWS; the labels are its own.
#define RUNS(ROWS, run, four, rest, one, next) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ a+0(FP), SI; \
	MOVQ 8(DX), DI; \
	ADDQ w+32(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ $4, CX; \
	JLT  rest; \
	PCALIGN $32; \
four: \
	WEIGHTS(0); ROWS(0); \
	WEIGHTS(64); ROWS(4); \
	WEIGHTS(128); ROWS(8); \
	WEIGHTS(192); ROWS(12); \
	ADDQ $16, SI; \
	ADDQ $256, DI; \
	SUBQ $4, CX; \
	JGE  four; \
rest: \
	ADDQ $4, CX; \
	JEQ  next; \
one: \
	WEIGHTS(0); ROWS(0); \
	ADDQ $4, SI; \
	ADDQ $64, DI; \
	DECQ CX; \
	JNE  one; \
next: \
	ADDQ $24, DX; \
	DECQ n+24(FP); \
	JNE  run; \
	JMP  store

#define LOAD(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS (SI)(AX*1), s0; VMOVUPS 32(SI)(AX*1), s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, (SI)(AX*1); VMOVUPS s1, 32(SI)(AX*1)
#define LOADSOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS (SI)(AX*1), Y14, s0; VMASKMOVPS 32(SI)(AX*1), Y15, s1
#define STORESOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS s0, Y14, (SI)(AX*1); VMASKMOVPS s1, Y15, 32(SI)(AX*1)

// EACH moves the sums of CX rows from or to c by MOVE and goes on at then.
#define EACH(MOVE, then) \
	MOVE(0, Y0, Y1); \
	CMPQ CX, $2; \
	JLT  then; \
	MOVE(1, Y2, Y3); \
	JEQ  then; \
	MOVE(2, Y4, Y5); \
	CMPQ CX, $4; \
	JLT  then; \
	MOVE(3, Y6, Y7); \
	JEQ  then; \
	MOVE(4, Y8, Y9); \
	CMPQ CX, $6; \
	JLT  then; \
	MOVE(5, Y10, Y11); \
	JMP  then

// func tileAVX2(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask *int32, add bool)
TEXT ·tileAVX2(SB), NOSPLIT, $0-73
	MOVQ   rows+56(FP), CX
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
	MOVBLZX add+72(FP), AX
	TESTL  AX, AX
	JEQ    start
	MOVQ   c+40(FP), SI
	MOVQ   out+48(FP), DI
	MOVQ   mask+64(FP), DX
	TESTQ  DX, DX
	JNE    loadsome
	EACH(LOAD, start)

loadsome:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	EACH(LOADSOME, start)

start:
	MOVQ runs+16(FP), DX
	CMPQ n+24(FP), $0
	JEQ  store
	MOVQ in+8(FP), SI
	MOVQ 0(SI), AX
	MOVQ 8(SI), BX
	MOVQ 16(SI), R8
	MOVQ 24(SI), R9
	MOVQ 32(SI), R10
	MOVQ 40(SI), R11
	CMPQ CX, $6
	JEQ  run6
	CMPQ CX, $4
	JEQ  run4
	JGT  run5
	CMPQ CX, $2
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
	MOVQ  rows+56(FP), CX
	MOVQ  c+40(FP), SI
	MOVQ  out+48(FP), DI
	MOVQ  mask+64(FP), DX
	TESTQ DX, DX
	JNE   storesome
	EACH(STORE, done)

storesome:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	EACH(STORESOME, done)

done:
	VZEROUPPER
	RET
