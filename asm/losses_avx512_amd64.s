//go:build amd64 && !noasm

// The losses for AVX-512; losses_amd64.h has the code.

#include "textflag.h"
#include "vector_avx512_amd64.h"

#define LARGESTROW ·largestAVX512
#define EXPONENTIALSROW ·exponentialsAVX512
#define SUBTRACTROW ·subtractAVX512
#define TOTALROW ·totalAVX512
#define DOTROW ·dotAVX512
#define LABELLEDROW ·labelledAVX512
#define SOFTMAXGRADIENTROW ·softmaxGradientAVX512
#define POSITIVESGRADIENTROW ·positivesGradientAVX512
#define DIVIDEROW ·divideAVX512
#define NORMALIZEGRADIENTROW ·normalizeGradientAVX512

#include "losses_amd64.h"
