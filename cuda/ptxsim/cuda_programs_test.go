package ptxsim

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/arith"
)

// The loops of the kernels of groups.cu, memory.cu and warps.cu.

var groupTests = []cudaTest{
	{"groups.cu", "tile_sums", func(r *rig, random *rand.Rand) {
		x := integers(random, 2*96, 1000)
		sums, running := r.room(4*len(x)/16), r.room(4*len(x))
		r.launch("tile_sums", line(2), line(96), 0, r.in(x), sums, running)
		gotSums, got, wantSums, want := make([]int32, len(x)/16), make([]int32, len(x)), make([]int32, len(x)/16), make([]int32, len(x))
		for i, v := range x {
			wantSums[i/16] += v
			want[i] = wantSums[i/16]
		}
		r.out(gotSums, sums)
		r.out(got, running)
		same(r, "sum", gotSums, wantSums)
		same(r, "running", got, want)
	}},
	{"groups.cu", "label_sums", func(r *rig, random *rand.Rand) {
		x := integers(random, 64, 1000)
		y := r.room(4 * len(x))
		r.launch("label_sums", line(1), line(64), 0, r.in(x), y)
		got, want := make([]int32, len(x)), make([]int32, len(x))
		for i := range x {
			for k := i / 32 * 32; k < i/32*32+32; k++ {
				if x[k]%4 == x[i]%4 {
					want[i] += x[k]
				}
			}
		}
		r.out(got, y)
		same(r, "sum", got, want)
	}},
	{"groups.cu", "keep_even", func(r *rig, random *rand.Rand) {
		x := integers(random, 300, 1000)
		kept, count := r.room(4*len(x)), r.in([]int32{0})
		r.launch("keep_even", line(4), line(96), 0, r.in(x), int32(len(x)), kept, count)
		var want []int32
		for _, v := range x {
			if v%2 == 0 {
				want = append(want, v)
			}
		}
		got, number := make([]int32, len(want)), make([]int32, 1)
		r.out(number, count)
		same(r, "count", number, []int32{int32(len(want))})
		r.out(got, kept)
		slices.Sort(got)
		slices.Sort(want)
		same(r, "kept", got, want)
	}},
	{"groups.cu", "grid_scan", func(r *rig, random *rand.Rand) {
		x := integers(random, 20*64, 1000)
		y := r.room(4 * len(x))
		r.launch("grid_scan", line(20), line(64), 0, r.in(x), y, r.room(4*20))
		want, got := slices.Clone(x), make([]int32, len(x))
		for i := 1; i < len(want); i++ {
			want[i] += want[i-1]
		}
		r.out(got, y)
		same(r, "sum", got, want)
	}},
	{"groups.cu", "backwards", func(r *rig, random *rand.Rand) {
		x := floats(random, 3*128)
		y := r.room(4 * len(x))
		r.launch("backwards", line(3), line(128), 0, r.in(x), y)
		want, got := slices.Clone(x), make([]float32, len(x))
		for i := 0; i < len(x); i += 128 {
			slices.Reverse(want[i : i+128])
		}
		r.out(got, y)
		same(r, "number", got, want)
	}},
	{"groups.cu", "column_sums", func(r *rig, random *rand.Rand) {
		const rows = 7
		x := floats(random, rows*128)
		got := mapped[float32](r, "column_sums", 1, 32, x, rows, 128)
		want := make([]float32, 128)
		for i, v := range x {
			want[i%128] += v
		}
		same(r, "sum", got, want)
	}},
}

