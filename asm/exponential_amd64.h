// EXP sets p to e to the power of x, at most 0.87 units in the last place off from -87.3 to 0. Below -87.3365, where
// float32 loses digits, it is 0, above 88.7228 it is infinite; NaN stays NaN. Destroys n and r.
//
// e^x = 2^n * e^r for the integer n nearest to x*log2(e) and r = x - n*log(2), with log(2) in two parts; e^r is a
// polynomial of degree 7. The constants are those of ·exponential, by EXPCONSTANTS, a word of the tiers, in R9.
#define EXP(x, n, r, p) \
	EXPTOZERO(x, n, r, p);            \
	VMOVUPS     HIGHEST, n;           \
	VMOVUPS     INFINITE, r;          \
	INFINITEABOVE(x, n, p, r)

// EXPTOZERO is EXP for x that are at most 0, or NaN.
#define EXPTOZERO(x, n, r, p) \
	VMULPS      LOG2E, x, n;          \
	ROUND(n, n);                      \
	VMOVUPS     x, r;                 \
	VFMADD231PS LN2HIGH, n, r;        \
	VFMADD231PS LN2LOW, n, r;         \
	VMOVUPS     TERM7, p;             \
	VFMADD213PS TERM6, r, p;          \
	VFMADD213PS TERM5, r, p;          \
	VFMADD213PS TERM4, r, p;          \
	VFMADD213PS TERM3, r, p;          \
	VFMADD213PS TERM2, r, p;          \
	VFMADD213PS ONE, r, p;            \
	VFMADD213PS ONE, r, p;            \
	POWER(n, p);                      \
	VMOVUPS     LOWEST, n;            \
	CLEARBELOW(x, n, p)

// EXPFOUR sets V0 to V3 to e to the power of the four vectors from m(SI)(AX*1) on, at most 0 or NaN as in EXPTOZERO: side by
// side, because in one alone every instruction waits for the last. Destroys V4 to V12.
#define EXPFOUR(m) \
	FETCH(LOG2E, V12);                             \
	VMULPS (m)(SI)(AX*1), FETCHED(LOG2E, V12), V8;            \
	VMULPS (m+BYTES)(SI)(AX*1), FETCHED(LOG2E, V12), V9;      \
	VMULPS (m+2*BYTES)(SI)(AX*1), FETCHED(LOG2E, V12), V10;   \
	VMULPS (m+3*BYTES)(SI)(AX*1), FETCHED(LOG2E, V12), V11;   \
	ROUND(V8, V8);                                 \
	ROUND(V9, V9);                                 \
	ROUND(V10, V10);                               \
	ROUND(V11, V11);                               \
	VMOVUPS (m)(SI)(AX*1), V4;                     \
	VMOVUPS (m+BYTES)(SI)(AX*1), V5;               \
	VMOVUPS (m+2*BYTES)(SI)(AX*1), V6;             \
	VMOVUPS (m+3*BYTES)(SI)(AX*1), V7;             \
	EXPREDUCE(LN2HIGH);                            \
	EXPREDUCE(LN2LOW);                             \
	VMOVUPS TERM7, V0;                             \
	VMOVUPS V0, V1;                                \
	VMOVUPS V0, V2;                                \
	VMOVUPS V0, V3;                                \
	EXPTERM(TERM6);                                \
	EXPTERM(TERM5);                                \
	EXPTERM(TERM4);                                \
	EXPTERM(TERM3);                                \
	EXPTERM(TERM2);                                \
	EXPTERM(ONE);                                  \
	EXPTERM(ONE);                                  \
	POWER(V8, V0);                                 \
	POWER(V9, V1);                                 \
	POWER(V10, V2);                                \
	POWER(V11, V3);                                \
	EXPCLEAR(m, V4, V0);                           \
	EXPCLEAR(m+BYTES, V5, V1);                     \
	EXPCLEAR(m+2*BYTES, V6, V2);                   \
	EXPCLEAR(m+3*BYTES, V7, V3)
#define EXPREDUCE(part) \
	FETCH(part, V12);                      \
	VFMADD231PS FETCHED(part, V12), V8, V4;  \
	VFMADD231PS FETCHED(part, V12), V9, V5;  \
	VFMADD231PS FETCHED(part, V12), V10, V6; \
	VFMADD231PS FETCHED(part, V12), V11, V7
#define EXPTERM(term) \
	FETCH(term, V12);                       \
	VFMADD213PS FETCHED(term, V12), V4, V0; \
	VFMADD213PS FETCHED(term, V12), V5, V1; \
	VFMADD213PS FETCHED(term, V12), V6, V2; \
	VFMADD213PS FETCHED(term, V12), V7, V3
#define EXPCLEAR(m, x, p) \
	VMOVUPS (m)(SI)(AX*1), x; \
	VMOVUPS LOWEST, V12;      \
	CLEARBELOW(x, V12, p)
