// Package drivertest is what every driver of the GPU device passes: one walk through its whole interface, with kernels of its
// own, the things that it refuses, and what is left after a kernel's fault.
package drivertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// Source has a variable and kernels with one block of arguments, with arguments of several sizes, with much shared memory, and
// with an address of its caller's.
const Source = `.version 8.0
.target sm_80
.address_size 64
.visible .global .align 4 .u32 factor = 2;
.extern .shared .align 16 .b8 dynamic[];

// p[i] *= factor for n numbers; p and n are one block.
.visible .entry scale(.param .align 64 .b8 block[16]) .maxntid 64
{
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.reg .pred %p;
	ld.param.u64 %d0, [block];
	ld.param.u32 %r0, [block+8];
	mov.u32 %r1, %tid.x;
	setp.ge.u32 %p, %r1, %r0;
	@%p ret;
	mul.wide.u32 %d1, %r1, 4;
	add.s64 %d0, %d0, %d1;
	ld.global.u32 %r2, [%d0];
	ld.global.u32 %r3, [factor];
	mul.lo.u32 %r2, %r2, %r3;
	st.global.u32 [%d0], %r2;
	ret;
}

// p[0] = a + 16*b + 256*c
.visible .entry mixed(.param .u32 a, .param .u64 p, .param .u32 b, .param .u16 c)
{
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	.reg .b16 %h;
	ld.param.u32 %r0, [a];
	ld.param.u64 %d0, [p];
	ld.param.u32 %r1, [b];
	ld.param.u16 %h, [c];
	cvt.u32.u16 %r2, %h;
	mad.lo.u32 %r0, %r1, 16, %r0;
	mad.lo.u32 %r0, %r2, 256, %r0;
	st.global.u32 [%d0], %r0;
	ret;
}

// p[tid] = 31 - tid, by way of the last bytes of n bytes of shared memory
.visible .entry reverse(.param .u64 p, .param .u64 n)
{
	.reg .b32 %r<8>;
	.reg .b64 %d<8>;
	ld.param.u64 %d0, [p];
	ld.param.u32 %r0, [n];
	mov.u32 %r1, %tid.x;
	mov.u32 %r2, dynamic;
	add.u32 %r2, %r2, %r0;
	shl.b32 %r3, %r1, 2;
	sub.u32 %r4, %r2, %r3;
	st.shared.u32 [%r4+-4], %r1;
	bar.sync 0;
	sub.u32 %r5, %r2, 128;
	add.u32 %r5, %r5, %r3;
	ld.shared.u32 %r6, [%r5];
	mul.wide.u32 %d1, %r1, 4;
	add.s64 %d0, %d0, %d1;
	st.global.u32 [%d0], %r6;
	ret;
}
`

// bed is a device with a stream and the kernels.
type bed struct {
	testing.TB
	gpu    driver.Device
	stream driver.Stream
	module driver.Module
}

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	check(t, err)
	return value
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBed(t testing.TB, open func(testing.TB) driver.Device) *bed {
	b := &bed{TB: t, gpu: open(t)}
	stream, err := b.gpu.NewStream()
	b.stream = must(t, stream, err)
	module, err := b.gpu.Load("drivertest.ptx", Source)
	b.module = must(t, module, err)
	return b
}

func (b *bed) function(name string) driver.Function {
	b.Helper()
	f, err := b.module.Function(name)
	return must(b, f, err)
}

func (b *bed) alloc(bytes int) driver.Pointer {
	b.Helper()
	p, err := b.gpu.Alloc(bytes)
	return must(b, p, err)
}

// words is numbers as devices hold them.
func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// expect waits and compares memory of the device.
func (b *bed) expect(what string, at driver.Pointer, want ...uint32) {
	b.Helper()
	got := make([]byte, 4*len(want))
	check(b, b.stream.CopyOut(got, at))
	check(b, b.stream.Synchronize())
	if !bytes.Equal(got, words(want...)) {
		b.Errorf("%s: memory %v, expected %v", what, got, words(want...))
	}
}

func line(n int) [3]int { return [3]int{n, 1, 1} }

