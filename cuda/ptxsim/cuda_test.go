package ptxsim

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/toolkit"
	"gzpt/cuda/ptxsim/internal/arith"
)

// compiled compiles a file of testdata/cuda once.
var compiled sync.Map

func compileCUDA(t *testing.T, name string, flags ...string) string {
	t.Helper()
	nvcc := toolkit.Tool(t, "nvcc")
	target := "sm_80"
	switch name {
	case "matrices.cu":
		target = "sm_90"
	case "clusters.cu":
		target = "sm_90a"
	}
	once, _ := compiled.LoadOrStore(fmt.Sprint(name, flags), sync.OnceValues(func() (string, error) {
		return toolkit.Compile(nvcc, filepath.Join("testdata", "cuda", name), target, flags...)
	}))
	ptx, err := once.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return ptx
}

// cudaTest is a kernel of ordinary CUDA C with the loop that says what it computes.
type cudaTest struct {
	file, kernel string
	run          func(r *rig, random *rand.Rand)
}

// TestCUDA runs kernels that nvcc has compiled, under several schedules. Where tests are short it runs some files, in which blocks share memory and
// wait for each other as in all, because nvcc takes longer than they do.
func TestCUDA(t *testing.T) {
	toolkit.Tool(t, "nvcc")
	for _, test := range cudaTests {
		if testing.Short() && !slices.Contains([]string{"reductions.cu", "groups.cu", "memory.cu"}, test.file) {
			continue
		}
		t.Run(test.kernel, func(t *testing.T) {
			t.Parallel()
			ptx := compileCUDA(t, test.file)
			for seed := range uint64(2) {
				test.run(newRig(t, Options{Seed: seed}, test.file, ptx), rand.New(rand.NewPCG(1, 2)))
			}
		})
	}
}

func floats(random *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	return x
}

func integers(random *rand.Rand, n, below int) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(random.IntN(below))
	}
	return x
}

// mapped is the count results of a kernel that goes over n elements of x.
func mapped[T any](r *rig, kernel string, blocks, threads int, x any, n, count int) []T {
	r.t.Helper()
	y := make([]T, count)
	p := r.room(binary.Size(y))
	r.launch(kernel, line(blocks), line(threads), 0, r.in(x), p, int32(n))
	r.out(y, p)
	return y
}

// near compares with a bound relative to the larger of 1 and the value.
func near[T float32 | float64](r *rig, what string, got, want []T, bound float64) {
	r.t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= bound*max(1, math.Abs(float64(want[i])))) {
			r.t.Fatalf("%s[%d] = %v, expected %v", what, i, got[i], want[i])
		}
	}
}

func same[T comparable](r *rig, what string, got, want []T) {
	r.t.Helper()
	for i := range want {
		if got[i] != want[i] {
			r.t.Fatalf("%s[%d] = %v, expected %v", what, i, got[i], want[i])
		}
	}
}

// TestCUDAOccupancy takes the registers of every compiled kernel from ptxas, none of which may spill, and demands that at
// least one block of 128 threads fits a multiprocessor with them.
func TestCUDAOccupancy(t *testing.T) {
	if testing.Short() {
		t.Skip("ptxas, and no goroutine of ours; run without -short")
	}
	ptxas := toolkit.Tool(t, "ptxas")
	for _, name := range []string{"reductions.cu", "rows.cu", "products.cu", "numbers.cu"} {
		ptx := compileCUDA(t, name)
		file := filepath.Join(t.TempDir(), "kernels.ptx")
		if err := os.WriteFile(file, []byte(ptx), 0o666); err != nil {
			t.Fatal(err)
		}
		usage, err := toolkit.Assemble(ptxas, file, "sm_80")
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, Options{Target: 80}, name, ptx)
		for kernel, needs := range usage {
			f, err := r.module.Function(kernel)
			if err != nil {
				t.Fatal(err)
			}
			shared := f.Attributes().SharedBytes
			blocks := Occupancy(80, 128, needs.Registers, shared)
			if needs.SpillBytes != 0 || needs.Registers == 0 || blocks < 1 || blocks > 16 {
				t.Errorf("%s: %+v and %d bytes of shared memory, %d blocks", kernel, needs, shared, blocks)
			}
			t.Logf("%s: %d registers, %d bytes of shared memory, %d blocks of 128 threads", kernel, needs.Registers, shared, blocks)
		}
	}
}

