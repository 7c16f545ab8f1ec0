//go:build amd64 && !noasm

#include "textflag.h"
#include "sums_avx512_amd64.h"

// The tile of weight gradients for AVX-512, 8 rows by 32 columns: the loop stands in wgrad_amd64.h, with the registers. mask is a
// uint64; K1,K2 are the columns that exist.
//
// Expected: 90-97 % of the multiply-add peak. Every pixel takes 16 multiply-adds for 10 loads.

#define GRADTILE ·gradTileAVX512
#define ATILE a+0(FP)
#define CTILE c+48(FP)
#define MASKS COLUMNMASKS(mask+72(FP))
#define POINTERS

// The rows 6 and 7.
#define ROWS7(AT) ROWS6(AT); ROW(AT, 24, A0, V12, V13)
#define ROWS8(AT) ROWS7(AT); ROW(AT, 28, A1, V14, V15)
#define MORERUNS \
	RUNS(ROWS8, run8, many8, few8, four8, rest8, one8, next8) \
	RUNS(ROWS7, run7, many7, few7, four7, rest7, one7, next7)

#define LOADROW(s0, s1) VMOVUPS.Z (SI), K1, s0; VMOVUPS.Z 64(SI), K2, s1; ADDQ DI, SI
#define STOREROW(s0, s1) VMOVUPS s0, K1, (SI); VMOVUPS s1, K2, 64(SI); ADDQ DI, SI

// UPTO8 is UPTO6 for R13 rows, or for 8 if those are more; it always goes on at then.
#define UPTO8(MOVE, then) \
	UPTO6(MOVE, then); \
	CMPQ R13, $7;      \
	JLT  then;         \
	MOVE(V12, V13);    \
	CMPQ R13, $8;      \
	JLT  then;         \
	MOVE(V14, V15);    \
	JMP  then
#define LOADROWS(then) UPTO8(LOADROW, then)
#define STOREROWS(then) UPTO8(STOREROW, then)

#include "wgrad_amd64.h"
