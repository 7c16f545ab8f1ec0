package ptxsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSchedules demands the same bits of a kernel without races under every seed and number of workers, and other orders
// of warps for other seeds.
func TestSchedules(t *testing.T) {
	const text = `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out, .param .u64 order, .param .u64 next)
{
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.reg .f32 %f<4>;
	.reg .pred %p<3>;
	.shared .align 4 .b8 s[1024];
	ld.param.u64 %d0, [out];
	ld.param.u64 %d1, [order];
	ld.param.u64 %d2, [next];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, %ctaid.x;
	mad.lo.u32 %r2, %r1, 256, %r0;
	mul.wide.u32 %d3, %r2, 4;
	add.s64 %d0, %d0, %d3;
	and.b32 %r3, %r0, 31;
	setp.eq.u32 %p0, %r3, 0;
	shr.u32 %r4, %r2, 5;
	@%p0 atom.global.add.u32 %r5, [%d2], 1; // the order in which warps come here
	@%p0 mul.wide.u32 %d3, %r5, 4;
	@%p0 add.s64 %d3, %d1, %d3;
	@%p0 st.global.u32 [%d3], %r4;
	mov.u32 %r5, s;
	mad.lo.u32 %r5, %r0, 4, %r5;
	cvt.rn.f32.u32 %f0, %r2;
	st.shared.f32 [%r5], %f0;
	bar.sync 0;
	xor.b32 %r6, %r0, 96;
	mov.u32 %r5, s;
	mad.lo.u32 %r5, %r6, 4, %r5;
	ld.shared.f32 %f1, [%r5];
	fma.rn.f32 %f1, %f1, 0f3EAAAAAB, %f0;
	st.global.f32 [%d0], %f1;
	ret;
}
`
	var bits [][]uint32
	orders := map[string]bool{}
	for seed := range uint64(6) {
		r := newRig(t, Options{Seed: seed, Workers: 1 + int(seed%3)}, "schedule.ptx", text)
		out, order := r.room(4*4*256), r.room(4*32)
		r.launch("k", line(4), line(256), 0, out, order, r.in([]uint32{0}))
		got, sequence := make([]uint32, 4*256), make([]uint32, 32)
		r.out(got, out)
		r.out(sequence, order)
		bits = append(bits, got)
		orders[fmt.Sprint(sequence)] = true
	}
	for seed := range bits {
		if !slices.Equal(bits[seed], bits[0]) {
			t.Errorf("seed %d gives other bits", seed)
		}
	}
	if len(orders) < 4 {
		t.Errorf("%d orders of warps under 6 seeds", len(orders))
	}
}

