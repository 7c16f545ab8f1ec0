// GRADTILE computes tiles of up to TILEROWS rows, as HEIGHT says, by two vectors of columns of a sum of outer products, one for each
// pixel k, one tile below the other:
//
//	for i := range rows { for j := range columns of mask {
//		sum := add ? c[i*cStep+j] : 0
//		for each run { for k := range run.n { sum += a[run.a+k*aStep+i] * b[run.b+k*bStep+j] } }
//		c[i*cStep+j] = sum
//	}}
//
// Offsets and steps are bytes. Of a only rows floats of a pixel are read, of b always two vectors. Unless ahead is 0, every
// tile fetches to L1 the next so many lines from there on, for later.
//
//	SI  a + run.a, walks k          V0-    sums: row i in V(2i), V(2i+1)
//	DI  b + run.b, walks k          W0,W1  the columns of one pixel
//	CX  pixels of the run to go     A0,A1  one a, broadcast
//	DX  next run
//	R8  aStep, R9 3*aStep; R10 bStep, R11 3*bStep
//	R12 behind the last run; R13 rows of the tile
//
// The file of a tier includes the header of its sums, defines this, and includes this one:
//
//	GRADTILE             the name
//	ATILE, CTILE         a and c of the tile, registers or memory, as POINTERS leaves them before the first
//	MASKS                gets the masks of columns where they lie in registers; AX, CX and DX are free
//	LOADROWS, STOREROWS  move the sums of R13 rows from or to c, whose first row SI is and whose step DI, and go on at then
//	MORERUNS             the RUNS of rows past the sixth

// AT0-AT3 are the operands of pixel k, k+1, k+2, k+3.
#define AT0(d) d(SI)
#define AT1(d) d(SI)(R8*1)
#define AT2(d) d(SI)(R8*2)
#define AT3(d) d(SI)(R9*1)
#define COLUMNS0 VMOVUPS (DI), W0; VMOVUPS BYTES(DI), W1
#define COLUMNS1 VMOVUPS (DI)(R10*1), W0; VMOVUPS BYTES(DI)(R10*1), W1
#define COLUMNS2 VMOVUPS (DI)(R10*2), W0; VMOVUPS BYTES(DI)(R10*2), W1
#define COLUMNS3 VMOVUPS (DI)(R11*1), W0; VMOVUPS BYTES(DI)(R11*1), W1
#define ROW(AT, d, t, s0, s1) VBROADCASTSS AT(d), t; VFMADD231PS W0, t, s0; VFMADD231PS W1, t, s1

#define ROWS1(AT) ROW(AT, 0, A0, V0, V1)
#define ROWS2(AT) ROWS1(AT); ROW(AT, 4, A1, V2, V3)
#define ROWS3(AT) ROWS2(AT); ROW(AT, 8, A0, V4, V5)
#define ROWS4(AT) ROWS3(AT); ROW(AT, 12, A1, V6, V7)
#define ROWS5(AT) ROWS4(AT); ROW(AT, 16, A0, V8, V9)
#define ROWS6(AT) ROWS5(AT); ROW(AT, 20, A1, V10, V11)

// FOUR is four pixels.
#define FOUR(ROWS) \
	COLUMNS0; ROWS(AT0); \
	COLUMNS1; ROWS(AT1); \
	COLUMNS2; ROWS(AT2); \
	COLUMNS3; ROWS(AT3); \
	LEAQ (SI)(R8*4), SI; \
	LEAQ (DI)(R10*4), DI
#define SIXTEEN(ROWS) FOUR(ROWS); FOUR(ROWS); FOUR(ROWS); FOUR(ROWS)

// RUNS walks all runs with the rows of ROWS; the labels are its own.
#define RUNS(ROWS, run, many, few, four, rest, one, next) \
run: \
	MOVQ 0(DX), SI;      \
	ADDQ ATILE, SI;          \
	MOVQ 8(DX), DI;      \
	ADDQ b+16(FP), DI;   \
	MOVQ 16(DX), CX;     \
	LESSFOUR(SIXTEEN(ROWS), many, few); \
	JLT  rest;           \
	PCALIGN $32;         \
four: \
	FOUR(ROWS);          \
	SUBQ $4, CX;         \
	JGE  four;           \
rest: \
	ADDQ $4, CX;         \
	JEQ  next;           \
one: \
	COLUMNS0; ROWS(AT0); \
	ADDQ R8, SI;         \
	ADDQ R10, DI;        \
	DECQ CX;             \
	JNE  one;            \
next: \
	ADDQ $24, DX;        \
	CMPQ DX, R12;        \
	JNE  run;            \
	JMP  store

// UPTO6 moves the sums of R13 rows, or of 6 if those are more, from or to c by MOVE; where there are fewer it goes on at then.
#define UPTO6(MOVE, then) \
	MOVE(V0, V1); \
	CMPQ R13, $2; \
	JLT  then;    \
	MOVE(V2, V3); \
	CMPQ R13, $3; \
	JLT  then;    \
	MOVE(V4, V5); \
	CMPQ R13, $4; \
	JLT  then;    \
	MOVE(V6, V7); \
	CMPQ R13, $5; \
	JLT  then;    \
	MOVE(V8, V9); \
	CMPQ R13, $6; \
	JLT  then;    \
	MOVE(V10, V11)

// func GRADTILE(a *float32, aStep int, b *float32, bStep int, runs *run, n int, c *float32, cStep, rows int, mask MASK, add bool, ahead uintptr, lines int)
TEXT GRADTILE(SB), NOSPLIT, $0-104
	MASKS
	MOVQ n+40(FP), R12
	LEAQ (R12)(R12*2), R12
	SHLQ $3, R12
	ADDQ runs+32(FP), R12
	MOVQ aStep+8(FP), R8
	LEAQ (R8)(R8*2), R9
	MOVQ bStep+24(FP), R10
	LEAQ (R10)(R10*2), R11
	POINTERS

tile:
	EACHSUM(CLEAR)
	MOVQ rows+64(FP), R13
	HEIGHT(R13, SI)
	MOVQ CTILE, SI
	MOVQ cStep+56(FP), DI
	CMPB add+80(FP), $0
	JEQ  start
	LOADROWS(start)

start:
	MOVQ  ahead+88(FP), DX
	TESTQ DX, DX
	JNE   fetch

go:
	MOVQ runs+32(FP), DX
	CMPQ DX, R12
	JEQ  store
	CHOOSE(R13)

	MORERUNS
	RUNS(ROWS6, run6, many6, few6, four6, rest6, one6, next6)
	RUNS(ROWS5, run5, many5, few5, four5, rest5, one5, next5)
	RUNS(ROWS4, run4, many4, few4, four4, rest4, one4, next4)
	RUNS(ROWS3, run3, many3, few3, four3, rest3, one3, next3)
	RUNS(ROWS2, run2, many2, few2, four2, rest2, one2, next2)
	RUNS(ROWS1, run1, many1, few1, four1, rest1, one1, next1)

store:
	MOVQ CTILE, SI
	MOVQ cStep+56(FP), DI
	STOREROWS(stored)

stored:
	MOVQ SI, CTILE
	LEAQ (R13*4), SI
	ADDQ SI, ATILE
	SUBQ R13, rows+64(FP)
	JGT  tile
	VZEROUPPER
	RET

fetch:
	MOVQ lines+96(FP), CX

line:
	PREFETCHT0 (DX)
	ADDQ $64, DX
	DECQ CX
	JNE  line
	MOVQ DX, ahead+88(FP)
	JMP  go
