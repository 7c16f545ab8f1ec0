// What the contrastive loss does to a block of logits while it lies in L2, row by row. Every body is written once in the
// vocabulary of vector_*_amd64.h; the file that includes this one says the tier and the names.
//
// stride is the bytes from one row to the next; n is floats, a multiple of 64, at least 64: the driver fills rows up, with
// -Inf where that matters.
//
//	SI  row of x           DX  rows to go      AX  offset in the row
//	R8  stride             R10 bytes of a row  R9  constants of EXP or EXPFOUR
//	V4 x - shift    V5,V6 scratch    V0 exponential    V11 shift    V12 factor
//
// Expected: an exponential takes some 20 instructions for a vector, a multiply-add of the products around it 2 x depth for
// each float: at a depth of 128 the exponentials of both passes are some 10 % of the time, and the products have the rest.

#include "exponential_amd64.h"

// BLOCK gets the first arguments of most of these, (x *float32, stride, rows, n int, ...). NEXTROW goes on at the label row,
// and returns behind the last.
#define BLOCK \
	MOVQ x+0(FP), SI;      \
	MOVQ stride+8(FP), R8; \
	MOVQ rows+16(FP), DX;  \
	MOVQ n+24(FP), R10
#define NEXTROW \
	ADDQ R8, SI; \
	DECQ DX;     \
	JNE  row;    \
	VZEROUPPER;  \
	RET

// ALONG does STEP for every so many bytes of a row; the label is its own.
#define ALONG(loop, bytes, STEP) \
	XORQ AX, AX;       \
loop:                      \
	STEP;              \
	ADDQ $(bytes), AX; \
	CMPQ AX, R10;      \
	JLT  loop

// TOTALOF sets X8 to the sum of the floats of v, in doubles. Destroys V0 to V2 and V9.
#define TOTALOF(v) \
	VMOVUPS v, V0;             \
	WIDEN(V0, H0, V1, V2, H2); \
	VADDPD  V1, V2, V8;        \
	TOTAL

// largestAndSum: a row's largest so far, and the sum of its exponentials:
//
//	for r := range rows {
//		stats[r].largest = max(stats[r].largest, x[r*stride+0], ..., x[r*stride+n-1])
//		stats[r].sum = sum_i exp(x[r*stride+i] - stats[r].largest)
//	}
//
// stats are pairs of a float32 and, 8 bytes on, a float64. Rows do not wait for each other: the maximum of one hides behind
// the exponentials of the last.
//
//	DI stats    V0,V3 largest of the lanes    V8 their sum
//
// func (x *float32, stride, rows, n int, stats *rowStats)
TEXT LARGESTANDSUM(SB), NOSPLIT, $0-40
	BLOCK
	MOVQ stats+32(FP), DI
	SHLQ $2, R10
	EXPCONSTANTS
	PCALIGN $32

row:
	VBROADCASTSS (DI), V0
	VMOVUPS      V0, V3

#define LARGER \
	VMAXPS (SI)(AX*1), V0, V0; \
	VMAXPS BYTES(SI)(AX*1), V3, V3
	ALONG(largest, 2*BYTES, LARGER)
	VMAXPS V3, V0, V0
	LARGEST
	VMOVSS       X0, (DI)
	VBROADCASTSS X0, V11
	VXORPS       V8, V8, V8

#define ADDEXPONENTIAL \
	VMOVUPS (SI)(AX*1), V4;    \
	VSUBPS  V11, V4, V4;       \
	EXPTOZERO(V4, V5, V6, V0); \
	VADDPS  V0, V8, V8
	ALONG(exponentials, BYTES, ADDEXPONENTIAL)
	TOTALOF(V8)
	VMOVSD X8, 8(DI)
	ADDQ   $16, DI
	NEXTROW

// gradientRows: for r := range rows { for i := range n { x[r*stride+i] = exp(x[r*stride+i] - shifts[r]) * factors[r] } }
//
//	BX shifts    DI factors
//
// func (x *float32, stride, rows, n int, shifts, factors *float32)
TEXT GRADIENTROWS(SB), NOSPLIT, $0-48
	BLOCK
	MOVQ shifts+32(FP), BX
	MOVQ factors+40(FP), DI
	SHLQ $2, R10
	EXPCONSTANTS
	PCALIGN $32

row:
	VBROADCASTSS (BX), V11
	VBROADCASTSS (DI), V12

