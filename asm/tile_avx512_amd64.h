// TILE computes tiles of 8 rows (pixels) by 32 columns (output channels), one below the other, the last with fewer rows:
//
//	for i := range rows { for j := range columns of mask {
//		sum := 0
//		for each run { for k := range run.n { sum += STEP(a[in[i]+run.a+k], w[run.b+32*k+j]) } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have whole tiles of entries; the entries of in past rows are not read
// from. w is packed: 32 floats for every k, zeros past the last channel. Unless ahead is 0, every tile fetches to L1 the next
// so many lines from there on, for later.
//
// After STEPS steps or more, at the end of a run, the sums move to totals: a long sum has the error of a short one, and a network
// that of PyTorch's float32. It takes 2 to 4 % of the time.
//
//	SI  a + run.a, walks k          Z0-Z15   sums: row i in Z(2i), Z(2i+1)
//	DI  w + run.b, walks k          Z28,Z29  32 weights of one k
//	CX  floats of the run to go     Z30,Z31  one a, broadcast
//	DX  next run                    Z16-Z27  totals of rows 0 to 5; those of 6 and 7 are where OUT says
//	AX BX R8-R13  in[0..7]          K1,K2    columns that exist
//	END    behind the last run
//	MOVED  whether there are totals
//	LEFT   steps before the sums move
//
// A file that includes this one defines the name TILE, ROW, which adds the steps of row o of a at distance d to the sums
// s0 and s1, and with it what STEP is.

#define STEPS 48
#define END 0(SP)
#define MOVED 8(SP)
#define LEFT 336(SP)
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

// MOVE adds sums to their totals and clears them; FIRST makes them the totals; TOTALS adds the totals to them. Those whose
// totals are on the stack have words of their own.
#define MOVE(s0, s1, t0, t1) VADDPS s0, t0, t0; VPXORQ s0, s0, s0; VADDPS s1, t1, t1; VPXORQ s1, s1, s1
#define FIRST(s0, s1, t0, t1) VMOVAPS s0, t0; VPXORQ s0, s0, s0; VMOVAPS s1, t1; VPXORQ s1, s1, s1
#define TOTALS(s0, s1, t0, t1) VADDPS t0, s0, s0; VADDPS t1, s1, s1
#define MOVEOUT(at, s0, s1) VADDPS at(CX), s0, s0; VADDPS at+64(CX), s1, s1; FIRSTOUT(at, s0, s1)
#define FIRSTOUT(at, s0, s1) VMOVUPS s0, at(CX); VPXORQ s0, s0, s0; VMOVUPS s1, at+64(CX); VPXORQ s1, s1, s1
#define TOTALSOUT(at, s0, s1) VADDPS at(CX), s0, s0; VADDPS at+64(CX), s1, s1
// OUT sets CX to 16(SP) on the next boundary of 64 bytes: the frames above decide where the stack lies.
#define OUT LEAQ 79(SP), CX; ANDQ $~63, CX

// EACH1 to EACH8 do something with the sums of so many rows.
#define EACH1(DO, DOOUT) DO(Z0, Z1, Z16, Z17)
#define EACH2(DO, DOOUT) EACH1(DO, DOOUT); DO(Z2, Z3, Z18, Z19)
#define EACH3(DO, DOOUT) EACH2(DO, DOOUT); DO(Z4, Z5, Z20, Z21)
#define EACH4(DO, DOOUT) EACH3(DO, DOOUT); DO(Z6, Z7, Z22, Z23)
#define EACH5(DO, DOOUT) EACH4(DO, DOOUT); DO(Z8, Z9, Z24, Z25)
#define EACH6(DO, DOOUT) EACH5(DO, DOOUT); DO(Z10, Z11, Z26, Z27)
#define EACH7(DO, DOOUT) EACH6(DO, DOOUT); OUT; DOOUT(0, Z12, Z13)
#define EACH8(DO, DOOUT) EACH7(DO, DOOUT); DOOUT(128, Z14, Z15)

// FOUR is four steps from the k-th on. Sixteen of them a turn, because the end of a loop of more than ten turns is not
// foreseen.
#define FOUR(ROWS, k) \
	WEIGHTS(128*k); ROWS(4*k); \
	WEIGHTS(128*k+128); ROWS(4*k+4); \
	WEIGHTS(128*k+256); ROWS(4*k+8); \
	WEIGHTS(128*k+384); ROWS(4*k+12)

