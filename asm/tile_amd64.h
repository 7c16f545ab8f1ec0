// TILE computes tiles of up to TILEROWS rows (pixels), as HEIGHT says, by two vectors of columns (output channels), one below the
// other:
//
//	for i := range rows { for j := range columns of mask {
//		sum := 0
//		for each run { for k := range run.n { sum += STEP(a[in[i]+run.a+k], w[run.b+2*WIDTH*k+j]) } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have whole tiles of entries; the entries of in past rows are not read
// from. w is packed: two vectors of floats for every k, zeros past the last channel. Unless ahead is 0, every tile fetches to L1
// the next so many lines from there on, for later.
//
// After STEPS steps or more, at the end of a run, the sums move to totals: a long sum has the error of a short one, and a network
// that of PyTorch's float32. It takes 2 to 4 % of the time.
//
//	SI  a + run.a, walks k          V0-    sums: row i in V(2i), V(2i+1)
//	DI  w + run.b, walks k          W0,W1  weights of one k
//	CX  floats of the run to go     A0,A1  one a, broadcast
//	DX  next run                    T0-    totals, as the sums
//	AX BX R8-R11  in[0..5]
//	END    behind the last run
//	MOVED  whether there are totals
//	LEFT   steps before the sums move
//
// A file that computes tiles defines the name TILE and ROW, which adds the steps of row o of a at distance d to the sums s0 and
// s1, and includes the header of a tier, which defines this and includes this one:
//
//	FRAME             bytes of the frame
//	LEFT, T0-         where they are, registers or memory; COMPARELEFT compares LEFT with 0
//	PREPARE           gets ready what serves all tiles
//	MOREIN, MORERUNS  the offsets and the RUNS of rows past the sixth; ALLROWS is EACH6 or goes on to those
//	WEIGHTS(b)        loads the weights at b(DI)
//	MOVE, BEGIN       what MOVEOUT and BEGINOUT are, for the totals of the first six rows
//	ADDANDSTORE       adds c, to which SI points, to the sums of CX rows where add says so, stores them in c and goes on at then;
//	                  DI points to out

#define STEPS 48
#define END 0(SP)
#define MOVED 8(SP)

#define ROWS1(d) ROW(AX, d, A0, V0, V1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, A1, V2, V3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, A0, V4, V5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, A1, V6, V7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, A0, V8, V9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, A1, V10, V11)

// EACH1 to EACH6 do DO with the sums and totals of so many rows. DOOUT is for rows past the sixth, whose totals are memory.
#define EACH1(DO, DOOUT) DO(V0, V1, T0, T1)
#define EACH2(DO, DOOUT) EACH1(DO, DOOUT); DO(V2, V3, T2, T3)
#define EACH3(DO, DOOUT) EACH2(DO, DOOUT); DO(V4, V5, T4, T5)
#define EACH4(DO, DOOUT) EACH3(DO, DOOUT); DO(V6, V7, T6, T7)
#define EACH5(DO, DOOUT) EACH4(DO, DOOUT); DO(V8, V9, T8, T9)
#define EACH6(DO, DOOUT) EACH5(DO, DOOUT); DO(V10, V11, T10, T11)

// MOVEOUT adds sums to their totals and clears them; BEGINOUT makes them the totals; ADDTOTALS adds the totals to them.
#define MOVEOUT(s0, s1, t0, t1) ADDTOTALS(s0, s1, t0, t1); BEGINOUT(s0, s1, t0, t1)
#define BEGINOUT(s0, s1, t0, t1) VMOVUPS s0, t0; CLEAR(s0); VMOVUPS s1, t1; CLEAR(s1)
#define ADDTOTALS(s0, s1, t0, t1) VADDPS t0, s0, s0; VADDPS t1, s1, s1

// FOUR is four steps from the k-th on.
#define FOUR(ROWS, k) \
	WEIGHTS(2*BYTES*k);         ROWS(4*k);    \
	WEIGHTS(2*BYTES*k+2*BYTES); ROWS(4*k+4);  \
	WEIGHTS(2*BYTES*k+4*BYTES); ROWS(4*k+8);  \
	WEIGHTS(2*BYTES*k+6*BYTES); ROWS(4*k+12)

#define SIXTEEN(ROWS) \
	FOUR(ROWS, 0);  \
	FOUR(ROWS, 4);  \
	FOUR(ROWS, 8);  \
	FOUR(ROWS, 12); \
	ADDQ $64, SI;   \
	ADDQ $(32*BYTES), DI

