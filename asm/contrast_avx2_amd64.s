//go:build amd64 && !noasm

// Blocks of contrastive logits for AVX2; contrast_amd64.h has the code, with what it computes and its expected share.

#include "textflag.h"
#include "vector_avx2_amd64.h"

#define LARGESTANDSUM ·largestAndSumAVX2
#define GRADIENTROWS ·gradientRowsAVX2
#define EXPONENTIALSUMS ·exponentialSumsAVX2
#define SCALEROWS ·scaleRowsAVX2
#define SCALEFLOATS ·scaleFloatsAVX2
#define LONGESTROW ·longestRowAVX2
#define SYMMETRICROWS ·symmetricRowsAVX2

#include "contrast_amd64.h"