var cudaTests = slices.Concat(reductionTests, rowTests, productTests, controlTests, numberTests, groupTests, blockTests, memoryTests, warpTests, functionTests, matrixTests, clusterTests)

// TestCUDADebug runs kernels as nvcc compiles them for a debugger: without optimising, all values in local memory, calls instead of
// inlined functions.
func TestCUDADebug(t *testing.T) {
	if testing.Short() {
		t.Skip("the goroutines are those of TestCUDA; run without -short")
	}
	toolkit.Tool(t, "nvcc")
	for _, test := range cudaTests {
		if test.kernel == "saxpy4" {
			continue // without optimising a product and a sum are rounded apart
		}
		if slices.Contains([]string{"reductions.cu", "rows.cu", "control.cu", "memory.cu", "warps.cu", "clusters.cu"}, test.file) {
			t.Run(test.kernel, func(t *testing.T) {
				t.Parallel()
				test.run(newRig(t, Options{Seed: 3}, test.file, compileCUDA(t, test.file, "-G")), rand.New(rand.NewPCG(1, 2)))
			})
		}
	}
}

// nearTotal compares what lies at out with the sum of x, of some thousand numbers of about 1: partial sums of float32 up to 100 are rounded by
// 4e-6 each at most, which add up to 1e-4 where they do not all go one way.
func nearTotal(r *rig, out driver.Pointer, x []float32) {
	r.t.Helper()
	want := 0.0
	for _, v := range x {
		want += float64(v)
	}
	got := make([]float32, 1)
	r.out(got, out)
	near(r, "sum", got, []float32{float32(want)}, 1e-4)
}

var reductionTests = []cudaTest{
	{"reductions.cu", "sum_atomic", func(r *rig, random *rand.Rand) {
		x := floats(random, 1000)
		out := r.in([]float32{0})
		r.launch("sum_atomic", line(4), line(96), 0, r.in(x), out, int32(len(x)))
		nearTotal(r, out, x)
	}},
	{"reductions.cu", "sum_last_block", func(r *rig, random *rand.Rand) {
		x := floats(random, 3000)
		out := r.room(4)
		r.launch("sum_last_block", line(7), line(128), 0, r.in(x), r.room(4*7), r.in([]uint32{0}), out, int32(len(x)))
		nearTotal(r, out, x)
	}},
	{"reductions.cu", "scan", func(r *rig, random *rand.Rand) {
		x := integers(random, 200, 100)
		out := r.room(4 * len(x))
		r.launch("scan", line(1), line(256), 2*4*256, r.in(x), out, int32(len(x)))
		want, got := slices.Clone(x), make([]int32, len(x))
		for i := 1; i < len(want); i++ {
			want[i] += want[i-1]
		}
		r.out(got, out)
		same(r, "scan", got, want)
	}},
	{"reductions.cu", "histogram", func(r *rig, random *rand.Rand) {
		x := make([]byte, 2000)
		want, got := make([]uint32, 256), make([]uint32, 256)
		for i := range x {
			x[i] = byte(random.IntN(40) * 3)
			want[x[i]]++
		}
		out := r.in(got)
		r.launch("histogram", line(3), line(256), 0, r.in(x), out, int32(len(x)))
		r.out(got, out)
		same(r, "bin", got, want)
	}},
	{"reductions.cu", "argmax", func(r *rig, random *rand.Rand) {
		x := floats(random, 333)
		out := r.room(4)
		r.launch("argmax", line(1), line(32), 0, r.in(x), out, int32(len(x)))
		got := make([]int32, 1)
		r.out(got, out)
		same(r, "argmax", got, []int32{int32(slices.Index(x, slices.Max(x)))})
	}},
}

