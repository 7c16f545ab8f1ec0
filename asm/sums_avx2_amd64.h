// The registers of a tile in the AVX2 tier, and what depends on how many rows of sums they hold; the twin is
// sums_avx512_amd64.h.
//
//	V0-V11  (Y0-Y11) sums of 6 rows and 16 columns: row i in V(2i), V(2i+1)
//	W0,W1   (Y12,Y13) 16 columns of what the rows are multiplied with
//	A0,A1   (Y14,Y15) one element of a row's factor, broadcast: in A0 for even rows, in A1 for odd ones

#include "vector_avx2_amd64.h"

#define TILEROWS 6
#define W0 Y12
#define W1 Y13
#define A0 Y14
#define A1 Y15

#define CLEAR(v) VXORPS v, v, v

// EACHSUM does DO with every sum.
#define EACHSUM(DO) \
	DO(V0); DO(V1); DO(V2); DO(V3); DO(V4); DO(V5); \
	DO(V6); DO(V7); DO(V8); DO(V9); DO(V10); DO(V11)

// LESSFOUR makes CX, the steps to go, 4 less. A tier may do many of them first, SIXTEEN at a time; the labels are its own.
#define LESSFOUR(SIXTEEN, many, few) SUBQ $4, CX

// CHOOSE goes to run1 to run6, for so many rows as n says, or to run6 if those are more.
#define CHOOSE(n) \
	CMPQ n, $6; \
	JGE  run6;  \
	CMPQ n, $4; \
	JEQ  run4;  \
	JGT  run5;  \
	CMPQ n, $2; \
	JEQ  run2;  \
	JGT  run3;  \
	JMP  run1
