//go:build amd64 && !noasm

#include "textflag.h"
#include "vector_avx512_amd64.h"
#include "pool2d_amd64.h"

// Max pooling and its gradient, 16 channels at a time: what each computes stands at its declaration, how in pool2d_amd64.h,
// with the registers and the expected speed.

// func maxPoolAVX512(y, x *float32, channels, pixels, step, rows, columns, rowStep int)
TEXT ·maxPoolAVX512(SB), NOSPLIT, $0-64
	MAXPOOL

// func maxPoolBackwardAVX512(dx, dy, y, x *float32, channels, pixels, step, skip, rows, columns, rowStep int)
TEXT ·maxPoolBackwardAVX512(SB), NOSPLIT, $0-88
	MAXPOOLBACKWARD