var rowTests = []cudaTest{
	{"rows.cu", "softmax", func(r *rig, random *rand.Rand) {
		const rows, n = 3, 150
		x := floats(random, rows*n)
		got := mapped[float32](r, "softmax", rows, 64, x, n, rows*n)
		want := make([]float32, rows*n)
		for row := range rows {
			sum := 0.0
			for i := range n {
				sum += math.Exp(float64(x[row*n+i]))
			}
			for i := range n {
				want[row*n+i] = float32(math.Exp(float64(x[row*n+i])) / sum)
			}
		}
		near(r, "softmax", got, want, 1e-6)
	}},
	{"rows.cu", "layer_norm", func(r *rig, random *rand.Rand) {
		const rows, n = 4, 100
		x, scale, shift := floats(random, rows*n), floats(random, n), floats(random, n)
		y := r.room(4 * len(x))
		r.launch("layer_norm", line(rows), line(64), 0, r.in(x), r.in(scale), r.in(shift), y, int32(n))
		want, got := make([]float32, rows*n), make([]float32, rows*n)
		for row := range rows {
			mean, squares := 0.0, 0.0
			for i := range n {
				mean += float64(x[row*n+i]) / n
			}
			for i := range n {
				squares += (float64(x[row*n+i]) - mean) * (float64(x[row*n+i]) - mean)
			}
			for i := range n {
				want[row*n+i] = float32((float64(x[row*n+i])-mean)/math.Sqrt(squares/n+1e-5)*float64(scale[i]) + float64(shift[i]))
			}
		}
		r.out(got, y)
		near(r, "norm", got, want, 2e-5)
	}},
	{"rows.cu", "transpose", func(r *rig, random *rand.Rand) {
		const rows, columns = 45, 70
		x := floats(random, rows*columns)
		y := r.room(4 * len(x))
		r.launch("transpose", [3]int{3, 2, 1}, [3]int{32, 8, 1}, 0, r.in(x), y, int32(rows), int32(columns))
		want, got := make([]float32, len(x)), make([]float32, len(x))
		for i := range x {
			want[i%columns*rows+i/columns] = x[i]
		}
		r.out(got, y)
		same(r, "transpose", got, want)
	}},
	{"rows.cu", "saxpy4", func(r *rig, random *rand.Rand) {
		x, y := floats(random, 400), floats(random, 400)
		p := r.in(y)
		r.launch("saxpy4", line(4), line(32), 0, r.in(x), p, float32(0.3), int32(100))
		got := make([]float32, len(x))
		r.out(got, p)
		for i := range x {
			y[i] = math.Float32frombits(arith.F32.FMA(math.Float32bits(0.3), math.Float32bits(x[i]), math.Float32bits(y[i]), arith.Nearest))
		}
		same(r, "saxpy", got, y)
	}},
	{"rows.cu", "stencil", func(r *rig, random *rand.Rand) {
		x := floats(random, 130)
		type settings struct {
			Weights [5]float32
			Radius  int32
			Bias    float64
		}
		s := settings{[5]float32{0.1, 0.2, 0.4, 0.2, 0.1}, 2, 1.5}
		y := r.room(4 * len(x))
		r.launch("stencil", line(3), line(64), 0, r.in(x), y, s, int32(len(x)))
		want, got := make([]float32, len(x)), make([]float32, len(x))
		for i := range x {
			want[i] = 1.5
			for k := -2; k <= 2; k++ {
				want[i] += s.Weights[k+2] * x[min(max(i+k, 0), len(x)-1)]
			}
		}
		r.out(got, y)
		near(r, "stencil", got, want, 1e-6)
	}},
}

// product is c = a b in float64; b is given transposed where byRows.
func product(a, b []float32, m, n, k int, byRows bool) []float32 {
	c := make([]float32, m*n)
	for i := range m {
		for j := range n {
			sum := 0.0
			for l := range k {
				right := b[min(l*n+j, len(b)-1)]
				if byRows {
					right = b[j*k+l]
				}
				sum += float64(a[i*k+l]) * float64(right)
			}
			c[i*n+j] = float32(sum)
		}
	}
	return c
}

