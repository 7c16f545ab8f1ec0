// TILE computes tiles of 6 rows (pixels) by 16 columns (output channels), one below the other, the last with fewer rows:
//
//	for i := range rows { for j := range columns of mask {
//		sum := 0
//		for each run { for k := range run.n { sum += STEP(a[in[i]+run.a+k], w[run.b+16*k+j]) } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have whole tiles of entries; the entries of in past rows are not read
// from. w is packed: 16 floats for every k, zeros past the last channel. mask is 16 words, -1 for a column that exists and 0
// for one that does not, or nil when all exist: masked stores are slow. Unless ahead is 0, every tile fetches to L1 the next
// so many lines from there on, for later.
//
// After STEPS steps or more, at the end of a run, the sums move to totals: a long sum has the error of a short one, and a network
// that of PyTorch's float32. It takes 2 to 4 % of the time.
//
//	SI  a + run.a, walks k          Y0-Y11   sums: row i in Y(2i), Y(2i+1); their totals from R12 on
//	DI  w + run.b, walks k          Y12,Y13  16 weights of one k; what was in c while adding
//	CX  floats of the run to go     Y14,Y15  one a, broadcast; the mask while adding and storing
//	DX  next run                    R13      steps before the sums move
//	AX BX R8-R11  in[0..5]
//	END    behind the last run
//	MOVED  whether there are totals
//	R12 is 16(SP) on the next boundary of 32 bytes: the frames above decide where the stack lies, and totals that lie across
//	two lines cost a tenth of the time.
//
// A file that includes this one defines the name TILE, ROW, which adds the steps of row o of a at distance d to the sums
// s0 and s1, and with it what STEP is.

#define STEPS 48
#define END 0(SP)
#define MOVED 8(SP)
#define WEIGHTS(b) VMOVUPS b(DI), Y12; VMOVUPS b+32(DI), Y13

#define ROWS1(d) ROW(AX, d, Y14, Y0, Y1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, Y15, Y2, Y3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, Y14, Y4, Y5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, Y15, Y6, Y7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, Y14, Y8, Y9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, Y15, Y10, Y11)

// MOVE adds sums to their totals and clears them; FIRST makes them the totals.
#define MOVE(i, s0, s1) \
	VADDPS  64*i(R12), s0, s0; \
	VADDPS  64*i+32(R12), s1, s1; \
	FIRST(i, s0, s1)
#define FIRST(i, s0, s1) \
	VMOVUPS s0, 64*i(R12); \
	VXORPS  s0, s0, s0; \
	VMOVUPS s1, 64*i+32(R12); \
	VXORPS  s1, s1, s1

// EACH1 to EACH6 do something with the sums of so many rows.
#define EACH1(DO) DO(0, Y0, Y1)
#define EACH2(DO) EACH1(DO); DO(1, Y2, Y3)
#define EACH3(DO) EACH2(DO); DO(2, Y4, Y5)
#define EACH4(DO) EACH3(DO); DO(3, Y6, Y7)
#define EACH5(DO) EACH4(DO); DO(4, Y8, Y9)
#define EACH6(DO) EACH5(DO); DO(5, Y10, Y11)

// RUNS walks all runs with the rows of ROWS, which OF is for each of; the labels are its own.
#define RUNS(ROWS, OF, run, four, rest, one, next, first) \
run: \
	MOVQ 0(DX), SI; \
	ADDQ a+0(FP), SI; \
	MOVQ 8(DX), DI; \
	ADDQ w+32(FP), DI; \
	MOVQ 16(DX), CX; \
	SUBQ CX, R13; \
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
	ADDQ  $24, DX; \
	CMPQ  DX, END; \
	JEQ   sum; \
	TESTQ R13, R13; \
	JGT   run; \
	MOVQ  $STEPS, R13; \
	CMPQ  MOVED, $0; \
	JEQ   first; \
	OF(MOVE); \
	JMP   run; \
first: \
	MOVQ  $1, MOVED; \
	OF(FIRST); \
	JMP   run

// TOTALS adds the totals to sums.
#define TOTALS(i, s0, s1) VADDPS 64*i(R12), s0, s0; VADDPS 64*i+32(R12), s1, s1
#define ADD(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, s0; VADDPS 32(SI)(AX*1), s1, s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, (SI)(AX*1); VMOVUPS s1, 32(SI)(AX*1)
#define ADDSOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS (SI)(AX*1), Y14, Y12; VMASKMOVPS 32(SI)(AX*1), Y15, Y13; VADDPS Y12, s0, s0; VADDPS Y13, s1, s1
#define STORESOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS s0, Y14, (SI)(AX*1); VMASKMOVPS s1, Y15, 32(SI)(AX*1)

// EACH adds c to the sums of CX rows, or of 6 if those are more, or stores them in c, by DO and goes on at then.
#define EACH(DO, then) \
	DO(0, Y0, Y1); \
	CMPQ CX, $2; \
	JLT  then; \
	DO(1, Y2, Y3); \
	JEQ  then; \
	DO(2, Y4, Y5); \
	CMPQ CX, $4; \
	JLT  then; \
	DO(3, Y6, Y7); \
	JEQ  then; \
	DO(4, Y8, Y9); \
	CMPQ CX, $6; \
	JLT  then; \
	DO(5, Y10, Y11); \
	JMP  then

// func TILE(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask *int32, add bool, ahead uintptr, lines int)
TEXT TILE(SB), NOSPLIT, $432-96
	LEAQ 47(SP), R12
	ANDQ $~31, R12
	MOVQ n+24(FP), AX
	LEAQ (AX)(AX*2), AX
	SHLQ $3, AX
	ADDQ runs+16(FP), AX
	MOVQ AX, END

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
	MOVQ   $STEPS, R13
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
	CMPQ   CX, $6
	JGE    run6
	CMPQ   CX, $4
	JEQ    run4
	JGT    run5
	CMPQ   CX, $2
	JEQ    run2
	JGT    run3
	JMP    run1

	RUNS(ROWS6, EACH6, run6, four6, rest6, one6, next6, first6)
	RUNS(ROWS5, EACH5, run5, four5, rest5, one5, next5, first5)
	RUNS(ROWS4, EACH4, run4, four4, rest4, one4, next4, first4)
	RUNS(ROWS3, EACH3, run3, four3, rest3, one3, next3, first3)
	RUNS(ROWS2, EACH2, run2, four2, rest2, one2, next2, first2)
	RUNS(ROWS1, EACH1, run1, four1, rest1, one1, next1, first1)

sum:
	CMPQ   MOVED, $0
	JEQ    summed
	EACH6(TOTALS)

summed:
	MOVQ    rows+56(FP), CX
	MOVQ    c+40(FP), SI
	MOVQ    out+48(FP), DI
	MOVQ    mask+64(FP), DX
	MOVBLZX add+72(FP), BX
	TESTQ   DX, DX
	JNE     some
	TESTL   BX, BX
	JEQ     put
	EACH(ADD, put)

put:
	EACH(STORE, stored)

some:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	TESTL   BX, BX
	JEQ     putsome
	EACH(ADDSOME, putsome)

putsome:
	EACH(STORESOME, stored)

stored:
	ADDQ $48, in+8(FP)
	ADDQ $48, out+48(FP)
	SUBQ $6, rows+56(FP)
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
