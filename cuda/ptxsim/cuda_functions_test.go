package ptxsim

import (
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"

	"gzpt/cuda/ptxsim/internal/arith"
)

// The loops of the kernels of functions.cu and matrices.cu.

// mathematics are the functions of a number, those of float32 or of float64.
func mathematics(a float64, single bool) []float64 {
	common := []float64{math.Sin(a), math.Cos(a), math.Tan(a), math.Atan(a), math.Sinh(a / 8), math.Tanh(a), math.Asinh(a), math.Exp(a / 4)}
	m := math.Abs(a)
	if single {
		return append(common, math.Pow(10, a/16), math.Expm1(a/8), math.Log(m), math.Log1p(m), math.Log10(m), math.Cbrt(a), math.Erf(a/8),
			1/math.Sqrt(m), math.Hypot(a, 2), math.Mod(a, float64(float32(0.7))), math.Pow(m, float64(float32(1.3))), math.Atan2(a, 3))
	}
	return append(common, math.Exp2(a/8), math.Expm1(a/8), math.Log(m), math.Log1p(m), math.Log2(m), math.Cbrt(a), math.Erf(a/8),
		1/math.Sqrt(m), math.Hypot(a, 2), math.Mod(a, 0.7), math.Pow(m, 1.3), math.Gamma(m/32+1))
}

var functionTests = []cudaTest{
	{"functions.cu", "single_functions", func(r *rig, random *rand.Rand) {
		x := []float32{1e6, -3.5e7, 2.5e4} // angles that are reduced in many words
		for range 60 {
			x = append(x, float32(random.NormFloat64()*10))
		}
		y := r.room(4 * 20 * len(x))
		r.launch("single_functions", line(2), line(32), 0, r.in(x[3:]), y, int32(len(x)-3))
		r.launch("single_functions", line(1), line(32), 0, r.in(x[:3]), y+4*20*60, int32(3))
		got, want := make([]float32, 20*len(x)), []float32(nil)
		for _, v := range append(x[3:], x[:3]...) {
			for _, f := range mathematics(float64(v), true) {
				want = append(want, float32(f))
			}
		}
		r.out(got, y)
		closest(r, "function", got[:20*60], want[:20*60], 4*0x1p-23)
		for i := range 3 { // of the large ones the periodic functions
			closest(r, "angle", got[20*(60+i):][:4], want[20*(60+i):][:4], 4*0x1p-23)
		}
	}},
	{"functions.cu", "double_functions", func(r *rig, random *rand.Rand) {
		x := make([]float64, 60)
		for i := range x {
			x[i] = random.NormFloat64() * 10
		}
		got := mapped[float64](r, "double_functions", 2, 32, x, len(x), 20*len(x))
		var want []float64
		for _, v := range x {
			want = append(want, mathematics(v, false)...)
		}
		closest(r, "function", got, want, 4*0x1p-52)
	}},
	{"functions.cu", "whole_functions", func(r *rig, random *rand.Rand) {
		x := words(random, 2*50)
		got := mapped[uint32](r, "whole_functions", 2, 32, x, 50, 16*50)
		var want []uint32
		for i := 0; i < len(x); i += 2 {
			want = append(want, wholeFunctions(x[i], x[i+1])...)
		}
		same(r, "function", got, want)
	}},
	{"functions.cu", "byte_functions", func(r *rig, random *rand.Rand) {
		x := words(random, 2*50)
		got := mapped[uint32](r, "byte_functions", 2, 32, x, 50, 12*50)
		var want []uint32
		for i := 0; i < len(x); i += 2 {
			want = append(want, byteFunctions(x[i], x[i+1])...)
		}
		same(r, "function", got, want)
	}},
	{"functions.cu", "directed_roundings", func(r *rig, random *rand.Rand) {
		x := floats(random, 50)
		for i := range x {
			x[i] *= 3
		}
		y, z := r.room(4*8*len(x)), r.room(4*6*len(x))
		r.launch("directed_roundings", line(2), line(32), 0, r.in(x), y, z, int32(len(x)))
		got, want, gotWhole, wantWhole := make([]float32, 8*len(x)), []float32(nil), make([]int32, 6*len(x)), []int32(nil)
		for i, a := range x {
			real, whole := directedRoundings(a, x[(i+1)%len(x)])
			want, wantWhole = append(want, real...), append(wantWhole, whole...)
		}
		r.out(got, y)
		r.out(gotWhole, z)
		same(r, "rounded", got, want)
		same(r, "whole", gotWhole, wantWhole)
	}},
	{"functions.cu", "small_floats", func(r *rig, random *rand.Rand) {
		const n = 40
		x, xbits := rounded(&arith.F16, floats(random, 2*n))
		y, z, e, back := r.room(4*n), r.room(4*n), r.room(n), r.room(4*n)
		r.launch("small_floats", line(2), line(32), 0, r.in(xbits), y, z, e, back, int32(n))
		want, wantB, wantE, wantBack := make([]uint16, 2*n), make([]uint16, 2*n), make([]uint8, n), make([]float32, n)
		half := func(v float64) uint16 { return uint16(arith.F16.Round(v, arith.Nearest)) }
		for i := range n {
			a, b := x[2*i:2*i+2], x[2*((i+1)%n):][:2]
			greater := a[0] > b[0] && a[1] > b[1]
			for k := range 2 {
				v := half(float64(a[k])*float64(b[k]) + 0.5)
				if !greater {
					v = half(max(arith.F16.Value(uint32(v)), -float64(b[k])))
				}
				want[2*i+k] = v
				wantB[2*i+k] = uint16(arith.BF16.Round(3*arith.BF16.Value(arith.BF16.Round(float64(a[k]), arith.Nearest)), arith.Nearest))
			}
			wantE[i] = uint8(float8s[0].round(float64(a[0])))
			wantBack[i] = float32(float8Value(uint64(wantE[i]), 4, 3))
		}
		got, gotB, gotE, gotBack := make([]uint16, 2*n), make([]uint16, 2*n), make([]uint8, n), make([]float32, n)
		r.out(got, y)
		r.out(gotB, z)
		r.out(gotE, e)
		r.out(gotBack, back)
		same(r, "float16", got, want)
		same(r, "bfloat16", gotB, wantB)
		same(r, "float8", gotE, wantE)
		same(r, "back", gotBack, wantBack)
	}},
}

