package ptxsim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/arith"
)

// pipeline multiplies 64 rows of A with 64 rows of B along k, both bfloat16: one warp brings tiles of 64 k into a ring of two
// slots, a warpgroup multiplies them and keeps one product under way while it issues the next.
//
//	for i < tiles: empty[i%2] waited for, tensor copies announced to full[i%2]          (warp 4)
//	for i < tiles: full[i%2] waited for, four wgmma, product i-1 waited for, empty[(i-1)%2] told   (warps 0 to 3)
const pipeline = `.version 8.0
.target sm_90a
.address_size 64
.visible .entry k(.param .align 64 .b8 ma[128], .param .align 64 .b8 mb[128], .param .u64 out, .param .u32 tiles)
{
	.reg .pred %p<8>;
	.reg .b32 %r<24>;
	.reg .b64 %d<8>, %a, %b;
	.reg .f32 %f<32>;
	.shared .align 1024 .b8 s[32768]; // slot by slot A, B
	.shared .align 8 .b64 full[2];
	.shared .align 8 .b64 empty[2];
	ld.param.u64 %d0, [out];
	ld.param.u32 %r1, [tiles];
	mov.u32 %r0, %tid.x;
	mov.u32 %r2, s;
	mov.u32 %r3, full;
	mov.u32 %r4, empty;
	mov.u32 %r5, 0; // i
	setp.ne.u32 %p0, %r0, 0;
	@%p0 bra READY;
	mbarrier.init.shared::cta.b64 [full], 1;
	mbarrier.init.shared::cta.b64 [full+8], 1;
	mbarrier.init.shared::cta.b64 [empty], 4;
	mbarrier.init.shared::cta.b64 [empty+8], 4;
	fence.mbarrier_init.release.cluster;
READY:
	bar.sync 0;
	setp.lt.u32 %p0, %r0, 128;
	@%p0 bra PRODUCTS;

	elect.sync %r6|%p1, 0xffffffff;
	@!%p1 bra DONE;
	mov.b64 %d1, ma;
	cvta.param.u64 %d1, %d1;
	mov.b64 %d2, mb;
	cvta.param.u64 %d2, %d2;
	mov.u32 %r7, 0;
BRING:
	and.b32 %r8, %r5, 1;
	shl.b32 %r9, %r8, 3;
	add.u32 %r10, %r3, %r9;
	add.u32 %r11, %r4, %r9;
	shl.b32 %r12, %r8, 14;
	add.u32 %r12, %r2, %r12;
	shr.u32 %r13, %r5, 1;
	not.b32 %r13, %r13;
	and.b32 %r13, %r13, 1;
ROOM:
	mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r11], %r13;
	@!%p2 bra ROOM;
	mbarrier.arrive.expect_tx.shared::cta.b64 %d3, [%r10], 16384;
	shl.b32 %r14, %r5, 6;
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r12], [%d1, {%r14, %r7}], [%r10];
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r12+8192], [%d2, {%r14, %r7}], [%r10];
	add.u32 %r5, %r5, 1;
	setp.lt.u32 %p3, %r5, %r1;
	@%p3 bra BRING;
	bra DONE;

PRODUCTS:
	elect.sync %r6|%p1, 0xffffffff;
	setp.ne.u32 %p4, %r5, %r5;
MULTIPLY:
	and.b32 %r8, %r5, 1;
	shl.b32 %r9, %r8, 3;
	add.u32 %r10, %r3, %r9;
	shr.u32 %r13, %r5, 1;
	and.b32 %r13, %r13, 1;
ARRIVED:
	mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r10], %r13;
	@!%p2 bra ARRIVED;
	shl.b32 %r12, %r8, 14;
	add.u32 %r12, %r2, %r12;
	shr.u32 %r12, %r12, 4;
	cvt.u64.u32 %a, %r12;
	or.b64 %a, %a, 0x4000004000010000; // swizzle of 128 bytes, 1024 from 8 rows to the next
	add.u64 %b, %a, 512;
	STAGE
	setp.eq.u32 %p5, %r5, 0;
	@%p5 bra FIRST;
	xor.b32 %r11, %r9, 8; // the slot before
	add.u32 %r11, %r4, %r11;
	@%p1 mbarrier.arrive.shared::cta.b64 %d3, [%r11];
FIRST:
	add.u32 %r5, %r5, 1;
	setp.lt.u32 %p3, %r5, %r1;
	@%p3 bra MULTIPLY;
	wgmma.wait_group.sync.aligned 0;
	mul.wide.u32 %d4, %r0, 128;
	add.u64 %d0, %d0, %d4;
	STORE
DONE:
	ret;
}
`

// stageProducts are those of a stage of 64 k, of which a product behind the first adds to the sums.
const stageProducts = `wgmma.fence.sync.aligned;
	wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 SUM, %a, %b, %p4, 1, 1, 0, 0;
	setp.eq.u32 %p4, %r5, %r5;
	add.u64 %a, %a, 2;
	add.u64 %b, %b, 2;
	wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 SUM, %a, %b, %p4, 1, 1, 0, 0;
	add.u64 %a, %a, 2;
	add.u64 %b, %b, 2;
	wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 SUM, %a, %b, %p4, 1, 1, 0, 0;
	add.u64 %a, %a, 2;
	add.u64 %b, %b, 2;
	wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 SUM, %a, %b, %p4, 1, 1, 0, 0;
	wgmma.commit_group.sync.aligned;
	wgmma.wait_group.sync.aligned 1;`

