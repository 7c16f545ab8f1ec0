// The registers of a tile in the AVX-512 tier, and what depends on how many rows of sums they hold; the twin is
// sums_avx2_amd64.h.
//
//	V0-V15  (Z0-Z15) sums of 8 rows and 32 columns: row i in V(2i), V(2i+1)
//	W0,W1   (Z28,Z29) 32 columns of what the rows are multiplied with
//	A0,A1   (Z30,Z31) one element of a row's factor, broadcast: in A0 for even rows, in A1 for odd ones

#include "vector_avx512_amd64.h"

#define TILEROWS 8
#define V15 Z15
#define W0 Z28
#define W1 Z29
#define A0 Z30
#define A1 Z31

#define CLEAR(v) VPXORQ v, v, v

#define EACHSUM(DO) \
	DO(V0); DO(V1); DO(V2); DO(V3); DO(V4); DO(V5); DO(V6); DO(V7); \
	DO(V8); DO(V9); DO(V10); DO(V11); DO(V12); DO(V13); DO(V14); DO(V15)

// The end of a loop of more than ten turns is not foreseen.
#define LESSFOUR(SIXTEEN, many, few) \
	SUBQ $16, CX; \
	JLT  few;     \
	PCALIGN $32;  \
many: \
	SIXTEEN;      \
	SUBQ $16, CX; \
	JGE  many;    \
few: \
	ADDQ $12, CX

// COLUMNMASKS sets K1 and K2 to the columns of mask, a bit for each. Destroys CX.
#define COLUMNMASKS(mask) \
	MOVQ  mask, CX; \
	KMOVW CX, K1;   \
	SHRQ  $16, CX;  \
	KMOVW CX, K2

#define CHOOSE(n) \
	CMPQ n, $8; \
	JGE  run8;  \
	CMPQ n, $4; \
	JEQ  run4;  \
	JGT  above; \
	CMPQ n, $2; \
	JEQ  run2;  \
	JGT  run3;  \
	JMP  run1;  \
above: \
	CMPQ n, $6; \
	JEQ  run6;  \
	JGT  run7;  \
	JMP  run5
