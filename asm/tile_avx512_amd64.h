// TILE computes a tile of up to 8 rows (pixels) by 32 columns (output channels):
//
//	for i := range rows { for j := range columns of mask {
//		sum := 0
//		for each run { for k := range run.n { sum += STEP(a[in[i]+run.a+k], w[run.b+32*k+j]) } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have 8 entries even where rows is less; the entries of in past
// rows are not read from. w is packed: 32 floats for every k, zeros past the last channel.
//
// After 96 steps or more, at the end of a run, the sums move to totals, which start from 0: a long sum has the error of a
// short one, and a network that of PyTorch's float32. It takes 2 to 4 % of the time.
//
//	SI  a + run.a, walks k          Z0-Z15   sums: row i in Z(2i), Z(2i+1)
//	DI  w + run.b, walks k          Z28,Z29  32 weights of one k
//	CX  floats of the run to go     Z30,Z31  one a, broadcast
//	DX  next run                    Z16-Z27  totals of rows 0 to 5; those of 6 and 7 are where OUT says
//	AX BX R8-R13  in[0..7]          K1,K2    columns that exist
//	320(SP)  steps before the sums move
//
// A file that includes this one defines the name TILE, ROW, which adds the steps of row o of a at distance d to the sums
// s0 and s1, and with it what STEP is.

// WEIGHTS loads the weights of one k, and fetches those of 16 steps on from L2, where a panel lives, into L1.
#define WEIGHTS(b) VMOVUPS b(DI), Z28; VMOVUPS b+64(DI), Z29; PREFETCHT0 b+2048(DI); PREFETCHT0 b+2112(DI)

#define ROWS1(d) ROW(AX, d, Z30, Z0, Z1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, Z31, Z2, Z3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, Z30, Z4, Z5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, Z31, Z6, Z7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, Z30, Z8, Z9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, Z31, Z10, Z11)
#define ROWS7(d) ROWS6(d); ROW(R12, d, Z30, Z12, Z13)
#define ROWS8(d) ROWS7(d); ROW(R13, d, Z31, Z14, Z15)

#define MOVE(s, t) VADDPS s, t, t; VPXORQ s, s, s
// OUT sets r to 0(SP) on the next boundary of 64 bytes: the frames above decide where the stack lies.
#define OUT(r) LEAQ 63(SP), r; ANDQ $~63, r
#define MOVEOUT(s, at) VADDPS at(CX), s, s; VMOVUPS s, at(CX); VPXORQ s, s, s

#define MOVE1 MOVE(Z0, Z16); MOVE(Z1, Z17)
#define MOVE2 MOVE1; MOVE(Z2, Z18); MOVE(Z3, Z19)
#define MOVE3 MOVE2; MOVE(Z4, Z20); MOVE(Z5, Z21)
#define MOVE4 MOVE3; MOVE(Z6, Z22); MOVE(Z7, Z23)
#define MOVE5 MOVE4; MOVE(Z8, Z24); MOVE(Z9, Z25)
#define MOVE6 MOVE5; MOVE(Z10, Z26); MOVE(Z11, Z27)
#define MOVE7 MOVE6; OUT(CX); MOVEOUT(Z12, 0); MOVEOUT(Z13, 64)
#define MOVE8 MOVE7; MOVEOUT(Z14, 128); MOVEOUT(Z15, 192)

// RUNS walks all runs with the rows of ROWS, whose sums MOVES moves; the labels are its own.
#define RUNS(ROWS, MOVES, run, four, rest, one, next, same) \
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
	MOVQ 16(DX), CX; \
	SUBQ CX, 320(SP); \
	JGT  same; \
	MOVQ $48, 320(SP); \
	MOVES; \
same: \
	ADDQ $24, DX; \
	DECQ n+24(FP); \
	JNE  run; \
	JMP  store

#define ADD(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, K1, s0; VADDPS 64(SI)(AX*1), s1, K2, s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, K1, (SI)(AX*1); VMOVUPS s1, K2, 64(SI)(AX*1)

// EACH adds c to the sums of CX rows, or stores them in c, by DO and goes on at then.
#define EACH(DO, then) \
	DO(0, Z0, Z1); \
	CMPQ CX, $2; \
	JLT  then; \
	DO(1, Z2, Z3); \
	JEQ  then; \
	DO(2, Z4, Z5); \
	CMPQ CX, $4; \
	JLT  then; \
	DO(3, Z6, Z7); \
	JEQ  then; \
	DO(4, Z8, Z9); \
	CMPQ CX, $6; \
	JLT  then; \
	DO(5, Z10, Z11); \
	JEQ  then; \
	DO(6, Z12, Z13); \
	CMPQ CX, $8; \
	JLT  then; \
	DO(7, Z14, Z15); \
	JMP  then

// func TILE(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask uint64, add bool)
TEXT TILE(SB), NOSPLIT, $328-73
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
	VPXORQ Z16, Z16, Z16
	VPXORQ Z17, Z17, Z17
	VPXORQ Z18, Z18, Z18
	VPXORQ Z19, Z19, Z19
	VPXORQ Z20, Z20, Z20
	VPXORQ Z21, Z21, Z21
	VPXORQ Z22, Z22, Z22
	VPXORQ Z23, Z23, Z23
	VPXORQ Z24, Z24, Z24
	VPXORQ Z25, Z25, Z25
	VPXORQ Z26, Z26, Z26
	VPXORQ Z27, Z27, Z27
	OUT(AX)
	VMOVUPS Z0, 0(AX)
	VMOVUPS Z0, 64(AX)
	VMOVUPS Z0, 128(AX)
	VMOVUPS Z0, 192(AX)
	MOVQ   $48, 320(SP)
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

	RUNS(ROWS8, MOVE8, run8, four8, rest8, one8, next8, same8)
	RUNS(ROWS7, MOVE7, run7, four7, rest7, one7, next7, same7)
	RUNS(ROWS6, MOVE6, run6, four6, rest6, one6, next6, same6)
	RUNS(ROWS5, MOVE5, run5, four5, rest5, one5, next5, same5)
	RUNS(ROWS4, MOVE4, run4, four4, rest4, one4, next4, same4)
	RUNS(ROWS3, MOVE3, run3, four3, rest3, one3, next3, same3)
	RUNS(ROWS2, MOVE2, run2, four2, rest2, one2, next2, same2)
	RUNS(ROWS1, MOVE1, run1, four1, rest1, one1, next1, same1)

store:
	VADDPS  Z16, Z0, Z0
	VADDPS  Z17, Z1, Z1
	VADDPS  Z18, Z2, Z2
	VADDPS  Z19, Z3, Z3
	VADDPS  Z20, Z4, Z4
	VADDPS  Z21, Z5, Z5
	VADDPS  Z22, Z6, Z6
	VADDPS  Z23, Z7, Z7
	VADDPS  Z24, Z8, Z8
	VADDPS  Z25, Z9, Z9
	VADDPS  Z26, Z10, Z10
	VADDPS  Z27, Z11, Z11
	OUT(CX)
	VADDPS  0(CX), Z12, Z12
	VADDPS  64(CX), Z13, Z13
	VADDPS  128(CX), Z14, Z14
	VADDPS  192(CX), Z15, Z15
	MOVQ    rows+56(FP), CX
	MOVQ    c+40(FP), SI
	MOVQ    out+48(FP), DI
	MOVBLZX add+72(FP), AX
	TESTL   AX, AX
	JEQ     put
	EACH(ADD, put)

put:
	EACH(STORE, done)

done:
	VZEROUPPER
	RET
