// The mathematical library, whose functions come inlined with their tables, and intrinsics.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

extern "C" __global__ void single_functions(const float *x, float *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float a = x[i];
    float r[] = {sinf(a), cosf(a), tanf(a), atanf(a), sinhf(a / 8), tanhf(a), asinhf(a), expf(a / 4), exp10f(a / 16), expm1f(a / 8),
                 logf(fabsf(a)), log1pf(fabsf(a)), log10f(fabsf(a)), cbrtf(a), erff(a / 8), rsqrtf(fabsf(a)), hypotf(a, 2), fmodf(a, 0.7f),
                 powf(fabsf(a), 1.3f), atan2f(a, 3)};
    for (int k = 0; k < 20; k++) y[20 * i + k] = r[k];
}

extern "C" __global__ void double_functions(const double *x, double *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    double a = x[i];
    double r[] = {sin(a), cos(a), tan(a), atan(a), sinh(a / 8), tanh(a), asinh(a), exp(a / 4), exp2(a / 8), expm1(a / 8),
                  log(fabs(a)), log1p(fabs(a)), log2(fabs(a)), cbrt(a), erf(a / 8), 1 / sqrt(fabs(a)), hypot(a, 2.0), fmod(a, 0.7),
                  pow(fabs(a), 1.3), tgamma(fabs(a) / 32 + 1)};
    for (int k = 0; k < 20; k++) y[20 * i + k] = r[k];
}

extern "C" __global__ void whole_functions(const unsigned *x, unsigned *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned a = x[2 * i], b = x[2 * i + 1];
    unsigned long long both = (unsigned long long)a << 32 | b;
    unsigned r[] = {__brev(a), (unsigned)__popcll(both), (unsigned)__clzll(both >> (b & 31)), (unsigned)__ffsll(both & ~1ull),
                    __byte_perm(a, b, 0x5410), __funnelshift_l(a, b, b & 31), __umulhi(a, b), (unsigned)__mulhi((int)a, (int)b),
                    __usad(a, b, 7), __uhadd(a, b), (unsigned)__rhadd((int)a, (int)b), (unsigned)(__umul64hi(both, both * 3)),
                    a / (b | 1), a % (b | 1), (unsigned)((int)a / ((int)b | 1)), (unsigned)((long long)both % (long long)(b | 1))};
    for (int k = 0; k < 16; k++) y[16 * i + k] = r[k];
}

extern "C" __global__ void byte_functions(const unsigned *x, unsigned *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned a = x[2 * i], b = x[2 * i + 1];
    unsigned r[] = {__vadd4(a, b), __vsub4(a, b), __vabsdiffu4(a, b), __vmaxs4(a, b), __vminu4(a, b), __vavgu4(a, b), __vaddus4(a, b),
                    __vsubss4(a, b), __vcmpgtu4(a, b), __vsads4(a, b), (unsigned)__dp4a((int)a, (int)b, 5), __vseteq4(a, b)};
    for (int k = 0; k < 12; k++) y[12 * i + k] = r[k];
}

extern "C" __global__ void directed_roundings(const float *x, float *y, int *z, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float a = x[i], b = x[(i + 1) % n];
    float r[] = {__fadd_rd(a, b), __fadd_ru(a, b), __fmul_rz(a, b), __fmaf_ru(a, b, a), __fdiv_rd(a, b), __fsqrt_ru(fabsf(a)), __saturatef(a), truncf(a)};
    int w[] = {__float2int_rn(a), __float2int_rd(a), __float2int_ru(a), (int)__float2ull_rz(fabsf(a)), (int)rintf(a), (int)lroundf(a)};
    for (int k = 0; k < 8; k++) y[8 * i + k] = r[k];
    for (int k = 0; k < 6; k++) z[6 * i + k] = w[k];
}

// Numbers of 16 and 8 bits: a * b + c in pairs, comparisons, conversions there and back.
extern "C" __global__ void small_floats(const __half2 *x, __half2 *y, __nv_bfloat162 *z, unsigned char *e, float *back, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    __half2 a = x[i], b = x[(i + 1) % n];
    __half2 r = __hfma2(a, b, __float2half2_rn(0.5f));
    y[i] = __hgt2_mask(a, b) == 0xffffffffu ? r : __hmax2(r, __hneg2(b));
    z[i] = __hmul2(__float22bfloat162_rn(__half22float2(a)), __float2bfloat162_rn(3));
    e[i] = __nv_cvt_float_to_fp8(__low2float(a), __NV_SATFINITE, __NV_E4M3);
    back[i] = __half2float(__half(__nv_cvt_fp8_to_halfraw(e[i], __NV_E4M3)));
}
