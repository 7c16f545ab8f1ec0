// What the library CUB does for a block: loads, sorts, prefix sums, histograms.
#include <cub/block/block_histogram.cuh>
#include <cub/block/block_load.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_store.cuh>

// Sorts 512 numbers with the places that they had, and sums them up.
extern "C" __global__ void block_sort(const int *x, int *sorted, int *places, int *running, int *total, int *bins) {
    using Load = cub::BlockLoad<int, 128, 4, cub::BLOCK_LOAD_WARP_TRANSPOSE>;
    using Store = cub::BlockStore<int, 128, 4, cub::BLOCK_STORE_TRANSPOSE>;
    using Sort = cub::BlockRadixSort<int, 128, 4, int>;
    using Scan = cub::BlockScan<int, 128>;
    using Reduce = cub::BlockReduce<int, 128>;
    using Histogram = cub::BlockHistogram<unsigned char, 128, 4, 16>;
    __shared__ union {
        typename Load::TempStorage load;
        typename Store::TempStorage store;
        typename Sort::TempStorage sort;
        typename Scan::TempStorage scan;
        typename Reduce::TempStorage reduce;
        typename Histogram::TempStorage histogram;
    } room;
    __shared__ int count[16];
    int keys[4], values[4], sums[4];
    unsigned char kinds[4];
    Load(room.load).Load(x, keys);
    __syncthreads();
    Scan(room.scan).InclusiveSum(keys, sums);
    __syncthreads();
    Store(room.store).Store(running, sums);
    __syncthreads();
    int sum = Reduce(room.reduce).Sum(keys);
    if (threadIdx.x == 0) *total = sum;
    for (int i = 0; i < 4; i++) {
        values[i] = threadIdx.x * 4 + i;
        kinds[i] = keys[i] & 15;
    }
    __syncthreads();
    Histogram(room.histogram).Histogram(kinds, count);
    __syncthreads();
    if (threadIdx.x < 16) bins[threadIdx.x] = count[threadIdx.x];
    Sort(room.sort).Sort(keys, values);
    __syncthreads();
    Store(room.store).Store(sorted, keys);
    __syncthreads();
    Store(room.store).Store(places, values);
}