// closest compares values whose error may be a share of the value: CUDA's manual allows these functions up to 4 units in the last place in
// float32, and in float64, where Go's own are as far off, they keep within 4 as well.
func closest[T float32 | float64](r *rig, what string, got, want []T, bound float64) {
	r.t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= bound*math.Abs(float64(want[i]))) {
			r.t.Fatalf("%s %d of argument %d = %v, expected %v", what, i%20, i/20, got[i], want[i])
		}
	}
}

func words(random *rand.Rand, n int) []uint32 {
	x := make([]uint32, n)
	for i := range x {
		x[i] = random.Uint32()
	}
	return x
}

// wholeFunctions is kernel whole_functions.
func wholeFunctions(a, b uint32) []uint32 {
	both := uint64(a)<<32 | uint64(b)
	high := func(x, y *big.Int, shift uint) uint32 {
		return uint32(new(big.Int).Rsh(new(big.Int).Mul(x, y), shift).Int64() & 0xffffffff)
	}
	unsigned := func(x uint64) *big.Int { return new(big.Int).SetUint64(x) }
	return []uint32{
		bits.Reverse32(a), uint32(bits.OnesCount64(both)), uint32(bits.LeadingZeros64(both >> (b & 31))), uint32(bits.TrailingZeros64(both&^1) + 1),
		b<<16 | a&0xffff, uint32((uint64(b)<<32 | uint64(a)) << (b & 31) >> 32), high(unsigned(uint64(a)), unsigned(uint64(b)), 32),
		high(big.NewInt(int64(int32(a))), big.NewInt(int64(int32(b))), 32), max(a, b) - min(a, b) + 7, uint32((uint64(a) + uint64(b)) / 2),
		uint32((int64(int32(a)) + int64(int32(b)) + 1) >> 1), uint32(new(big.Int).Rsh(new(big.Int).Mul(unsigned(both), unsigned(both*3)), 64).Uint64()),
		a / (b | 1), a % (b | 1), uint32(int32(a) / (int32(b) | 1)), uint32(int64(both) % int64(b|1)),
	}
}

// byteFunctions is kernel byte_functions.
func byteFunctions(a, b uint32) []uint32 {
	r := make([]uint32, 12)
	r[10] = 5
	for n := 0; n < 32; n += 8 {
		x, y := int(a>>n&255), int(b>>n&255)
		s, t := int(int8(x)), int(int8(y))
		gap := s - t
		if gap < 0 {
			gap = -gap
		}
		equal, above := 0, 0
		if x == y {
			equal = 1
		}
		if x > y {
			above = 255
		}
		for k, v := range []int{x + y, x - y, max(x, y) - min(x, y), max(s, t), min(x, y), (x + y + 1) / 2, min(255, x+y), min(127, max(-128, s-t)), above} {
			r[k] |= uint32(v&255) << n
		}
		r[9] += uint32(gap)
		r[10] += uint32(s * t)
		r[11] |= uint32(equal) << n
	}
	return r
}