// rounded rounds numbers to a format of 16 bits: the values and the bits.
func rounded(f *arith.Format, x []float32) (values []float32, bits []uint16) {
	for _, v := range x {
		b := f.Round(float64(v), arith.Nearest)
		values = append(values, float32(f.Value(b)))
		bits = append(bits, uint16(b))
	}
	return values, bits
}

// multiplied is the m x n results of a kernel of products over k, with a warp for every tile of rows and columns.
func multiplied[T any](r *rig, kernel string, m, n, k int, tile [2]int, a, b any) []T {
	r.t.Helper()
	c := make([]T, m*n)
	p := r.room(binary.Size(c))
	r.launch(kernel, [3]int{n / tile[1], m / tile[0], 1}, line(32), 0, r.in(a), r.in(b), p, int32(n), int32(k))
	r.out(c, p)
	return c
}

var productTests = []cudaTest{
	{"products.cu", "product_tiled", func(r *rig, random *rand.Rand) {
		const m, n, k = 20, 35, 41
		a, b := floats(random, m*k), floats(random, k*n)
		c := r.room(4 * m * n)
		r.launch("product_tiled", [3]int{3, 2, 1}, [3]int{16, 16, 1}, 0, r.in(a), r.in(b), c, int32(m), int32(n), int32(k))
		got := make([]float32, m*n)
		r.out(got, c)
		near(r, "product", got, product(a, b, m, n, k, false), 1e-5)
	}},
	{"products.cu", "product_wmma_half", func(r *rig, random *rand.Rand) {
		const m, n, k = 32, 48, 64
		a, abits := rounded(&arith.F16, floats(random, m*k))
		b, bbits := rounded(&arith.F16, floats(random, k*n))
		got := multiplied[float32](r, "product_wmma_half", m, n, k, [2]int{16, 16}, abits, bbits)
		want := product(a, b, m, n, k, false)
		for i := range want {
			want[i] *= 2
		}
		near(r, "product", got, want, 2e-5)
	}},
	{"products.cu", "product_wmma_bfloat", func(r *rig, random *rand.Rand) {
		const m, n, k = 32, 32, 48
		a, abits := rounded(&arith.BF16, floats(random, m*k))
		b, bbits := rounded(&arith.BF16, floats(random, k*n))
		got := multiplied[float32](r, "product_wmma_bfloat", m, n, k, [2]int{16, 16}, abits, bbits)
		near(r, "product", got, product(a, b, m, n, k, true), 2e-5)
	}},
	{"products.cu", "product_wmma_tf32", func(r *rig, random *rand.Rand) {
		const m, n, k = 16, 32, 40
		a, b := floats(random, m*k), floats(random, k*n)
		got := multiplied[float32](r, "product_wmma_tf32", m, n, k, [2]int{16, 16}, a, b)
		for _, x := range [][]float32{a, b} {
			for i := range x {
				x[i] = math.Float32frombits(arith.TF32.Round(float64(x[i]), arith.Away))
			}
		}
		near(r, "product", got, product(a, b, m, n, k, false), 2e-5)
	}},
	{"products.cu", "product_mma_async", func(r *rig, random *rand.Rand) {
		const m, n, k = 32, 24, 136
		a, abits := rounded(&arith.BF16, floats(random, m*k))
		b, bbits := rounded(&arith.BF16, floats(random, n*k))
		got := multiplied[float32](r, "product_mma_async", m, n, k, [2]int{16, 8}, abits, bbits)
		near(r, "product", got, product(a, b, m, n, k, true), 5e-5)
	}},
	{"products.cu", "product_wmma_half_sum", func(r *rig, random *rand.Rand) {
		const m, n, k = 64, 16, 32
		a, abits := rounded(&arith.F16, floats(random, m*k))
		b, bbits := rounded(&arith.F16, floats(random, n*k))
		bits := multiplied[uint16](r, "product_wmma_half_sum", m, n, k, [2]int{32, 8}, abits, bbits)
		got := make([]float32, m*n)
		for i := range bits {
			got[i] = float32(arith.F16.Value(uint32(bits[i])))
		}
		near(r, "product", got, product(a, b, m, n, k, true), 4e-3)
	}},
	{"products.cu", "product_mma_bytes", func(r *rig, random *rand.Rand) {
		checkBytes(r, random, "product_mma_bytes", [2]int{16, 8})
	}},
	{"products.cu", "product_wmma_bytes", func(r *rig, random *rand.Rand) {
		checkBytes(r, random, "product_wmma_bytes", [2]int{8, 32})
	}},
}

