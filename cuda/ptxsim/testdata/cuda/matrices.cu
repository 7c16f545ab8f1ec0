// Products of matrices in the types that are rarer, by wmma and by inline mma, for sm_90.
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

// c = a b in float64, 8 by 8 a warp.
extern "C" __global__ void product_double(const double *a, const double *b, double *c, int n, int k) {
    wmma::fragment<wmma::matrix_a, 8, 8, 4, double, wmma::row_major> x;
    wmma::fragment<wmma::matrix_b, 8, 8, 4, double, wmma::row_major> y;
    wmma::fragment<wmma::accumulator, 8, 8, 4, double> sum;
    int row = 8 * blockIdx.y, column = 8 * blockIdx.x;
    wmma::fill_fragment(sum, 0.0);
    for (int at = 0; at < k; at += 4) {
        wmma::load_matrix_sync(x, a + row * k + at, k);
        wmma::load_matrix_sync(y, b + at * n + column, n);
        wmma::mma_sync(sum, x, y, sum);
    }
    wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

// c = a b^T of 8-bit floats, 16 by 8 a warp.
extern "C" __global__ void product_float8(const unsigned *a, const unsigned *b, float *c, int n, int k) {
    int group = threadIdx.x / 4, t = threadIdx.x % 4, row = 16 * blockIdx.y + group, column = 8 * blockIdx.x + group;
    float d[4] = {0, 0, 0, 0};
    for (int at = 0; at < k / 4; at += 8) {
        const unsigned *x = a + row * k / 4 + at + t, *y = b + column * k / 4 + at + t;
        asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(x[0]), "r"(x[2 * k]), "r"(x[4]), "r"(x[2 * k + 4]), "r"(y[0]), "r"(y[4]));
    }
    for (int e = 0; e < 4; e++) c[(row + e / 2 * 8) * n + 8 * blockIdx.x + 2 * t + e % 2] = d[e];
}

// How many bits of each row of a and row of b differ.
extern "C" __global__ void distances(const unsigned *a, const unsigned *b, int *c, int n, int words) {
    int group = threadIdx.x / 4, t = threadIdx.x % 4, row = 16 * blockIdx.y + group, column = 8 * blockIdx.x + group;
    int d[4] = {0, 0, 0, 0};
    for (int at = 0; at < words; at += 8) {
        const unsigned *x = a + row * words + at + t, *y = b + column * words + at + t;
        asm volatile("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.xor.popc {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                     : "r"(x[0]), "r"(x[8 * words]), "r"(x[4]), "r"(x[8 * words + 4]), "r"(y[0]), "r"(y[4]));
    }
    for (int e = 0; e < 4; e++) c[(row + e / 2 * 8) * n + 8 * blockIdx.x + 2 * t + e % 2] = d[e];
}

// Attention of one warp over 16 queries: o = softmax(q k^T / 4) v for keys that come 16 at a time, of 16 dimensions.
extern "C" __global__ void attention(const __half *q, const __half *k, const __half *v, float *o, int keys) {
    __shared__ __align__(16) __half s[16 * 16];
    int lane = threadIdx.x, group = lane / 4, t = lane % 4;
    unsigned a[4], b[4], p[4], c[4];
    auto at = (unsigned)__cvta_generic_to_shared(s + lane % 16 * 16 + lane / 16 * 8);
    auto load = [&](const __half *from) {
        __syncwarp();
        reinterpret_cast<int4 *>(s)[lane] = reinterpret_cast<const int4 *>(from)[lane];
        __syncwarp();
    };
    load(q);
    asm volatile("ldmatrix.sync.aligned.x4.m8n8.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3]) : "r"(at) : "memory");
    float most[2] = {-1e30f, -1e30f}, sum[2] = {0, 0}, out[8] = {};
    for (int from = 0; from < keys; from += 16) {
        load(k + 16 * from);
        asm volatile("ldmatrix.sync.aligned.x4.m8n8.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(b[0]), "=r"(b[1]), "=r"(b[2]), "=r"(b[3]) : "r"(at) : "memory");
        float z[8] = {};
        for (int half = 0; half < 2; half++)
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                         : "+f"(z[4 * half]), "+f"(z[4 * half + 1]), "+f"(z[4 * half + 2]), "+f"(z[4 * half + 3])
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[half]), "r"(b[half + 2]));
        for (int r = 0; r < 2; r++) {
            float top = most[r];
            for (int e = 0; e < 8; e++) if (e / 2 % 2 == r) top = fmaxf(top, z[e] /= 4);
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
            float scale = __expf(most[r] - top), part = 0;
            for (int e = 0; e < 8; e++) if (e / 2 % 2 == r) part += z[e] = __expf(z[e] - top), out[e] *= scale;
            sum[r] = sum[r] * scale + part;
            most[r] = top;
        }
        for (int e = 0; e < 4; e++) {
            __half2 pair = __floats2half2_rn(z[2 * e], z[2 * e + 1]);
            p[e] = *reinterpret_cast<unsigned *>(&pair);
        }
        load(v + 16 * from);
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(c[0]), "=r"(c[1]), "=r"(c[2]), "=r"(c[3]) : "r"(at) : "memory");
        for (int half = 0; half < 2; half++)
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                         : "+f"(out[4 * half]), "+f"(out[4 * half + 1]), "+f"(out[4 * half + 2]), "+f"(out[4 * half + 3])
                         : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(c[2 * half]), "r"(c[2 * half + 1]));
    }
    for (int r = 0; r < 2; r++) {
        sum[r] += __shfl_xor_sync(~0u, sum[r], 1);
        sum[r] += __shfl_xor_sync(~0u, sum[r], 2);
    }
    for (int e = 0; e < 8; e++) o[(group + e / 2 % 2 * 8) * 16 + e / 4 * 8 + 2 * t + e % 2] = out[e] / sum[e / 2 % 2];
}

// c = a b^T where of each 4 elements of a row of a two are there, one behind the other in a, their places 2 bits each in places: 16 by 8 a warp.
extern "C" __global__ void product_sparse(const unsigned *a, const unsigned short *places, const unsigned *b, float *c, int n, int k) {
    int group = threadIdx.x / 4, t = threadIdx.x % 4, row = 16 * blockIdx.y + group, column = 8 * blockIdx.x + group;
    float d[4] = {0, 0, 0, 0};
    for (int at = 0; at < k; at += 32) {
        const unsigned *x = a + (row * k / 2 + at / 2) / 2 + t, *y = b + (column * k + at) / 2 + t;
        const unsigned short *m = places + row * k / 16 + at / 16 + t % 2;
        unsigned meta = m[0] | m[8 * k / 16] << 16;
        asm volatile("mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%0,%1,%2,%3}, %12, 0x0;"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(x[0]), "r"(x[2 * k]), "r"(x[4]), "r"(x[2 * k + 4]), "r"(y[0]), "r"(y[4]), "r"(y[8]), "r"(y[12]), "r"(meta));
    }
    for (int e = 0; e < 4; e++) c[(row + e / 2 * 8) * n + 8 * blockIdx.x + 2 * t + e % 2] = d[e];
}
