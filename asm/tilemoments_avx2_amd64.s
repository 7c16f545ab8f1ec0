//go:build amd64 && !noasm

#include "textflag.h"
#include "vector_avx2_amd64.h"
#include "tilemoments_amd64.h"

// Moments of a tile, 8 columns at a time: the loop stands in tilemoments_amd64.h, with the registers.

// func tileMomentsAVX2(moments *float64, c *float32, out *int, rows, near, columns int, nearInverse float32, inverse, share, weight float64)
TEXT ·tileMomentsAVX2(SB), NOSPLIT, $0-80
	TILEMOMENTS
