//go:build amd64 && !noasm

#include "textflag.h"

// exponential is the constants of EXP and EXPFOUR (exponential_amd64.h), each for 8 lanes.

#define LANES(at, bits) \
	DATA ·exponential+(at+0)(SB)/8, $(bits<<32|bits);  \
	DATA ·exponential+(at+8)(SB)/8, $(bits<<32|bits);  \
	DATA ·exponential+(at+16)(SB)/8, $(bits<<32|bits); \
	DATA ·exponential+(at+24)(SB)/8, $(bits<<32|bits)

LANES(0, 0x3fb8aa3b) // 1.44269504: log2(e)
LANES(32, 0xbf317200) // -0x1.62e400p-1: -log(2), its first digits
LANES(64, 0xb5bfbe8e) // -0x1.7f7d1cp-20: and the rest
LANES(96, 0x39502bda) // 0.000198527618: the terms of the polynomial, from degree 7
LANES(128, 0x3ab696c9) // 0.00139304355
LANES(160, 0x3c0888a6) // 0.00833336078
LANES(192, 0x3d2aaa7a) // 0.0416664854
LANES(224, 0x3e2aaaab) // 0.166666672
LANES(256, 0x3f000000) // 0.5: degree 2
LANES(288, 0x3f800000) // 1: degrees 1 and 0
LANES(320, 0xc2aeac4f) // -87.336544: below: 0
LANES(352, 0x42b17218) // 88.722839: above: infinite
LANES(384, 0x7f800000) // Inf
LANES(416, 0xff800000) // -Inf: the start of a maximum
LANES(448, 0x4138aa3b) // 11.5415602: 8/log(2)
LANES(480, 0x4b400000) // 12582912 = 1.5*2^23, whose sum with a small number is rounded to an integer
LANES(512, 0xbdb17218) // -0x1.62e430p-4: -log(2)/8, its first digits
LANES(544, 0x2f82e308) // 0x1.05c610p-32: and the rest
LANES(576, 0x3d2aab32) // 0.0416671708: the terms of the polynomial of EXPFOUR, from degree 4; lower ones are those above
LANES(608, 0x3e2aae38) // 0.16668022

// EIGHTHPOWERS puts the bits of 2^(k/8) for k = 0, ..., 7, less k<<20, which the shifted integer adds.
#define EIGHTHPOWERS(at) \
	DATA ·exponential+(at+0)(SB)/8, $(0x3f7b95c2<<32|0x3f800000);  \
	DATA ·exponential+(at+8)(SB)/8, $(0x3f75fed7<<32|0x3f7837f0);  \
	DATA ·exponential+(at+16)(SB)/8, $(0x3f75672a<<32|0x3f7504f3); \
	DATA ·exponential+(at+24)(SB)/8, $(0x3f7ac0c7<<32|0x3f7744fd)

EIGHTHPOWERS(640)
EIGHTHPOWERS(672) // the upper lanes of AVX-512

GLOBL ·exponential(SB), RODATA|NOPTR, $704
