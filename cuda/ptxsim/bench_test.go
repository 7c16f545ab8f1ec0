package ptxsim

import (
	"testing"
)

// loop is a kernel of one warp whose body runs n times, for the speed of single instructions.
func loop(body string) string {
	return `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 p, .param .u32 n)
{
	.reg .pred %p<4>;
	.reg .b32 %r<40>;
	.reg .b64 %d<8>;
	.reg .f32 %f<40>;
	.shared .align 16 .b8 s[4096];
	ld.param.u64 %d0, [p];
	ld.param.u32 %r1, [n];
	mov.u32 %r0, %tid.x;
	mul.wide.u32 %d1, %r0, 16;
	add.s64 %d1, %d0, %d1;
	mov.u32 %r2, s;
	mad.lo.u32 %r2, %r0, 16, %r2;
	mov.f32 %f0, 0f3F800000;
	mov.f32 %f1, %f0;
	mov.f32 %f2, %f0;
	mov.f32 %f3, %f0;
	mov.u32 %r4, %r0;
	mov.u32 %r5, %r0;
	mov.u32 %r6, %r0;
	mov.u32 %r7, %r0;
	st.shared.v4.u32 [%r2], {%r4, %r5, %r6, %r7};
	bar.sync 0;
L:
` + body + `
	sub.u32 %r1, %r1, 1;
	setp.ne.u32 %p0, %r1, 0;
	@%p0 bra L;
	ret;
}
`
}

// BenchmarkInstructions tells the speed of kinds of instructions: each body has ten of a kind.
func BenchmarkInstructions(b *testing.B) {
	for _, test := range []struct{ name, line string }{
		{"add.s32", "add.s32 %r4, %r4, %r5;"},
		{"fma.rn.f32", "fma.rn.f32 %f1, %f0, %f2, %f3;"},
		{"setp", "setp.lt.s32 %p1, %r4, %r5;"},
		{"cvt", "cvt.rn.f32.s32 %f1, %r4;"},
		{"mad.wide", "mad.wide.u32 %d2, %r4, %r5, %d1;"},
		{"masked", "@%p0 add.s32 %r4, %r4, %r5;"},
		{"shfl", "shfl.sync.bfly.b32 %r4, %r5, 1, 31, 0xffffffff;"},
		{"ld.shared.v4", "ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [%r2];"},
		{"ld.global.v4", "ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%d1];"},
		{"st.shared", "st.shared.u32 [%r2], %r4;"},
		{"ldmatrix.x4", "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];"},
		{"mma.bf16.k16", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0,%f1,%f2,%f3}, {%r4,%r5,%r6,%r7}, {%r4,%r5}, {%f0,%f1,%f2,%f3};"},
		{"mma.tf32.k8", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0,%f1,%f2,%f3}, {%r4,%r5,%r6,%r7}, {%r4,%r5}, {%f0,%f1,%f2,%f3};"},
	} {
		b.Run(test.name, func(b *testing.B) {
			body := "setp.ne.u32 %p0, %r0, 3;\nsetp.eq.u32 %p1, %r0, 3;\n"
			for range 10 {
				body += "\t" + test.line + "\n"
			}
			r := newRig(b, Options{Workers: 1}, "loop.ptx", loop(body))
			p := r.in(make([]uint32, 4*32))
			b.ResetTimer()
			r.launch("k", line(1), line(32), 0, p, uint32(b.N))
			b.StopTimer()
			instructions := 15 * float64(b.N) // with those of the loop
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/instructions, "ns/warp-instruction")
			b.ReportMetric(instructions/b.Elapsed().Seconds()/1e6, "M-warp-instructions/s")
		})
	}
}

// BenchmarkBlocks tells the speed of a grid on all cores: a mix as kernels have it.
func BenchmarkBlocks(b *testing.B) {
	body := `	ld.shared.v4.u32 {%r8, %r9, %r10, %r11}, [%r2];
	mov.b32 %f4, %r8;
	fma.rn.f32 %f1, %f0, %f2, %f3;
	fma.rn.f32 %f2, %f0, %f1, %f3;
	add.s32 %r12, %r8, %r9;
	xor.b32 %r13, %r12, %r4;
	mul.wide.u32 %d2, %r13, 4;
	add.s64 %d3, %d2, %d1;
	fma.rn.f32 %f1, %f0, %f2, %f3;
	fma.rn.f32 %f2, %f0, %f1, %f3;
`
	var instructions uint64
	r := newRig(b, Options{Observe: func(p *Profile) { instructions += p.Total.Instructions }}, "loop.ptx", loop(body))
	p := r.in(make([]uint32, 4*128))
	for b.Loop() {
		r.launch("k", line(16), line(128), 0, p, uint32(100))
	}
	b.ReportMetric(float64(instructions)/b.Elapsed().Seconds()/1e6, "M-warp-instructions/s")
}
