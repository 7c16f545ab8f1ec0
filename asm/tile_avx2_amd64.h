// TILE computes a tile of up to 6 rows (pixels) by 16 columns (output channels):
//
//	for i := range rows { for j := range columns of mask {
//		sum := 0
//		for each run { for k := range run.n { sum += STEP(a[in[i]+run.a+k], w[run.b+16*k+j]) } }
//		c[out[i]+j] = add ? c[out[i]+j] + sum : sum
//	}}
//
// Offsets (in, out, run.a, run.b) are bytes. in and out have 6 entries even where rows is less; the entries of in past
// rows are not read from. w is packed: 16 floats for every k, zeros past the last channel. mask is 16 words, -1 for a
// column that exists and 0 for one that does not, or nil when all exist: masked stores are slow.
//
// After 96 steps or more, at the end of a run, the sums move to totals, which start from 0: a long sum has the error of a
// short one, and a network that of PyTorch's float32. It takes 2 to 4 % of the time.
//
//	SI  a + run.a, walks k          Y0-Y11   sums: row i in Y(2i), Y(2i+1); their totals from R12 on
//	DI  w + run.b, walks k          Y12,Y13  16 weights of one k; what was in c while adding
//	CX  floats of the run to go     Y14,Y15  one a, broadcast; the mask while adding and storing
//	DX  next run
//	AX BX R8-R11  in[0..5]          R13      steps before the sums move
//	R12 is 0(SP) on the next boundary of 32 bytes: the frames above decide where the stack lies, and totals that lie across
//	two lines cost a tenth of the time.
//
// A file that includes this one defines the name TILE, ROW, which adds the steps of row o of a at distance d to the sums
// s0 and s1, and with it what STEP is.

#define WEIGHTS(b) VMOVUPS b(DI), Y12; VMOVUPS b+32(DI), Y13

#define ROWS1(d) ROW(AX, d, Y14, Y0, Y1)
#define ROWS2(d) ROWS1(d); ROW(BX, d, Y15, Y2, Y3)
#define ROWS3(d) ROWS2(d); ROW(R8, d, Y14, Y4, Y5)
#define ROWS4(d) ROWS3(d); ROW(R9, d, Y15, Y6, Y7)
#define ROWS5(d) ROWS4(d); ROW(R10, d, Y14, Y8, Y9)
#define ROWS6(d) ROWS5(d); ROW(R11, d, Y15, Y10, Y11)

#define MOVE(i, s0, s1) \
	VADDPS  64*i(R12), s0, s0; \
	VMOVUPS s0, 64*i(R12); \
	VXORPS  s0, s0, s0; \
	VADDPS  64*i+32(R12), s1, s1; \
	VMOVUPS s1, 64*i+32(R12); \
	VXORPS  s1, s1, s1

#define MOVE1 MOVE(0, Y0, Y1)
#define MOVE2 MOVE1; MOVE(1, Y2, Y3)
#define MOVE3 MOVE2; MOVE(2, Y4, Y5)
#define MOVE4 MOVE3; MOVE(3, Y6, Y7)
#define MOVE5 MOVE4; MOVE(4, Y8, Y9)
#define MOVE6 MOVE5; MOVE(5, Y10, Y11)

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
	MOVQ 16(DX), CX; \
	SUBQ CX, R13; \
	JGT  same; \
	MOVQ $48, R13; \
	MOVES; \
same: \
	ADDQ $24, DX; \
	DECQ n+24(FP); \
	JNE  run; \
	JMP  store

#define ADD(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, s0; VADDPS 32(SI)(AX*1), s1, s1
#define STORE(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, (SI)(AX*1); VMOVUPS s1, 32(SI)(AX*1)
#define ADDSOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS (SI)(AX*1), Y14, Y12; VMASKMOVPS 32(SI)(AX*1), Y15, Y13; VADDPS Y12, s0, s0; VADDPS Y13, s1, s1
#define STORESOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS s0, Y14, (SI)(AX*1); VMASKMOVPS s1, Y15, 32(SI)(AX*1)

// EACH adds c to the sums of CX rows, or stores them in c, by DO and goes on at then.
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

// func TILE(a *float32, in *int, runs *run, n int, w, c *float32, out *int, rows int, mask *int32, add bool)
TEXT TILE(SB), NOSPLIT, $416-73
	LEAQ   31(SP), R12
	ANDQ   $~31, R12
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
	VMOVUPS Y0, 0(R12)
	VMOVUPS Y0, 32(R12)
	VMOVUPS Y0, 64(R12)
	VMOVUPS Y0, 96(R12)
	VMOVUPS Y0, 128(R12)
	VMOVUPS Y0, 160(R12)
	VMOVUPS Y0, 192(R12)
	VMOVUPS Y0, 224(R12)
	VMOVUPS Y0, 256(R12)
	VMOVUPS Y0, 288(R12)
	VMOVUPS Y0, 320(R12)
	VMOVUPS Y0, 352(R12)
	MOVQ   $48, R13
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

	RUNS(ROWS6, MOVE6, run6, four6, rest6, one6, next6, same6)
	RUNS(ROWS5, MOVE5, run5, four5, rest5, one5, next5, same5)
	RUNS(ROWS4, MOVE4, run4, four4, rest4, one4, next4, same4)
	RUNS(ROWS3, MOVE3, run3, four3, rest3, one3, next3, same3)
	RUNS(ROWS2, MOVE2, run2, four2, rest2, one2, next2, same2)
	RUNS(ROWS1, MOVE1, run1, four1, rest1, one1, next1, same1)

store:
	VADDPS  0(R12), Y0, Y0
	VADDPS  32(R12), Y1, Y1
	VADDPS  64(R12), Y2, Y2
	VADDPS  96(R12), Y3, Y3
	VADDPS  128(R12), Y4, Y4
	VADDPS  160(R12), Y5, Y5
	VADDPS  192(R12), Y6, Y6
	VADDPS  224(R12), Y7, Y7
	VADDPS  256(R12), Y8, Y8
	VADDPS  288(R12), Y9, Y9
	VADDPS  320(R12), Y10, Y10
	VADDPS  352(R12), Y11, Y11
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
	EACH(STORE, done)

some:
	VMOVUPS (DX), Y14
	VMOVUPS 32(DX), Y15
	TESTL   BX, BX
	JEQ     putsome
	EACH(ADDSOME, putsome)

putsome:
	EACH(STORESOME, done)

done:
	VZEROUPPER
	RET