// scale is a launch of the kernel with that name.
func (b *bed) scale(p driver.Pointer, n int) driver.Launch {
	b.Helper()
	block := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(p)), uint64(n))
	return driver.Launch{Function: b.function("scale"), Grid: line(1), Block: line(32), Arguments: block}
}

// Run runs the suite on devices that open makes, one at a time.
func Run(t *testing.T, open func(testing.TB) driver.Device) {
	for _, test := range []struct {
		name string
		run  func(b *bed)
	}{
		{"memory", memory}, {"host memory", hostMemory}, {"modules", modules}, {"arguments", arguments}, {"many launches", manyLaunches}, {"shared memory", shared},
		{"graphs", graphs}, {"tensor maps", tensorMaps}, {"events", events}, {"refusals", refusals},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(t, open)
			test.run(b)
			check(t, b.gpu.Synchronize())
			check(t, b.stream.Destroy())
			check(t, b.gpu.Close())
			if b.gpu.Synchronize() == nil || b.gpu.Close() == nil {
				t.Error("a closed device works on")
			}
		})
	}
	t.Run("fault", func(t *testing.T) { fault(t, open) })
	t.Run("out of memory", func(t *testing.T) { outOfMemory(t, open) })
}

func memory(b *bed) {
	if b.gpu.Name() == "" || b.gpu.Attribute(driver.ComputeCapability) < 80 || b.gpu.Attribute(driver.WarpSize) != 32 {
		b.Errorf("name %q, capability %d, warps of %d", b.gpu.Name(), b.gpu.Attribute(driver.ComputeCapability), b.gpu.Attribute(driver.WarpSize))
	}
	for a := driver.ComputeCapability; a <= driver.ReservedSharedBytesPerBlock; a++ {
		if b.gpu.Attribute(a) <= 0 {
			b.Errorf("attribute %d is %d", a, b.gpu.Attribute(a))
		}
	}
	p, q := b.alloc(16), b.alloc(16)
	if p%256 != 0 || q%256 != 0 || p == q {
		b.Errorf("addresses %d and %d", p, q)
	}
	check(b, b.stream.Fill(p, 7, 4))
	check(b, b.stream.CopyIn(p+4, words(1, 2)))
	check(b, b.stream.Copy(q, p+4, 12))
	b.expect("first", p, 7, 1, 2, 7)
	b.expect("second", q, 1, 2, 7)
	check(b, b.stream.CopyIn(p, nil))
	check(b, b.stream.CopyOut(nil, p))
	_, total, err := b.gpu.Memory()
	check(b, err)
	before := must(b, b.alloc(64<<20), nil)
	free, _, err := b.gpu.Memory()
	check(b, err)
	if free <= 0 || free > total-64<<20 {
		b.Errorf("%d of %d bytes free with 64 MiB taken", free, total)
	}
	for _, at := range []driver.Pointer{before, p, q} {
		check(b, b.gpu.Free(at))
	}
}

// hostMemory: a copy from the driver's host memory may be as late as the next wait, one from other memory may not.
func hostMemory(b *bed) {
	host, err := b.gpu.AllocHost(12)
	check(b, err)
	if !bytes.Equal(host, make([]byte, 12)) {
		b.Errorf("host memory %v, expected zeros", host)
	}
	p := b.alloc(24)
	copy(host, words(1, 2, 3))
	ordinary := words(4, 5, 6)
	check(b, b.stream.CopyIn(p, host))
	check(b, b.stream.CopyIn(p+12, ordinary))
	check(b, b.stream.Synchronize())
	clear(host)
	clear(ordinary)
	b.expect("after a wait", p, 1, 2, 3, 4, 5, 6)
	check(b, b.stream.CopyOut(host, p+4))
	check(b, b.stream.Synchronize())
	if !bytes.Equal(host, words(2, 3, 4)) {
		b.Errorf("host memory %v, expected 2, 3, 4", host)
	}
	check(b, b.gpu.FreeHost(host))
	if err := b.gpu.FreeHost(host); err == nil {
		b.Error("host memory was given back twice")
	}
}

