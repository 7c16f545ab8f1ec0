package ptxsim

import (
	"strings"
	"testing"
)

// bulkCopy copies 512 bytes by one thread in the background; the block waits at an mbarrier for them, doubles them and copies
// them back.
const bulkCopy = `.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out)
{
	.reg .pred %p<4>;
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.shared .align 128 .b8 s[512];
	.shared .align 8 .b64 full;
	ld.param.u64 %d0, [in];
	ld.param.u64 %d1, [out];
	mov.u32 %r0, %tid.x;
	setp.eq.u32 %p0, %r0, 0;
	@%p0 mbarrier.init.shared::cta.b64 [full], 1;
	fence.mbarrier_init.release.cluster;
	bar.sync 0;
	@!%p0 bra WAIT;
	mbarrier.arrive.expect_tx.shared::cta.b64 %d2, [full], 512;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%d0], 512, [full];
WAIT:
	mbarrier.try_wait.parity.shared::cta.b64 %p1, [full], 0;
	@!%p1 bra WAIT;
	mov.u32 %r1, s;
	mad.lo.u32 %r1, %r0, 4, %r1;
	ld.shared.u32 %r2, [%r1];
	add.u32 %r2, %r2, %r2;
	st.shared.u32 [%r1], %r2;
	fence.proxy.async.shared::cta;
	bar.sync 0;
	@!%p0 bra DONE;
	cp.async.bulk.global.shared::cta.bulk_group [%d1], [s], 512;
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group 0;
DONE:
	ret;
}
`

func TestBulkCopy(t *testing.T) {
	in := make([]uint32, 128)
	for i := range in {
		in[i] = uint32(i * i)
	}
	for seed := range uint64(4) {
		r := newRig(t, Options{Seed: seed}, "bulk.ptx", bulkCopy)
		out := r.room(512)
		r.launch("k", line(1), line(128), 0, r.in(in), out)
		got := make([]uint32, 128)
		r.out(got, out)
		for i := range in {
			if got[i] != 2*in[i] {
				t.Fatalf("out[%d] = %d, expected %d", i, got[i], 2*in[i])
			}
		}
		// Without the wait a warp reads what the copy of another one has not brought yet, or is not ordered after it.
		r = newRig(t, Options{Seed: seed}, "bulk.ptx", strings.Replace(bulkCopy, "@!%p1 bra WAIT", "@!%p1 bra NEXT;\nNEXT:", 1))
		if err := r.try("k", line(1), line(128), 0, r.in(in), r.room(512)); err == nil || !strings.Contains(err.Error(), "shared memory") {
			t.Errorf("seed %d: error %v without the wait", seed, err)
		}
	}
}