#define GRADIENT \
	VMOVUPS (SI)(AX*1), V4; \
	VSUBPS  V11, V4, V4;    \
	EXP(V4, V5, V6, V0);    \
	VMULPS  V12, V0, V0;    \
	VMOVUPS V0, (SI)(AX*1)
	ALONG(exponentials, BYTES, GRADIENT)
	ADDQ $4, BX
	ADDQ $4, DI
	NEXTROW

// symmetricRows adds the gradient that an element has in the other triangle:
//
//	for r := range rows { for i := range n {
//		x[r*stride+i] = exp(x[r*stride+i]-shifts[r])*factors[r] + exp(x[r*stride+i]-columnShifts[i])*columnFactors[i]
//	}}
//
//	BX shifts    DI factors    R11 columnShifts    R12 columnFactors    V7 exponential of the row    V9 x
//
// func (x *float32, stride, rows, n int, shifts, factors, columnShifts, columnFactors *float32)
TEXT SYMMETRICROWS(SB), NOSPLIT, $0-64
	BLOCK
	MOVQ shifts+32(FP), BX
	MOVQ factors+40(FP), DI
	MOVQ columnShifts+48(FP), R11
	MOVQ columnFactors+56(FP), R12
	SHLQ $2, R10
	EXPCONSTANTS
	PCALIGN $32

row:
	VBROADCASTSS (BX), V11
	VBROADCASTSS (DI), V12

#define BOTHGRADIENTS \
	VMOVUPS     (SI)(AX*1), V9;      \
	VSUBPS      V11, V9, V4;         \
	EXP(V4, V5, V6, V0);             \
	VMULPS      V12, V0, V7;         \
	VSUBPS      (R11)(AX*1), V9, V4; \
	EXP(V4, V5, V6, V0);             \
	VFMADD132PS (R12)(AX*1), V7, V0; \
	VMOVUPS     V0, (SI)(AX*1)
	ALONG(exponentials, BYTES, BOTHGRADIENTS)
	ADDQ $4, BX
	ADDQ $4, DI
	NEXTROW

// exponentialSums takes nothing out, for x that are small enough, or -Inf:
//
//	for r := range rows { for i := range n {
//		x[r*stride+i] = exp(x[r*stride+i])
//		sums[r] += x[r*stride+i]; if columnSums != nil { columnSums[i] += x[r*stride+i] }
//	}}
//
// sums are float64. lanes is room for one vector of every row, the sums of its lanes: added up behind all rows, they overlap, where
// the exponentials of the next row would wait for them.
//
//	DI sums    R11 columnSums    BX lanes of the row    V13 sum of the row's lanes
//
// func (x *float32, stride, rows, n int, sums *float64, columnSums, lanes *float32)
TEXT EXPONENTIALSUMS(SB), NOSPLIT, $0-56
	BLOCK
	MOVQ sums+32(FP), DI
	MOVQ columnSums+40(FP), R11
	MOVQ lanes+48(FP), BX
	SHLQ $2, R10
	EXPFOURCONSTANTS
	PCALIGN $32

row:
	VXORPS V13, V13, V13
	TESTQ  R11, R11
	JEQ    alone

#define ADDFOUR \
	EXPFOUR(0);          \
	STOREFOUR(SI);       \
	VADDPS V0, V13, V13; \
	VADDPS V1, V13, V13; \
	VADDPS V2, V13, V13; \
	VADDPS V3, V13, V13
#define ADDCOLUMNS \
	VADDPS (R11)(AX*1), V0, V0;          \
	VADDPS BYTES(R11)(AX*1), V1, V1;     \
	VADDPS (2*BYTES)(R11)(AX*1), V2, V2; \
	VADDPS (3*BYTES)(R11)(AX*1), V3, V3; \
	STOREFOUR(R11)
#define STOREFOUR(row) \
	VMOVUPS V0, (row)(AX*1);          \
	VMOVUPS V1, BYTES(row)(AX*1);     \
	VMOVUPS V2, (2*BYTES)(row)(AX*1); \
	VMOVUPS V3, (3*BYTES)(row)(AX*1)
	ALONG(exponentials, 4*BYTES, ADDFOUR; ADDCOLUMNS)

end:
	VMOVUPS V13, (BX)
	ADDQ    $BYTES, BX
	ADDQ    R8, SI
	DECQ    DX
	JNE     row
	MOVQ    lanes+48(FP), BX
	MOVQ    rows+16(FP), DX

