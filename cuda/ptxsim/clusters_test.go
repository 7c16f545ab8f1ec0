package ptxsim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// clusters launches a kernel in clusters whose size the launch says.
func (r *rig) clusters(name string, grid, block, cluster [3]int, shared int, arguments ...any) {
	r.t.Helper()
	if err := r.tryClusters(name, grid, block, cluster, shared, arguments...); err != nil {
		r.t.Fatal(err)
	}
}

// The loops of the kernels of clusters.cu.
var clusterTests = []cudaTest{
	{"clusters.cu", "cluster_histogram", func(r *rig, random *rand.Rand) {
		const per = 30
		for _, size := range []int{1, 4, 8} {
			x, want, got := integers(random, 1500, size*per+9), make([]int32, size*per), make([]int32, size*per)
			for _, v := range x {
				want[min(int(v), size*per-1)]++
			}
			out := r.in(got)
			r.clusters("cluster_histogram", line(2*size), line(64), line(size), 4*per, r.in(x), int32(len(x)), out, int32(per))
			r.out(got, out)
			same(r, "bin", got, want)
		}
	}},
	{"clusters.cu", "cluster_sum", func(r *rig, random *rand.Rand) {
		const per = 100
		x := integers(random, 8*4*per, 50) // 8 by 4 blocks
		values, want, got := make([]float32, len(x)), make([]float32, 4), make([]float32, 4)
		for i, v := range x {
			values[i] = float32(v)
			want[i/per/8/2*2+i/per%8/4] += values[i]
		}
		out := r.room(4 * len(got))
		r.launch("cluster_sum", [3]int{8, 4, 1}, line(64), 0, r.in(values), out, int32(per))
		r.out(got, out)
		same(r, "sum", got, want)
	}},
	{"clusters.cu", "ring", func(r *rig, random *rand.Rand) {
		const size = 5
		x := integers(random, 3*size*64, 1000)
		want, got := make([]int32, len(x)), make([]int32, len(x))
		for i := range x {
			for other := range size {
				want[i] += x[i/(64*size)*64*size+other*64+i%64]
			}
		}
		out := r.room(4 * len(x))
		r.clusters("ring", line(3*size), line(64), line(size), 0, r.in(x), out)
		r.out(got, out)
		same(r, "sum", got, want)
	}},
	{"clusters.cu", "exchange", func(r *rig, random *rand.Rand) {
		x := integers(random, 6*128, 1000)
		got := make([]int32, len(x))
		out := r.room(4 * len(x))
		r.launch("exchange", line(6), line(32), 0, r.in(x), out)
		r.out(got, out)
		for i := range x {
			if want := x[i^128]; got[i] != want {
				r.t.Fatalf("y[%d] = %d, expected %d", i, got[i], want)
			}
		}
	}},
	{"clusters.cu", "multicast", func(r *rig, random *rand.Rand) {
		const size, tiles = 4, 5
		a, b := floats(random, 256*tiles), floats(random, 2*size)
		want, got := make([]float32, 2*size*256*tiles), make([]float32, 2*size*256*tiles)
		for i := range want {
			want[i] = a[i/(2*size*256)*256+i%256] + b[i/256%(2*size)]
		}
		out := r.room(4 * len(got))
		r.clusters("multicast", line(2*size), line(256), line(size), 0, r.in(a), r.in(b), out, int32(tiles))
		r.out(got, out)
		same(r, "y", got, want)
	}},
}