// TestCounters holds the counters to requests whose cost is known.
func TestCounters(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       Counts // of that instruction
	}{
		{"coalesced", "ld.global.u32 %r4, [%d4];", Counts{Instructions: 1, Lanes: 32, GlobalRequests: 1, GlobalSectors: 4, GlobalBytes: 128}},
		{"strided", "ld.global.u32 %r4, [%d5];", Counts{Instructions: 1, Lanes: 32, GlobalRequests: 1, GlobalSectors: 32, GlobalBytes: 128}},
		{"one address", "ld.global.u32 %r4, [%d0];", Counts{Instructions: 1, Lanes: 32, GlobalRequests: 1, GlobalSectors: 1, GlobalBytes: 128}},
		{"vector", "ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%d1];", Counts{Instructions: 1, Lanes: 32, GlobalRequests: 1, GlobalSectors: 16, GlobalBytes: 512}},
		{"some lanes", "@%p1 st.global.u32 [%d4], %r4;", Counts{Instructions: 1, Lanes: 8, GlobalRequests: 1, GlobalSectors: 1, GlobalBytes: 32}},
		{"no conflict", "st.shared.u32 [%r20], %r4;", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedBytes: 128}},
		{"two ways", "st.shared.u32 [%r21], %r4;", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedConflicts: 1, SharedBytes: 128}},
		{"32 ways", "st.shared.u32 [%r22], %r4;", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedConflicts: 31, SharedBytes: 128}},
		{"broadcast", "ld.shared.u32 %r4, [s];", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedBytes: 128}},
		{"shared vector", "st.shared.v4.u32 [%r2], {%r4, %r5, %r6, %r7};", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedBytes: 512}},
		{"padded vector", "st.shared.v4.u32 [%r23], {%r4, %r5, %r6, %r7};", Counts{Instructions: 1, Lanes: 32, SharedRequests: 1, SharedConflicts: 28, SharedBytes: 512}},
	} {
		body := `	and.b32 %r3, %r0, 24;
	setp.eq.u32 %p1, %r3, 8;
	mul.wide.u32 %d4, %r0, 4;
	add.s64 %d4, %d0, %d4;
	mul.wide.u32 %d5, %r0, 32;
	add.s64 %d5, %d0, %d5;
	mov.u32 %r20, s;
	mad.lo.u32 %r21, %r0, 8, %r20;
	mad.lo.u32 %r22, %r0, 128, %r20;
	mad.lo.u32 %r23, %r0, 128, %r20;
	mad.lo.u32 %r20, %r0, 4, %r20;
	` + test.line + "\n"
		var profile *Profile
		r := newRig(t, Options{Observe: func(p *Profile) { profile = p }}, "count.ptx", loop(body))
		r.launch("k", line(1), line(32), 0, r.in(make([]uint32, 1024)), uint32(1))
		number := 1 + strings.Count(loop(body)[:strings.Index(loop(body), test.line)], "\n")
		at := slices.IndexFunc(profile.Lines, func(l LineCounts) bool { return l.Line == number })
		if at < 0 {
			t.Fatalf("%s: no counts of line %d", test.name, number)
		}
		if got := profile.Lines[at].Counts; got != test.want {
			t.Errorf("%s: %+v, expected %+v", test.name, got, test.want)
		}
		if total := profile.Total.Instructions; total != uint64(len(profile.Lines)) {
			t.Errorf("%s: %d instructions in all of %d lines", test.name, total, len(profile.Lines))
		}
	}
}

// TestSample: of a launch of which a sample runs, each block counts what it does when all run, on memory that takes no room, and
// the sectors that a block touches are counted once.
func TestSample(t *testing.T) {
	const text = `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out, .param .u64 in, .param .u64 times)
{
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.reg .f32 %f<4>;
	.reg .pred %p;
	ld.param.u64 %d0, [out];
	ld.param.u64 %d1, [in];
	ld.param.u32 %r3, [times];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, %ctaid.x;
	mad.lo.u32 %r2, %r1, 64, %r0;
	mul.wide.u32 %d3, %r2, 4;
	add.u64 %d0, %d0, %d3;
	mov.f32 %f0, 0f00000000;
LOOP: // the whole block reads the same 128 bytes again and again
	and.b32 %r4, %r0, 31;
	mul.wide.u32 %d4, %r4, 4;
	add.u64 %d4, %d1, %d4;
	ld.global.f32 %f1, [%d4];
	add.f32 %f0, %f0, %f1;
	sub.u32 %r3, %r3, 1;
	setp.ne.u32 %p, %r3, 0;
	@%p bra LOOP;
	st.global.f32 [%d0], %f0;
	ret;
}
`
	const blocks, times = 1000, 5
	var profiles []*Profile
	for _, sample := range []int{0, 3} {
		var seen []*Profile
		bytes := 1 << 20
		if sample > 0 {
			bytes = 1 << 40
		}
		r := newRig(t, Options{Sample: sample, MemoryBytes: bytes, Observe: func(p *Profile) { seen = append(seen, p) }}, "sample.ptx", text)
		out, in := r.room(4*64*blocks), r.in(make([]float32, 32))
		r.launch("k", line(blocks), line(64), 0, out, in, uint64(times))
		if sample > 0 {
			r.room(1 << 39) // a terabyte takes no memory here
			r.launch("k", line(blocks), line(64), 0, r.room(4*64*blocks), in, uint64(times))
			if len(seen) != 2 || seen[0] != seen[1] {
				t.Errorf("%d launches seen: expected the second to be known from the first", len(seen))
			}
		}
		profiles = append(profiles, seen[0])
	}
	all, some := profiles[0], profiles[1]
	if all.Ran != blocks || some.Ran != 3 || some.Grid != line(blocks) || some.Block != line(64) {
		t.Fatalf("%d and %d blocks ran", all.Ran, some.Ran)
	}
	for class := range Classes {
		if a, b := all.Class[class], some.Class[class]; a.Instructions*3 != b.Instructions*blocks || a.GlobalSectors*3 != b.GlobalSectors*blocks {
			t.Errorf("%v: %+v in all blocks, %+v in 3", class, a, b)
		}
	}
	if some.UnionReadBytes != 128 {
		t.Errorf("%d bytes read by any block, expected 128", some.UnionReadBytes)
	}
	if some.ReadBytes != 3*128 || some.WrittenBytes != 3*256 {
		t.Errorf("%d bytes read and %d written by 3 blocks, expected 384 and 768", some.ReadBytes, some.WrittenBytes)
	}
}

