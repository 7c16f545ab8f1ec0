// Products of matrices: by hand, by wmma, by mma with ldmatrix and cp.async.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

extern "C" __global__ void product_tiled(const float *a, const float *b, float *c, int m, int n, int k)
{
	__shared__ float left[16][16], right[16][17];
	int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
	float sum = 0;
	for (int from = 0; from < k; from += 16) {
		left[threadIdx.y][threadIdx.x] = row < m && from + threadIdx.x < k ? a[row * k + from + threadIdx.x] : 0;
		right[threadIdx.y][threadIdx.x] = from + threadIdx.y < k && column < n ? b[(from + threadIdx.y) * n + column] : 0;
		__syncthreads();
#pragma unroll
		for (int l = 0; l < 16; l++)
			sum += left[threadIdx.y][l] * right[l][threadIdx.x];
		__syncthreads();
	}
	if (row < m && column < n)
		c[row * n + column] = sum;
}

// One warp makes a tile of 16 x 16.
extern "C" __global__ void product_wmma_half(const half *a, const half *b, float *c, int n, int k)
{
	wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> left;
	wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> right;
	wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
	wmma::fill_fragment(sum, 0.0f);
	for (int from = 0; from < k; from += 16) {
		wmma::load_matrix_sync(left, a + blockIdx.y * 16 * k + from, k);
		wmma::load_matrix_sync(right, b + from * n + blockIdx.x * 16, n);
		wmma::mma_sync(sum, left, right, sum);
	}
	for (int i = 0; i < sum.num_elements; i++)
		sum.x[i] *= 2;
	wmma::store_matrix_sync(c + blockIdx.y * 16 * n + blockIdx.x * 16, sum, n, wmma::mem_row_major);
}

extern "C" __global__ void product_wmma_bfloat(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int n, int k)
{
	wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> left;
	wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::col_major> right;
	wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
	__shared__ __align__(32) float tile[256];
	wmma::fill_fragment(sum, 0.0f);
	for (int from = 0; from < k; from += 16) {
		wmma::load_matrix_sync(left, a + blockIdx.y * 16 * k + from, k);
		wmma::load_matrix_sync(right, b + blockIdx.x * 16 * k + from, k);
		wmma::mma_sync(sum, left, right, sum);
	}
	wmma::store_matrix_sync(tile, sum, 16, wmma::mem_col_major);
	__syncwarp();
	for (int i = threadIdx.x; i < 256; i += 32)
		c[(blockIdx.y * 16 + i / 16) * n + blockIdx.x * 16 + i % 16] = tile[i % 16 * 16 + i / 16];
}

extern "C" __global__ void product_wmma_tf32(const float *a, const float *b, float *c, int n, int k)
{
	wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> left;
	wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> right;
	wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
	wmma::fill_fragment(sum, 0.0f);
	for (int from = 0; from < k; from += 8) {
		wmma::load_matrix_sync(left, a + blockIdx.y * 16 * k + from, k);
		wmma::load_matrix_sync(right, b + from * n + blockIdx.x * 16, n);
		for (int i = 0; i < left.num_elements; i++)
			left.x[i] = wmma::__float_to_tf32(left.x[i]);
		for (int i = 0; i < right.num_elements; i++)
			right.x[i] = wmma::__float_to_tf32(right.x[i]);
		wmma::mma_sync(sum, left, right, sum);
	}
	wmma::store_matrix_sync(c + blockIdx.y * 16 * n + blockIdx.x * 16, sum, n, wmma::mem_row_major);
}

