package cuda

import (
	"slices"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
)

const (
	productFile = "product_wgmma.ptx"
	lseFile     = "contrast_lse_wgmma.ptx"
)

// brokenRings are mistakes in what all kernels with a ring of stages have in common, as in brokenTensors.
var brokenRings = []brokenTensor{
	{"a stage not waited for", "", []string{"@!%q bra FILLED;", ""}, "shared memory"},
	{"room not waited for", "", []string{"@!%q bra ROOM;", ""}, "shared memory"},
	{"products not waited for", "", []string{"wgmma.wait_group.sync.aligned 1;", ""}, "shared memory"},
	{"products waited for too little", "", []string{"wgmma.wait_group.sync.aligned 1;", "wgmma.wait_group.sync.aligned 2;"}, "shared memory"},
	{"sums used early", "", []string{"wgmma.wait_group.sync.aligned 0;", ""}, "no wgmma.wait_group has waited for"},
	{"products not committed", "", []string{"wgmma.commit_group.sync.aligned;", ""}, ""},
	{"no fence before the products", "", []string{"wgmma.fence.sync.aligned;", ""}, "wgmma.fence"},
	{"the wrong parity of room", "", []string{"xor.b32 %i, %phase, 1;", "mov.b32 %i, %phase;"}, "deadlock"},
	{"the wrong parity of stages", "", []string{"xor.b32 %phase, %phase, 1;", ""}, ""},
	{"too few bytes expected", "", []string{"mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%full], ", "mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%full], -16384+"}, ""},
	{"too many bytes expected", "", []string{"mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%full], ", "mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%full], 16384+"}, "deadlock"},
	{"a stage given back by each thread", "", []string{"setp.ne.and.u32 %q, %before, 0, %leader;", "setp.ne.u32 %q, %before, 0;"}, ""},
	{"another stage given back", "", []string{"[%before];", "[%before+8];"}, ""},
	{"no barrier before the ring is used", "", []string{"bar.sync 0;", ""}, ""},
	{"the swizzle of 64 bytes", "", []string{"0x4000004000010000", "0x8000004000010000"}, ""},
	{"512 bytes from eight rows to the next", "", []string{"0x4000004000010000", "0x4000002000010000"}, "bits"},
	{"the same k of b", "", []string{"add.u64 %db, %db, 2;", ""}, ""},
	{"the rows of another warpgroup", "", []string{"shl.b32 %i, %i, 13;", "shl.b32 %i, %i, 12;"}, "bits"},
	{"sums that begin with what was there", "", []string{"setp.eq.u32 %more, %ring, 0xffffffff;", "setp.ne.u32 %more, %ring, 0xffffffff;"}, ""},
}

