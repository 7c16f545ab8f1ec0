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

// EXPFOUR sets V0 to V3 to e to the power of the four vectors from m(SI)(AX*1) on, at most 0.91 units in the last place off from
// -83 to 88.6, between which no product loses digits. Below -87.3365 it is 0; NaN stays NaN. Four stand side by side, because in one
// alone every instruction waits for the last. Destroys V4 to V12. The constants are those of ·exponential, by EXPFOURCONSTANTS, a
// word of the tiers, in R9.
//
// e^x = 2^(n/8) * e^r for the integer n nearest to x*8/log(2) and r = x - n*log(2)/8, with log(2)/8 in two parts. r is so near to
// 0 that a polynomial of degree 4 is enough, which is a shorter chain than that of EXP. n is the lower bits of x*8/log(2) + SHIFTER;
// the lowest three find 2^(n%8/8) in EIGHTHPOWERS, and all of them, shifted, are added to its exponent.
#define EXPFOUR(m) \
	FETCH(EIGHTHS, V12);                \
	EXPEIGHTHS(m, V8, V0, V4);          \
	EXPEIGHTHS(m+BYTES, V9, V1, V5);    \
	EXPEIGHTHS(m+2*BYTES, V10, V2, V6); \
	EXPEIGHTHS(m+3*BYTES, V11, V3, V7); \
	VMOVUPS (m)(SI)(AX*1), V8;          \
	VMOVUPS (m+BYTES)(SI)(AX*1), V9;    \
	VMOVUPS (m+2*BYTES)(SI)(AX*1), V10; \
	VMOVUPS (m+3*BYTES)(SI)(AX*1), V11; \
	EXPREDUCE(EIGHTHHIGH);              \
	EXPREDUCE(EIGHTHLOW);               \
	VMOVUPS EIGHTHTERM4, V4;            \
	VMOVUPS V4, V5;                     \
	VMOVUPS V4, V6;                     \
	VMOVUPS V4, V7;                     \
	EXPTERM(EIGHTHTERM3);               \
	EXPTERM(TERM2);                     \
	EXPTERM(ONE);                       \
	EXPLAST(m, V8, V4, V0);             \
	EXPLAST(m+BYTES, V9, V5, V1);       \
	EXPLAST(m+2*BYTES, V10, V6, V2);    \
	EXPLAST(m+3*BYTES, V11, V7, V3)

// EXPEIGHTHS sets p to 2^(n/8) and e to n. Destroys n.
#define EXPEIGHTHS(m, n, p, e) \
	VMOVAPS     SHIFTER, n;                              \
	VFMADD231PS (m)(SI)(AX*1), FETCHED(EIGHTHS, V12), n; \
	VPERMPS     EIGHTHPOWERS, n, p;                      \
	VSUBPS      SHIFTER, n, e;                           \
	VPSLLD      $20, n, n;                               \
	VPADDD      n, p, p
#define EXPREDUCE(part) \
	FETCH(part, V12);                        \
	VFMADD231PS FETCHED(part, V12), V4, V8;  \
	VFMADD231PS FETCHED(part, V12), V5, V9;  \
	VFMADD231PS FETCHED(part, V12), V6, V10; \
	VFMADD231PS FETCHED(part, V12), V7, V11
#define EXPTERM(term) \
	FETCH(term, V12);                        \
	VFMADD213PS FETCHED(term, V12), V8, V4;  \
	VFMADD213PS FETCHED(term, V12), V9, V5;  \
	VFMADD213PS FETCHED(term, V12), V10, V6; \
	VFMADD213PS FETCHED(term, V12), V11, V7

// EXPLAST sets p to p + p*r*polynomial, or to 0 where x is too low. Destroys r and the polynomial.
#define EXPLAST(m, r, polynomial, p) \
	VMULPS      p, r, r;                   \
	VFMADD231PS polynomial, r, p;          \
	VMOVUPS     (m)(SI)(AX*1), polynomial; \
	VMOVUPS     LOWEST, V12;               \
	CLEARBELOW(polynomial, V12, p)
