// Warps, atomics and locks.
#include <cuda/atomic>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Keeps the numbers above a bound in their order, by ballots.
extern "C" __global__ void compact(const float *x, float *y, int *count, int n, float bound) {
    int lane = threadIdx.x, total = 0;
    for (int from = 0; from < n; from += 32) {
        bool keep = from + lane < n && x[from + lane] > bound;
        unsigned votes = __ballot_sync(~0u, keep);
        if (keep) y[total + __popc(votes & ((1u << lane) - 1))] = x[from + lane];
        total += __popc(votes);
    }
    if (lane == 0) *count = total;
}

// Warp reductions in hardware, matches of 64 bits, shuffles of larger types.
extern "C" __global__ void warp_values(const int *x, const double *d, long long *y) {
    int v = x[threadIdx.x], lane = threadIdx.x % 32;
    int all;
    unsigned same = __match_any_sync(~0u, (long long)v << 33);
    __match_all_sync(~0u, v, &all);
    y[8 * threadIdx.x] = __reduce_add_sync(~0u, v);
    y[8 * threadIdx.x + 1] = __reduce_min_sync(~0u, v);
    y[8 * threadIdx.x + 2] = __reduce_xor_sync(~0u, (unsigned)v);
    y[8 * threadIdx.x + 3] = same;
    y[8 * threadIdx.x + 4] = all;
    y[8 * threadIdx.x + 5] = __double_as_longlong(__shfl_xor_sync(~0u, d[threadIdx.x], 5));
    y[8 * threadIdx.x + 6] = __shfl_up_sync(~0u, (long long)v << 40 | lane, 3, 8);
    y[8 * threadIdx.x + 7] = __any_sync(~0u, v == 17) + 2 * __all_sync(~0u, v >= 0);
}

// Sums and extremes of every type that atomics have.
extern "C" __global__ void atomic_values(const int *x, double *d, __half2 *h, __nv_bfloat16 *b, unsigned long long *u, int *i, unsigned *wrap) {
    int v = x[blockIdx.x * blockDim.x + threadIdx.x];
    atomicAdd(d, (double)v);
    atomicAdd(h, __floats2half2_rn(v % 4, 1));
    atomicAdd(b, __float2bfloat16(v % 2));
    atomicMax(u, (unsigned long long)v << 20);
    atomicMin(i, v);
    atomicXor(i + 1, v);
    atomicInc(wrap, 6);
    atomicDec(wrap + 1, 9);
    cuda::atomic_ref<int, cuda::thread_scope_device> r(i[2]);
    r.fetch_max(v, cuda::memory_order_relaxed);
    float *f = (float *)(i + 3);
    int seen = __float_as_int(*(volatile float *)f), expected;
    do { // the greatest float, by comparing and exchanging
        expected = seen;
        seen = atomicCAS(i + 3, expected, __float_as_int(fmaxf(__int_as_float(expected), v * 0.5f)));
    } while (seen != expected);
}

// A list that a lock guards: blocks append to it one after the other.
extern "C" __global__ void guarded_list(int *lock, int *length, int *list) {
    if (threadIdx.x == 0) {
        while (atomicCAS(lock, 0, 1) != 0) __nanosleep(100);
        __threadfence();
        int n = *(volatile int *)length;
        *(volatile int *)(list + n) = blockIdx.x;
        *(volatile int *)length = n + 1;
        __threadfence();
        atomicExch(lock, 0);
    }
}

// Instructions that programs write themselves, with the modifiers in orders of their own.
extern "C" __global__ void inline_assembly(const unsigned *x, unsigned *y) {
    unsigned a = x[2 * threadIdx.x], b = x[2 * threadIdx.x + 1], r, carry, p;
    unsigned *to = y + 8 * threadIdx.x;
    asm("vabsdiff4.u32.u32.u32.add %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(1000u));
    to[0] = r;
    asm("{ add.cc.u32 %0, %2, %3; addc.u32 %1, 0, 0; }" : "=r"(r), "=r"(carry) : "r"(a), "r"(b));
    to[1] = r;
    to[2] = carry;
    asm("{ .reg .pred q; setp.u32.gt q, %1, %2; selp.u32 %0, %1, %2, q; }" : "=r"(p) : "r"(a), "r"(b));
    to[3] = p;
    asm volatile("{ .reg .b16 l, h; mov.b32 {l, h}, %1; mov.b32 %0, {h, l}; }" : "=r"(r) : "r"(a));
    to[4] = r;
    asm("bfind.u32 %0, %1;" : "=r"(r) : "r"(a | 1));
    to[5] = r;
    asm volatile("st.volatile.global.u32 [%0], %1;" ::"l"(to + 6), "r"(a ^ b) : "memory");
    asm volatile("ld.gpu.global.relaxed.u32 %0, [%1];" : "=r"(r) : "l"(to + 6) : "memory");
    to[7] = r + 1;
}
