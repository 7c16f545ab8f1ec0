//go:build amd64 && !noasm

#include "textflag.h"

// Packing and reduction. These move memory, so one version with 256-bit registers serves both tiers. Expected: 8 floats
// in 2 to 4 cycles while the source is in cache, otherwise the bandwidth of memory.

// packRows8 copies 8 columns of a matrix:
//
//	for r := range n { for j := range 8 { dst[r*dstStep+j] = mask[j] ? src[r*srcStep+j] : 0 } }
//
// Steps are bytes. Rows are written in order, all 8 columns of each, so with dstStep < 32 a row overwrites the end of the
// one before it. Only columns of mask are read.
//
//	DI dst, R8 dstStep    SI src, R9 srcStep    CX rows to go    Y15 mask
//
// func packRows8(dst *float32, dstStep int, src *float32, srcStep, n int, mask *int32)
TEXT ·packRows8(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    dstStep+8(FP), R8
	MOVQ    src+16(FP), SI
	MOVQ    srcStep+24(FP), R9
	MOVQ    n+32(FP), CX
	MOVQ    mask+40(FP), DX
	VMOVUPS (DX), Y15
	LEAQ    (R9)(R9*2), R10
	LEAQ    (R8)(R8*2), R11
	SUBQ    $4, CX
	JLT     rest
	PCALIGN $32

four:
	VMASKMOVPS (SI), Y15, Y0
	VMASKMOVPS (SI)(R9*1), Y15, Y1
	VMASKMOVPS (SI)(R9*2), Y15, Y2
	VMASKMOVPS (SI)(R10*1), Y15, Y3
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, (DI)(R8*1)
	VMOVUPS    Y2, (DI)(R8*2)
	VMOVUPS    Y3, (DI)(R11*1)
	LEAQ       (SI)(R9*4), SI
	LEAQ       (DI)(R8*4), DI
	SUBQ       $4, CX
	JGE        four

rest:
	ADDQ $4, CX
	JEQ  done

one:
	VMASKMOVPS (SI), Y15, Y0
	VMOVUPS    Y0, (DI)
	ADDQ       R9, SI
	ADDQ       R8, DI
	DECQ       CX
	JNE        one

done:
	VZEROUPPER
	RET

// packPanels copies the rows of a matrix to panels of 8*blocks columns, all panels of a row before the next row, so that
// memory is read in order:
//
//	for r := range n { for p := range panels { for j := range 8*blocks {
//		dst[p*panelStep+r*dstStep+j] = src[r*srcStep+p*dstStep+j]
//	}}}
//
// Steps are bytes. With dstStep < 32*blocks a row overwrites the end of the one before it, and neighbouring panels read
// columns twice.
//
//	DI dst of the row, R8 dstStep    SI src of the row, R9 srcStep    CX rows to go    R12 panels    R13 blocks, 1, 2 or 4
//	DX, BX dst and src of the panel, R11 panelStep    AX panels to go
//
// func packPanels(dst *float32, panelStep, dstStep int, src *float32, srcStep, n, panels, blocks int)
TEXT ·packPanels(SB), NOSPLIT, $0-64
	MOVQ  dst+0(FP), DI
	MOVQ  panelStep+8(FP), R11
	MOVQ  dstStep+16(FP), R8
	MOVQ  src+24(FP), SI
	MOVQ  srcStep+32(FP), R9
	MOVQ  n+40(FP), CX
	MOVQ  panels+48(FP), R12
	MOVQ  blocks+56(FP), R13
	TESTQ CX, CX
	JLE   done
	TESTQ R12, R12
	JLE   done

row:
	MOVQ DI, DX
	MOVQ SI, BX
	MOVQ R12, AX
	CMPQ R13, $2
	JEQ  two
	JGT  four

one:
	VMOVUPS (BX), Y0
	VMOVUPS Y0, (DX)
	ADDQ    R8, BX
	ADDQ    R11, DX
	DECQ    AX
	JNE     one
	JMP     next

two:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	ADDQ    R8, BX
	ADDQ    R11, DX
	DECQ    AX
	JNE     two
	JMP     next

four:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	VMOVUPS 64(BX), Y2
	VMOVUPS 96(BX), Y3
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VMOVUPS Y2, 64(DX)
	VMOVUPS Y3, 96(DX)
	ADDQ    R8, BX
	ADDQ    R11, DX
	DECQ    AX
	JNE     four

next:
	ADDQ R8, DI
	ADDQ R9, SI
	DECQ CX
	JNE  row

done:
	VZEROUPPER
	RET

// packColumns8 transposes 8 rows of a matrix, 8 columns at a time:
//
//	for d := range 8*n { for j := range 8 { dst[d*dstStep+j] = src[j*srcStep+d] } }
//
// Steps are bytes.
//
//	DI dst, R8 dstStep, R11 3*dstStep    SI rows 0-3 of src, BX rows 4-7, R9 srcStep, R10 3*srcStep    CX blocks to go
//	Y0-Y7 rows of src, then pairs and quads of columns; Y8-Y15 the other half of each exchange
//
// func packColumns8(dst *float32, dstStep int, src *float32, srcStep, n int)
TEXT ·packColumns8(SB), NOSPLIT, $0-40
	MOVQ  dst+0(FP), DI
	MOVQ  dstStep+8(FP), R8
	MOVQ  src+16(FP), SI
	MOVQ  srcStep+24(FP), R9
	MOVQ  n+32(FP), CX
	LEAQ  (R9)(R9*2), R10
	LEAQ  (R8)(R8*2), R11
	LEAQ  (SI)(R9*4), BX
	TESTQ CX, CX
	JLE   done
	PCALIGN $32

block:
	VMOVUPS    (SI), Y0
	VMOVUPS    (SI)(R9*1), Y1
	VMOVUPS    (SI)(R9*2), Y2
	VMOVUPS    (SI)(R10*1), Y3
	VMOVUPS    (BX), Y4
	VMOVUPS    (BX)(R9*1), Y5
	VMOVUPS    (BX)(R9*2), Y6
	VMOVUPS    (BX)(R10*1), Y7
	VUNPCKLPS  Y1, Y0, Y8
	VUNPCKHPS  Y1, Y0, Y9
	VUNPCKLPS  Y3, Y2, Y10
	VUNPCKHPS  Y3, Y2, Y11
	VUNPCKLPS  Y5, Y4, Y12
	VUNPCKHPS  Y5, Y4, Y13
	VUNPCKLPS  Y7, Y6, Y14
	VUNPCKHPS  Y7, Y6, Y15
	VSHUFPS    $0x44, Y10, Y8, Y0
	VSHUFPS    $0xee, Y10, Y8, Y1
	VSHUFPS    $0x44, Y11, Y9, Y2
	VSHUFPS    $0xee, Y11, Y9, Y3
	VSHUFPS    $0x44, Y14, Y12, Y4
	VSHUFPS    $0xee, Y14, Y12, Y5
	VSHUFPS    $0x44, Y15, Y13, Y6
	VSHUFPS    $0xee, Y15, Y13, Y7
	VPERM2F128 $0x20, Y4, Y0, Y8
	VPERM2F128 $0x20, Y5, Y1, Y9
	VPERM2F128 $0x20, Y6, Y2, Y10
	VPERM2F128 $0x20, Y7, Y3, Y11
	VPERM2F128 $0x31, Y4, Y0, Y12
	VPERM2F128 $0x31, Y5, Y1, Y13
	VPERM2F128 $0x31, Y6, Y2, Y14
	VPERM2F128 $0x31, Y7, Y3, Y15
	VMOVUPS    Y8, (DI)
	VMOVUPS    Y9, (DI)(R8*1)
	VMOVUPS    Y10, (DI)(R8*2)
	VMOVUPS    Y11, (DI)(R11*1)
	LEAQ       (DI)(R8*4), DI
	VMOVUPS    Y12, (DI)
	VMOVUPS    Y13, (DI)(R8*1)
	VMOVUPS    Y14, (DI)(R8*2)
	VMOVUPS    Y15, (DI)(R11*1)
	LEAQ       (DI)(R8*4), DI
	ADDQ       $32, SI
	ADDQ       $32, BX
	DECQ       CX
	JNE        block

done:
	VZEROUPPER
	RET

// addFloats adds one block to another:
//
//	for i := range n { dst[i] += src[i] }
//
//	DI dst    SI src    CX floats to go
//
// func addFloats(dst, src *float32, n int)
TEXT ·addFloats(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	SUBQ $32, CX
	JLT  rest
	PCALIGN $32

four:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VADDPS  (SI), Y0, Y0
	VADDPS  32(SI), Y1, Y1
	VADDPS  64(SI), Y2, Y2
	VADDPS  96(SI), Y3, Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $32, CX
	JGE     four

rest:
	ADDQ $32, CX
	JEQ  done

one:
	VMOVSS (DI), X0
	VADDSS (SI), X0, X0
	VMOVSS X0, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DI
	DECQ   CX
	JNE    one

done:
	VZEROUPPER
	RET
