// Control flow: loops, calls, recursion, switches, function pointers, local arrays, divergence.

extern "C" __global__ void collatz(const int *x, int *steps, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n)
		return;
	long long value = x[i];
	int count = 0;
	while (value != 1) {
		if (value % 2)
			value = 3 * value + 1;
		else
			value /= 2;
		count++;
	}
	steps[i] = count;
}

__device__ __noinline__ int fibonacci(int n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

extern "C" __global__ void recursion(const int *x, int *y, int n)
{
	int i = threadIdx.x;
	if (i < n)
		y[i] = fibonacci(x[i] % 12);
}

// Sorts 16 numbers a thread in a local array.
extern "C" __global__ void sort_local(const int *x, int *y, int n)
{
	int values[16];
	int base = (blockIdx.x * blockDim.x + threadIdx.x) * 16;
	if (base >= n)
		return;
	for (int i = 0; i < 16; i++)
		values[i] = x[base + i];
	for (int i = 1; i < 16; i++) {
		int value = values[i], j = i;
		while (j > 0 && values[j - 1] > value) {
			values[j] = values[j - 1];
			j--;
		}
		values[j] = value;
	}
	for (int i = 0; i < 16; i++)
		y[base + i] = values[i];
}

extern "C" __global__ void machine(const int *code, int *out, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;
	int value = t;
	for (int i = 0; i < n; i++) {
		int operand = code[2 * i + 1];
		switch ((code[2 * i] + t) % 8) {
		case 0: value += operand; break;
		case 1: value -= operand; break;
		case 2: value *= operand; break;
		case 3: value ^= operand; break;
		case 4: value = value << (operand & 7) | (unsigned)value >> 3; break;
		case 5: value = max(value, operand); break;
		case 6: value = __popc(value) + __clz(operand) + __brev(value); break;
		case 7: value = operand ? value / operand + value % operand : 7; break;
		}
	}
	out[t] = value;
}

typedef float (*Function)(float, float);
__device__ __noinline__ float plus(float a, float b) { return a + b; }
__device__ __noinline__ float times(float a, float b) { return a * b; }
__device__ __noinline__ float larger(float a, float b) { return a > b ? a : b; }
__device__ Function functions[3] = {plus, times, larger};
__constant__ float offsets[4] = {0.5f, -1, 2, 8};

extern "C" __global__ void pointers(const float *x, float *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		y[i] = functions[i % 3](x[i], offsets[i & 3]);
}

// Threads of a warp that hold the same key add up their values, the lowest of them writes.
extern "C" __global__ void group_by_key(const int *keys, const int *values, int *sums, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	unsigned active = __ballot_sync(0xffffffff, i < n);
	if (i >= n)
		return;
	unsigned peers = __match_any_sync(active, keys[i]);
	int sum = __reduce_add_sync(peers, values[i]);
	if (threadIdx.x % 32 == __ffs(peers) - 1)
		atomicAdd(&sums[keys[i]], sum);
}

__device__ int locked_update(int *lock, int *total, int value)
{
	while (atomicCAS(lock, 0, 1) != 0)
		;
	__threadfence();
	int before = *(volatile int *)total;
	*(volatile int *)total = before + value;
	__threadfence();
	atomicExch(lock, 0);
	return before;
}

extern "C" __global__ void spin_lock(int *lock, int *total)
{
	if (threadIdx.x == 0)
		locked_update(lock, total, blockIdx.x + 1);
}

__device__ __noinline__ int triangle(int n)
{
	int *rows = (int *)alloca(4 * (n + 1));
	for (int i = 0; i <= n; i++)
		rows[i] = i == 0 ? 0 : rows[i - 1] + i;
	return rows[n];
}

extern "C" __global__ void stack(int *x)
{
	int sum = 0;
	for (int i = 0; i < 100; i++)
		sum += triangle((threadIdx.x + i) % 50);
	x[threadIdx.x] = sum;
}
