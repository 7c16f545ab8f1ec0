// Streams over the rows of a matrix: each macro below is what one kernel does to one vector, and ROWS is the loop round it.
// The rows lie one after another, so memory is read and written in order. Expected: the bandwidth of memory.
//
//	DI out    SI a    DX b    BX c, each the row    CX rows to go    AX byte of the row, R11 bytes of whole vectors, R12 of all
//	R8 params and R10 sums of the vector, R9 and R13 those of the first    V14 zeros
//
// params and sums hold a few vectors for each vector of columns, side by side: those of columns 0, ..., WIDTH-1, then the
// next; a value in doubles takes two. So one register serves all of them, and the last need no mask.

#define PARAM(i) BYTES*i(R8)
#define SUM(i) BYTES*i(R10)

// ROWS computes a kernel of the form func(out, a, b, c, params, sums *float32, columns, rows int), $0-64.
#define ROWS(BODY, nparams, nsums) \
	MOVQ   out+0(FP), DI;         \
	MOVQ   a+8(FP), SI;           \
	MOVQ   b+16(FP), DX;          \
	MOVQ   c+24(FP), BX;          \
	MOVQ   columns+48(FP), R12;   \
	MOVQ   rows+56(FP), CX;       \
	MOVQ   R12, R11;              \
	ANDQ   $(WIDTH-1), R11;       \
	SHLQ   $2, R12;               \
	LEAQ   (R11*4), R10;          \
	TAIL(R11);                    \
	MOVQ   R12, R11;              \
	SUBQ   R10, R11;              \
	MOVQ   params+32(FP), R9;     \
	MOVQ   sums+40(FP), R13;      \
	VXORPS V14, V14, V14;         \
row:                              \
	MOVQ   R9, R8;                \
	MOVQ   R13, R10;              \
	XORL   AX, AX;                \
	TESTQ  R11, R11;              \
	JEQ    last;                  \
	PCALIGN $32;                  \
vector:                           \
	BODY(LOAD, STORE)             \
	ADDQ   $(nparams*BYTES), R8;  \
	ADDQ   $(nsums*BYTES), R10;   \
	ADDQ   $BYTES, AX;            \
	CMPQ   AX, R11;               \
	JLT    vector;                \
last:                             \
	CMPQ   AX, R12;               \
	JEQ    next;                  \
	BODY(LOADTAIL, STORETAIL)     \
next:                             \
	ADDQ   R12, DI;               \
	ADDQ   R12, SI;               \
	ADDQ   R12, DX;               \
	ADDQ   R12, BX;               \
	DECQ   CX;                    \
	JNE    row;                   \
	VZEROUPPER;                   \
	RET

// RELUOF keeps a NaN: it stands second, where VMAXPS returns it.
#define RELUOF(v) VMAXPS v, V14, v

// NORMALIZED sets V0 to (a - mean)*scale + beta in doubles, rounded once: an output next to 0 has the right sign, and so has
// its ReLU. Memory takes longer, so the same in floats would be no faster.
#define NORMALIZED(load) \
	load((SI)(AX*1), V0);         \
	WIDEN(V0, H0, V1, V2, H2);    \
	VSUBPD PARAM(0), V1, V1;      \
	VSUBPD PARAM(1), V2, V2;      \
	LOAD(PARAM(2), V3);           \
	VFMADD213PD PARAM(4), V3, V1; \
	LOAD(PARAM(3), V3);           \
	VFMADD213PD PARAM(5), V3, V2; \
	NARROW(V1, V2, H2, V0, H0);

// GATED sets V0 to the gradient a where the output c of ReLU is open.
#define GATED(load) \
	load((SI)(AX*1), V0); \
	load((BX)(AX*1), V1); \
	GATE(V1, V0, V0);