var blockTests = []cudaTest{
	{"blocks.cu", "block_sort", func(r *rig, random *rand.Rand) {
		x := integers(random, 512, 100000)
		for i := range x {
			x[i] -= 50000
		}
		sorted, places, running, total, bins := r.room(4*512), r.room(4*512), r.room(4*512), r.room(4), r.room(4*16)
		r.launch("block_sort", line(1), line(128), 0, r.in(x), sorted, places, running, total, bins)
		want, wantPlaces, wantSums, wantBins := slices.Clone(x), make([]int32, 512), slices.Clone(x), make([]int32, 16)
		for i, v := range x {
			wantPlaces[i] = int32(i)
			wantBins[v&15]++
			if i > 0 {
				wantSums[i] += wantSums[i-1]
			}
		}
		slices.Sort(want)
		slices.SortStableFunc(wantPlaces, func(a, b int32) int { return int(x[a] - x[b]) })
		for _, pair := range []struct {
			what string
			from driver.Pointer
			want []int32
		}{{"sorted", sorted, want}, {"place", places, wantPlaces}, {"running", running, wantSums}, {"total", total, wantSums[511:]}, {"bin", bins, wantBins}} {
			got := make([]int32, len(pair.want))
			r.out(got, pair.from)
			same(r, pair.what, got, pair.want)
		}
	}},
}

var memoryTests = []cudaTest{
	{"memory.cu", "particles", func(r *rig, random *rand.Rand) {
		const n = 50
		mass, place, kind := make([]float64, n), floats(random, 3*n), make([]int8, n)
		for i := range mass {
			mass[i], kind[i] = random.NormFloat64(), int8(random.IntN(100))
		}
		out, copied := r.room(24*n), r.room(24*n)
		r.launch("particles", line(2), line(32), 0, r.in(mass), r.in(place), r.in(kind), out, copied, int32(n))
		for _, from := range [][]byte{r.bytes(out, 24*n), r.bytes(copied, 24*n)} {
			for i := range n {
				p := from[24*i:]
				single := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(p[at:])) }
				got := []float64{math.Float64frombits(binary.LittleEndian.Uint64(p)), float64(single(8)), float64(single(12)), float64(single(16)), float64(int8(p[20]))}
				same(r, "particle", got, []float64{mass[i] * 2.5, float64(place[3*i] + float32(kind[i])), float64(place[3*i+1]), float64(place[3*i+2]), float64(kind[i])})
			}
		}
	}},
	{"memory.cu", "initialised", func(r *rig, _ *rand.Rand) {
		y, calls := r.room(4*40), r.room(4)
		r.launch("initialised", line(1), line(40), 0, y)
		r.launch("count_calls", line(1), line(1), 0, calls)
		got, want, count := make([]int32, 40), make([]int32, 40), make([]uint32, 1)
		for t := range want {
			want[t] = []int32{1, 5, 9}[t%3]*100 + []int32{4, 3, 3, 5}[t%4]*10 + []int32{2, -4, 8, 1}[t&3]
		}
		r.out(got, y)
		same(r, "value", got, want)
		r.out(count, calls)
		same(r, "calls", count, []uint32{40})
	}},
	{"memory.cu", "aliases", func(r *rig, random *rand.Rand) {
		const n = 64
		x, want, got := make([]float64, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = float64(random.IntN(40))
			want[i] = float32(x[i])
		}
		y := r.room(4 * n)
		r.launch("aliases", line(1), line(n), n*(8+2), r.in(x), y, int32(n))
		slices.Sort(want)
		slices.Reverse(want)
		r.out(got, y)
		same(r, "number", got, want)
	}},
	{"memory.cu", "breadth_step", func(r *rig, random *rand.Rand) {
		const nodes, edges = 40, 600
		from, to, level := integers(random, edges, nodes), integers(random, edges, nodes), make([]int32, nodes)
		for i := range level {
			level[i] = int32(i%3) - 1
		}
		want, got, next, changed := slices.Clone(level), make([]int32, nodes), r.in(level), r.in([]int32{0})
		for e := range from {
			if level[from[e]] == 1 && level[to[e]] < 0 {
				want[to[e]] = 2
			}
		}
		r.launch("breadth_step", line(5), line(128), 0, r.in(from), r.in(to), int32(edges), r.in(level), int32(1), next, changed)
		r.out(got, next)
		same(r, "level", got, want)
	}},
	{"memory.cu", "ragged_sums", func(r *rig, random *rand.Rand) {
		const n = 100
		x := floats(random, n)
		got := mapped[float32](r, "ragged_sums", 2, 64, x, n, n+4)
		want := make([]float32, n+4)
		for i, v := range x {
			want[i] = v + float32(v*v)
			want[n+i/32] += v
		}
		near(r, "sum", got, want, 1e-5)
	}},
	{"memory.cu", "calculator", func(r *rig, _ *rand.Rand) {
		const width = 16
		var text []byte
		programs := []string{"12+3*", "9d*1-", "5n7s-", "84-2*n", "3d*4d*+"}
		for _, p := range programs {
			text = append(text, append([]byte(p), make([]byte, width-len(p))...)...)
		}
		y, got := r.room(4*5), make([]int32, 5)
		r.launch("calculator", line(1), line(5), 0, r.in(text), y, int32(width))
		r.out(got, y)
		same(r, "value", got, []int32{9, 80, 12, -8, 25})
	}},
	{"memory.cu", "lists", func(r *rig, random *rand.Rand) {
		x := integers(random, 300, 1000)
		got := mapped[int32](r, "lists", 1, 32, x, len(x), 32)
		want := make([]int32, 32)
		for t := range want {
			for i, place := t+32*((len(x)-1-t)/32), int32(1); i >= 0; i, place = i-32, place+1 {
				want[t] += place * x[i]
			}
		}
		same(r, "sum", got, want)
	}},
	{"memory.cu", "relay", func(r *rig, _ *rand.Rand) {
		y, got := r.room(4*8), make([]int32, 8)
		r.launch("relay", line(1), line(256), 0, y)
		r.out(got, y)
		same(r, "value", got, []int32{1, 2, 4, 8, 16, 32, 64, 128})
	}},
}