// checkBytes runs a product of signed bytes, tile rows and columns a block.
func checkBytes(r *rig, random *rand.Rand, kernel string, tile [2]int) {
	const m, n, k = 32, 64, 96
	a, b := make([]int8, m*k), make([]int8, n*k)
	for i := range a {
		a[i] = int8(random.IntN(256) - 128)
	}
	for i := range b {
		b[i] = int8(random.IntN(256) - 128)
	}
	got, want := multiplied[int32](r, kernel, m, n, k, tile, a, b), make([]int32, m*n)
	for i := range want {
		for l := range k {
			want[i] += int32(a[i/n*k+l]) * int32(b[i%n*k+l])
		}
	}
	same(r, "product", got, want)
}

var controlTests = []cudaTest{
	{"control.cu", "collatz", func(r *rig, random *rand.Rand) {
		x := integers(random, 100, 5000)
		want := make([]int32, len(x))
		for i := range x {
			x[i]++
			for v := int64(x[i]); v != 1; want[i]++ {
				if v%2 == 1 {
					v = 3*v + 1
				} else {
					v /= 2
				}
			}
		}
		got := mapped[int32](r, "collatz", 2, 64, x, len(x), len(x))
		same(r, "steps", got, want)
	}},
	{"control.cu", "recursion", func(r *rig, random *rand.Rand) {
		x := integers(random, 30, 100)
		fibonacci := []int32{0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89}
		want := make([]int32, len(x))
		for i := range x {
			want[i] = fibonacci[x[i]%12]
		}
		got := mapped[int32](r, "recursion", 1, 32, x, len(x), len(x))
		same(r, "fibonacci", got, want)
	}},
	{"control.cu", "sort_local", func(r *rig, random *rand.Rand) {
		x := integers(random, 16*40, 1000)
		got := mapped[int32](r, "sort_local", 2, 32, x, len(x), len(x))
		for i := 0; i < len(x); i += 16 {
			slices.Sort(x[i : i+16])
		}
		same(r, "sorted", got, x)
	}},
	{"control.cu", "machine", func(r *rig, random *rand.Rand) {
		code := integers(random, 40, 1000)
		out := r.room(4 * 96)
		r.launch("machine", line(3), line(32), 0, r.in(code), out, int32(20))
		want, got := make([]int32, 96), make([]int32, 96)
		for t := range want {
			want[t] = runMachine(code, int32(t))
		}
		r.out(got, out)
		same(r, "value", got, want)
	}},
	{"control.cu", "pointers", func(r *rig, random *rand.Rand) {
		x := floats(random, 60)
		got := mapped[float32](r, "pointers", 2, 32, x, len(x), len(x))
		offsets := []float32{0.5, -1, 2, 8}
		want := make([]float32, len(x))
		for i := range x {
			a, b := x[i], offsets[i&3]
			want[i] = []float32{a + b, a * b, max(a, b)}[i%3]
		}
		same(r, "value", got, want)
	}},
	{"control.cu", "group_by_key", func(r *rig, random *rand.Rand) {
		keys, values := integers(random, 150, 9), integers(random, 150, 1000)
		want, got := make([]int32, 9), make([]int32, 9)
		for i, key := range keys {
			want[key] += values[i]
		}
		sums := r.in(got)
		r.launch("group_by_key", line(3), line(64), 0, r.in(keys), r.in(values), sums, int32(len(keys)))
		r.out(got, sums)
		same(r, "sum", got, want)
	}},
	{"control.cu", "stack", func(r *rig, _ *rand.Rand) {
		x := r.room(4 * 64)
		r.launch("stack", line(1), line(64), 0, x)
		want, got := make([]int32, 64), make([]int32, 64)
		for t := range want {
			for i := range 100 {
				n := int32((t + i) % 50)
				want[t] += n * (n + 1) / 2
			}
		}
		r.out(got, x)
		same(r, "sum", got, want)
	}},
	{"control.cu", "spin_lock", func(r *rig, random *rand.Rand) {
		total := r.in([]int32{0})
		r.launch("spin_lock", line(20), line(32), 0, r.in([]int32{0}), total)
		got := make([]int32, 1)
		r.out(got, total)
		same(r, "total", got, []int32{210})
	}},
}

