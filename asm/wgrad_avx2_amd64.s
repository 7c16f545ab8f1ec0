//go:build amd64 && !noasm

#include "textflag.h"
#include "sums_avx2_amd64.h"

// The tile of weight gradients for AVX2, 6 rows by 16 columns: the loop stands in wgrad_amd64.h, with the registers. mask is 16
// words, *int32, -1 for a column that exists and 0 for one that does not, or nil when all exist: masked stores are slow.
//
//	AX  c of the tile, BX a    Y14,Y15  one a; the mask while loading and storing
//
// Expected: 88-96 % of the multiply-add peak. Every pixel takes 12 multiply-adds for 8 loads.

#define GRADTILE ·gradTileAVX2
#define ATILE BX
#define CTILE AX
#define MASKS
#define POINTERS MOVQ a+0(FP), BX; MOVQ c+48(FP), AX
#define MORERUNS

#define LOADROW(s0, s1) VMOVUPS (SI), s0; VMOVUPS 32(SI), s1; ADDQ DI, SI
#define STOREROW(s0, s1) VMOVUPS s0, (SI); VMOVUPS s1, 32(SI); ADDQ DI, SI
#define LOADSOME(s0, s1) VMASKMOVPS (SI), Y14, s0; VMASKMOVPS 32(SI), Y15, s1; ADDQ DI, SI
#define STORESOME(s0, s1) VMASKMOVPS s0, Y14, (SI); VMASKMOVPS s1, Y15, 32(SI); ADDQ DI, SI

// MOVEROWS moves the sums by ALL, or by SOME where there is a mask.
#define MOVEROWS(ALL, SOME, some, then) \
	MOVQ    mask+72(FP), DX; \
	TESTQ   DX, DX;          \
	JNE     some;            \
	UPTO6(ALL, then);        \
	JMP     then;            \
some: \
	VMOVUPS (DX), Y14;       \
	VMOVUPS 32(DX), Y15;     \
	UPTO6(SOME, then);       \
	JMP     then
#define LOADROWS(then) MOVEROWS(LOADROW, LOADSOME, loadsome, then)
#define STOREROWS(then) MOVEROWS(STOREROW, STORESOME, storesome, then)

#include "wgrad_amd64.h"
