//go:build amd64 && !noasm

// The optimisers for AVX2; optimisers_amd64.h has the code.

#include "textflag.h"
#include "vector_avx2_amd64.h"

#define HEAVYBALLBLOCK ·heavyBallAVX2
#define ADAMWBLOCK ·adamWAVX2
#define EMABLOCK ·emaAVX2
#define SQUARESBLOCK ·squaresAVX2
#define NONFINITEBLOCK ·nonFiniteAVX2

#include "optimisers_amd64.h"
