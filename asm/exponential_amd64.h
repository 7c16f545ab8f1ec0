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
