// What words of the vocabulary have in common: vector_avx2_amd64.h and vector_avx512_amd64.h include it.

// TOTAL4 sets X8 to the sum of the 4 doubles in Y8. Destroys X9.
#define TOTAL4 \
	VEXTRACTF128 $1, Y8, X9; \
	VADDPD X9, X8, X8;       \
	VPERMILPD $1, X8, X9;    \
	VADDSD X9, X8, X8

// LARGEST8 sets X0 to the largest of the 8 floats in Y0. Destroys X1.
#define LARGEST8 \
	VEXTRACTF128 $1, Y0, X1; \
	VMAXPS X1, X0, X0;       \
	VPERMILPS $0x4E, X0, X1; \
	VMAXPS X1, X0, X0;       \
	VPERMILPS $0xB1, X0, X1; \
	VMAXSS X1, X0, X0

// HEIGHT sets n, the rows to go, to those of the next tile. What is left of less than two tiles is cut in halves: one or two rows have
// too few sums to hide the latency of a multiply-add. Destroys t.
#define HEIGHT(n, t) \
	LEAQ    1(n), t;      \
	SHRQ    $1, t;        \
	CMPQ    n, $TILEROWS; \
	CMOVQLE n, t;         \
	MOVQ    $TILEROWS, n; \
	CMPQ    t, n;         \
	CMOVQLT t, n
