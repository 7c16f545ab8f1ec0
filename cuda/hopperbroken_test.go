package cuda

import (
	"slices"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
)

const (
	productFile  = "product_wgmma.ptx"
	lseFile      = "contrast_lse_wgmma.ptx"
	gradientFile = "contrast_gradient_wgmma.ptx"
	turnFile     = "turn_wgmma.ptx"
)

// brokenRings are mistakes in what all kernels with a ring of stages have in common, as in brokenTiles.
var brokenRings = []brokenTile{
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

var brokenProducts = []brokenTile{
	{"the last stage not waited for", productFile, []string{"@!%q bra LAST;", ""}, "shared memory"},
	{"too many readers expected", productFile, []string{"], 8;\n\tmbarrier", "], 9;\n\tmbarrier"}, "deadlock"},
	{"a stage less", productFile, []string{"setp.eq.u32 %p, %slot, 4;\n\t@%p mov", "setp.eq.u32 %p, %slot, 3;\n\t@%p mov"}, ""},
	{"b where a is", productFile, []string{"add.u32 %j, %stage, 16384;", "add.u32 %j, %stage, 0;"}, "shared memory"},
	{"half a stage left out", productFile, []string{"and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, ""},
	{"a whole stage for a half", productFile, []string{"shr.u32 %steps, %half, 1;", "add.u32 %steps, %half, 1; shr.u32 %steps, %steps, 1;", "and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, "bits"},
	{"every part from the first k", productFile, []string{"mul.lo.u32 %k, %part, %share;", "mul.lo.u32 %k, 0, %share;"}, "bits"},
	{"tiles in another order", productFile, []string{"min.u32 %i, %i, 8;", "min.u32 %i, %i, 1;"}, ""},
	{"a row too many", productFile, []string{"setp.lt.u32 %stored1, %t, %rows;", "setp.le.u32 %stored1, %t, %rows;"}, ""},
	{"a column too many", productFile, []string{"setp.gt.and.s32 %p, ", "setp.ge.and.s32 %p, "}, ""},
	{"elements of two rows exchanged", productFile, []string{"{%s2,%s3};", "{%s3,%s2};"}, "bits"},
}

var brokenSums = []brokenTile{
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

var brokenGradients = []brokenTile{
	{"z used early, and sums", gradientFile, []string{"wgmma.wait_group.sync.aligned 0;", ""}, "no wgmma.wait_group has waited for"},
	{"rows of other not waited for", gradientFile, []string{"TURNED0:\n\tmbarrier.try_wait.parity.shared::cta.b64 %q, [%full], %phase;\n\t@!%q bra TURNED0;", ""}, "shared memory"},
	{"the second rows of other not waited for", gradientFile, []string{"TURNED1:\n\tmbarrier.try_wait.parity.shared::cta.b64 %q, [%full], %phase;\n\t@!%q bra TURNED1;", ""}, "shared memory"},
	{"room for rows of other not waited for", gradientFile, []string{"ROOM0:\n\tmbarrier.try_wait.parity.shared::cta.b64 %q, [%full+48], %i; // the stage is read\n\t@!%q bra ROOM0;", ""}, "shared memory"},
	{"a stage not given back", gradientFile, []string{"@%leader mbarrier.arrive.shared::cta.b64 %state, [%full+48];", ""}, "deadlock"},
	{"no fence between coefficients and products", gradientFile, []string{"sub.u64 %dk, %db, 1024;\n\twgmma.fence.sync.aligned;", "sub.u64 %dk, %db, 1024;"}, "wgmma.fence"},
	{"coefficients in the order of z", gradientFile, []string{"%f1, %s2;", "%f1, %s1;", "%f2, %s1;", "%f2, %s2;"}, "bits"},
	{"coefficients cut instead of rounded", gradientFile, []string{"cvt.rna.tf32.f32 %f0, %s0;", "mov.b32 %f0, %s0;"}, "bits"},
	{"the same rows of other twice", gradientFile, []string{"add.u32 %n, %base, 32;", "add.u32 %n, %base, 0;"}, "bits"},
	{"half of the rows of other", gradientFile, []string{"add.u64 %dk, %dk, 1018;", "sub.u64 %dk, %dk, 6;"}, "bits"},
	{"sums that begin with every tile", gradientFile, []string{"setp.ne.u32 %grown, %ring, 0xffffffff;", "setp.eq.u32 %grown, %ring, 0xffffffff;"}, "bits"},
	{"the own columns of other rows", gradientFile, []string{"add.u32 %k, %j, 8;", "add.u32 %k, %j, 0;"}, "bits"},
	{"own columns not looked for", gradientFile, []string{"setp.gt.and.u32 %p, %i, %m, %p;", "setp.lt.and.u32 %p, %i, %m, %p;"}, "bits"},
	{"the factor of another row", gradientFile, []string{"mul.rn.f32 %s2, %x, %push1;", "mul.rn.f32 %s2, %x, %push0;"}, "bits"},
	{"the lse of another column", gradientFile, []string{"ld.global.f32 %lse1, [%a+4];", "ld.global.f32 %lse1, [%a];"}, "bits"},
	{"the lse behind the last column", gradientFile, []string{"setp.gt.s32 %p, %n, ", "setp.ge.s32 %p, %n, "}, ""},
	{"the labels of other anchors", gradientFile, []string{"selp.u32 %anchor, %j, %i, %role;", "selp.u32 %anchor, %i, %j, %role;"}, "bits"},
	{"labels of 32 anchors of 128", gradientFile, []string{"add.u32 %group, %group, 32;", "add.u32 %group, %group, 128;"}, "bits"},
	{"labels in another register", gradientFile, []string{"mad.lo.u32 %k, %i, 2, %k;", "mad.lo.u32 %k, %i, 1, %k;"}, "bits"},
	{"labels in another lane", gradientFile, []string{"and.b32 %t, %t, 3;\n\tadd.u32 %k", "and.b32 %t, %t, 1;\n\tadd.u32 %k"}, "bits"},
	{"labels added", gradientFile, []string{"sub.rn.f32 %s", "add.rn.f32 %s"}, "bits"},
	{"a label behind the last", gradientFile, []string{"setp.lt.s32 %live, %e, %last;", "setp.le.s32 %live, %e, %last;"}, ""},
	{"rows of other not in pairs", turnFile, []string{"selp.u32 %i, %i, %x, %p;", "mov.u32 %i, %x;"}, "bits"},
	{"no barrier between rows and columns", turnFile, []string{"bar.sync 0;", ""}, ""},
	{"an element too many", turnFile, []string{"setp.lt.u32 %p, %d, %columns;", "setp.le.u32 %p, %d, %columns;"}, ""},
	{"a row too many", turnFile, []string{"setp.lt.u32 %p, %t, %rows;", "setp.le.u32 %p, %t, %rows;"}, "out of bounds"},
}

// TestWarpgroupsBroken: a mistake in the kernels of warpgroups is found by what a few small calls show.
func TestWarpgroupsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of the interpreter")
	}
	checkBroken(t, append(ringsOf(productFile), brokenProducts...), shownProducts)
	checkBroken(t, append(ringsOf(lseFile), brokenSums...), shownSums)
	checkBroken(t, brokenGradients, shownGradients)
}

// ringsOf is brokenRings in a file.
func ringsOf(file string) []brokenTile {
	list := slices.Clone(brokenRings)
	for i := range list {
		list[i].file = file
	}
	return list
}

// shownGradients is the gradients of a contrastive loss by anchors and by keys, both with two tiles of rows and of others, which need
// more stages than there are, and the fault that they show.
func shownGradients(t *testing.T, list []family, _ []float64) (results []float64, found string) {
	t.Helper()
	dev := openWarpgroups(t, list)
	defer dev.Close()
	dev.wideBlocks = 2
	for _, x := range (bed{dev}).contrast(139, 100, 0, kernels.OtherKeys, false)[2:] {
		values := make([]float64, x.Len())
		if err := dev.ReadFloat64(values, x); err != nil {
			return nil, err.Error()
		}
		results = append(results, values...)
	}
	return results, ""
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
// there are, and the fault that they show. Where all results are known it ends with the first others.
func shownSums(t *testing.T, list []family, known []float64) (results []float64, found string) {
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
		if results = append(results, values...); known != nil && differs(results, known) >= 0 {
			break
		}
	}
	return results, ""
}

// shownProducts is the results of products of warpgroups with wide and with narrow tiles, which need more stages than there are, parts
// that end with half a stage, and tails of rows and columns, even and odd; and the fault that they show.
func shownProducts(t *testing.T, list []family, known []float64) (results []float64, found string) {
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
			if results = append(results, c...); known != nil && differs(results, known) >= 0 {
				return results, ""
			}
		}
	}
	return results, ""
}