// bytes reads memory.
func (r *rig) bytes(from driver.Pointer, count int) []byte {
	r.t.Helper()
	data := make([]byte, count)
	r.out(data, from)
	return data
}

// TestPrintf demands what a kernel prints, a line of each thread.
func TestPrintf(t *testing.T) {
	var printed strings.Builder
	r := newRig(t, Options{Output: &printed}, "memory.cu", compileCUDA(t, "memory.cu"))
	x := []float32{1.5, -2.25, 1000}
	r.launch("prints", line(1), line(32), 0, r.in(x), int32(len(x)))
	want := ""
	for i, v := range x {
		want += fmt.Sprintf("%d of     7: %8.3f %s %c -5000000000 ff%%\n", i, v, []string{"zero", "one", "two"}[i], 'a'+i)
	}
	if printed.String() != want {
		t.Errorf("printed %q, expected %q", printed.String(), want)
	}
}

var warpTests = []cudaTest{
	{"warps.cu", "compact", func(r *rig, random *rand.Rand) {
		x := floats(random, 150)
		y, count := r.room(4*len(x)), r.room(4)
		r.launch("compact", line(1), line(32), 0, r.in(x), y, count, int32(len(x)), float32(0.5))
		want := slices.DeleteFunc(slices.Clone(x), func(v float32) bool { return v <= 0.5 })
		number, got := make([]int32, 1), make([]float32, len(want))
		r.out(number, count)
		same(r, "count", number, []int32{int32(len(want))})
		r.out(got, y)
		same(r, "kept", got, want)
	}},
	{"warps.cu", "warp_values", func(r *rig, random *rand.Rand) {
		x, d := integers(random, 64, 20), make([]float64, 64)
		for i := range d {
			d[i] = random.NormFloat64()
			if i >= 32 {
				x[i] = 17
			}
		}
		y := r.room(8 * 8 * 64)
		r.launch("warp_values", line(1), line(64), 0, r.in(x), r.in(d), y)
		got, want := make([]int64, 8*64), []int64(nil)
		for i := range x {
			want = append(want, warpValues(x[i/32*32:][:32], d[i/32*32:][:32], i%32)...)
		}
		r.out(got, y)
		same(r, "value", got, want)
	}},
	{"warps.cu", "atomic_values", func(r *rig, random *rand.Rand) {
		x := integers(random, 4*32, 100)
		d, h, b, u := r.in([]float64{0}), r.in([]uint16{0, 0}), r.in([]uint16{0}), r.in([]uint64{0})
		i, wrap := r.in([]int32{1 << 30, 0, -5, int32(math.Float32bits(-1))}), r.in([]uint32{0, 4})
		r.launch("atomic_values", line(4), line(32), 0, r.in(x), d, h, b, u, i, wrap)
		sum, halves, odd, mixed := 0.0, 0, 0, int32(0)
		for _, v := range x {
			sum += float64(v)
			halves, odd, mixed = halves+int(v%4), odd+int(v%2), mixed^v
		}
		most, least := slices.Max(x), slices.Min(x)
		gotD, gotH, gotB, gotU, gotI, gotW := make([]float64, 1), make([]uint16, 2), make([]uint16, 1), make([]uint64, 1), make([]int32, 4), make([]uint32, 2)
		for _, pair := range []struct {
			to   any
			from driver.Pointer
		}{{gotD, d}, {gotH, h}, {gotB, b}, {gotU, u}, {gotI, i}, {gotW, wrap}} {
			r.out(pair.to, pair.from)
		}
		half := func(n int) uint16 { return uint16(arith.F16.Round(float64(n), arith.Nearest)) }
		same(r, "float64", gotD, []float64{sum})
		same(r, "float16", gotH, []uint16{half(halves), half(len(x))})
		same(r, "bfloat16", gotB, []uint16{uint16(arith.BF16.Round(float64(odd), arith.Nearest))})
		same(r, "uint64", gotU, []uint64{uint64(most) << 20})
		same(r, "int32", gotI, []int32{least, mixed, most, int32(math.Float32bits(float32(most) / 2))})
		same(r, "counter", gotW, []uint32{uint32(len(x) % 7), uint32((4 - len(x)%10 + 10) % 10)})
	}},
	{"warps.cu", "guarded_list", func(r *rig, _ *rand.Rand) {
		const blocks = 12
		length, list := r.in([]int32{0}), r.room(4*blocks)
		r.launch("guarded_list", line(blocks), line(32), 0, r.in([]int32{0}), length, list)
		got, want := make([]int32, blocks), make([]int32, blocks)
		for n := range want {
			want[n] = int32(n)
		}
		r.out(got, list)
		slices.Sort(got)
		same(r, "block", got, want)
	}},
	{"warps.cu", "inline_assembly", func(r *rig, random *rand.Rand) {
		x := make([]uint32, 2*64)
		for i := range x {
			x[i] = random.Uint32()
		}
		y := r.room(4 * 8 * 64)
		r.launch("inline_assembly", line(1), line(64), 0, r.in(x), y)
		got, want := make([]uint32, 8*64), []uint32(nil)
		for i := 0; i < len(x); i += 2 {
			a, b := x[i], x[i+1]
			gaps := uint32(1000)
			for n := 0; n < 32; n += 8 {
				p, q := a>>n&255, b>>n&255
				gaps += max(p, q) - min(p, q)
			}
			sum, carry := bits.Add32(a, b, 0)
			want = append(want, gaps, sum, carry, max(a, b), bits.RotateLeft32(a, 16), uint32(bits.Len32(a)-1), a^b, (a^b)+1)
		}
		r.out(got, y)
		same(r, "value", got, want)
	}},
}

// warpValues are the results of kernel warp_values for a lane.
func warpValues(x []int32, d []float64, lane int) []int64 {
	sum, least, mixed, alike, anyone, everyone := int32(0), x[0], int32(0), uint32(0), 0, 1
	for k, v := range x {
		sum, least, mixed = sum+v, min(least, v), mixed^v
		if v == x[lane] {
			alike |= 1 << k
		}
		if v == 17 {
			anyone = 1
		}
		if v < 0 {
			everyone = 0
		}
	}
	equal := int64(0)
	if alike == math.MaxUint32 {
		equal = 1
	}
	from := lane
	if lane%8 >= 3 {
		from = lane - 3
	}
	return []int64{int64(sum), int64(least), int64(mixed), int64(alike), equal, int64(math.Float64bits(d[lane^5])),
		int64(x[from])<<40 | int64(from), int64(anyone + 2*everyone)}
}
