// Kernels over cooperative groups, barriers and pipelines of the CUDA headers.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cuda/barrier>
#include <cuda/pipeline>

namespace cg = cooperative_groups;

// Sums of 16 neighbours, and their running sums.
extern "C" __global__ void tile_sums(const int *x, int *sums, int *running) {
    auto tile = cg::tiled_partition<16>(cg::this_thread_block());
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int sum = cg::reduce(tile, x[i], cg::plus<int>());
    running[i] = cg::inclusive_scan(tile, x[i]);
    if (tile.thread_rank() == 0) sums[i / 16] = sum;
}

// Of each key modulo 4 the sum over the lanes of a warp that have it.
extern "C" __global__ void label_sums(const int *x, int *y) {
    auto warp = cg::tiled_partition<32>(cg::this_thread_block());
    auto alike = cg::labeled_partition(warp, x[threadIdx.x] % 4);
    y[threadIdx.x] = cg::reduce(alike, x[threadIdx.x], cg::plus<int>());
}

// Keeps the even numbers, in any order: one atomic for the threads that came together.
extern "C" __global__ void keep_even(const int *x, int n, int *kept, int *count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && x[i] % 2 == 0) {
        auto here = cg::coalesced_threads();
        int first = 0;
        if (here.thread_rank() == 0) first = atomicAdd(count, (int)here.size());
        kept[here.shfl(first, 0) + here.thread_rank()] = x[i];
    }
}

// A prefix sum over the whole grid: each block sums its part, all wait, each adds the parts before its own.
extern "C" __global__ void grid_scan(const int *x, int *y, int *parts) {
    auto grid = cg::this_grid();
    __shared__ int s[64];
    int i = grid.thread_rank(), t = threadIdx.x;
    s[t] = x[i];
    __syncthreads();
    if (t == 0) {
        for (int k = 1; k < blockDim.x; k++) s[k] += s[k - 1];
        parts[blockIdx.x] = s[blockDim.x - 1];
    }
    grid.sync();
    int before = 0;
    for (int b = 0; b < blockIdx.x; b++) before += parts[b];
    y[i] = before + s[t];
}

// A block's numbers backwards, by way of a copy that a barrier waits for.
extern "C" __global__ void backwards(const float *x, float *y) {
    __shared__ float s[128];
#pragma nv_diag_suppress static_var_with_dynamic_init
    __shared__ cuda::barrier<cuda::thread_scope_block> bar;
    auto block = cg::this_thread_block();
    if (block.thread_rank() == 0) init(&bar, block.size());
    block.sync();
    cuda::memcpy_async(block, s, x + 128 * blockIdx.x, cuda::aligned_size_t<16>(sizeof(s)), bar);
    bar.arrive_and_wait();
    y[128 * blockIdx.x + threadIdx.x] = s[127 - threadIdx.x];
}

// Column sums of rows that arrive two at a time.
extern "C" __global__ void column_sums(const float4 *x, float4 *y, int rows) {
    __shared__ float4 s[2][32];
    auto pipe = cuda::make_pipeline();
    float4 sum = make_float4(0, 0, 0, 0);
    for (int row = 0; row <= rows; row++) {
        if (row < rows) {
            pipe.producer_acquire();
            cuda::memcpy_async(&s[row % 2][threadIdx.x], &x[32 * row + threadIdx.x], sizeof(float4), pipe);
            pipe.producer_commit();
        }
        if (row > 0) {
            if (row < rows) cuda::pipeline_consumer_wait_prior<1>(pipe);
            else cuda::pipeline_consumer_wait_prior<0>(pipe);
            float4 v = s[(row - 1) % 2][threadIdx.x];
            sum.x += v.x; sum.y += v.y; sum.z += v.z; sum.w += v.w;
            pipe.consumer_release();
        }
    }
    y[threadIdx.x] = sum;
}