var brokenProducts = []brokenTensor{
	{"the last stage not waited for", productFile, []string{"@!%q bra LAST;", ""}, "shared memory"},
	{"too many readers expected", productFile, []string{"], 8;\n\tmbarrier", "], 9;\n\tmbarrier"}, "deadlock"},
	{"a stage less", productFile, []string{"setp.eq.u32 %p, %slot, 4;\n\t@%p mov", "setp.eq.u32 %p, %slot, 3;\n\t@%p mov"}, ""},
	{"b where a is", productFile, []string{"add.u32 %j, %stage, 16384;", "add.u32 %j, %stage, 0;"}, "shared memory"},
	{"half a stage left out", productFile, []string{"and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, ""},
	{"a whole stage for a half", productFile, []string{"shr.u32 %steps, %half, 1;", "add.u32 %steps, %half, 1; shr.u32 %steps, %steps, 1;", "and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, "bits"},
	{"every part from the first k", productFile, []string{"mul.lo.u32 %k, %part, %share;", "mul.lo.u32 %k, 0, %share;"}, "bits"},
	{"tiles in another order", productFile, []string{"min.u32 %i, %i, 8;", "min.u32 %i, %i, 1;"}, ""},
	{"a row too many", productFile, []string{"setp.lt.u32 %row1, %t, %rows;", "setp.le.u32 %row1, %t, %rows;"}, ""},
	{"a column too many", productFile, []string{"setp.gt.and.s32 %p, ", "setp.ge.and.s32 %p, "}, ""},
	{"elements of two rows exchanged", productFile, []string{"{%s2,%s3};", "{%s3,%s2};"}, "bits"},
}

var brokenSums = []brokenTensor{
	{"the last stage of a tile not given back", lseFile, []string{"@%leader mbarrier.arrive.shared::cta.b64 %state, [%before];\n\tmov", "mov"}, "deadlock"},
	{"the last stage of a tile given back twice", lseFile, []string{"[%before];\n\tmov.u32 %before, 0;", "[%before];"}, ""},
	{"a stage less of a tile", lseFile, []string{"add.u32 %steps, %depth, 31;", "add.u32 %steps, %depth, 0;"}, ""},
	{"the columns of the queue in the keys", lseFile, []string{"selp.u64 %o, 128, 256, %p;", "selp.u64 %o, 256, 128, %p;"}, "bits"},
	{"the queue not from its first row", lseFile, []string{"sub.u32 %n, %base, %n;", "mov.u32 %n, %base;"}, "bits"},
	{"the own columns of other rows", lseFile, []string{"add.u32 %k, %j, 8;", "add.u32 %k, %j, 0;"}, "bits"},
	{"own columns not looked for", lseFile, []string{"setp.gt.and.u32 %p, %i, %m, %p;", "setp.lt.and.u32 %p, %i, %m, %p;"}, "bits"},
	{"a column too many", lseFile, []string{"setp.le.or.s32 %p, %i, ", "setp.lt.or.s32 %p, %i, "}, "bits"},
	{"a tile that is not whole", lseFile, []string{"setp.eq.u32 %plain, %left, 128;", "setp.le.u32 %plain, %left, 128;"}, "bits"},
	{"sums not lessened", lseFile, []string{"mul.rn.f64 %sum0, %sum0, %double;", ""}, "bits"},
	{"no column yet", lseFile, []string{"selp.f32 %y, 0f00000000, %x, %p;", "mov.f32 %y, %x;"}, "bits"},
	{"the largest of half the columns", lseFile, []string{"max.f32 %x, %x, %y;\n\tsetp", "setp"}, "bits"},
	{"a row too many", lseFile, []string{"setp.ge.u32 %p, %row0, %anchors;", "setp.gt.u32 %p, %row0, %anchors;"}, ""},
	{"the sums of another row", lseFile, []string{"[%b+64], %sum1;", "[%b+56], %sum1;"}, ""},
	{"the share of another lane", lseFile, []string{"and.b32 %l, %l, 3;", "and.b32 %l, %l, 1;"}, ""},
}

// TestWarpgroupsBroken: a mistake in the kernels of warpgroups is found by what a few small calls show.
func TestWarpgroupsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of the interpreter")
	}
	whole, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, kernels := range []struct {
		file   string
		broken []brokenTensor
		shown  func(*testing.T, []family) ([]float64, string)
	}{{productFile, brokenProducts, shownProducts}, {lseFile, brokenSums, shownSums}} {
		want, found := kernels.shown(t, whole)
		if found != "" {
			t.Fatalf("%s without a mistake: %s", kernels.file, found)
		}
		for _, b := range append(slices.Clone(brokenRings), kernels.broken...) {
			b.file = kernels.file
			t.Run(b.file+"/"+b.name, func(t *testing.T) { b.check(t, whole, want, kernels.shown) })
		}
	}
}

// openWarpgroups is a device on the given kernels, on which a kernel that does not end is found soon.
func openWarpgroups(t *testing.T, list []family) *Device {
	t.Helper()
	dev, err := open(ptxsim.Open(ptxsim.Options{BlockInstructions: 200_000}), Settings{Products: TF32}, list)
	if err != nil {
		t.Fatal(err)
	}
	dev.leastTurned = 0
	return dev
}

// shownSums is the row sums of contrastive losses with two tiles of anchors, each with several of columns, which need more stages than
// there are, and the fault that they show.
func shownSums(t *testing.T, list []family) (results []float64, found string) {
	t.Helper()
	for _, keys := range []kernels.Keys{kernels.OtherKeys, kernels.OwnKey} {
		dev := openWarpgroups(t, list)
		defer dev.Close()
		dev.wideBlocks = 2
		b := bed{dev}
		const anchors, queued, depth = 200, 140, 72
		lse, labels := b.room(anchors), kernels.Labels{Offsets: b.New(kernels.Int32, anchors+1), Columns: b.New(kernels.Int32, 0), Weights: b.room(0)}
		b.ContrastiveLoss(b.New(kernels.Float64, 1), lse, b.filled("q", anchors, depth), b.filled("k", anchors, depth), b.filled("queue", queued, depth),
			labels, kernels.Contrast{Scale: .02, Keys: keys}, 1)
		values := make([]float64, anchors)
		if err := dev.ReadFloat64(values, lse); err != nil {
			return nil, err.Error()
		}
		results = append(results, values...)
	}
	return results, ""
}

// shownProducts is the results of products of warpgroups with wide and with narrow tiles, which need more stages than there are, parts
// that end with half a stage, and tails of rows and columns, even and odd; and the fault that they show.
func shownProducts(t *testing.T, list []family) (results []float64, found string) {
	t.Helper()
	for _, wideBlocks := range []int{1, wideBlocks} {
		dev := openWarpgroups(t, list)
		defer dev.Close()
		dev.wideBlocks = wideBlocks
		for _, p := range []productCase{
			{140, 250, 240, 0, kernels.Product{TransB: true}}, {70, 5, 272, 0, kernels.Product{TransB: true}},
		} {
			c, err := p.try(t, dev)
			if err != nil {
				return nil, err.Error()
			}
			results = append(results, c...)
		}
	}
	return results, ""
}
