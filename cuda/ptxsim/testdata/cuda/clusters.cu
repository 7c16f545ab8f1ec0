// Kernels of clusters, whose blocks reach each other's shared memory, for sm_90a.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/ptx>

namespace cg = cooperative_groups;

// A histogram whose bins lie spread over the shared memory of a cluster.
extern "C" __global__ void cluster_histogram(const int *x, int n, int *bins, int per) {
    extern __shared__ int mine[];
    auto cluster = cg::this_cluster();
    for (int i = threadIdx.x; i < per; i += blockDim.x) mine[i] = 0;
    cluster.sync();
    int stride = gridDim.x * blockDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        int bin = min(max(x[i], 0), per * (int)cluster.num_blocks() - 1);
        atomicAdd(cluster.map_shared_rank(mine, bin / per) + bin % per, 1);
    }
    cluster.sync();
    for (int i = threadIdx.x; i < per; i += blockDim.x) atomicAdd(bins + cluster.block_rank() * per + i, mine[i]);
}

// The sum of what the blocks of a cluster are given, by the first of them; 4 by 2 blocks a cluster.
extern "C" __global__ void __cluster_dims__(4, 2, 1) cluster_sum(const float *x, float *sums, int per) {
    __shared__ float part[32], total;
    auto cluster = cg::this_cluster();
    int block = blockIdx.y * gridDim.x + blockIdx.x, lane = threadIdx.x % 32;
    float sum = 0;
    for (int i = threadIdx.x; i < per; i += blockDim.x) sum += x[block * per + i];
    for (int step = 16; step; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
    if (lane == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        total = 0;
        for (int w = 0; w < blockDim.x / 32; w++) total += part[w];
    }
    cluster.sync();
    if (cluster.block_rank() == 0 && threadIdx.x == 0) {
        float all = 0;
        for (int r = 0; r < cluster.num_blocks(); r++) all += *cluster.map_shared_rank(&total, r);
        dim3 at = cluster.block_index();
        sums[blockIdx.y / 2 * (gridDim.x / 4) + blockIdx.x / 4] = all + at.x + at.y;
    }
    cluster.sync();
}

// Each block hands its numbers on around the ring of its cluster, step by step, and adds up all that come by.
extern "C" __global__ void ring(const int *x, int *y) {
    __shared__ int s[2][64];
    auto cluster = cg::this_cluster();
    int t = threadIdx.x, size = cluster.num_blocks(), next = (cluster.block_rank() + 1) % size, sum = 0;
    s[0][t] = x[64 * blockIdx.x + t];
    cluster.sync();
    for (int step = 0; step < size; step++) {
        int v = s[step % 2][t];
        cluster.map_shared_rank(s[(step + 1) % 2], next)[t] = v;
        auto token = cluster.barrier_arrive();
        sum += v;
        cluster.barrier_wait(cuda::std::move(token));
    }
    y[64 * blockIdx.x + t] = sum;
}

// What the threads of a block have is stored in the next block by st.async, which its mbarrier waits for.
extern "C" __global__ void __cluster_dims__(2, 1, 1) exchange(const int *x, int *y) {
    __shared__ __align__(16) int s[128];
    __shared__ uint64_t full;
    namespace ptx = cuda::ptx;
    auto cluster = cg::this_cluster();
    int t = threadIdx.x, other = cluster.block_rank() ^ 1;
    if (t == 0) {
        ptx::mbarrier_init(&full, 1);
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
        ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared, &full, sizeof(s));
    }
    cluster.sync();
    x += 128 * blockIdx.x + 4 * t;
    int four[4] = {x[0], x[1], x[2], x[3]};
    ptx::st_async(cluster.map_shared_rank(s, other) + 4 * t, four, cluster.map_shared_rank(&full, other));
    while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &full, 0)) {}
    for (int i = t; i < 128; i += blockDim.x) y[128 * blockIdx.x + i] = s[i];
}

// Rows of a come once for all blocks of a cluster, each of which brings its part of them to all by multicast. y = a row + a number of the block.
extern "C" __global__ void multicast(const float *a, const float *b, float *y, int tiles) {
    __shared__ __align__(128) float s[2][256];
    __shared__ uint64_t full[2], empty[2];
    namespace ptx = cuda::ptx;
    auto cluster = cg::this_cluster();
    unsigned size = cluster.num_blocks(), rank = cluster.block_rank(), part = 256 / size;
    if (threadIdx.x == 0) {
        for (int slot = 0; slot < 2; slot++) {
            ptx::mbarrier_init(&full[slot], 1);
            ptx::mbarrier_init(&empty[slot], size);
        }
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    }
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
    for (int i = 0; i < tiles; i++) {
        int slot = i % 2, turn = i / 2 % 2;
        if (threadIdx.x == 0) {
            while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &empty[slot], turn ^ 1)) {}
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full[slot], 1024);
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, s[slot] + rank * part, a + 256 * i + rank * part, 4 * part, &full[slot],
                               (uint16_t)((1 << size) - 1));
        }
        __syncwarp();
        while (!ptx::mbarrier_try_wait_parity(&full[slot], turn)) {}
        y[(i * gridDim.x + blockIdx.x) * 256 + threadIdx.x] = s[slot][threadIdx.x] + b[blockIdx.x];
        __syncthreads();
        if (threadIdx.x < size) {
            unsigned remote;
            asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"((unsigned)__cvta_generic_to_shared(&empty[slot])), "r"(threadIdx.x));
            asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(remote) : "memory");
        }
    }
    cluster.sync();
}