func modules(b *bed) {
	got := b.function("scale").Attributes()
	if got.MaxThreadsPerBlock != 64 || got.ArgumentBytes != 16 || len(got.ArgumentOffsets) != 1 || got.Target != 80 || got.SharedBytes != 0 {
		b.Errorf("attributes %+v", got)
	}
	if n, err := b.function("scale").BlocksPerMultiprocessor(64, 0); err != nil || n < 8 || n > 32 {
		b.Errorf("%d blocks on a multiprocessor, error %v", n, err)
	}
	p := b.alloc(12)
	check(b, b.stream.CopyIn(p, words(1, 2, 3)))
	check(b, b.stream.Launch(b.scale(p, 3)))
	b.expect("doubled", p, 2, 4, 6)
	at, bytes, err := b.module.Global("factor")
	check(b, err)
	if bytes != 4 {
		b.Errorf("factor has %d bytes, expected 4", bytes)
	}
	check(b, b.stream.Fill(at, 5, 1))
	check(b, b.stream.Launch(b.scale(p, 2)))
	b.expect("by the variable", p, 10, 20, 6)
	other, err := b.gpu.Load("other.ptx", Source)
	check(b, err)
	check(b, other.Unload())
}

// arguments: the block of parameters has each at its natural alignment, whatever the driver does with it.
func arguments(b *bed) {
	f, p := b.function("mixed"), b.alloc(4)
	if got := f.Attributes(); got.ArgumentBytes != 22 || len(got.ArgumentOffsets) != 4 || got.ArgumentOffsets[3] != 20 {
		b.Fatalf("attributes %+v", got)
	}
	block := binary.LittleEndian.AppendUint64(words(3, 0xFFFFFFFF), uint64(p))
	block = append(block, words(5)...)
	block = append(block, 7, 1)
	check(b, b.stream.Launch(driver.Launch{Function: f, Grid: line(1), Block: line(1), Arguments: block}))
	clear(block)
	b.expect("arguments", p, 3+16*5+256*(7+256))
}

// manyLaunches: more launches than anybody keeps in mind have each its own arguments, which their caller changes at once.
func manyLaunches(b *bed) {
	const n = 3000
	f, p := b.function("mixed"), b.alloc(4*n)
	block := make([]byte, 22)
	var want []uint32
	for i := range uint32(n) {
		binary.LittleEndian.PutUint32(block, i)
		binary.LittleEndian.PutUint64(block[8:], uint64(p)+4*uint64(i))
		check(b, b.stream.Launch(driver.Launch{Function: f, Grid: line(1), Block: line(1), Arguments: block}))
		want = append(want, i)
	}
	clear(block)
	b.expect("many launches", p, want...)
}

// shared: a block has more than 48 KiB where somebody says so.
func shared(b *bed) {
	f, p := b.function("reverse"), b.alloc(128)
	var want []uint32
	for i := range uint32(32) {
		want = append(want, 31-i)
	}
	launch := func(bytes int) error {
		block := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(p)), uint64(bytes))
		return b.stream.Launch(driver.Launch{Function: f, Grid: line(1), Block: line(32), Shared: bytes, Arguments: block})
	}
	check(b, launch(48<<10))
	b.expect("48 KiB", p, want...)
	most := b.gpu.Attribute(driver.SharedBytesPerBlockMost)
	refused(b, launch(most), "bytes of dynamic shared memory, expected 0 to 49152")
	refused(b, f.SetDynamicShared(most+4), "expected 0 to")
	check(b, f.SetDynamicShared(most))
	check(b, b.stream.Fill(p, 0, 32))
	check(b, launch(most))
	b.expect("all there is", p, want...)
	if got := f.Attributes().DynamicSharedBytes; got != most {
		b.Errorf("a launch may ask for %d bytes, expected %d", got, most)
	}
}

