// The vocabulary of the AVX2 tier: a vector is 8 floats in V0 to V14, or two vectors of 4 doubles. Bodies and loops written
// in it serve both tiers; its twin is vector_avx512_amd64.h.
//
// Reserved: V15 is the mask of the lanes that a tail has.

#include "vector_amd64.h"

#define WIDTH 8
#define BYTES 32

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14

// H0 to H3 are the lower halves of V0 to V3.
#define H0 X0
#define H1 X1
#define H2 X2
#define H3 X3

// LOAD and STORE move a vector; LOADTAIL and STORETAIL touch only the lanes of the tail, and LOADTAIL clears the others.
#define LOAD(m, v) VMOVUPS m, v
#define STORE(v, m) VMOVUPS v, m
#define LOADTAIL(m, v) VMASKMOVPS m, Y15, v
#define STORETAIL(v, m) VMASKMOVPS v, Y15, m

// TAIL makes the mask for a tail of n floats, a register that it destroys like R13. columnMask is 32 set lanes and then 32
// clear ones.
#define TAIL(n) \
	NEGQ n;                    \
	LEAQ ·columnMask(SB), R13; \
	VMOVUPS 128(R13)(n*4), Y15

// GATE sets d to g where y is not <= 0 and to 0 elsewhere. A NaN in y opens the gate. Destroys y; V14 is 0.
#define GATE(y, g, d) \
	VCMPPS $2, V14, y, y; \
	VANDNPS g, y, d

// WIDEN sets lo and hi to the doubles of the lower and upper half of v, given as its half h; hh is the half of hi.
#define WIDEN(v, h, lo, hi, hh) \
	VEXTRACTF128 $1, v, hh; \
	VCVTPS2PD h, lo;        \
	VCVTPS2PD hh, hi

// TOTAL sets X8 to the sum of the doubles in V8. Destroys V9.
#define TOTAL TOTAL4

// LARGEST sets X0 to the largest float of V0. Destroys V1.
#define LARGEST LARGEST8

// COUNTNAN sets n to the number of NaN in v. Destroys v.
#define COUNTNAN(v, n) \
	VCMPPS $3, v, v, v; \
	VMOVMSKPS v, n;     \
	POPCNTL n, n

// NONAN, SEENAN and PUTNAN remember in V13 the lanes in which v held a NaN, and make the lanes of v NaN at the end.
#define NONAN VXORPS V13, V13, V13
#define SEENAN(v) \
	VCMPPS $3, v, v, V12; \
	VORPS V12, V13, V13
#define PUTNAN(v) VORPS V13, v, v

// OPEN, and FIRST, which adds g to d in the lanes where v equals y for the first time since OPEN; SHUT only looks. Both
// destroy v.
#define OPEN VPCMPEQD V13, V13, V13
#define SHUT(v, y) \
	VCMPPS $0, v, y, v; \
	VANDNPS V13, v, V13
#define FIRST(v, y, g, d) \
	VCMPPS $0, v, y, v;   \
	VANDPS V13, v, v;     \
	VANDNPS V13, v, V13;  \
	VANDPS g, v, v;       \
	VADDPS v, d, d

// ROUND sets d to v rounded to the nearest integer.
#define ROUND(v, d) VROUNDPS $8, v, d

// POWER multiplies p, about 1, by two to the power of the integer n: it adds n to the exponent. Destroys n.
#define POWER(n, p) \
	VCVTPS2DQ n, n;  \
	VPSLLD $23, n, n; \
	VPADDD n, p, p

// CLEARBELOW clears p where x < low, and KEEPABOVE makes p infinite where x > high; low and high are broadcast floats.
// A NaN in x leaves p alone. Both destroy low and high.
#define CLEARBELOW(x, low, p) \
	VCMPPS $1, low, x, low; \
	VANDNPS p, low, p
#define INFINITEABOVE(x, high, p, infinity) \
	VCMPPS $14, high, x, high;       \
	VBLENDVPS high, infinity, p, p

// EXPCONSTANTS gets the constants of EXP ready; it takes R9. MINUSINFINITY broadcasts the last of them.
#define EXPCONSTANTS LEAQ ·exponential(SB), R9
#define LOG2E 0(R9)
#define LN2HIGH 32(R9)
#define LN2LOW 64(R9)
#define TERM7 96(R9)
#define TERM6 128(R9)
#define TERM5 160(R9)
#define TERM4 192(R9)
#define TERM3 224(R9)
#define TERM2 256(R9)
#define ONE 288(R9)
#define LOWEST 320(R9)
#define HIGHEST 352(R9)
#define INFINITE 384(R9)
// EXPFOURCONSTANTS gets those of EXPFOUR ready, with TERM2, ONE and LOWEST; it takes R9, V14 and V15.
#define EXPFOURCONSTANTS EXPCONSTANTS; VMOVUPS 480(R9), SHIFTER; VMOVUPS 640(R9), EIGHTHPOWERS
#define EIGHTHS 448(R9)
#define SHIFTER Y15
#define EIGHTHHIGH 512(R9)
#define EIGHTHLOW 544(R9)
#define EIGHTHTERM4 576(R9)
#define EIGHTHTERM3 608(R9)
#define EIGHTHPOWERS Y14
// FETCH(constant, t) and FETCHED(constant, t): a constant for several instructions, in t where it lies in memory.
#define FETCH(constant, t) VMOVUPS constant, t
#define FETCHED(constant, t) t
#define MINUSINFINITY(v) VBROADCASTSS ·exponential+416(SB), v

// PADTAIL fills the lanes of v past the tail.
#define PADTAIL(v, fill) VBLENDVPS Y15, v, fill, v

// NARROW sets v to the floats of the doubles lo and hi, given as their halves too: the reverse of WIDEN. hv is the half of v.
#define NARROW(lo, hi, hhi, v, hv) \
	VCVTPD2PSY lo, hv;       \
	VCVTPD2PSY hi, hhi;      \
	VINSERTF128 $1, hhi, v, v
