package cuda

import (
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
)

const productFile = "product_wgmma.ptx"

// brokenProducts are mistakes in the products of warpgroups, as in brokenTensors.
var brokenProducts = []brokenTensor{
	{"a stage not waited for", productFile, []string{"@!%q bra MULTIPLY;", ""}, "shared memory"},
	{"the last stage not waited for", productFile, []string{"@!%q bra LAST;", ""}, "shared memory"},
	{"room not waited for", productFile, []string{"@!%q bra ROOM;", ""}, "shared memory"},
	{"products not waited for", productFile, []string{"wgmma.wait_group.sync.aligned 1;", ""}, "still being read"},
	{"products waited for too little", productFile, []string{"wgmma.wait_group.sync.aligned 1;", "wgmma.wait_group.sync.aligned 2;"}, "shared memory"},
	{"sums stored early", productFile, []string{"wgmma.wait_group.sync.aligned 0;", ""}, "no wgmma.wait_group has waited for"},
	{"products not committed", productFile, []string{"wgmma.commit_group.sync.aligned;", ""}, "still being read"},
	{"no fence before the products", productFile, []string{"wgmma.fence.sync.aligned;", ""}, "wgmma.fence"},
	{"the wrong parity of room", productFile, []string{"xor.b32 %i, %phase, 1;", "mov.b32 %i, %phase;"}, "deadlock"},
	{"the wrong parity of stages", productFile, []string{"xor.b32 %phase, %phase, 1;", ""}, "shared memory"},
	{"too few bytes expected", productFile, []string{"[%full], 32768;", "[%full], 16384;", "[%full], 49152;", "[%full], 32768;"}, "deadlock"},
	{"too many bytes expected", productFile, []string{"[%full], 49152;", "[%full], 65536;", "[%full], 32768;", "[%full], 49152;"}, "deadlock"},
	{"too many readers expected", productFile, []string{"], 8;\n\tmbarrier", "], 9;\n\tmbarrier"}, "deadlock"},
	{"a stage given back by each thread", productFile, []string{"setp.ne.and.u32 %q, %before, 0, %leader;", "setp.ne.u32 %q, %before, 0;"}, "deadlock"},
	{"another stage given back", productFile, []string{"[%before];", "[%before+8];"}, ""},
	{"no barrier before the ring is used", productFile, []string{"bar.sync 0;", ""}, ""},
	{"a stage less", productFile, []string{"setp.eq.u32 %p, %slot, 4;\n\t@%p mov", "setp.eq.u32 %p, %slot, 3;\n\t@%p mov"}, ""},
	{"b where a is", productFile, []string{"add.u32 %j, %stage, 16384;", "add.u32 %j, %stage, 0;"}, "shared memory"},
	{"the swizzle of 64 bytes", productFile, []string{"0x4000004000010000", "0x8000004000010000"}, ""},
	{"512 bytes from eight rows to the next", productFile, []string{"0x4000004000010000", "0x4000002000010000"}, "bits"},
	{"the same k of b", productFile, []string{"add.u64 %db, %db, 2;", ""}, ""},
	{"the rows of the other warpgroup", productFile, []string{"shl.b32 %stage, %group, 13;", "shl.b32 %stage, %group, 12;"}, "bits"},
	{"half a stage left out", productFile, []string{"and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, ""},
	{"a whole stage for a half", productFile, []string{"shr.u32 %steps, %half, 1;", "add.u32 %steps, %half, 1; shr.u32 %steps, %steps, 1;", "and.b32 %half, %half, 1;", "mov.u32 %half, 0;"}, "bits"},
	{"every part from the first k", productFile, []string{"mul.lo.u32 %k, %part, %share;", "mul.lo.u32 %k, 0, %share;"}, "bits"},
	{"tiles in another order", productFile, []string{"min.u32 %i, %i, 8;", "min.u32 %i, %i, 1;"}, ""},
	{"a row too many", productFile, []string{"setp.lt.u32 %row1, %t, %rows;", "setp.le.u32 %row1, %t, %rows;"}, ""},
	{"a column too many", productFile, []string{"setp.gt.and.s32 %p, ", "setp.ge.and.s32 %p, "}, ""},
	{"elements of two rows exchanged", productFile, []string{"{%s2,%s3};", "{%s3,%s2};"}, "bits"},
}

// TestWarpgroupsBroken: a mistake in the products of warpgroups is found by what a few small ones show.
func TestWarpgroupsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of the interpreter")
	}
	whole, err := families()
	if err != nil {
		t.Fatal(err)
	}
	want, found := shownProducts(t, whole)
	if found != "" {
		t.Fatalf("without a mistake: %s", found)
	}
	for _, b := range brokenProducts {
		t.Run(b.name, func(t *testing.T) { b.check(t, whole, want, shownProducts) })
	}
}

// shownProducts is the results of products of warpgroups with wide and with narrow tiles, which need more stages than there are, parts
// that end with half a stage, and tails of rows and columns, even and odd; and the fault that they show.
func shownProducts(t *testing.T, list []family) (results []float64, found string) {
	t.Helper()
	for _, wideBlocks := range []int{1, wideBlocks} {
		dev, err := open(ptxsim.Open(ptxsim.Options{BlockInstructions: 200_000}), Settings{Products: TF32}, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		dev.wideBlocks, dev.leastTurned = wideBlocks, 0
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
