//go:build amd64 && !noasm

// A row of 32 fused multiply-adds of float32, as FMA32 of float.go, with AVX2 and FMA3.
//
// Contract: the rows may lie anywhere, and z may be one of the others. MXCSR is as Go leaves it: to nearest, subnormal numbers as they are.
//
//	DI z    SI a    DX b    CX c    Y0 a, then where the sum is a NaN    Y1 the sum    Y2 the NaN of PTX, 0x7fffffff
//
// Expected: 16 loads, which take 8 cycles.

#include "textflag.h"

#define EIGHT(at) \
	VMOVUPS     at(SI), Y0;         \
	VMOVUPS     at(CX), Y1;         \
	VFMADD231PS at(DX), Y0, Y1;     \
	VCMPPS      $3, Y1, Y1, Y0;     \
	VBLENDVPS   Y0, Y2, Y1, Y1;     \
	VMOVUPS     Y1, at(DI)

// func fma32(z, a, b, c *[32]uint32)
TEXT ·fma32(SB), NOSPLIT, $0-32
	MOVQ         z+0(FP), DI
	MOVQ         a+8(FP), SI
	MOVQ         b+16(FP), DX
	MOVQ         c+24(FP), CX
	VPCMPEQD     Y2, Y2, Y2
	VPSRLD       $1, Y2, Y2
	EIGHT(0)
	EIGHT(32)
	EIGHT(64)
	EIGHT(96)
	VZEROUPPER
	RET