// INPUTGRADIENT sets V0 to V0*scale - shift - (b - mean)*slope in doubles, rounded once.
#define INPUTGRADIENT(load) \
	WIDEN(V0, H0, V4, V1, H1);    \
	load((DX)(AX*1), V0);         \
	WIDEN(V0, H0, V5, V2, H2);    \
	VSUBPD PARAM(0), V5, V5;      \
	VSUBPD PARAM(1), V2, V2;      \
	LOAD(PARAM(2), V3);           \
	VFMSUB213PD PARAM(4), V3, V4; \
	LOAD(PARAM(3), V3);           \
	VFMSUB213PD PARAM(5), V3, V1; \
	LOAD(PARAM(6), V3);           \
	VFNMADD231PD V3, V5, V4;      \
	LOAD(PARAM(7), V3);           \
	VFNMADD231PD V3, V2, V1;      \
	NARROW(V4, V1, H1, V0, H0);

// ADDPRODUCTS adds V0 and V0*(b - mean) to the two sums.
#define ADDPRODUCTS(load) \
	load((DX)(AX*1), V1);    \
	VSUBPS PARAM(0), V1, V1; \
	VADDPS SUM(0), V0, V2;   \
	LOAD(SUM(1), V3);        \
	VFMADD231PS V0, V1, V3;  \
	STORE(V2, SUM(0));       \
	STORE(V3, SUM(1));

#define RELU(load, store) \
	load((SI)(AX*1), V0);  \
	RELUOF(V0);            \
	store(V0, (DI)(AX*1));

#define RELUBACKWARD(load, store) \
	GATED(load)            \
	store(V0, (DI)(AX*1));

#define ADDBIAS(load, store) \
	load((SI)(AX*1), V0);    \
	VADDPS PARAM(0), V0, V0; \
	store(V0, (DI)(AX*1));

#define NORM(load, store) \
	NORMALIZED(load)       \
	store(V0, (DI)(AX*1));

#define NORMRELU(load, store) \
	NORMALIZED(load)       \
	RELUOF(V0);            \
	store(V0, (DI)(AX*1));

#define NORMADDRELU(load, store) \
	NORMALIZED(load)       \
	load((DX)(AX*1), V1);  \
	VADDPS V1, V0, V0;     \
	RELUOF(V0);            \
	store(V0, (DI)(AX*1));

#define NORMBACKWARD(load, store) \
	load((SI)(AX*1), V0);  \
	INPUTGRADIENT(load)    \
	store(V0, (DI)(AX*1));

#define NORMRELUBACKWARD(load, store) \
	GATED(load)            \
	INPUTGRADIENT(load)    \
	store(V0, (DI)(AX*1));

#define SUMS(load, store) \
	load((SI)(AX*1), V0);  \
	VADDPS SUM(0), V0, V0; \
	STORE(V0, SUM(0));

#define SUMPRODUCTS(load, store) \
	load((SI)(AX*1), V0); \
	ADDPRODUCTS(load)

#define SUMGATED(load, store) \
	GATED(load)       \
	ADDPRODUCTS(load)

#define SUMSTOREGATED(load, store) \
	GATED(load)            \
	store(V0, (DI)(AX*1)); \
	ADDPRODUCTS(load)

// WIDENSUMS adds sums of floats to sums of doubles and clears them, for func(wide *float64, sums *float32, n int), $0-24,
// n in whole vectors.
#define WIDENSUMS \
	MOVQ   wide+0(FP), DI;        \
	MOVQ   sums+8(FP), SI;        \
	MOVQ   n+16(FP), CX;          \
	VXORPS V14, V14, V14;         \
vector:                           \
	LOAD((SI), V0);               \
	STORE(V14, (SI));             \
	WIDEN(V0, H0, V2, V1, H1);    \
	VADDPD (DI), V2, V2;          \
	VADDPD BYTES(DI), V1, V1;     \
	VMOVUPD V2, (DI);             \
	VMOVUPD V1, BYTES(DI);        \
	ADDQ   $BYTES, SI;            \
	ADDQ   $(2*BYTES), DI;        \
	SUBQ   $WIDTH, CX;            \
	JGT    vector;                \
	VZEROUPPER;                   \
	RET
