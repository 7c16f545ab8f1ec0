//go:build amd64 && !noasm

#include "textflag.h"

// The tile of convolutions and matrix products: STEP(a, w) is a*w.
//
// Expected: 94-99 % of the multiply-add peak. Every k takes 16 multiply-adds for 10 loads, and 16 sums cover the latency.

#define TILE ·tileAVX512
#define ROW(o, d, t, s0, s1) VBROADCASTSS d(SI)(o*1), t; VFMADD231PS W0, t, s0; VFMADD231PS W1, t, s1
#include "tile_avx512_amd64.h"