// tensorSource copies 4 rows of 8 numbers by a tensor map, the first part of its block, to an address behind it.
const tensorSource = `.version 8.0
.target sm_90
.address_size 64
.visible .entry tensor(.param .align 64 .b8 block[136])
{
	.reg .pred %p;
	.reg .b32 %r<4>, %c<4>;
	.reg .b16 %h<2>;
	.reg .b64 %d<4>;
	.shared .align 128 .b8 s[128];
	.shared .align 8 .b64 full;
	mov.b64 %d0, block;
	cvta.param.u64 %d0, %d0;
	ld.param.u64 %d1, [block+128];
	mov.u32 %c0, 0;
	mov.u32 %c1, -1;
	mov.u32 %c2, 0;
	mov.u32 %c3, 0;
	mov.b16 %h0, 1;
	mbarrier.init.shared::cta.b64 [full], 1;
	fence.mbarrier_init.release.cluster;
	mbarrier.arrive.expect_tx.shared::cta.b64 %d2, [full], 128;
	COPY
WAIT:
	mbarrier.try_wait.parity.shared::cta.b64 %p, [full], 0;
	@!%p bra WAIT;
	fence.proxy.async.shared::cta;
	cp.async.bulk.global.shared::cta.bulk_group [%d1], [s], 128;
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group 0;
	ret;
}
`

// tensorMaps: a kernel finds a tensor by a map that the host made, in boxes and pixel by pixel; what lies outside is 0.
func tensorMaps(b *bed) {
	if b.gpu.Attribute(driver.ComputeCapability) < 90 {
		b.Skip("tensor maps begin with compute capability 90")
	}
	p, out := b.alloc(8*3*4), b.alloc(128)
	var numbers []uint32
	for n := range uint32(24) {
		numbers = append(numbers, n+1)
	}
	check(b, b.stream.CopyIn(p, words(numbers...)))
	try := func(copying string, made driver.TensorMap, want []uint32) {
		b.Helper()
		module, err := b.gpu.Load("tensor.ptx", strings.Replace(tensorSource, "COPY", copying, 1))
		check(b, err)
		f, err := module.Function("tensor")
		check(b, err)
		block := binary.LittleEndian.AppendUint64(made[:], uint64(out))
		check(b, b.stream.Launch(driver.Launch{Function: f, Grid: line(1), Block: line(1), Arguments: block}))
		b.expect(copying, out, want...)
		check(b, module.Unload())
	}
	rows := driver.Tiled{Tensor: driver.Tensor{Type: driver.Uint32, At: p, Sizes: []uint64{8, 3}, Strides: []uint64{32}}, Box: []uint32{8, 4}}
	made, err := b.gpu.EncodeTiled(rows)
	check(b, err)
	try("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%d0, {%c0,%c1}], [full];", made,
		append(make([]uint32, 8), numbers...))
	pixels := driver.Im2col{Tensor: driver.Tensor{Type: driver.Uint32, At: p, Sizes: []uint64{8, 3, 1}, Strides: []uint64{32, 96}},
		Lower: []int32{-1}, Upper: []int32{-1}, Channels: 8, Pixels: 4}
	made, err = b.gpu.EncodeIm2col(pixels)
	check(b, err)
	// The box has 3 pixels, from -1 on; each is moved by 1. The next image is not there.
	try("cp.async.bulk.tensor.3d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [s], [%d0, {%c0,%c1,%c2}], [full], {%h0};", made,
		append(numbers[:24:24], make([]uint32, 8)...))
	rows.At += 4
	_, err = b.gpu.EncodeTiled(rows)
	refused(b, err, "EncodeTiled")
	rows.Strides = nil
	_, err = b.gpu.EncodeTiled(rows)
	refused(b, err, "2 sizes and 0 strides")
	check(b, b.gpu.Synchronize())
}