// runMachine is kernel machine.
func runMachine(code []int32, t int32) int32 {
	value := t
	for i := range len(code) / 2 {
		operand := code[2*i+1]
		switch (code[2*i] + t) % 8 {
		case 0:
			value += operand
		case 1:
			value -= operand
		case 2:
			value *= operand
		case 3:
			value ^= operand
		case 4:
			value = value<<(operand&7) | int32(uint32(value)>>3)
		case 5:
			value = max(value, operand)
		case 6:
			value = int32(bits.OnesCount32(uint32(value))) + int32(bits.LeadingZeros32(uint32(operand))) + int32(bits.Reverse32(uint32(value)))
		case 7:
			if operand != 0 {
				value = value/operand + value%operand
			} else {
				value = 7
			}
		}
	}
	return value
}

var numberTests = []cudaTest{
	{"numbers.cu", "doubles", func(r *rig, random *rand.Rand) {
		x := make([]float64, 70)
		want := make([]float64, len(x))
		for i := range x {
			x[i] = random.NormFloat64() * 3
			v := x[i]
			want[i] = math.Sqrt(v*v+1)/(1+math.Exp(-v)) + math.Sin(v)*math.Log(math.Abs(v)+1) + (v*v - math.Pow(v, 3))
		}
		got := mapped[float64](r, "doubles", 3, 32, x, len(x), len(x))
		near(r, "double", got, want, 1e-13)
	}},
	{"numbers.cu", "floats", func(r *rig, random *rand.Rand) {
		x := floats(random, 100)
		want := make([]float32, len(x))
		for i := range x {
			v := float64(x[i])
			want[i] = float32(math.Tanh(v) + math.Erf(v) + math.Log1p(math.Abs(v)) + math.Cbrt(v) + math.Sin(v) + math.Mod(v, float64(float32(0.7))) +
				math.RoundToEven(float64(x[i]*3)) + math.Floor(v))
		}
		got := mapped[float32](r, "floats", 4, 32, x, len(x), len(x))
		near(r, "float", got, want, 2e-6)
	}},
	{"numbers.cu", "roundings", func(r *rig, random *rand.Rand) {
		x, y := floats(random, 50), floats(random, 50)
		out := r.room(4 * 8 * len(x))
		r.launch("roundings", line(2), line(32), 0, r.in(x), r.in(y), out, int32(len(x)))
		got, want := make([]float32, 8*len(x)), []float32(nil)
		for i := range x {
			want = append(want, exactRoundings(x[i], y[i])...)
		}
		r.out(got, out)
		same(r, "rounded", got, want)
	}},
	{"numbers.cu", "wide_integers", func(r *rig, random *rand.Rand) {
		x := make([]uint64, 40)
		for i := range x {
			x[i] = random.Uint64() >> random.IntN(60)
		}
		got := mapped[uint64](r, "wide_integers", 2, 32, x, len(x), 4*len(x))
		var want []uint64
		for i := range x {
			at := func(k int) uint64 { return x[(i+k)%len(x)] }
			high, low := bits.Mul64(x[i], at(1))
			low, carry := bits.Add64(low, at(2), 0)
			signedHigh, _ := bits.Mul64(x[i], at(1))
			signedHigh -= x[i]>>63*at(1) + at(1)>>63*x[i]
			want = append(want, high+carry, low%(at(3)|1), uint64(int64(x[i])/int64(at(1)|1))+signedHigh,
				uint64(bits.OnesCount64(x[i]))+uint64(bits.LeadingZeros64(x[i]))*100+bits.Reverse64(x[i])>>7)
		}
		same(r, "integer", got, want)
	}},
	{"numbers.cu", "bytes", func(r *rig, random *rand.Rand) {
		x := make([]uint32, 60)
		for i := range x {
			x[i] = random.Uint32()
		}
		got := mapped[uint32](r, "bytes", 2, 32, x, len(x), len(x))
		want := make([]uint32, len(x))
		for i := range x {
			want[i] = byteOperations(x[i], x[(i+1)%len(x)], uint32(i))
		}
		same(r, "bytes", got, want)
	}},
	{"numbers.cu", "halves", func(r *rig, random *rand.Rand) {
		x, xbits := rounded(&arith.F16, floats(random, 120))
		y, ybits := rounded(&arith.F16, floats(random, 120))
		z := r.room(2 * len(x))
		r.launch("halves", line(2), line(32), 0, r.in(xbits), r.in(ybits), z, int32(len(x)/2))
		half := func(v float64) float64 { return arith.F16.Value(arith.F16.Round(v, arith.Nearest)) }
		want, got := make([]uint16, len(x)), make([]uint16, len(x))
		for i := range x {
			a, b := float64(x[i]), float64(y[i])
			want[i] = uint16(arith.F16.Round(a*b+half(half(a-b)*half(0.3)), arith.Nearest)) // exact in float64
		}
		r.out(got, z)
		same(r, "half", got, want)
	}},
	{"numbers.cu", "bfloats", func(r *rig, random *rand.Rand) {
		x := floats(random, 60)
		y, z := r.room(2*len(x)), r.room(4*len(x))
		r.launch("bfloats", line(2), line(32), 0, r.in(x), y, z, int32(len(x)))
		bfloat := func(v float64) float64 { return arith.BF16.Value(arith.BF16.Round(v, arith.Nearest)) }
		want, got := make([]float32, len(x)), make([]float32, len(x))
		for i := range x {
			b := bfloat(float64(x[i]))
			want[i] = float32(bfloat(b * bfloat(b+1.5)))
		}
		r.out(got, z)
		same(r, "bfloat", got, want)
	}},
	{"numbers.cu", "atomics", func(r *rig, random *rand.Rand) {
		out, sums := r.in([]int32{0, 0, 0, 0, -1, 1000}), r.in(make([]float32, 4))
		total, counter := r.in([]float64{0}), r.in([]uint64{0})
		r.launch("atomics", line(4), line(64), 0, out, sums, total, counter)
		got := make([]int32, 6)
		r.out(got, out)
		want := []int32{255, -255, 1<<31 - 1, 0, -1 &^ 127, 1000 - 512}
		same(r, "out", got, want)
		floats, double, word := make([]float32, 4), make([]float64, 1), make([]uint64, 1)
		r.out(floats, sums)
		r.out(double, total)
		r.out(word, counter)
		same(r, "sums", floats, []float32{32, 32, 32, 32})
		same(r, "total", double, []float64{64})
		same(r, "bits", word, []uint64{256 << 33})
	}},
}

// byteOperations is kernel bytes.
func byteOperations(a, b, i uint32) uint32 {
	pick := func(selector uint32) uint32 {
		all := uint64(b)<<32 | uint64(a)
		return uint32(all >> (8 * selector) & 255)
	}
	permuted := pick(0) | pick(4)<<8 | pick(1)<<16 | pick(5)<<24
	funnel := uint32((uint64(b)<<32 | uint64(a)) << (i & 31) >> 32)
	dot, add, most := uint32(5), uint32(0), uint32(0)
	for n := 0; n < 32; n += 8 {
		x, y := a>>n&255, b>>n&255
		dot += x * y
		add |= (x + y) & 255 << n
		most |= uint32(uint8(max(int8(x), int8(y)))) << n
	}
	difference := max(a, b) - min(a, b) + 3
	return permuted ^ funnel ^ dot ^ add ^ most ^ difference
}
