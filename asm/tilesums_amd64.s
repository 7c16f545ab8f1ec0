//go:build amd64 && !noasm

#include "textflag.h"

// Column sums and sums of squares of a few tiles that have just been written and are still in L1: float32 over their rows,
// then float64. Expected: 1 % of the time of the tiles' multiply-adds.
//
//	for j := range columns { for i := range rows {
//		sums[j] += c[out[i]+j]; sums[columns+j] += c[out[i]+j]^2
//	}}
//
// out is bytes. Only columns of mask are read; the others add 0.

#define ADDWIDE(y, z, at) VCVTPS2PD y, z; VADDPD at, z, z; VMOVUPD z, at

// tileSumsAVX512 has 32 columns.
//
//	SI c    DX next offset    CX rows to go    DI sums
//	Z0,Z1 sums    Z2,Z3 sums of squares    Z4,Z5 a row, then conversions    K1,K2 columns that exist
//
// func tileSumsAVX512(sums *float64, c *float32, out *int, rows int, mask uint64)
TEXT ·tileSumsAVX512(SB), NOSPLIT, $0-40
	MOVQ   sums+0(FP), DI
	MOVQ   c+8(FP), SI
	MOVQ   out+16(FP), DX
	MOVQ   rows+24(FP), CX
	MOVQ   mask+32(FP), AX
	KMOVW  AX, K1
	SHRQ   $16, AX
	KMOVW  AX, K2
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

row:
	MOVQ        (DX), AX
	VMOVUPS.Z   (SI)(AX*1), K1, Z4
	VMOVUPS.Z   64(SI)(AX*1), K2, Z5
	VADDPS      Z4, Z0, Z0
	VADDPS      Z5, Z1, Z1
	VFMADD231PS Z4, Z4, Z2
	VFMADD231PS Z5, Z5, Z3
	ADDQ        $8, DX
	DECQ        CX
	JNE         row

	ADDWIDE(Y0, Z4, 0(DI))
	VEXTRACTF64X4 $1, Z0, Y0
	ADDWIDE(Y0, Z4, 64(DI))
	ADDWIDE(Y1, Z5, 128(DI))
	VEXTRACTF64X4 $1, Z1, Y1
	ADDWIDE(Y1, Z5, 192(DI))
	ADDWIDE(Y2, Z4, 256(DI))
	VEXTRACTF64X4 $1, Z2, Y2
	ADDWIDE(Y2, Z4, 320(DI))
	ADDWIDE(Y3, Z5, 384(DI))
	VEXTRACTF64X4 $1, Z3, Y3
	ADDWIDE(Y3, Z5, 448(DI))
	VZEROUPPER
	RET

// tileSumsAVX2 has 16 columns; mask is 16 words, -1 for a column that exists.
//
//	SI c    DX next offset    CX rows to go    DI sums
//	Y0,Y1 sums    Y2,Y3 sums of squares    Y4,Y5 a row, then conversions    Y14,Y15 columns that exist
//
// func tileSumsAVX2(sums *float64, c *float32, out *int, rows int, mask *int32)
TEXT ·tileSumsAVX2(SB), NOSPLIT, $0-40
	MOVQ    sums+0(FP), DI
	MOVQ    c+8(FP), SI
	MOVQ    out+16(FP), DX
	MOVQ    rows+24(FP), CX
	MOVQ    mask+32(FP), AX
	VMOVUPS (AX), Y14
	VMOVUPS 32(AX), Y15
	VXORPS  Y0, Y0, Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3

row:
	MOVQ        (DX), AX
	VMASKMOVPS  (SI)(AX*1), Y14, Y4
	VMASKMOVPS  32(SI)(AX*1), Y15, Y5
	VADDPS      Y4, Y0, Y0
	VADDPS      Y5, Y1, Y1
	VFMADD231PS Y4, Y4, Y2
	VFMADD231PS Y5, Y5, Y3
	ADDQ        $8, DX
	DECQ        CX
	JNE         row

	ADDWIDE(X0, Y4, 0(DI))
	VEXTRACTF128 $1, Y0, X0
	ADDWIDE(X0, Y4, 32(DI))
	ADDWIDE(X1, Y5, 64(DI))
	VEXTRACTF128 $1, Y1, X1
	ADDWIDE(X1, Y5, 96(DI))
	ADDWIDE(X2, Y4, 128(DI))
	VEXTRACTF128 $1, Y2, X2
	ADDWIDE(X2, Y4, 160(DI))
	ADDWIDE(X3, Y5, 192(DI))
	VEXTRACTF128 $1, Y3, X3
	ADDWIDE(X3, Y5, 224(DI))
	VZEROUPPER
	RET
