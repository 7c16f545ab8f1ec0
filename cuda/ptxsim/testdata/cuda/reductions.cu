// Reductions and scans: warp shuffles, shared memory, atomics, the last block to come.

extern "C" __global__ void sum_atomic(const float *x, float *out, int n)
{
	float sum = 0;
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
		sum += x[i];
	for (int offset = 16; offset > 0; offset /= 2)
		sum += __shfl_xor_sync(0xffffffff, sum, offset);
	if (threadIdx.x % 32 == 0)
		atomicAdd(out, sum);
}

extern "C" __global__ void sum_last_block(const float *x, float *partial, unsigned *count, float *out, int n)
{
	__shared__ float values[128];
	__shared__ bool last;
	float sum = 0;
	for (int i = blockIdx.x * 128 + threadIdx.x; i < n; i += gridDim.x * 128)
		sum += x[i];
	values[threadIdx.x] = sum;
	__syncthreads();
	for (int half = 64; half > 0; half /= 2) {
		if (threadIdx.x < half)
			values[threadIdx.x] += values[threadIdx.x + half];
		__syncthreads();
	}
	if (threadIdx.x == 0) {
		partial[blockIdx.x] = values[0];
		__threadfence();
		last = atomicInc(count, gridDim.x) == gridDim.x - 1;
	}
	__syncthreads();
	if (last && threadIdx.x == 0) {
		__threadfence();
		float total = 0;
		for (int b = 0; b < gridDim.x; b++)
			total += partial[b];
		*out = total;
	}
}

extern "C" __global__ void scan(const int *x, int *out, int n)
{
	extern __shared__ int buffer[];
	int *from = buffer, *to = buffer + blockDim.x;
	int t = threadIdx.x;
	from[t] = t < n ? x[t] : 0;
	__syncthreads();
	for (int step = 1; step < blockDim.x; step *= 2) {
		to[t] = from[t] + (t >= step ? from[t - step] : 0);
		__syncthreads();
		int *other = from;
		from = to;
		to = other;
	}
	if (t < n)
		out[t] = from[t];
}

extern "C" __global__ void histogram(const unsigned char *x, unsigned *out, int n)
{
	__shared__ unsigned bins[256];
	bins[threadIdx.x] = 0;
	__syncthreads();
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
		atomicAdd(&bins[x[i]], 1u);
	__syncthreads();
	if (bins[threadIdx.x])
		atomicAdd(&out[threadIdx.x], bins[threadIdx.x]);
}

extern "C" __global__ void argmax(const float *x, int *out, int n)
{
	float best = -INFINITY;
	int at = -1;
	for (int i = threadIdx.x; i < n; i += 32)
		if (x[i] > best) {
			best = x[i];
			at = i;
		}
	for (int offset = 16; offset > 0; offset /= 2) {
		float other = __shfl_down_sync(0xffffffff, best, offset);
		int where = __shfl_down_sync(0xffffffff, at, offset);
		if (other > best || other == best && where < at) {
			best = other;
			at = where;
		}
	}
	if (threadIdx.x == 0)
		*out = at;
}
