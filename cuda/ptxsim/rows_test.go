package ptxsim

import (
	"slices"
	"testing"
)

// TestRowsReplaceAddresses: a load may replace the register that it finds its address in, of global and of shared memory, all lanes one
// behind the other or not, all of them or some.
func TestRowsReplaceAddresses(t *testing.T) {
	const text = `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out, .param .u32 last, .param .u32 step)
{
	.reg .pred %p;
	.reg .b32 %r<4>;
	.reg .b64 %d<8>;
	.shared .align 16 .b8 s[1024];
	ld.param.u64 %d0, [in];
	ld.param.u64 %d1, [out];
	ld.param.u32 %r1, [last];
	ld.param.u32 %r3, [step];
	mov.u32 %r0, %tid.x;
	setp.le.u32 %p, %r0, %r1;
	mul.lo.u32 %r3, %r3, %r0;
	and.b32 %r3, %r3, 31;
	mul.wide.u32 %d2, %r3, 16;
	add.u64 %d0, %d0, %d2;
	mul.wide.u32 %d2, %r0, 16;
	add.u64 %d1, %d1, %d2;
@%p	ld.global.v2.u64 {%d0, %d5}, [%d0];
@%p	st.global.v2.u64 [%d1], {%d0, %d5};
	mov.u64 %d6, s;
	mul.wide.u32 %d4, %r3, 16;
	add.u64 %d6, %d6, %d4;
@%p	st.shared.v2.u64 [%d6], {%d5, %d0};
@%p	ld.shared.v2.u64 {%d6, %d7}, [%d6];
@%p	st.global.u64 [%d1+512], %d6;
@%p	st.global.u64 [%d1+520], %d7;
	ret;
}
`
	for _, last := range []uint32{31, 20} {
		for _, step := range []uint32{1, 3} {
			var words []uint64
			for n := range uint64(64) {
				words = append(words, n<<40|7*n+1)
			}
			r := newRig(t, Options{}, "rows.ptx", text)
			out := r.in(make([]uint64, 128))
			r.launch("k", line(1), line(32), 0, r.in(words), out, last, step)
			got, want := make([]uint64, 128), make([]uint64, 128)
			r.out(got, out)
			for lane := range last + 1 {
				from := lane * step % 32
				want[2*lane], want[2*lane+1] = words[2*from], words[2*from+1]
				want[64+2*lane], want[64+2*lane+1] = words[2*from+1], words[2*from]
			}
			if !slices.Equal(got, want) {
				t.Errorf("lanes 0 to %d, %d apart: %x, expected %x", last, step, got, want)
			}
		}
	}
}
