// The vocabulary of the AVX-512 tier: a vector is 16 floats in V0 to V14, or two vectors of 8 doubles. Bodies and loops
// written in it serve both tiers; its twin, with the meaning of every word, is vector_avx2_amd64.h.
//
// Reserved: K1 is the mask of the lanes that a tail has; K2 and K3 belong to the words below.

#include "vector_amd64.h"

#define WIDTH 16
#define BYTES 64

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14

#define H0 Y0
#define H1 Y1
#define H2 Y2
#define H3 Y3

#define LOAD(m, v) VMOVUPS m, v
#define STORE(v, m) VMOVUPS v, m
#define LOADTAIL(m, v) VMOVUPS.Z m, K1, v
#define STORETAIL(v, m) VMOVUPS v, K1, m

#define TAIL(n) \
	MOVL  $-1, R13;    \
	BZHIL n, R13, R13; \
	KMOVW R13, K1

#define GATE(y, g, d) \
	VCMPPS $6, V14, y, K2; \
	VMOVAPS.Z g, K2, d

#define WIDEN(v, h, lo, hi, hh) \
	VEXTRACTF64X4 $1, v, hh; \
	VCVTPS2PD h, lo;         \
	VCVTPS2PD hh, hi

#define TOTAL \
	VEXTRACTF64X4 $1, Z8, Y9; \
	VADDPD Y9, Y8, Y8;        \
	TOTAL4

#define LARGEST \
	VEXTRACTF64X4 $1, Z0, Y1; \
	VMAXPS Y1, Y0, Y0;        \
	LARGEST8

#define COUNTNAN(v, n) \
	VCMPPS $3, v, v, K2; \
	KMOVW K2, n;         \
	POPCNTL n, n

#define NONAN KXORW K3, K3, K3
#define SEENAN(v) \
	VCMPPS $3, v, v, K2; \
	KORW K2, K3, K3
#define PUTNAN(v) VPTERNLOGD $0xFF, v, v, K3, v

#define OPEN KXNORW K3, K3, K3
#define SHUT(v, y) VCMPPS $4, v, y, K3, K3
#define FIRST(v, y, g, d) \
	VCMPPS $0, v, y, K3, K2; \
	KANDNW K3, K2, K3;       \
	VADDPS g, d, K2, d

#define ROUND(v, d) VRNDSCALEPS $8, v, d

#define POWER(n, p) VSCALEFPS n, p, p

#define CLEARBELOW(x, low, p) \
	VCMPPS $5, low, x, K2; \
	VMOVAPS.Z p, K2, p
#define INFINITEABOVE(x, high, p, infinity) \
	VCMPPS $14, high, x, K2;     \
	VMOVAPS infinity, K2, p

#define EXPCONSTANTS \
	LEAQ         ·exponential(SB), R9; \
	VBROADCASTSS 0(R9), LOG2E;         \
	VBROADCASTSS 32(R9), LN2HIGH;      \
	VBROADCASTSS 64(R9), LN2LOW;       \
	VBROADCASTSS 96(R9), TERM7;        \
	VBROADCASTSS 128(R9), TERM6;       \
	VBROADCASTSS 160(R9), TERM5;       \
	VBROADCASTSS 192(R9), TERM4;       \
	VBROADCASTSS 224(R9), TERM3;       \
	VBROADCASTSS 256(R9), TERM2;       \
	VBROADCASTSS 288(R9), ONE;         \
	VBROADCASTSS 320(R9), LOWEST;      \
	VBROADCASTSS 352(R9), HIGHEST;     \
	VBROADCASTSS 384(R9), INFINITE
#define LOG2E Z16
#define LN2HIGH Z17
#define LN2LOW Z18
#define TERM7 Z19
#define TERM6 Z20
#define TERM5 Z21
#define TERM4 Z22
#define TERM3 Z23
#define TERM2 Z24
#define ONE Z25
#define LOWEST Z26
#define HIGHEST Z27
#define INFINITE Z28
#define EXPFOURCONSTANTS \
	LEAQ         ·exponential(SB), R9; \
	VBROADCASTSS 256(R9), TERM2;       \
	VBROADCASTSS 288(R9), ONE;         \
	VBROADCASTSS 320(R9), LOWEST;      \
	VBROADCASTSS 448(R9), EIGHTHS;     \
	VBROADCASTSS 480(R9), SHIFTER;     \
	VBROADCASTSS 512(R9), EIGHTHHIGH;  \
	VBROADCASTSS 544(R9), EIGHTHLOW;   \
	VBROADCASTSS 576(R9), EIGHTHTERM4; \
	VBROADCASTSS 608(R9), EIGHTHTERM3; \
	VMOVUPS      640(R9), EIGHTHPOWERS
#define EIGHTHS Z16
#define SHIFTER Z17
#define EIGHTHHIGH Z18
#define EIGHTHLOW Z19
#define EIGHTHTERM4 Z20
#define EIGHTHTERM3 Z21
#define EIGHTHPOWERS Z22
#define FETCH(constant, t)
#define FETCHED(constant, t) constant
#define MINUSINFINITY(v) VBROADCASTSS ·exponential+416(SB), v

#define PADTAIL(v, fill) VBLENDMPS v, fill, K1, v

#define NARROW(lo, hi, hhi, v, hv) \
	VCVTPD2PS lo, hv;          \
	VCVTPD2PS hi, hhi;         \
	VINSERTF64X4 $1, hhi, v, v