// TestSampleKeepsBounds: an access out of bounds is one on memory without contents too.
func TestSampleKeepsBounds(t *testing.T) {
	const text = `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out)
{
	.reg .b32 %r;
	.reg .b64 %d<2>;
	ld.param.u64 %d0, [out];
	mov.u32 %r, %tid.x;
	mul.wide.u32 %d1, %r, 4;
	add.u64 %d0, %d0, %d1;
	st.global.u32 [%d0], %r;
	ret;
}
`
	r := newRig(t, Options{Sample: 1}, "bounds.ptx", text)
	if err := r.try("k", line(1), line(32), 0, r.room(64)); err == nil || !strings.Contains(err.Error(), "out of bounds") {
		t.Errorf("%v", err)
	}
}

// TestWaitsCountOnce: a try_wait counts when its phase has ended, however often one lane of a warp, which cannot rest, has asked before.
func TestWaitsCountOnce(t *testing.T) {
	const text = `.version 8.0
.target sm_90
.address_size 64
.visible .entry k()
{
	.reg .b32 %r<4>;
	.reg .b64 %state;
	.reg .pred %p;
	.shared .align 8 .b8 s[8];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, 0;
	setp.ne.u32 %p, %r0, 0;
	@%p bra READY;
	mbarrier.init.shared::cta.b64 [s], 1;
READY:
	bar.sync 0;
	setp.ge.u32 %p, %r0, 32;
	@%p bra LATE;
	setp.ne.u32 %p, %r0, 0;
	@%p bra DONE;
WAIT:
	mbarrier.try_wait.parity.shared::cta.b64 %p, [s], %r1;
	@!%p bra WAIT;
	bra DONE;
LATE:
	add.u32 %r1, %r1, 1;
	setp.lt.u32 %p, %r1, 5000;
	@%p bra LATE;
	setp.ne.u32 %p, %r0, 32;
	@%p bra DONE;
	mbarrier.arrive.shared::cta.b64 %state, [s];
DONE:
	ret;
}
`
	var profile *Profile
	r := newRig(t, Options{Target: 90, Observe: func(p *Profile) { profile = p }}, "wait.ptx", text)
	r.launch("k", line(1), line(64), 0)
	want := Counts{Instructions: 1, Lanes: 1, SharedRequests: 1, SharedBytes: 8}
	asked, waits := uint64(0), 1+strings.Count(text[:strings.Index(text, "@!%p bra WAIT")], "\n")
	for _, l := range profile.Lines {
		switch {
		case strings.HasPrefix(l.Text, "mbarrier.try_wait") && l.Counts != want:
			t.Errorf("%+v, expected %+v", l.Counts, want)
		case l.Line == waits:
			asked = l.Instructions
		}
	}
	if asked < 2 {
		t.Errorf("the warp has asked %d times: the test shows nothing", asked)
	}
}
