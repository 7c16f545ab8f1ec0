//go:build amd64 && !noasm

#include "textflag.h"

// tileAVX512 computes a tile of up to 8 rows (pixels) by 32 columns (output channels):
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[out[i]+j] : 0
//		for each run { for k := range run.n { sum += a[in[i]+run.a+k] * w[run.b+32*k+j] } }
//		c[out[i]+j] = sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have 8 entries even where rows is less; the entries of in past
// rows are not read from. w is packed: 32 floats for every k, zeros past the last channel.
//
//	SI  a + run.a, walks k          Z0-Z15   sums: row i in Z(2i), Z(2i+1)
//	DI  w + run.b, walks k          Z28,Z29  32 weights of one k
//	CX  floats of the run to go     Z30,Z31  one a, broadcast
//	DX  next run                    K1,K2    columns that exist
//	AX BX R8-R13  in[0..7]
//
// Expected: 94-99 % of the multiply-add peak. Every k takes 16 multiply-adds for 10 loads, and 16 sums cover the latency.

#define WEIGHTS(b) VMOVUPS b(DI), Z28; VMOVUPS b+64(DI), Z29
#define ROW(o, d, t, s0, s1) VBROADCASTSS d(SI)(o*1), t; VFMADD231PS Z28, t, s0; VFMADD231PS Z29, t, s1

#define ROWS1(d) ROW(AX, d, Z30, Z0, Z1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, Z31, Z2, Z3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, Z30, Z4, Z5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, Z31, Z6, Z7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, Z30, Z8, Z9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, Z31, Z10, Z11)
#define ROWS7(d) ROWS6(d); ROW(R12, d, Z30, Z12, Z13)
#define ROWS8(d) ROWS7(d); ROW(R13, d, Z31, Z14, Z15)

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
	WEIGHTS(128); ROWS(4); \
	WEIGHTS(256); ROWS(8); \
	WEIGHTS(384); ROWS(12); \
	ADDQ $16, SI; \
	ADDQ $512, DI; \
	SUBQ $4, CX; \
	JGE  four; \
rest: \
	ADDQ $4, CX; \
	JEQ  next; \
one: \
	WEIGHTS(0); ROWS(0); \
	ADDQ $4, SI; \
	ADDQ $128, DI; \
	DECQ CX; \
	JNE  one; \
next: \
	ADDQ $24, DX; \
	DECQ n+24(FP); \
	JNE  run; \
	JMP  store

#define LOAD(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS.Z (SI)(AX*1), K1, s0; VMOVUPS.Z 64(SI)(AX*1), K2, s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, K1, (SI)(AX*1); VMOVUPS s1, K2, 64(SI)(AX*1)

// EACH moves the sums of CX rows from or to c by MOVE and goes on at then.
#define EACH(MOVE, then) \
	MOVE(0, Z0, Z1); \
	CMPQ CX, $2; \
	JLT  then; \
	MOVE(1, Z2, Z3); \
	JEQ  then; \
	MOVE(2, Z4, Z5); \
	CMPQ CX, $4; \
	JLT  then; \
	MOVE(3, Z6, Z7); \
	JEQ  then; \
	MOVE(4, Z8, Z9); \
	CMPQ CX, $6; \
	JLT  then; \
	MOVE(5, Z10, Z11); \
	JEQ  then; \
	MOVE(6, Z12, Z13); \
	CMPQ CX, $8; \
	JLT  then; \
	MOVE(7, Z14, Z15); \
	JMP  then

// func tileAVX512(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask uint64, add bool)
TEXT ·tileAVX512(SB), NOSPLIT, $0-73
	MOVQ   mask+64(FP), CX
	KMOVW  CX, K1
	SHRQ   $16, CX
	KMOVW  CX, K2
	MOVQ   rows+56(FP), CX
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
	MOVBLZX add+72(FP), AX
	TESTL  AX, AX
	JEQ    start
	MOVQ   c+40(FP), SI
	MOVQ   out+48(FP), DI
	EACH(LOAD, start)

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
	MOVQ 48(SI), R12
	MOVQ 56(SI), R13
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
	MOVQ rows+56(FP), CX
	MOVQ c+40(FP), SI
	MOVQ out+48(FP), DI
	EACH(STORE, done)

done:
	VZEROUPPER
	RET