// pipelineText fills in the products of a stage and the accumulators.
func pipelineText(text string) string {
	text = strings.Replace(text, "STAGE", stageProducts, 1)
	text = strings.ReplaceAll(text, "SUM", registers("f", 32))
	return strings.Replace(text, "STORE", storeAccumulators(), 1)
}

// storeAccumulators stores them thread by thread, as the registers are.
func storeAccumulators() (stores string) {
	for n := 0; n < 32; n += 4 {
		stores += fmt.Sprintf("st.global.v4.f32 [%%d0+%d], {%%f%d,%%f%d,%%f%d,%%f%d};\n\t", 4*n, n, n+1, n+2, n+3)
	}
	return stores
}

// multiplyBy runs a pipeline on random matrices, 64 rows of A a block and all 64 of B, of which a copy brings so many, and compares with
// the sums of the tensor core, 16 k at a time.
func multiplyBy(t *testing.T, text string, seed uint64, blocks int, copied uint32) error {
	t.Helper()
	const rows, tiles, k = 64, 5, 64 * 5
	r := newRig(t, Options{Seed: seed, BlockInstructions: 200_000}, "pipeline.ptx", text)
	random := rand.New(rand.NewPCG(seed, 5))
	matrix := func(height, box uint32) (elements []arith.Element, m driver.TensorMap) {
		var bits []uint16
		for range height * k {
			x := arith.BF16.Round(random.NormFloat64(), arith.Nearest)
			bits, elements = append(bits, uint16(x)), append(elements, arith.BF16.Unpack(x))
		}
		m, err := r.device.EncodeTiled(driver.Tiled{
			Tensor: driver.Tensor{Type: driver.BFloat16, At: r.in(bits), Sizes: []uint64{k, uint64(height)}, Strides: []uint64{2 * k}, Swizzle: driver.Swizzle128},
			Box:    []uint32{64, box},
		})
		if err != nil {
			t.Fatal(err)
		}
		return elements, m
	}
	a, mapA := matrix(uint32(blocks*rows), rows)
	b, mapB := matrix(rows, copied)
	out := r.room(4 * blocks * rows * rows)
	if err := r.try("k", line(blocks), line(160), 0, mapA[:], mapB[:], out, uint32(tiles)); err != nil {
		return err
	}
	got := make([]uint32, blocks*rows*rows)
	r.out(got, out)
	for row := range blocks * rows {
		for column := range rows {
			sum := uint32(0)
			for at := 0; at < k; at += 16 {
				sum = arith.Cut(arith.Dot(a[row*k+at:][:16], b[column*k+at:][:16], sum))
			}
			thread := row%rows/16*32 + row%8*4 + column%8/2
			if bits := got[row/rows*rows*rows+32*thread+column/8*4+row/8%2*2+column%2]; bits != sum {
				t.Fatalf("seed %d: c(%d,%d) = %#x, expected %#x", seed, row, column, bits, sum)
			}
		}
	}
	return nil
}

// slip is a mistake in a kernel, and a part of the fault that tells it.
type slip struct{ name, old, new, fault string }

// findsSlips demands that each of some slips in a kernel is found when it multiplies, under every order of warps.
func findsSlips(t *testing.T, text string, seeds uint64, multiply func(text string, seed uint64) error, slips []slip) {
	t.Helper()
	for _, slip := range slips {
		wrong := strings.Replace(text, slip.old, slip.new, 1)
		if wrong == text {
			t.Fatalf("the kernel has no %q", slip.old)
		}
		for seed := range seeds {
			var fault *Fault
			if err := multiply(wrong, seed); !errors.As(err, &fault) || !strings.Contains(fault.Reason, slip.fault) {
				t.Errorf("%s, seed %d: error %v", slip.name, seed, err)
			}
		}
	}
}

// TestPipeline: a ring of tensor copies and products gives the same under every schedule, and a slip in it is found.
func TestPipeline(t *testing.T) {
	text := pipelineText(pipeline)
	multiply := func(text string, seed uint64) error { return multiplyBy(t, text, seed, 1, 64) }
	for seed := range uint64(8) {
		if err := multiply(text, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	findsSlips(t, text, 4, multiply, []slip{
		{"a slot given back while its product is under way", "setp.eq.u32 %p5, %r5, 0;\n\t@%p5 bra FIRST;\n\txor.b32 %r11, %r9, 8;", "mov.u32 %r11, %r9;", "shared memory"},
		{"a product not waited for", "wgmma.wait_group.sync.aligned 1;", "", "shared memory"},
		{"a slot not waited for", "@!%p2 bra ARRIVED;", "", "shared memory"},
		{"room not waited for", "@!%p2 bra ROOM;", "", "shared memory"},
		{"the wrong parity", "not.b32 %r13, %r13;", "", "deadlock"},
		{"too few bytes expected", "[%r10], 16384;", "[%r10], 8192;", "shared memory"},
		{"too many arrivals expected", "[empty], 4;", "[empty], 5;", "deadlock"},
		{"accumulators stored early", "wgmma.wait_group.sync.aligned 0;", "", "no wgmma.wait_group has waited for"},
	})
}
