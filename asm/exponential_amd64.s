//go:build amd64 && !noasm

#include "textflag.h"

// exponential is the constants of EXP (exponential_amd64.h), each for 8 lanes.

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

GLOBL ·exponential(SB), RODATA|NOPTR, $448
