package predict

import (
	"encoding/binary"
	"math"
	"regexp"
	"strconv"
	"testing"

	"gzpt/cuda"
	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/trace"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

// term is the seconds of a bound.
func (l Launch) term(t *testing.T, name string) float64 {
	t.Helper()
	for _, term := range l.Terms {
		if term.Name == name {
			return term.Seconds
		}
	}
	t.Fatalf("no term %s", name)
	return 0
}

// TestTerms compares every bound with its formula by hand, for a launch whose counts are given: 300 blocks of 256 threads, two of
// which were sampled.
func TestTerms(t *testing.T) {
	line := func(class ptxsim.Class, text string, n uint64) ptxsim.LineCounts {
		return ptxsim.LineCounts{Text: text, Class: class, Counts: ptxsim.Counts{Instructions: n, Lanes: 32 * n}}
	}
	load := line(ptxsim.GlobalLoad, "ld.global.v4.f32", 160)
	load.GlobalRequests, load.GlobalSectors, load.GlobalBytes = 160, 160*16, 160*512
	shared := line(ptxsim.SharedLoad, "ld.shared.f32", 320)
	shared.SharedRequests, shared.SharedBytes, shared.SharedConflicts = 320, 320*128, 640
	bulk := line(ptxsim.AsyncCopy, "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes", 2)
	bulk.GlobalRequests, bulk.GlobalSectors, bulk.GlobalBytes, bulk.SharedRequests, bulk.SharedBytes = 64, 256, 8192, 4, 8192
	p := &ptxsim.Profile{
		Kernel: "k", Grid: [3]int{300, 1, 1}, Block: [3]int{256, 1, 1}, SharedBytes: 40 << 10, Ran: 2, ReadBytes: 2 * 10240, UnionReadBytes: 2*10240 - 240,
		WrittenBytes: 2 * 2048,
		Lines: []ptxsim.LineCounts{
			load, shared,
			line(ptxsim.Float32, "fma.rn.f32", 1000),
			line(ptxsim.Float64, "add.f64", 20),
			line(ptxsim.Integer, "add.u32", 100),
			line(ptxsim.Integer, "add.u64", 100),            // two instructions
			line(ptxsim.Integer, "mul.wide.u32", 100),       // one
			line(ptxsim.Move, "mov.u32", 5000),              // none
			line(ptxsim.ParamAccess, "ld.param.u64", 5000),  // none
			line(ptxsim.Special, "ex2.approx.ftz.f32", 10),  //
			line(ptxsim.Special, "div.rn.f32", 10),          // 8 of float32
			line(ptxsim.Special, "rem.u32", 10),             // 16 of integers
			line(ptxsim.Conversion, "cvt.f64.f32", 10),      // special
			line(ptxsim.Conversion, "cvt.u64.u32", 5),       // integer
			line(ptxsim.Conversion, "cvt.rn.bf16x2.f32", 5), // integer
			line(ptxsim.Tensor, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 64),
			line(ptxsim.Tensor, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 32),
			line(ptxsim.Tensor, "wgmma.mma_async.sync.aligned.m64n256k8.f32.tf32.tf32", 8),
			line(ptxsim.Tensor, "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16", 4),
			bulk,
		},
	}
	p.Class[ptxsim.GlobalLoad] = load.Counts
	h100 := GPUs()[1]
	l := predict(h100, p, 64, 1e7)
	copied := *p
	copied.Lines = append(copied.Lines, bulk, bulk) // 3*128 sectors of a block, more than the 10240 bytes that it touches
	// A block of 8 warps of 64 registers takes 16384 of 65536: 4 blocks; its 41 KiB of 228: 5.
	if l.Occupancy != 4 || l.Blocks != 300 || l.Threads != 256 || !near(l.Waves, 300.0/(132*4)) {
		t.Errorf("%+v", l)
	}
	const busiest = 3 // blocks of one of 132 multiprocessors
	integer := (100 + 200 + 100 + 160 + 10) / 2.0
	float32s, specials := (1000+80)/2.0, (10+10)/2.0
	all := integer + float32s + specials + 10 + (160+320+64+32+8+4+2)/2.0
	for name, want := range map[string]float64{
		launchTerm:  3e-6,
		memoryTerm:  (240 + 300*10000 + 300*2048) / 3350e9, // both blocks have read the same 240 bytes
		l2Term:      300 * 12288 / (5120 * 1.98e9),
		accessTerm:  busiest * (160*4 + 320 + 640 + 64) / 2 / 1.98e9, // of the bulk copies what they write
		issueTerm:   busiest * all / 4 / 1.98e9,
		integerTerm: busiest * integer / 2 / 1.98e9,
		float32Term: busiest * float32s * 64 * 132 / 66.9e12,
		float64Term: busiest * 10 * 64 * 132 / 33.5e12,
		specialTerm: busiest * specials / 0.5 / 1.98e9,
		tensorTerm: busiest*132/0.63*(32*4096/989.4e12+16*2048/494.7e12) + // by warps
			busiest*132*(2*64*64*16*2/4/989.4e12+2*64*256*8*4/4/494.7e12), // by four warps together
		// Ten loads a warp, two at a time: of 1280 sectors 320 are new to the block.
		latencyTerm: 10.0 / 2 * (0.25*480 + 0.75*40) / 1.98e9,
	} {
		if got := l.term(t, name); !near(got, want) {
			t.Errorf("%s: %.6g s, expected %.6g", name, got, want)
		}
	}
	if got, want := predict(h100, p, 64, 1e6).term(t, memoryTerm), (1e6+300*2048)/3350e9; !near(got, want) {
		t.Errorf("memory: %.6g s, expected %.6g: no more is read than there is", got, want)
	}
	again := predict(h100, &copied, 64, 1e7)
	if got, want := again.term(t, l2Term), 300*(3*128*32+2048)/(5120*1.98e9); !near(got, want) {
		t.Errorf("L2: %.6g s, expected %.6g: what copies bring past the first cache counts each time", got, want)
	}
	if l.Limit != launchTerm || l.Seconds != 3e-6 {
		t.Errorf("%s limits it to %v s", l.Limit, l.Seconds)
	}
}

// TestTensorCores: what the interpreter says of tensor instructions is understood: 16 of bfloat16, 2*16*8*16 operations each, and 3
// of TF32, 2*16*8*8 each, by each of two warps; copies behind a warp's back are bytes that it does not wait for.
func TestTensorCores(t *testing.T) {
	const text = `.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 in)
{
	.reg .b32 %r<16>;
	.reg .b64 %d<4>;
	.reg .f32 %f<8>;
	.reg .pred %p;
	.shared .align 16 .b8 s[1024];
	ld.param.u64 %d0, [in];
	mov.u32 %r0, %tid.x;
	mul.wide.u32 %d1, %r0, 16;
	add.u64 %d0, %d0, %d1;
	mov.u32 %r1, s;
	mad.lo.u32 %r1, %r0, 16, %r1;
	cp.async.cg.shared.global [%r1], [%d0], 16;
	cp.async.wait_all;
	bar.sync 0;
	ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r2, %r3, %r4, %r5}, [%r1];
	mov.f32 %f0, 0f00000000;
	mov.f32 %f1, 0f00000000;
	mov.f32 %f2, 0f00000000;
	mov.f32 %f3, 0f00000000;
	mov.u32 %r6, 0;
LOOP:
	mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0, %f1, %f2, %f3}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f0, %f1, %f2, %f3};
	add.u32 %r6, %r6, 1;
	setp.lt.u32 %p, %r6, 16;
	@%p bra LOOP;
	mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f0, %f1, %f2, %f3};
	mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f0, %f1, %f2, %f3};
	mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f0, %f1, %f2, %f3};
	st.global.f32 [%d0], %f0;
	ret;
}
`
	var seen *ptxsim.Profile
	gpu := ptxsim.Open(ptxsim.Options{Sample: 2, Observe: func(p *ptxsim.Profile) { seen = p }})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	module, err := gpu.Load("tensor.ptx", text)
	must(err)
	kernel, err := module.Function("k")
	must(err)
	stream, err := gpu.NewStream()
	must(err)
	at, err := gpu.Alloc(1024)
	must(err)
	must(stream.Launch(driver.Launch{Function: kernel, Grid: [3]int{100, 1, 1}, Block: [3]int{64, 1, 1}, Arguments: binary.LittleEndian.AppendUint64(nil, uint64(at))}))
	c := count(seen)
	if c.BFloat16 != 2*16*4096 || c.TF32 != 2*3*2048 || c.Read != 1024 || c.Common != 1024 || c.Waits != 0 {
		t.Errorf("%+v", c)
	}
	if want := 2.0 * (4 + 4 + 4); c.Passes != want { // copies past the first cache, ldmatrix, stores
		t.Errorf("%v passes, expected about %v", c.Passes, want)
	}
}

// TestRegisters: the registers of every kernel that ships are recorded for every GPU.
func TestRegisters(t *testing.T) {
	sources, err := cuda.Sources()
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`(?m)^\.visible \.entry (\w+)`)
	target := regexp.MustCompile(`(?m)^\.target sm_(\d+)`)
	for _, gpu := range GPUs() {
		d := open(t, gpu)
		for _, s := range sources {
			if least, err := strconv.Atoi(target.FindStringSubmatch(s.Text)[1]); err != nil || least > gpu.Capability {
				continue
			}
			for _, m := range entry.FindAllStringSubmatch(s.Text, -1) {
				if n := d.registers[m[1]]; n < 8 || n > 255 {
					t.Errorf("%s: kernel %s of %s has %d registers recorded: `make ptx` records them", gpu.Name, m[1], s.Name, n)
				}
			}
		}
	}
}