// graphs: work of a graph is done when it is launched, as often as somebody asks, with the host memory and the parameters of
// that time. What is under way keeps those that it had.
func graphs(b *bed) {
	p, q := b.alloc(16), b.alloc(16)
	host, err := b.gpu.AllocHost(16)
	check(b, err)
	copy(host, words(1, 2, 7))
	check(b, b.stream.CopyIn(p, words(8, 9, 9, 9)))
	check(b, b.stream.Fill(q, 0, 4))
	list := []driver.Work{
		{Kind: driver.CopyIn, To: p, Host: host[:8]},
		{Kind: driver.Kernel, Launch: b.scale(p, 2)},
		{Kind: driver.Fill, To: p + 4, Value: 5, Words: 1},
		{Kind: driver.Copy, To: q, From: p, Bytes: 8},
		{Kind: driver.CopyOut, Host: host[12:], From: q},
	}
	graph, err := b.gpu.NewGraph(list)
	check(b, err)
	set := func(n int, change func(w *driver.Work)) {
		b.Helper()
		w := list[n]
		w.Arguments = bytes.Clone(w.Arguments)
		change(&w)
		check(b, graph.Set(n, &w))
		clear(w.Arguments)
	}
	clear(list[1].Arguments)
	b.expect("made", p, 8, 9, 9, 9)
	check(b, graph.Launch(b.stream))
	b.expect("launched", p, 2, 5, 9, 9)
	b.expect("launched", q, 2, 5, 0, 0)
	if !bytes.Equal(host[12:], words(2)) {
		b.Errorf("host memory %v, expected 2", host[12:])
	}
	copy(host, words(3))
	check(b, graph.Launch(b.stream))
	// The launch is perhaps still to come.
	list[1].Arguments = b.scale(p, 3).Arguments
	set(1, func(*driver.Work) {})
	set(0, func(w *driver.Work) { w.Host = host[:12] })
	set(2, func(w *driver.Work) { w.To, w.Value = p, 6 })
	set(3, func(w *driver.Work) { w.To, w.From, w.Bytes = q+4, p+4, 12 })
	set(4, func(w *driver.Work) { w.From = q + 4 })
	b.expect("before the change", p, 6, 5, 9, 9)
	check(b, graph.Launch(b.stream))
	b.expect("changed", p, 6, 4, 14, 9)
	b.expect("changed", q, 6, 4, 14, 9)
	if !bytes.Equal(host[12:], words(4)) {
		b.Errorf("host memory %v, expected 4", host[12:])
	}
	// Work that a driver refuses makes it no worse. It says so at once or at the launch, and which it is.
	bad := list[1]
	bad.Block = line(65)
	err = graph.Set(1, &bad)
	if err == nil {
		err = graph.Launch(b.stream)
	}
	var failed *driver.WorkError
	if refused(b, err, "expected at most 64 threads"); !errors.As(err, &failed) || failed.Number != 1 {
		b.Errorf("error %v, expected that of work 1", err)
	}
	refused(b, graph.Set(2, &list[1]), "cannot change to work of another kind")
	check(b, graph.Destroy())
	refused(b, graph.Launch(b.stream), "destroyed")
	refused(b, graph.Set(1, &list[1]), "destroyed")
	refused(b, graph.Destroy(), "destroyed")
	manyChanges(b)
}

// manyChanges: more changes than anybody keeps in mind have each its own arguments.
func manyChanges(b *bed) {
	const n = 3000
	f, p := b.function("mixed"), b.alloc(4*n)
	block := make([]byte, 22)
	w := driver.Work{Kind: driver.Kernel, Launch: driver.Launch{Function: f, Grid: line(1), Block: line(1), Arguments: block}}
	binary.LittleEndian.PutUint64(block[8:], uint64(p))
	graph, err := b.gpu.NewGraph([]driver.Work{w})
	check(b, err)
	var want []uint32
	for i := range uint32(n) {
		binary.LittleEndian.PutUint32(block, i)
		binary.LittleEndian.PutUint64(block[8:], uint64(p)+4*uint64(i))
		check(b, graph.Set(0, &w))
		check(b, graph.Launch(b.stream))
		want = append(want, i)
	}
	clear(block)
	b.expect("many changes", p, want...)
	check(b, graph.Destroy())
}