total:
	TOTALOF((BX))
	VADDSD (DI), X8, X8
	VMOVSD X8, (DI)
	ADDQ   $8, DI
	ADDQ   $BYTES, BX
	DECQ   DX
	JNE    total
	VZEROUPPER
	RET

alone:
	ALONG(more, 4*BYTES, ADDFOUR)
	JMP end

// scaleRows: for r := range rows { for i := range n { y[r*stride+i] = x[r*stride+i] * (factors[r] + columnFactors[i]) } }
//
// y may be x.
//
//	BX y    DI factors    R12 columnFactors
//
// func (y, x *float32, stride, rows, n int, factors, columnFactors *float32)
TEXT SCALEROWS(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), BX
	MOVQ x+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ rows+24(FP), DX
	MOVQ n+32(FP), R10
	MOVQ factors+40(FP), DI
	MOVQ columnFactors+48(FP), R12
	SHLQ $2, R10
	PCALIGN $32

row:
	VBROADCASTSS (DI), V12

#define SCALEPAIR \
	VADDPS  (R12)(AX*1), V12, V0;      \
	VADDPS  BYTES(R12)(AX*1), V12, V1; \
	VMULPS  (SI)(AX*1), V0, V0;        \
	VMULPS  BYTES(SI)(AX*1), V1, V1;   \
	VMOVUPS V0, (BX)(AX*1);            \
	VMOVUPS V1, BYTES(BX)(AX*1)
	ALONG(scale, 2*BYTES, SCALEPAIR)
	ADDQ $4, DI
	ADDQ R8, SI
	ADDQ R8, BX
	DECQ DX
	JNE  row
	VZEROUPPER
	RET

// scaleFloats: for i := range n { x[i] *= factor }
//
// func (x *float32, n int, factor float32)
TEXT SCALEFLOATS(SB), NOSPLIT, $0-20
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), R10
	VBROADCASTSS factor+16(FP), V12
	SHLQ         $2, R10

#define SCALE VMULPS (SI)(AX*1), V12, V0; VMOVUPS V0, (SI)(AX*1)
	ALONG(scale, BYTES, SCALE)
	VZEROUPPER
	RET

// longestRow returns the largest sum of squares of a row, or NaN where one is NaN or infinite:
//
//	for r := range rows { sum = 0; for i := range n { sum += x[r*n+i]*x[r*n+i] }; largest = max(largest, sum) }
//
//	SI x    DX rows to go    R10 bytes of whole vectors    CX floats behind them
//	V0,V3-V5 sums    X12 largest    X13 sum of all
//
// func (x *float32, rows, n int) float64
TEXT LONGESTROW(SB), NOSPLIT, $0-32
	MOVQ   x+0(FP), SI
	MOVQ   rows+8(FP), DX
	MOVQ   n+16(FP), CX
	MOVQ   CX, R10
	ANDQ   $~(WIDTH-1), R10
	SUBQ   R10, CX
	MOVQ   CX, BX
	TAIL(BX)
	SHLQ   $2, R10
	VXORPD X12, X12, X12
	VXORPD X13, X13, X13

row:
	VXORPS V0, V0, V0
	VXORPS V3, V3, V3
	VXORPS V4, V4, V4
	VXORPS V5, V5, V5
	LEAQ   (SI)(R10*1), DI
	LEAQ   (-4*BYTES)(DI), R8
	CMPQ   SI, R8
	JHI    rest

#define SQUARE(m, v, sum) VMOVUPS (m)(SI), v; VFMADD231PS v, v, sum

four:
	SQUARE(0, V6, V0)
	SQUARE(BYTES, V7, V3)
	SQUARE(2*BYTES, V8, V4)
	SQUARE(3*BYTES, V9, V5)
	ADDQ $(4*BYTES), SI
	CMPQ SI, R8
	JLS  four

rest:
	CMPQ SI, DI
	JEQ  tail
	SQUARE(0, V6, V0)
	ADDQ $BYTES, SI
	JMP  rest

tail:
	TESTQ CX, CX
	JEQ   sum
	LOADTAIL((SI), V6)
	VFMADD231PS V6, V6, V3
	LEAQ  (SI)(CX*4), SI

sum:
	VADDPS V3, V0, V0
	VADDPS V5, V4, V4
	VADDPS V4, V0, V3
	TOTALOF(V3)
	VMAXSD X8, X12, X12
	VADDSD X8, X13, X13
	DECQ   DX
	JNE    row
	VSUBSD X13, X13, X13
	VADDSD X13, X12, X12
	VMOVSD X12, ret+24(FP)
	VZEROUPPER
	RET
