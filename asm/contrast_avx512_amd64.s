//go:build amd64 && !noasm

// Blocks of contrastive logits for AVX-512; contrast_amd64.h has the code, with what it computes and its expected share.

#include "textflag.h"
#include "vector_avx512_amd64.h"

#define LARGESTANDSUM ·largestAndSumAVX512
#define GRADIENTROWS ·gradientRowsAVX512
#define EXPONENTIALSUMS ·exponentialSumsAVX512
#define SCALEROWS ·scaleRowsAVX512
#define SCALEFLOATS ·scaleFloatsAVX512
#define LONGESTROW ·longestRowAVX512
#define SYMMETRICROWS ·symmetricRowsAVX512

#include "contrast_amd64.h"
