//go:build amd64 && !noasm

// The optimisers for AVX-512; optimisers_amd64.h has the code.

#include "textflag.h"
#include "vector_avx512_amd64.h"

#define HEAVYBALLBLOCK ·heavyBallAVX512
#define ADAMWBLOCK ·adamWAVX512
#define EMABLOCK ·emaAVX512
#define SQUARESBLOCK ·squaresAVX512
#define NONFINITEBLOCK ·nonFiniteAVX512

#include "optimisers_amd64.h"
