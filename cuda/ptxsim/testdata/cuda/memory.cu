// Structs, addresses, shared and local memory as ordinary programs use them.
#include <stdio.h>

struct particle {
    double mass;
    float x, y, z;
    char kind;
};

// Copies structs with their padding, from memory and through functions.
__device__ __noinline__ particle heavier(particle p, float by) {
    p.mass *= by;
    p.x += p.kind;
    return p;
}

extern "C" __global__ void particles(const double *mass, const float *place, const char *kind, particle *out, particle *copy, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    particle p;
    p.mass = mass[i];
    p.x = place[3 * i];
    p.y = place[3 * i + 1];
    p.z = place[3 * i + 2];
    p.kind = kind[i];
    out[i] = heavier(p, 2.5f);
    copy[i] = out[i];
}

__device__ int table[6] = {3, 1, 4, 1, 5, 9};
__device__ int *const middle = table + 3;
__device__ const char *const words[] = {"zero", "one", "two", "three"};
__constant__ float weights[4] = {0.5f, -1, 2, 0.25f};
__device__ unsigned calls;

// Globals with initial values: numbers, addresses, texts.
extern "C" __global__ void initialised(int *y) {
    int t = threadIdx.x, length = 0;
    for (const char *s = words[t % 4]; s[length]; length++) {}
    y[t] = middle[t % 3] * 100 + length * 10 + (int)(4 * weights[t & 3]);
    atomicAdd(&calls, 1);
}

extern "C" __global__ void count_calls(unsigned *y) { *y = calls; }

// Dynamic shared memory as two arrays of different types, and a union in static shared memory.
extern "C" __global__ void aliases(const double *x, float *y, int n) {
    extern __shared__ __align__(16) unsigned char room[];
    double *d = (double *)room;
    short *order = (short *)(room + n * sizeof(double));
    __shared__ union { int whole[64]; float single[64]; } u;
    int t = threadIdx.x;
    d[t] = x[t];
    u.whole[t] = t;
    __syncthreads();
    int rank = 0;
    for (int k = 0; k < n; k++) rank += d[k] < d[t] || d[k] == d[t] && k < t;
    order[rank] = u.whole[t];
    __syncthreads();
    u.single[t] = (float)d[order[t]];
    __syncthreads();
    y[t] = u.single[n - 1 - t];
}

// One step of a search in breadth: many threads may reach a node, and all write the same into it.
extern "C" __global__ void breadth_step(const int *from, const int *to, int edges, const int *level, int depth, int *next, int *changed) {
    int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e < edges && level[from[e]] == depth && level[to[e]] < 0) {
        next[to[e]] = depth + 1;
        *changed = 1;
    }
}

// Sums whose values beyond the end of the input nobody sets or needs.
extern "C" __global__ void ragged_sums(const float *x, float *y, int n) {
    float v, w;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        v = x[i];
        w = v * v;
    }
    __shared__ float s[64];
    s[threadIdx.x] = v + w;
    __syncthreads();
    unsigned here = __ballot_sync(~0u, i < n);
    for (int k = 16; k > 0; k /= 2) {
        float other = __shfl_down_sync(~0u, v, k);
        int lane = threadIdx.x % 32;
        if (lane + k < 32 && (here >> (lane + k) & 1)) v += other;
    }
    if (i < n) y[i] = s[threadIdx.x];
    if (threadIdx.x % 32 == 0 && i < n) y[n + i / 32] = v;
}

// A small program of its own: a stack in local memory, a switch, a table of functions.
__device__ int plus(int a, int b) { return a + b; }
__device__ int minus(int a, int b) { return a - b; }
__device__ int times(int a, int b) { return a * b; }
typedef int (*operation)(int, int);
__constant__ operation operations[3] = {plus, minus, times};

extern "C" __global__ void calculator(const char *text, int *y, int width) {
    const char *s = text + width * threadIdx.x;
    int stack[16], top = 0;
    for (int k = 0; s[k]; k++) {
        char c = s[k];
        switch (c) {
        case '+': case '-': case '*': {
            int b = stack[--top], a = stack[--top];
            stack[top++] = operations[c == '+' ? 0 : c == '-' ? 1 : 2](a, b);
            break;
        }
        case 'd': stack[top] = stack[top - 1]; top++; break;
        case 'n': stack[top - 1] = -stack[top - 1]; break;
        case 's': { int a = stack[top - 1]; stack[top - 1] = stack[top - 2]; stack[top - 2] = a; break; }
        default: stack[top++] = c - '0';
        }
    }
    y[threadIdx.x] = stack[0];
}

extern "C" __global__ void prints(const float *x, int n) {
    if (threadIdx.x < n) printf("%d of %5u: %8.3f %s %c %lld %x%%\n", threadIdx.x, 7u, x[threadIdx.x], words[threadIdx.x], 'a' + threadIdx.x, -5000000000ll, 255);
}

struct link {
    int value;
    link *next;
};

// Lists in memory that the threads take and give back.
extern "C" __global__ void lists(const int *x, int *y, int n) {
    link *list = nullptr;
    for (int i = threadIdx.x; i < n; i += blockDim.x) list = new link{x[i], list};
    int sum = 0;
    for (int place = 1; list; place++) {
        link *next = list->next;
        sum += place * list->value;
        delete list;
        list = next;
    }
    y[threadIdx.x] = sum;
}

// Fills a matrix by volatile flags: each thread waits for the one before it.
extern "C" __global__ void relay(int *y) {
    __shared__ volatile int turn;
    if (threadIdx.x == 0) turn = 0;
    __syncthreads();
    for (int k = 0; k < blockDim.x / 32; k++) {
        if (k == threadIdx.x / 32 && threadIdx.x % 32 == 0) {
            while (turn != k) {}
            __threadfence_block();
            y[k] = k == 0 ? 1 : 2 * y[k - 1];
            __threadfence_block();
            turn = k + 1;
        }
    }
}