// clusterText is a kernel of clusters that writes what it knows of itself: eight numbers a block.
const clusterText = `.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 out) DIRECTIVES
{
	.reg .pred %p;
	.reg .b32 %r<16>;
	.reg .b64 %d<4>;
	.shared .b32 s[4];
	ld.param.u64 %d0, [out];
	mov.u32 %r0, %ctaid.x;
	mov.u32 %r1, %ctaid.y;
	mov.u32 %r2, %nctaid.x;
	mad.lo.u32 %r0, %r1, %r2, %r0;
	mul.wide.u32 %d1, %r0, 32;
	add.u64 %d0, %d0, %d1;
	mov.u32 %r3, %cluster_ctarank;
	mov.u32 %r4, %cluster_ctaid.y;
	mov.u32 %r5, %clusterid.x;
	mov.u32 %r6, %nclusterid.y;
	mov.u32 %r7, %cluster_nctaid.x;
	mov.u32 %r8, s;
	getctarank.shared::cluster.u32 %r9, %r8;
	mapa.shared::cluster.u32 %r8, %r8, 0;
	getctarank.shared::cluster.u32 %r8, %r8;
	mov.pred %p, %is_explicit_cluster;
	selp.u32 %r10, 1, 0, %p;
	st.global.v4.u32 [%d0], {%r3, %r4, %r5, %r6};
	st.global.v4.u32 [%d0+16], {%r7, %r8, %r9, %r10};
	ret;
}
`

// TestClusterIndices holds the special registers of clusters, and addresses, to their definition, on a grid of two dimensions.
func TestClusterIndices(t *testing.T) {
	for _, test := range []struct {
		directives string
		cluster    [3]int // of the launch
		size       [3]int
	}{
		{"", [3]int{}, line(1)},
		{"", [3]int{2, 1, 1}, [3]int{2, 1, 1}},
		{".explicitcluster", [3]int{2, 3, 1}, [3]int{2, 3, 1}},
		{".reqnctapercluster 4, 2", [3]int{}, [3]int{4, 2, 1}},
		{".maxclusterrank 4", [3]int{2, 2, 1}, [3]int{2, 2, 1}},
	} {
		r := newRig(t, Options{}, "indices.ptx", strings.Replace(clusterText, "DIRECTIVES", test.directives, 1))
		const width, height = 8, 6
		out := r.room(32 * width * height)
		r.clusters("k", [3]int{width, height, 1}, line(1), test.cluster, 0, out)
		got := make([][8]uint32, width*height)
		r.out(got, out)
		for n, have := range got {
			x, y, size := n%width, n/width, test.size
			rank, explicit := x%size[0]+y%size[1]*size[0], 1
			if test.directives == "" && test.cluster == [3]int{} {
				explicit = 0
			}
			want := [8]uint32{}
			for i, v := range []int{rank, y % size[1], x / size[0], height / size[1], size[0], 0, rank, explicit} {
				want[i] = uint32(v)
			}
			if have != want {
				t.Errorf("%q, cluster %v, block (%d,%d): %v, expected %v", test.directives, test.cluster, x, y, have, want)
			}
		}
	}
}

// TestClusterSizes demands that sizes that cannot be are refused before anything runs.
func TestClusterSizes(t *testing.T) {
	for _, test := range []struct {
		directives string
		grid       int
		cluster    [3]int
		want       string
	}{
		{"", 9, line(2), "grid [9 1 1] of clusters [2 1 1], expected a multiple"},
		{"", 16, line(16), "cluster [16 1 1], expected at most 8 blocks"},
		{"", 4, [3]int{2, 0, 1}, "cluster [2 0 1], expected at least 1 everywhere"},
		{".reqnctapercluster 2", 3, [3]int{}, "grid [3 1 1] of clusters [2 1 1], expected a multiple"},
		{".reqnctapercluster 2", 4, line(4), "cluster [4 1 1], the kernel requires [2 1 1]"},
		{".reqnctapercluster 16", 16, [3]int{}, "cluster [16 1 1], expected at most 8 blocks"},
		{".maxclusterrank 2", 4, line(4), "cluster [4 1 1], the kernel allows at most 2 blocks"},
		{".explicitcluster", 4, [3]int{}, "no cluster, and the kernel requires that the launch says one"},
	} {
		r := newRig(t, Options{}, "sizes.ptx", strings.Replace(clusterText, "DIRECTIVES", test.directives, 1))
		err := r.tryClusters("k", line(test.grid), line(1), test.cluster, 0, r.room(32*16))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, grid %d, cluster %v: error %v, expected %q", test.directives, test.grid, test.cluster, err, test.want)
		}
	}
	old := strings.NewReplacer("sm_90", "sm_80", "DIRECTIVES", "").Replace(bulkless)
	r := newRig(t, Options{}, "old.ptx", old)
	if err := r.tryClusters("k", line(2), line(1), line(2), 0); err == nil || !strings.Contains(err.Error(), "target sm_80 has none") {
		t.Errorf("error %v on sm_80", err)
	}
	for _, directive := range []string{".reqnctapercluster 2", ".explicitcluster", ".maxclusterrank 4"} {
		if _, err := r.device.Load("old.ptx", strings.Replace(old, "k()", "k() "+directive, 1)); err == nil || !strings.Contains(err.Error(), "target sm_80 has no clusters") {
			t.Errorf("%s on sm_80: error %v", directive, err)
		}
	}
}