// open is a device of a GPU.
func open(t *testing.T, gpu GPU) *Device {
	t.Helper()
	d, err := Open(gpu, "float32")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// TestBandwidth: an operation on a gigabyte takes what its bytes take, on each GPU, though nothing of that size is here.
func TestBandwidth(t *testing.T) {
	for _, gpu := range GPUs() {
		d := open(t, gpu)
		x := d.New(kernels.Float32, 1<<28)
		recorder := trace.New(d, d)
		recorder.Begin()
		recorder.ReLU(x, x)
		recorder.Write(x.Slice(0, 1<<20), make([]float32, 1<<20))
		recorder.Fill(x, 0)
		calls := recorder.End()
		for i, want := range []struct {
			seconds float64
			limit   string
		}{{2 * (1 << 30) / gpu.Bandwidth, memoryTerm}, {(1 << 22) / gpu.Link, linkTerm}, {(1 << 30) / gpu.Bandwidth, memoryTerm}} {
			if c := calls[i]; math.Abs(c.Took.Seconds()-want.seconds) > 2e-9 || c.Limit != want.limit {
				t.Errorf("%s: %s takes %v by %s, expected %v s by %s", gpu.Name, c.Operation, c.Took, c.Limit, want.seconds, want.limit)
			}
		}
		if calls[1].Began != calls[0].Took {
			t.Errorf("the second operation begins at %v, the first ends at %v", calls[1].Began, calls[0].Took)
		}
	}
}

// TestVectorsStayInCache: the vectors of a normalisation, which every block reads, count once, as its definition has them.
func TestVectorsStayInCache(t *testing.T) {
	d := open(t, GPUs()[0])
	const channels = 64
	x, v := d.New(kernels.Float32, 1<<20, channels), d.New(kernels.Float32, channels)
	recorder := trace.New(d, d)
	recorder.Begin()
	recorder.BatchNormReLU(x, x, kernels.Norm{Gamma: v, Beta: v, Mean: v, InvStd: v})
	call := recorder.End()[0]
	if got, want := d.Operations[0][0].Bytes, float64(2*x.Bytes()+v.Bytes()); got != want {
		t.Errorf("%v bytes of %v by definition, expected %v", got, call.Bytes, want)
	}
}

// TestNullOperands: a kernel that is given an operand is not taken for one that went without it, whichever came first.
func TestNullOperands(t *testing.T) {
	d := open(t, GPUs()[0])
	const channels = 64
	x, r, v := d.New(kernels.Float32, 1<<20, channels), d.New(kernels.Float32, 1<<20, channels), d.New(kernels.Float32, channels)
	n := kernels.Norm{Gamma: v, Beta: v, Mean: v, InvStd: v}
	recorder := trace.New(d, d)
	recorder.Begin()
	recorder.BatchNormReLU(x, x, n)
	recorder.BatchNormAddReLU(x, x, r, n)
	recorder.BatchNormReLU(x, x, n)
	recorder.End()
	for i, tensors := range []int{2, 3, 2} {
		if got, want := d.Operations[i][0].Bytes, float64(tensors*x.Bytes()+v.Bytes()); got != want {
			t.Errorf("operation %d moves %v bytes, expected %v", i, got, want)
		}
	}
}

// TestCountsAreTheWork: the exact convolution of 1x1 has one multiply-add of a warp for 32 of the definition, whatever is sampled, and
// an addition, which nothing is there for, of each of a thread's 64 sums.
func TestCountsAreTheWork(t *testing.T) {
	d := open(t, GPUs()[0])
	x, w, y := d.New(kernels.Float32, 64, 28, 28, 128), d.New(kernels.Float32, 256, 1, 1, 128), d.New(kernels.Float32, 64, 28, 28, 256)
	recorder := trace.New(d, d)
	recorder.Begin()
	recorder.Conv2D(y, x, w, kernels.Conv{Stride: 1})
	calls := recorder.End()
	if len(d.Operations) != 1 || len(d.Operations[0]) != 1 {
		t.Fatalf("%d operations", len(d.Operations))
	}
	l := d.Operations[0][0]
	if got, want := (l.Counts.Float32-float64(l.Threads/warp*64))*float64(l.Blocks)*64, calls[0].Operations; got != want {
		t.Errorf("%s: %v operations of float32, expected %v", l.Kernel, got, want)
	}
	if got, want := l.Counts.Written*float64(l.Blocks), float64(y.Bytes()); got != want {
		t.Errorf("%v bytes written, expected %v", got, want)
	}
	if l.Bytes != calls[0].Bytes { // though each image is read for two tiles of channels
		t.Errorf("%v bytes moved, expected the operands, %v", l.Bytes, calls[0].Bytes)
	}
}

// TestWarpgroupsArePredicted: a large product of a Hopper GPU goes by warpgroups, at more than 80 % of the rate of its tensor cores, and
// one whose operands have to be turned at more than 75 %.
func TestWarpgroupsArePredicted(t *testing.T) {
	const n = 4096
	if testing.Short() {
		t.Skip("seconds of the interpreter")
	}
	d, err := Open(GPUs()[2], "tf32")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, b, c := d.New(kernels.Float32, n, n), d.New(kernels.Float32, n, n), d.New(kernels.Float32, n, n)
	recorder := trace.New(d, d)
	recorder.Begin()
	recorder.MatMul(c, a, b, kernels.Product{TransB: true})
	recorder.MatMul(c, a, b, kernels.Product{})
	for i, call := range recorder.End() {
		share := call.Operations / d.gpu.TF32 / call.Took.Seconds()
		launches := d.Operations[i]
		product := launches[len(launches)-1]
		t.Logf("%d^3: %v, %.1f %% of the peak, limit %s, %d launches", n, call.Took, 100*share, call.Limit, len(launches))
		if least := []float64{.8, .75}[i]; share < least || share > 1 || product.Kernel != "product_wgmma_128x256" || len(launches) != 1+i {
			t.Errorf("%.3f of the peak by %s, expected %.2f: %+v", share, product.Kernel, least, launches)
		}
	}
}
