// What tile_amd64.h, which has the loop, leaves to a tier, for AVX2: tiles of 6 rows by 16 columns. mask is 16 words, *int32, -1
// for a column that exists and 0 for one that does not, or nil when all exist: masked stores are slow.
//
//	Y0-Y11  sums    Y12,Y13  weights; what was in c while adding    Y14,Y15  one a; the mask while adding and storing
//	T0-T11  from R12 on, which is 16(SP) on the next boundary of 32 bytes: the frames above decide where the stack lies, and
//	        totals that lie across two lines cost a tenth of the time
//	LEFT    R13

#include "sums_avx2_amd64.h"

#define FRAME 432
#define LEFT R13
#define COMPARELEFT TESTQ R13, R13
#define T0 0(R12)
#define T1 32(R12)
#define T2 64(R12)
#define T3 96(R12)
#define T4 128(R12)
#define T5 160(R12)
#define T6 192(R12)
#define T7 224(R12)
#define T8 256(R12)
#define T9 288(R12)
#define T10 320(R12)
#define T11 352(R12)

// All totals are in memory.
#define MOVE MOVEOUT
#define BEGIN BEGINOUT

// There are no rows past the sixth.
#define MOREIN
#define MORERUNS
#define ALLROWS EACH6

#define WEIGHTS(b) VMOVUPS b(DI), W0; VMOVUPS b+32(DI), W1

#define PREPARE \
	LEAQ 47(SP), R12; \
	ANDQ $~31, R12

#define ADDROW(i, s0, s1) MOVQ 8*i(DI), AX; VADDPS (SI)(AX*1), s0, s0; VADDPS 32(SI)(AX*1), s1, s1
#define STOREROW(i, s0, s1) MOVQ 8*i(DI), AX; VMOVUPS s0, (SI)(AX*1); VMOVUPS s1, 32(SI)(AX*1)
#define ADDSOME(i, s0, s1) \
	MOVQ       8*i(DI), AX;            \
	VMASKMOVPS (SI)(AX*1), Y14, Y12;   \
	VMASKMOVPS 32(SI)(AX*1), Y15, Y13; \
	VADDPS     Y12, s0, s0;            \
	VADDPS     Y13, s1, s1
#define STORESOME(i, s0, s1) MOVQ 8*i(DI), AX; VMASKMOVPS s0, Y14, (SI)(AX*1); VMASKMOVPS s1, Y15, 32(SI)(AX*1)

#define ADDANDSTORE(then) \
	MOVQ    mask+64(FP), DX; \
	MOVBLZX add+72(FP), BX;  \
	TESTQ   DX, DX;          \
	JNE     some;            \
	TESTL   BX, BX;          \
	JEQ     put;             \
	UPTO6(ADDROW, put);      \
	JMP     put;             \
put: \
	UPTO6(STOREROW, then);   \
	JMP     then;            \
some: \
	VMOVUPS (DX), Y14;       \
	VMOVUPS 32(DX), Y15;     \
	TESTL   BX, BX;          \
	JEQ     putsome;         \
	UPTO6(ADDSOME, putsome); \
	JMP     putsome;         \
putsome: \
	UPTO6(STORESOME, then);  \
	JMP     then

#include "tile_amd64.h"