// RUNS walks all runs with the rows of ROWS, which OF is for each of; the labels are its own.
#define RUNS(ROWS, OF, run, many, few, four, rest, one, next, first) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ a+0(FP), SI; \
	MOVQ 8(DX), DI; \
	ADDQ w+32(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ CX, LEFT; \
	SUBQ $16, CX; \
	JLT  few; \
	PCALIGN $32; \
many: \
	FOUR(ROWS, 0); \
	FOUR(ROWS, 4); \
	FOUR(ROWS, 8); \
	FOUR(ROWS, 12); \
	ADDQ $64, SI; \
	ADDQ $2048, DI; \
	SUBQ $16, CX; \
	JGE  many; \
few: \
	ADDQ $12, CX; \
	JLT  rest; \
	PCALIGN $32; \
four: \
	FOUR(ROWS, 0); \
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
	CMPQ DX, END; \
	JEQ  sum; \
	CMPQ LEFT, $0; \
	JGT  run; \
	MOVQ $STEPS, LEFT; \
	CMPQ MOVED, $0; \
	JEQ  first; \
	OF(MOVE, MOVEOUT); \
	JMP  run; \
first: \
	MOVQ $1, MOVED; \
	OF(FIRST, FIRSTOUT); \
	JMP  run

#define ADD(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, K1, s0; VADDPS 64(SI)(AX*1), s1, K2, s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, K1, (SI)(AX*1); VMOVUPS s1, K2, 64(SI)(AX*1)

// EACH adds c to the sums of CX rows, or of 8 if those are more, or stores them in c, by DO and goes on at then.
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

// func TILE(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask uint64, add bool, ahead uintptr, lines int)
TEXT TILE(SB), NOSPLIT, $344-96
	MOVQ  mask+64(FP), CX
	KMOVW CX, K1
	SHRQ  $16, CX
	KMOVW CX, K2
	MOVQ  n+24(FP), AX
	LEAQ  (AX)(AX*2), AX
	SHLQ  $3, AX
	ADDQ  runs+16(FP), AX
	MOVQ  AX, END

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
	MOVQ   $STEPS, LEFT
	MOVQ   $0, MOVED
	MOVQ   rows+56(FP), CX
	MOVQ   runs+16(FP), DX
	CMPQ   DX, END
	JEQ    sum
	MOVQ   ahead+80(FP), SI
	TESTQ  SI, SI
	JNE    fetch

go:
	MOVQ   in+8(FP), SI
	MOVQ   0(SI), AX
	MOVQ   8(SI), BX
	MOVQ   16(SI), R8
	MOVQ   24(SI), R9
	MOVQ   32(SI), R10
	MOVQ   40(SI), R11
	MOVQ   48(SI), R12
	MOVQ   56(SI), R13
	CMPQ   CX, $8
	JGE    run8
	CMPQ   CX, $4
	JEQ    run4
	JGT    above4
	CMPQ   CX, $2
	JEQ    run2
	JGT    run3
	JMP    run1

above4:
	CMPQ CX, $6
	JEQ  run6
	JGT  run7
	JMP  run5

	RUNS(ROWS8, EACH8, run8, many8, few8, four8, rest8, one8, next8, first8)
	RUNS(ROWS7, EACH7, run7, many7, few7, four7, rest7, one7, next7, first7)
	RUNS(ROWS6, EACH6, run6, many6, few6, four6, rest6, one6, next6, first6)
	RUNS(ROWS5, EACH5, run5, many5, few5, four5, rest5, one5, next5, first5)
	RUNS(ROWS4, EACH4, run4, many4, few4, four4, rest4, one4, next4, first4)
	RUNS(ROWS3, EACH3, run3, many3, few3, four3, rest3, one3, next3, first3)
	RUNS(ROWS2, EACH2, run2, many2, few2, four2, rest2, one2, next2, first2)
	RUNS(ROWS1, EACH1, run1, many1, few1, four1, rest1, one1, next1, first1)

sum:
	CMPQ MOVED, $0
	JEQ  summed
	EACH8(TOTALS, TOTALSOUT)

summed:
	MOVQ    rows+56(FP), CX
	MOVQ    c+40(FP), SI
	MOVQ    out+48(FP), DI
	MOVBLZX add+72(FP), AX
	TESTL   AX, AX
	JEQ     put
	EACH(ADD, put)

put:
	EACH(STORE, stored)

stored:
	ADDQ $64, in+8(FP)
	ADDQ $64, out+48(FP)
	SUBQ $8, rows+56(FP)
	JGT  tile
	VZEROUPPER
	RET

fetch:
	MOVQ  lines+88(FP), BX

line:
	PREFETCHT0 (SI)
	ADDQ $64, SI
	DECQ BX
	JNE  line
	MOVQ SI, ahead+80(FP)
	JMP  go