// A warp makes a tile of 16 x 8 of c = a b^T, both with rows of k: two stages of cp.async, swizzled, ldmatrix, mma.
extern "C" __global__ void product_mma_async(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int n, int k)
{
	__shared__ __align__(128) unsigned char stages[2][(16 + 8) * 64];
	int lane = threadIdx.x, row = lane / 4, column = lane % 4 * 2;
	const __nv_bfloat16 *left = a + blockIdx.y * 16 * k, *right = b + blockIdx.x * 8 * k;
	float sum[4] = {0, 0, 0, 0};
	auto load = [&](int stage, int from) {
		for (int chunk = lane; chunk < 24 * 4; chunk += 32) {
			int line = chunk / 4, part = chunk % 4;
			const __nv_bfloat16 *source = line < 16 ? left + line * k : right + (line - 16) * k;
			unsigned to = __cvta_generic_to_shared(&stages[stage][line * 64 + (part ^ (line / 2 % 4)) * 16]);
			int bytes = from + part * 8 < k ? 16 : 0;
			asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(source + (bytes ? from + part * 8 : 0)), "r"(bytes));
		}
		asm volatile("cp.async.commit_group;");
	};
	load(0, 0);
	for (int from = 0, stage = 0; from < k; from += 32, stage ^= 1) {
		if (from + 32 < k)
			load(stage ^ 1, from + 32);
		else
			asm volatile("cp.async.commit_group;");
		asm volatile("cp.async.wait_group 1;");
		__syncthreads();
		for (int half = 0; half < 2; half++) {
			unsigned x[4], y[2];
			int line = lane % 16, part = half * 2 + lane / 16;
			unsigned at = __cvta_generic_to_shared(&stages[stage][line * 64 + (part ^ (line / 2 % 4)) * 16]);
			asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
				: "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(at));
			line = 16 + lane % 8;
			part = half * 2 + lane / 8 % 2;
			at = __cvta_generic_to_shared(&stages[stage][line * 64 + (part ^ (line / 2 % 4)) * 16]);
			asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(at));
			asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
				: "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
				: "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
		}
		__syncthreads();
	}
	for (int e = 0; e < 4; e++)
		c[(blockIdx.y * 16 + row + e / 2 * 8) * n + blockIdx.x * 8 + column + e % 2] = sum[e];
}

// Integers: c = a b^T by mma.m16n8k32 of signed bytes.
extern "C" __global__ void product_mma_bytes(const int *a, const int *b, int *c, int n, int k)
{
	int lane = threadIdx.x, row = lane / 4, part = lane % 4;
	int sum[4] = {0, 0, 0, 0};
	for (int from = 0; from < k / 4; from += 8) {
		const int *left = a + (blockIdx.y * 16 + row) * (k / 4) + from, *right = b + (blockIdx.x * 8 + row) * (k / 4) + from;
		asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
			: "+r"(sum[0]), "+r"(sum[1]), "+r"(sum[2]), "+r"(sum[3])
			: "r"(left[part]), "r"(left[8 * (k / 4) + part]), "r"(left[part + 4]), "r"(left[8 * (k / 4) + part + 4]),
			  "r"(right[part]), "r"(right[part + 4]));
	}
	for (int e = 0; e < 4; e++)
		c[(blockIdx.y * 16 + row + e / 2 * 8) * n + blockIdx.x * 8 + part * 2 + e % 2] = sum[e];
}

// The accumulators too are halves; tiles of 32 x 8, b by columns.
extern "C" __global__ void product_wmma_half_sum(const half *a, const half *b, half *c, int n, int k)
{
	wmma::fragment<wmma::matrix_a, 32, 8, 16, half, wmma::row_major> left;
	wmma::fragment<wmma::matrix_b, 32, 8, 16, half, wmma::col_major> right;
	wmma::fragment<wmma::accumulator, 32, 8, 16, half> sum;
	wmma::fill_fragment(sum, __float2half(0));
	for (int from = 0; from < k; from += 16) {
		wmma::load_matrix_sync(left, a + blockIdx.y * 32 * k + from, k);
		wmma::load_matrix_sync(right, b + blockIdx.x * 8 * k + from, k);
		wmma::mma_sync(sum, left, right, sum);
	}
	wmma::store_matrix_sync(c + blockIdx.y * 32 * n + blockIdx.x * 8, sum, n, wmma::mem_row_major);
}

extern "C" __global__ void product_wmma_bytes(const signed char *a, const signed char *b, int *c, int n, int k)
{
	wmma::fragment<wmma::matrix_a, 8, 32, 16, signed char, wmma::row_major> left;
	wmma::fragment<wmma::matrix_b, 8, 32, 16, signed char, wmma::col_major> right;
	wmma::fragment<wmma::accumulator, 8, 32, 16, int> sum;
	wmma::fill_fragment(sum, 0);
	for (int from = 0; from < k; from += 16) {
		wmma::load_matrix_sync(left, a + blockIdx.y * 8 * k + from, k);
		wmma::load_matrix_sync(right, b + blockIdx.x * 32 * k + from, k);
		wmma::mma_sync(sum, left, right, sum);
	}
	wmma::store_matrix_sync(c + blockIdx.y * 8 * n + blockIdx.x * 32, sum, n, wmma::mem_row_major);
}