// events: one stream waits for another, and the time between two marks is some.
func events(b *bed) {
	second, err := b.gpu.NewStream()
	check(b, err)
	before, err := b.gpu.NewEvent()
	check(b, err)
	after, err := b.gpu.NewEvent()
	check(b, err)
	p := b.alloc(4)
	check(b, b.stream.Record(before))
	check(b, b.stream.CopyIn(p, words(3)))
	for range 10 {
		check(b, b.stream.Launch(b.scale(p, 1)))
	}
	check(b, b.stream.Record(after))
	check(b, second.Wait(after))
	check(b, second.Launch(b.scale(p, 1)))
	check(b, second.Synchronize())
	b.expect("in order", p, 3<<11)
	check(b, after.Synchronize())
	if elapsed, err := after.Since(before); err != nil || elapsed <= 0 {
		b.Errorf("elapsed %v, error %v", elapsed, err)
	}
	check(b, second.Destroy())
	check(b, before.Destroy())
	check(b, after.Destroy())
	refused(b, before.Destroy(), "destroyed")
	refused(b, second.Fill(p, 0, 1), "destroyed")
}

func refused(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, expected %q", err, want)
	}
}

// refusals are what a driver finds wrong before the device does. The device works on.
func refusals(b *bed) {
	p := b.alloc(4)
	check(b, b.stream.Fill(p, 3, 1))
	for _, test := range []struct {
		change func(l *driver.Launch)
		want   string
	}{
		{func(l *driver.Launch) { l.Block = line(65) }, "expected at most 64 threads"},
		{func(l *driver.Launch) { l.Grid = line(0) }, "expected at least 1 everywhere"},
		{func(l *driver.Launch) { l.Grid = [3]int{1, 1 << 16, 1} }, "expected below 2^31, 2^16 and 2^16"},
		{func(l *driver.Launch) { l.Cluster = line(2) }, "cluster"},
		{func(l *driver.Launch) { l.Shared = 50000 }, "50000 bytes of dynamic shared memory, expected 0 to 49152"},
		{func(l *driver.Launch) { l.Shared = -1 }, "-1 bytes of dynamic shared memory, expected 0 to 49152"},
		{func(l *driver.Launch) { l.Arguments = l.Arguments[:12] }, "12 bytes of arguments, expected 16"},
	} {
		launch := b.scale(p, 1)
		test.change(&launch)
		refused(b, b.stream.Launch(launch), test.want)
	}
	_, err := b.gpu.Alloc(0)
	refused(b, err, "0 bytes asked for")
	_, err = b.gpu.Load("wrong.ptx", strings.Replace(Source, "mad.lo.u32", "mad.low.u32", 1))
	refused(b, err, "Load")
	refused(b, err, "wrong.ptx")
	check(b, b.stream.Launch(b.scale(p, 1)))
	b.expect("after refusals", p, 6)
}

// fault: after a kernel's access to memory that is nobody's every call fails with the first error. Another device can be opened
// once this one is closed.
func fault(t *testing.T, open func(testing.TB) driver.Device) {
	b := newBed(t, open)
	p := b.alloc(4)
	good, bad := b.scale(p, 1), b.scale(16, 1)
	err := b.stream.Launch(bad)
	if err == nil {
		err = b.stream.Synchronize()
	}
	refused(t, err, "scale")
	_, errNew := b.gpu.NewStream()
	for _, later := range []error{b.gpu.Synchronize(), b.stream.Synchronize(), b.stream.Fill(p, 0, 1), b.stream.Launch(good), errNew} {
		if later == nil || err == nil || !strings.HasSuffix(later.Error(), err.Error()[strings.LastIndex(err.Error(), ": "):]) {
			t.Errorf("later %v, expected %v", later, err)
		}
	}
	_ = b.gpu.Close() // it may tell of the fault once more
	b = newBed(t, open)
	p = b.alloc(4)
	check(t, b.stream.Fill(p, 4, 1))
	check(t, b.stream.Launch(b.scale(p, 1)))
	b.expect("the next device", p, 8)
	check(t, b.gpu.Close())
}

// outOfMemory: the error has the figures.
func outOfMemory(t *testing.T, open func(testing.TB) driver.Device) {
	b := newBed(t, open)
	_, total, err := b.gpu.Memory()
	check(t, err)
	_, err = b.gpu.Alloc(total + 1)
	var full *kernels.OutOfMemory
	if !errors.As(err, &full) || full.Asked != int64(total)+1 || full.Total != int64(total) {
		t.Errorf("error %v, expected that %d of %d bytes are not there", err, total+1, total)
	}
	check(t, b.gpu.Close())
}