// RUNS walks all runs with the rows of ROWS, which OF is for each of; the labels are its own.
#define RUNS(ROWS, OF, run, many, few, four, rest, one, next, first) \
run: \
	MOVQ 0(DX), SI;         \
	ADDQ a+0(FP), SI;       \
	MOVQ 8(DX), DI;         \
	ADDQ w+32(FP), DI;      \
	MOVQ 16(DX), CX;        \
	SUBQ CX, LEFT;          \
	LESSFOUR(SIXTEEN(ROWS), many, few); \
	JLT  rest; \
	PCALIGN $32;            \
four: \
	FOUR(ROWS, 0);          \
	ADDQ $16, SI;           \
	ADDQ $(8*BYTES), DI;    \
	SUBQ $4, CX;            \
	JGE  four;              \
rest: \
	ADDQ $4, CX;            \
	JEQ  next;              \
one: \
	WEIGHTS(0); ROWS(0);    \
	ADDQ $4, SI;            \
	ADDQ $(2*BYTES), DI;    \
	DECQ CX;                \
	JNE  one;               \
next: \
	ADDQ $24, DX;           \
	CMPQ DX, END;           \
	JEQ  sum;               \
	COMPARELEFT;            \
	JGT  run;               \
	MOVQ $STEPS, LEFT;      \
	CMPQ MOVED, $0;         \
	JEQ  first;             \
	OF(MOVE, MOVEOUT);      \
	JMP  run;               \
first: \
	MOVQ $1, MOVED;         \
	OF(BEGIN, BEGINOUT);    \
	JMP  run

// UPTO6 does DO for CX rows, or for 6, with the flags of CX-6 at the end, if those are as many or more; it goes on at then.
#define UPTO6(DO, then) \
	DO(0, V0, V1);   \
	CMPQ CX, $2;     \
	JLT  then;       \
	DO(1, V2, V3);   \
	JEQ  then;       \
	DO(2, V4, V5);   \
	CMPQ CX, $4;     \
	JLT  then;       \
	DO(3, V6, V7);   \
	JEQ  then;       \
	DO(4, V8, V9);   \
	CMPQ CX, $6;     \
	JLT  then;       \
	DO(5, V10, V11)

// func TILE(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask MASK, add bool, ahead uintptr, lines int)
TEXT TILE(SB), NOSPLIT, $FRAME-96
	PREPARE
	MOVQ n+24(FP), AX
	LEAQ (AX)(AX*2), AX
	SHLQ $3, AX
	ADDQ runs+16(FP), AX
	MOVQ AX, END

tile:
	EACHSUM(CLEAR)
	MOVQ  $STEPS, LEFT
	MOVQ  $0, MOVED
	MOVQ  runs+16(FP), DX
	CMPQ  DX, END
	JEQ   sum
	MOVQ  ahead+80(FP), SI
	TESTQ SI, SI
	JNE   fetch

go:
	MOVQ in+8(FP), SI
	MOVQ 0(SI), AX
	MOVQ 8(SI), BX
	MOVQ 16(SI), R8
	MOVQ 24(SI), R9
	MOVQ 32(SI), R10
	MOVQ 40(SI), R11
	MOREIN
	MOVQ rows+56(FP), CX
	HEIGHT(CX, SI)
	CHOOSE(CX)

	MORERUNS
	RUNS(ROWS6, EACH6, run6, many6, few6, four6, rest6, one6, next6, first6)
	RUNS(ROWS5, EACH5, run5, many5, few5, four5, rest5, one5, next5, first5)
	RUNS(ROWS4, EACH4, run4, many4, few4, four4, rest4, one4, next4, first4)
	RUNS(ROWS3, EACH3, run3, many3, few3, four3, rest3, one3, next3, first3)
	RUNS(ROWS2, EACH2, run2, many2, few2, four2, rest2, one2, next2, first2)
	RUNS(ROWS1, EACH1, run1, many1, few1, four1, rest1, one1, next1, first1)

sum:
	CMPQ MOVED, $0
	JEQ  summed
	ALLROWS(ADDTOTALS, ADDTOTALS)

summed:
	MOVQ rows+56(FP), CX
	HEIGHT(CX, SI)
	MOVQ c+40(FP), SI
	MOVQ out+48(FP), DI
	ADDANDSTORE(stored)

stored:
	MOVQ CX, AX
	SHLQ $3, AX
	ADDQ AX, in+8(FP)
	ADDQ AX, out+48(FP)
	SUBQ CX, rows+56(FP)
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