// directedRoundings is kernel directed_roundings.
func directedRoundings(a, b float32) ([]float32, []int32) {
	f := &arith.F32
	x, y := math.Float32bits(a), math.Float32bits(b)
	var real []float32
	for _, v := range []uint32{
		f.Add(x, y, arith.Down), f.Add(x, y, arith.Up), f.Mul(x, y, arith.Zero), f.FMA(x, y, x, arith.Up), f.Div(x, y, arith.Down),
		f.Sqrt(x&^f.Sign, arith.Up), f.Saturate(x), math.Float32bits(float32(math.Trunc(float64(a)))),
	} {
		real = append(real, math.Float32frombits(v))
	}
	v := float64(a)
	return real, []int32{
		int32(math.RoundToEven(v)), int32(math.Floor(v)), int32(math.Ceil(v)), int32(math.Trunc(math.Abs(v))), int32(math.RoundToEven(v)), int32(math.Round(v)),
	}
}

var matrixTests = []cudaTest{
	{"matrices.cu", "product_double", func(r *rig, random *rand.Rand) {
		const m, n, k = 16, 24, 20
		a, b := make([]float64, m*k), make([]float64, k*n)
		for i := range a {
			a[i] = random.NormFloat64()
		}
		for i := range b {
			b[i] = random.NormFloat64()
		}
		got := multiplied[float64](r, "product_double", m, n, k, [2]int{8, 8}, a, b)
		want := make([]float64, m*n)
		for i := range want {
			for l := range k {
				want[i] = math.FMA(a[i/n*k+l], b[l*n+i%n], want[i])
			}
		}
		near(r, "product", got, want, 1e-14)
	}},
	{"matrices.cu", "product_float8", func(r *rig, random *rand.Rand) {
		const m, n, k = 32, 16, 64
		draw := func(count int) (values []float32, codes []uint8) {
			for _, v := range floats(random, count) {
				code := float8s[0].round(float64(v))
				values, codes = append(values, float32(float8Value(code, 4, 3))), append(codes, uint8(code))
			}
			return values, codes
		}
		a, abits := draw(m * k)
		b, bbits := draw(n * k)
		got := multiplied[float32](r, "product_float8", m, n, k, [2]int{16, 8}, abits, bbits)
		near(r, "product", got, product(a, b, m, n, k, true), 1e-5)
	}},
	{"matrices.cu", "product_sparse", func(r *rig, random *rand.Rand) {
		const m, n, k = 32, 16, 96
		stored, storedBits := rounded(&arith.F16, floats(random, m*k/2))
		b, bbits := rounded(&arith.F16, floats(random, n*k))
		a, places := make([]float32, m*k), make([]uint16, m*k/16)
		for i := 0; i < m*k/2; i += 2 {
			first := random.IntN(3)
			second := first + 1 + random.IntN(3-first)
			a[2*i+first], a[2*i+second] = stored[i], stored[i+1]
			places[2*i/16] |= uint16(second<<2|first) << (2 * i % 16)
		}
		c := r.room(4 * m * n)
		r.launch("product_sparse", [3]int{n / 8, m / 16, 1}, line(32), 0, r.in(storedBits), r.in(places), r.in(bbits), c, int32(n), int32(k))
		got := make([]float32, m*n)
		r.out(got, c)
		near(r, "product", got, product(a, b, m, n, k, true), 2e-5)
	}},
	{"matrices.cu", "distances", func(r *rig, random *rand.Rand) {
		const m, n, count = 16, 24, 16
		a, b := words(random, m*count), words(random, n*count)
		got := multiplied[int32](r, "distances", m, n, count, [2]int{16, 8}, a, b)
		want := make([]int32, m*n)
		for i := range want {
			for w := range count {
				want[i] += int32(bits.OnesCount32(a[i/n*count+w] ^ b[i%n*count+w]))
			}
		}
		same(r, "distance", got, want)
	}},
	{"matrices.cu", "attention", func(r *rig, random *rand.Rand) {
		const keys, width = 48, 16
		q, qbits := rounded(&arith.F16, floats(random, 16*width))
		k, kbits := rounded(&arith.F16, floats(random, keys*width))
		v, vbits := rounded(&arith.F16, floats(random, keys*width))
		o := r.room(4 * 16 * width)
		r.launch("attention", line(1), line(32), 0, r.in(qbits), r.in(kbits), r.in(vbits), o, int32(keys))
		scores := product(q, k, 16, keys, width, true)
		got, want := make([]float32, 16*width), make([]float32, 16*width)
		for i := range 16 {
			sum, out := 0.0, make([]float64, width)
			for j := range keys {
				w := math.Exp(float64(scores[i*keys+j]) / 4)
				sum += w
				for d := range width {
					out[d] += w * float64(v[j*width+d])
				}
			}
			for d := range width {
				want[i*width+d] = float32(out[d] / sum)
			}
		}
		r.out(got, o)
		near(r, "output", got, want, 2e-3) // the weights are rounded to float16
	}},
}