// bulkless is a kernel that does nothing.
const bulkless = ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry k()\n{\n\tret;\n}\n"

// TestClusterSchedules demands that blocks of a cluster meet under every schedule, and that the same seed draws the same one: sums of
// float32 in the order in which blocks come show it.
func TestClusterSchedules(t *testing.T) {
	const text = `.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 x, .param .u64 out) .reqnctapercluster 4
{
	.reg .pred %p;
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.reg .f32 %f<4>;
	.shared .f32 s;
	ld.param.u64 %d0, [x];
	ld.param.u64 %d1, [out];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, %ctaid.x;
	mov.u32 %r2, %ntid.x;
	mad.lo.u32 %r3, %r1, %r2, %r0;
	mul.wide.u32 %d2, %r3, 4;
	add.u64 %d0, %d0, %d2;
	ld.global.f32 %f0, [%d0];
	st.shared.f32 [s], 0f00000000;
	mov.u32 %r4, s;
	mapa.shared::cluster.u32 %r5, %r4, 0;
	barrier.cluster.arrive;
	barrier.cluster.wait;
	red.shared::cluster.add.f32 [%r5], %f0;
	barrier.cluster.arrive;
	barrier.cluster.wait;
	mov.u32 %r6, %cluster_ctarank;
	or.b32 %r7, %r6, %r0;
	setp.ne.u32 %p, %r7, 0;
	@%p bra DONE;
	ld.shared.f32 %f1, [s];
	mul.wide.u32 %d3, %r1, 4;
	add.u64 %d1, %d1, %d3;
	st.global.f32 [%d1], %f1;
DONE:
	ret;
}
`
	random := rand.New(rand.NewPCG(1, 2))
	x := floats(random, 8*64)
	seen := map[string]int{}
	run := func(seed uint64, workers int) string {
		r := newRig(t, Options{Seed: seed, Workers: workers}, "schedule.ptx", text)
		out := r.in(make([]float32, 8))
		r.launch("k", line(8), line(64), 0, r.in(x), out)
		got := make([]float32, 8)
		r.out(got, out)
		return fmt.Sprint(got)
	}
	for seed := range uint64(8) {
		got := run(seed, 1)
		if again := run(seed, 2); again != got {
			t.Errorf("seed %d: %s with two workers, %s with one", seed, again, got)
		}
		seen[got]++
	}
	if len(seen) < 2 {
		t.Error("every schedule is the same")
	}
}

// TestClusterSample demands that a sample runs whole clusters, and profiles count all their blocks.
func TestClusterSample(t *testing.T) {
	for _, test := range []struct{ sample, ran int }{{0, 16}, {1, 4}, {4, 4}, {5, 8}} {
		var profile *Profile
		r := newRig(t, Options{Sample: test.sample, Observe: func(p *Profile) { profile = p }}, "sample.ptx", strings.Replace(clusterText, "DIRECTIVES", ".reqnctapercluster 4", 1))
		r.launch("k", line(16), line(1), 0, r.room(32*16))
		if want := uint64(test.ran * 21); profile.Ran != test.ran || profile.Total.Instructions != want {
			t.Errorf("sample %d: %d blocks ran %d instructions, expected %d and %d", test.sample, profile.Ran, profile.Total.Instructions, test.ran, want)
		}
		if test.sample > 0 && profile.WrittenBytes != uint64(32*test.ran) {
			t.Errorf("sample %d: %d bytes written", test.sample, profile.WrittenBytes)
		}
	}
}
