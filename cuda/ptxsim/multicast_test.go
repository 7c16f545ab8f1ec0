package ptxsim

import "testing"

// multicastPipeline is pipeline for a cluster of two blocks. Each multiplies 64 rows of A of its own with all 64 rows of B, of which it
// brings one half to both: B is read once for the two.
//
//	for i < tiles: empty[i%2] waited for, in which the warps of both blocks arrive; A and a half of B announced and brought   (warp 4)
//	for i < tiles: full[i%2] waited for, four wgmma, product i-1 waited for, empty[(i-1)%2] of both blocks told              (warps 0 to 3)
const multicastPipeline = `.version 8.0
.target sm_90a
.address_size 64
.visible .entry k(.param .align 64 .b8 ma[128], .param .align 64 .b8 mb[128], .param .u64 out, .param .u32 tiles) .reqnctapercluster 2
{
	.reg .pred %p<8>;
	.reg .b16 %h<2>;
	.reg .b32 %r<32>;
	.reg .b64 %d<8>, %a, %b;
	.reg .f32 %f<32>;
	.shared .align 1024 .b8 s[32768]; // slot by slot A, B
	.shared .align 8 .b64 full[2];
	.shared .align 8 .b64 empty[2];
	ld.param.u64 %d0, [out];
	ld.param.u32 %r1, [tiles];
	mov.u32 %r0, %tid.x;
	mov.u32 %r16, %ctaid.x;
	mov.u32 %r17, %cluster_ctarank;
	mov.u32 %r2, s;
	mov.u32 %r3, full;
	mov.u32 %r4, empty;
	mov.u32 %r5, 0; // i
	setp.ne.u32 %p0, %r0, 0;
	@%p0 bra READY;
	mbarrier.init.shared::cta.b64 [full], 1;
	mbarrier.init.shared::cta.b64 [full+8], 1;
	mbarrier.init.shared::cta.b64 [empty], 8;
	mbarrier.init.shared::cta.b64 [empty+8], 8;
	fence.mbarrier_init.release.cluster;
READY:
	barrier.cluster.arrive.relaxed.aligned;
	barrier.cluster.wait.acquire.aligned;
	setp.lt.u32 %p0, %r0, 128;
	@%p0 bra PRODUCTS;

	elect.sync %r6|%p1, 0xffffffff;
	@!%p1 bra DONE;
	mov.b64 %d1, ma;
	cvta.param.u64 %d1, %d1;
	mov.b64 %d2, mb;
	cvta.param.u64 %d2, %d2;
	shl.b32 %r7, %r16, 6; // the block's rows of A
	shl.b32 %r18, %r17, 5; // and those of B that it brings
	shl.b32 %r19, %r17, 12;
	add.u32 %r19, %r19, 8192; // to here in a slot
	mov.b16 %h0, 3;
BRING:
	and.b32 %r8, %r5, 1;
	shl.b32 %r9, %r8, 3;
	add.u32 %r10, %r3, %r9;
	add.u32 %r11, %r4, %r9;
	shl.b32 %r12, %r8, 14;
	add.u32 %r12, %r2, %r12;
	add.u32 %r20, %r12, %r19;
	shr.u32 %r13, %r5, 1;
	not.b32 %r13, %r13;
	and.b32 %r13, %r13, 1;
ROOM:
	mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r11], %r13;
	@!%p2 bra ROOM;
	mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r10], 16384;
	shl.b32 %r14, %r5, 6;
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r12], [%d1, {%r14, %r7}], [%r10];
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%r20], [%d2, {%r14, %r18}], [%r10], %h0;
	add.u32 %r5, %r5, 1;
	setp.lt.u32 %p3, %r5, %r1;
	@%p3 bra BRING;
	bra DONE;

PRODUCTS:
	and.b32 %r21, %r0, 31;
	setp.lt.u32 %p1, %r21, 2; // thread n of a warp tells block n
	and.b32 %r21, %r21, 1;
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
	and.b32 %r12, %r12, 0x3ffff; // without the rank of the block, which lies above
	shr.u32 %r12, %r12, 4;
	cvt.u64.u32 %a, %r12;
	or.b64 %a, %a, 0x4000004000010000; // swizzle of 128 bytes, 1024 from 8 rows to the next
	add.u64 %b, %a, 512;
	STAGE
	setp.eq.u32 %p5, %r5, 0;
	@%p5 bra FIRST;
	xor.b32 %r11, %r9, 8; // the slot before
	add.u32 %r11, %r4, %r11;
	mapa.shared::cluster.u32 %r11, %r11, %r21;
	@%p1 mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r11];
FIRST:
	add.u32 %r5, %r5, 1;
	setp.lt.u32 %p3, %r5, %r1;
	@%p3 bra MULTIPLY;
	wgmma.wait_group.sync.aligned 0;
	mul.wide.u32 %d4, %r0, 128;
	add.u64 %d0, %d0, %d4;
	mul.wide.u32 %d4, %r16, 16384;
	add.u64 %d0, %d0, %d4;
	STORE
DONE:
	barrier.cluster.arrive;
	barrier.cluster.wait;
	ret;
}
`

// TestMulticastPipeline: a ring of tensor copies that two blocks bring each other gives the same under every schedule, and a slip in it
// is found.
func TestMulticastPipeline(t *testing.T) {
	text := pipelineText(multicastPipeline)
	multiply := func(text string, seed uint64) error { return multiplyBy(t, text, seed, 4, 32) }
	for seed := range uint64(4) {
		if err := multiply(text, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	findsSlips(t, text, 3, multiply, []slip{
		{"room in the own block only", "mbarrier.init.shared::cta.b64 [empty], 8;\n\tmbarrier.init.shared::cta.b64 [empty+8], 8;",
			"mbarrier.init.shared::cta.b64 [empty], 4;\n\tmbarrier.init.shared::cta.b64 [empty+8], 4;", "shared memory"},
		{"the other block not told", "setp.lt.u32 %p1, %r21, 2;", "setp.eq.u32 %p1, %r21, %r17;", "deadlock"},
		{"the own block told twice", "mapa.shared::cluster.u32 %r11, %r11, %r21;", "mapa.shared::cluster.u32 %r11, %r11, %r17;", ""},
		{"the half of the other block missing", "mov.b16 %h0, 3;", "mov.b16 %h0, 1;", ""},
		{"a block that is not there", "mov.b16 %h0, 3;", "mov.b16 %h0, 7;", "multicast to block 2"},
		{"mbarriers not fenced", "fence.mbarrier_init.release.cluster;", "", "shared memory"},
		{"blocks that do not meet first", "barrier.cluster.arrive.relaxed.aligned;\n\tbarrier.cluster.wait.acquire.aligned;", "bar.sync 0;", "may not be there yet"},
		{"blocks that do not meet last", "barrier.cluster.arrive;\n\tbarrier.cluster.wait;", "", "there any more"},
		{"too few bytes expected", "16384;\n\tshl", "12288;\n\tshl", ""},
		{"a slot not waited for", "@!%p2 bra ARRIVED;", "", "shared memory"},
		{"room not waited for", "@!%p2 bra ROOM;", "", ""},
	})
}
