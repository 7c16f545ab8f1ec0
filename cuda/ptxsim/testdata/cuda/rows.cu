// Operations on the rows of a matrix: one block a row.

__device__ float block_sum(float x)
{
	__shared__ float warps[32];
	for (int offset = 16; offset > 0; offset /= 2)
		x += __shfl_xor_sync(0xffffffff, x, offset);
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		warps[threadIdx.x / 32] = x;
	__syncthreads();
	float sum = 0;
	for (int w = 0; w < blockDim.x / 32; w++)
		sum += warps[w];
	return sum;
}

extern "C" __global__ void softmax(const float *x, float *y, int n)
{
	x += blockIdx.x * n;
	y += blockIdx.x * n;
	__shared__ float most;
	float m = -INFINITY;
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		m = fmaxf(m, x[i]);
	__shared__ float values[256];
	values[threadIdx.x] = m;
	__syncthreads();
	if (threadIdx.x == 0) {
		for (int t = 1; t < blockDim.x; t++)
			m = fmaxf(m, values[t]);
		most = m;
	}
	__syncthreads();
	float sum = 0;
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		sum += expf(x[i] - most);
	sum = block_sum(sum);
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		y[i] = expf(x[i] - most) / sum;
}

extern "C" __global__ void layer_norm(const float *x, const float *scale, const float *shift, float *y, int n)
{
	x += blockIdx.x * n;
	y += blockIdx.x * n;
	float sum = 0;
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		sum += x[i];
	float mean = block_sum(sum) / n;
	float squares = 0;
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		squares += (x[i] - mean) * (x[i] - mean);
	float factor = rsqrtf(block_sum(squares) / n + 1e-5f);
	for (int i = threadIdx.x; i < n; i += blockDim.x)
		y[i] = (x[i] - mean) * factor * scale[i] + shift[i];
}

extern "C" __global__ void transpose(const float *x, float *y, int rows, int columns)
{
	__shared__ float tile[32][33];
	int column = blockIdx.x * 32 + threadIdx.x;
	for (int r = threadIdx.y; r < 32; r += blockDim.y) {
		int row = blockIdx.y * 32 + r;
		if (row < rows && column < columns)
			tile[r][threadIdx.x] = x[row * columns + column];
	}
	__syncthreads();
	int row = blockIdx.y * 32 + threadIdx.x;
	for (int c = threadIdx.y; c < 32; c += blockDim.y) {
		column = blockIdx.x * 32 + c;
		if (row < rows && column < columns)
			y[column * rows + row] = tile[threadIdx.x][c];
	}
}

extern "C" __global__ void saxpy4(const float4 *x, float4 *y, float a, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n) {
		float4 u = x[i], v = y[i];
		y[i] = make_float4(a * u.x + v.x, a * u.y + v.y, a * u.z + v.z, a * u.w + v.w);
	}
}

struct Settings {
	float weights[5];
	int radius;
	double bias;
};

extern "C" __global__ void stencil(const float *x, float *y, Settings s, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n)
		return;
	float sum = (float)s.bias;
	for (int k = -s.radius; k <= s.radius; k++) {
		int at = min(max(i + k, 0), n - 1);
		sum += s.weights[k + s.radius] * x[at];
	}
	y[i] = sum;
}
