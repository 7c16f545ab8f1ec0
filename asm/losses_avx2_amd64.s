//go:build amd64 && !noasm

// The losses for AVX2; losses_amd64.h has the code.

#include "textflag.h"
#include "vector_avx2_amd64.h"

#define LARGESTROW ·largestAVX2
#define EXPONENTIALSROW ·exponentialsAVX2
#define SUBTRACTROW ·subtractAVX2
#define TOTALROW ·totalAVX2
#define DOTROW ·dotAVX2
#define LABELLEDROW ·labelledAVX2
#define SOFTMAXGRADIENTROW ·softmaxGradientAVX2
#define POSITIVESGRADIENTROW ·positivesGradientAVX2
#define DIVIDEROW ·divideAVX2
#define NORMALIZEGRADIENTROW ·normalizeGradientAVX2

#include "losses_amd64.h"
