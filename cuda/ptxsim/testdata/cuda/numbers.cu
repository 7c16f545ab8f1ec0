// Arithmetic: double precision, 64 and 128 bits, halves, bytes, special functions, roundings.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void doubles(const double *x, double *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		y[i] = sqrt(x[i] * x[i] + 1) / (1 + exp(-x[i])) + sin(x[i]) * log(fabs(x[i]) + 1) + fma(x[i], x[i], -pow(x[i], 3));
}

extern "C" __global__ void floats(const float *x, float *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		y[i] = tanhf(x[i]) + erff(x[i]) + log1pf(fabsf(x[i])) + cbrtf(x[i]) + __sinf(x[i]) + fmodf(x[i], 0.7f) + rintf(x[i] * 3) + floorf(x[i]);
}

extern "C" __global__ void roundings(const float *x, const float *y, float *out, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n)
		return;
	float *z = out + 8 * i;
	z[0] = __fadd_rz(x[i], y[i]);
	z[1] = __fmul_ru(x[i], y[i]);
	z[2] = __fdiv_rd(x[i], y[i]);
	z[3] = __fsqrt_rz(fabsf(x[i]));
	z[4] = __fmaf_rd(x[i], y[i], x[i]);
	z[5] = __frcp_ru(y[i]);
	z[6] = (float)__float2int_rd(x[i] * 1000);
	z[7] = __saturatef(x[i]);
}

extern "C" __global__ void wide_integers(const unsigned long long *x, unsigned long long *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n)
		return;
	unsigned __int128 product = (unsigned __int128)x[i] * x[(i + 1) % n] + x[(i + 2) % n];
	y[4 * i] = (unsigned long long)(product >> 64);
	y[4 * i + 1] = (unsigned long long)product % (x[(i + 3) % n] | 1);
	y[4 * i + 2] = (long long)x[i] / (long long)(x[(i + 1) % n] | 1) + __mul64hi(x[i], x[(i + 1) % n]);
	y[4 * i + 3] = __popcll(x[i]) + __clzll(x[i]) * 100 + (__brevll(x[i]) >> 7);
}

extern "C" __global__ void bytes(const unsigned *x, unsigned *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n)
		return;
	unsigned a = x[i], b = x[(i + 1) % n];
	y[i] = __byte_perm(a, b, 0x5140) ^ __funnelshift_l(a, b, i) ^ __dp4a(a, b, 5u) ^ __vadd4(a, b) ^ __vmaxs4(a, b) ^ __usad(a, b, 3);
}

extern "C" __global__ void halves(const __half2 *x, const __half2 *y, __half2 *z, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		z[i] = __hfma2(x[i], y[i], __hmul2(__hsub2(x[i], y[i]), __float2half2_rn(0.3f)));
}

extern "C" __global__ void bfloats(const float *x, __nv_bfloat16 *y, float *z, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n) {
		__nv_bfloat16 b = __float2bfloat16(x[i]);
		y[i] = __hmul(b, __hadd(b, __float2bfloat16(1.5f)));
		z[i] = __bfloat162float(y[i]);
	}
}

extern "C" __global__ void atomics(int *out, float *sums, double *total, unsigned long long *bits)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	atomicMax(&out[0], i);
	atomicMin(&out[1], -i);
	atomicOr(&out[2], 1 << i % 31);
	atomicXor(&out[3], i);
	atomicAnd(&out[4], ~(1 << i % 7));
	atomicSub(&out[5], 2);
	atomicAdd(&sums[i % 4], 0.5f);
	atomicAdd(total, 0.25);
	atomicAdd(bits, 1ull << 33);
}
