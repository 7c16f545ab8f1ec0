//go:build cuda && !gpu

package mumax

import (
	"encoding/binary"
	"errors"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/mumax/simdriver"
)

const storing = `.version 8.0
.target sm_80
.address_size 64
.visible .global .align 4 .u32 variable;
.visible .entry store(.param .u64 p)
{
	.reg .b64 %d;
	ld.param.u64 %d, [p];
	st.global.u64 [%d], %d;
	ret;
}
`

// bed is a device with a stream and a kernel.
type bed struct {
	*Device
	stream driver.Stream
	module driver.Module
	launch driver.Launch
}

func newBed() (b *bed, err error) {
	b = &bed{}
	if b.Device, err = Open(0); err != nil {
		return nil, err
	}
	if b.stream, err = b.NewStream(); err != nil {
		return b, err
	}
	if b.module, err = b.Load("storing.ptx", storing); err != nil {
		return b, err
	}
	f, err := b.module.Function("store")
	b.launch = driver.Launch{Function: f, Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}, Arguments: make([]byte, 8)}
	return b, err
}

// everything calls all that the driver has, and gives up at the first error.
func everything() (err error) {
	b, err := newBed()
	if b != nil {
		defer func() {
			if closing := b.Close(); err == nil {
				err = closing
			}
		}()
	}
	if err != nil {
		return err
	}
	before, err := b.NewEvent()
	if err != nil {
		return err
	}
	after, err := b.NewEvent()
	if err != nil {
		return err
	}
	p, err := b.Alloc(16)
	if err != nil {
		return err
	}
	host, err := b.AllocHost(8)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(b.launch.Arguments, uint64(p))
	work := inGraphs(b.launch, p, host)
	var graph driver.Graph
	for _, call := range []func() error{
		func() error { _, _, err := b.Memory(); return err },
		func() error { _, _, err := b.module.Global("variable"); return err },
		func() error { _, err := b.launch.Function.BlocksPerMultiprocessor(32, 0); return err },
		func() error { return b.launch.Function.SetDynamicShared(64 << 10) },
		func() error {
			_, err := b.EncodeTiled(driver.Tiled{Tensor: driver.Tensor{Type: driver.Uint32, At: p, Sizes: []uint64{4}}, Box: []uint32{4}})
			return err
		},
		func() error {
			_, err := b.EncodeIm2col(driver.Im2col{
				Tensor: driver.Tensor{Type: driver.Uint32, At: p, Sizes: []uint64{4, 1, 1}, Strides: []uint64{16, 16}}, Lower: []int32{0}, Upper: []int32{0},
				Channels: 4, Pixels: 1,
			})
			return err
		},
		func() error { return b.stream.Record(before) },
		func() error { return b.stream.CopyIn(p, host) },
		func() error { return b.stream.Copy(p+8, p, 8) },
		func() error { return b.stream.Fill(p, 1, 2) },
		func() error { graph, err = b.NewGraph(work); return err },
		func() error { return graph.Launch(b.stream) },
		func() error { return graph.Set(0, &work[0]) },
		func() error { return graph.Set(1, &work[1]) },
		func() error { return graph.Set(4, &work[4]) },
		func() error { return graph.Launch(b.stream) },
		func() error { return b.stream.Launch(b.launch) },
		func() error { return b.stream.Record(after) },
		func() error { return b.stream.Wait(after) },
		func() error { return b.stream.CopyOut(host, p) },
		after.Synchronize,
		func() error { _, err := after.Since(before); return err },
		b.stream.Synchronize,
		b.Synchronize,
		func() error { return graph.Destroy() },
		before.Destroy,
		b.stream.Destroy,
		b.module.Unload,
		func() error { return b.Free(p) },
		func() error { return b.FreeHost(host) },
	} {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// inGraphs is work of every kind.
func inGraphs(launch driver.Launch, p driver.Pointer, host []byte) []driver.Work {
	return []driver.Work{
		{Launch: launch},
		{Kind: driver.CopyIn, To: p, Host: host},
		{Kind: driver.CopyOut, Host: host, From: p},
		{Kind: driver.Copy, To: p + 8, From: p, Bytes: 8},
		{Kind: driver.Fill, To: p, Value: 1, Words: 2},
	}
}

var exported = regexp.MustCompile(`(?m)^//export (\w+)$`)

// TestEveryCallMayFail: whichever call of the CUDA driver fails, there is no panic and the error names call and result.
func TestEveryCallMayFail(t *testing.T) {
	simdriver.Fail("", 0, 0)
	if err := everything(); err != nil {
		t.Fatal(err)
	}
	calls := simdriver.Calls()
	for _, name := range functionsOfSimdriver(t) {
		if calls[name] == 0 && !strings.HasPrefix(name, "cuGetError") {
			t.Errorf("%s is not called", name)
		}
	}
	const result, optional = 719, 2 // the first attributes are of the compute capability; without the others a GPU can do
	for name, n := range calls {
		for call := range n {
			if name == "cuDeviceGetAttribute" && call >= optional {
				continue
			}
			simdriver.Fail(name, call+1, result)
			err := everything()
			var failed *Error
			if !errors.As(err, &failed) || failed.Result != result || !strings.Contains(err.Error(), "CUDA_ERROR_LAUNCH_FAILED (719)") ||
				!strings.HasPrefix(err.Error(), "mumax: ") {
				t.Errorf("call %d of %s fails: error %v, expected result %d", call+1, name, err, result)
			}
			if strings.Contains(name, "Kernel") && !strings.Contains(err.Error(), "Launch store") {
				t.Errorf("error %v, expected the kernel's name", err)
			}
		}
	}
	simdriver.Fail("", 0, 0)
}

// functionsOfSimdriver is the functions that the simulated driver has.
func functionsOfSimdriver(t *testing.T) (names []string) {
	files, err := filepath.Glob("simdriver/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range parsed.Comments {
			for _, line := range comment.List {
				if m := exported.FindStringSubmatch(line.Text); m != nil {
					names = append(names, m[1])
				}
			}
		}
	}
	return names
}

// TestErrorsStay: the first error of a device is its last, the CUDA driver is not called any more, and an error that nobody
// waited for tells the last kernel.
func TestErrorsStay(t *testing.T) {
	simdriver.Fail("cuStreamSynchronize", 1, 700)
	defer simdriver.Fail("", 0, 0)
	b, err := newBed()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.stream.Launch(b.launch); err != nil {
		t.Fatal(err)
	}
	first := b.stream.Synchronize()
	if first == nil || !strings.Contains(first.Error(), "CUDA_ERROR_ILLEGAL_ADDRESS (700)") || !strings.Contains(first.Error(), "is store: CUDA_LAUNCH_BLOCKING=1") {
		t.Fatalf("error %v", first)
	}
	before := simdriver.Calls()
	_, allocating := b.Alloc(4)
	for _, err := range []error{allocating, b.stream.Launch(b.launch), b.stream.Synchronize(), b.Synchronize(), b.module.Unload(), b.stream.Destroy()} {
		if !errors.Is(err, first) {
			t.Errorf("error %v, expected %v", err, first)
		}
	}
	if after := simdriver.Calls(); !maps.Equal(before, after) {
		t.Errorf("calls %v after the error, %v before", after, before)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestGraphFails: where a kernel of a graph fails the error is that of kernels which were launched one by one.
func TestGraphFails(t *testing.T) {
	simdriver.Fail("", 0, 0)
	b, err := newBed()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	graph, err := b.NewGraph([]driver.Work{{Launch: b.launch}}) // its address is 0
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.Launch(b.stream); err != nil {
		t.Fatal(err)
	}
	err = b.stream.Synchronize()
	if err == nil || !strings.Contains(err.Error(), "CUDA_ERROR_ILLEGAL_ADDRESS (700)") || !strings.Contains(err.Error(), "is store: CUDA_LAUNCH_BLOCKING=1") {
		t.Errorf("error %v", err)
	}
	if graph.Destroy() == nil || graph.Set(0, &driver.Work{Launch: b.launch}) == nil {
		t.Error("a graph of a device that has failed can be changed and destroyed")
	}
}

// TestGraphCopiesPinnedMemory: a graph, which copies later, takes no memory that Go may use again.
func TestGraphCopiesPinnedMemory(t *testing.T) {
	simdriver.Fail("", 0, 0)
	b, err := newBed()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	_, err = b.NewGraph([]driver.Work{{Kind: driver.CopyIn, To: 256, Host: make([]byte, 8)}})
	if err == nil || !strings.Contains(err.Error(), "mumax: CopyIn in a graph: a graph copies from and to memory of AllocHost alone") {
		t.Errorf("error %v", err)
	}
}

// TestNothingIsAllocated: no work that is left to the thread takes memory.
func TestNothingIsAllocated(t *testing.T) {
	d := &Device{work: make(chan request, mostAhead)} // without a thread, whose memory would count
	s, f := &stream{device: d}, &function{module: &module{device: d}, attributes: driver.FunctionAttributes{MaxThreadsPerBlock: 1, ArgumentBytes: 8}}
	launch := driver.Launch{Function: f, Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}, Arguments: make([]byte, 8)}
	work := inGraphs(launch, 256, make([]byte, 8))
	g := &graph{device: d, work: work}
	all := func() {
		for n := range work {
			if err := errors.Join(work[n].On(s), g.Set(n, &work[n]), g.Launch(s)); err != nil {
				t.Fatal(err)
			}
		}
		for len(d.work) > 0 {
			<-d.work
		}
	}
	for range len(d.arguments) { // until all places have memory
		all()
	}
	if n := testing.AllocsPerRun(10, all); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestBlocking: with CUDA_LAUNCH_BLOCKING=1 the error is that of the launch, in a graph too.
func TestBlocking(t *testing.T) {
	t.Setenv("CUDA_LAUNCH_BLOCKING", "1")
	b, err := newBed()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	graph, err := b.NewGraph([]driver.Work{{Kind: driver.CopyIn}, {Launch: b.launch}})
	if err != nil {
		t.Fatal(err)
	}
	err = graph.Launch(b.stream) // its address is 0
	var failed *driver.WorkError
	if !errors.As(err, &failed) || failed.Number != 1 {
		t.Fatalf("error %v, expected that of the launch", err)
	}
	if again := b.stream.Launch(b.launch); !errors.Is(again, failed.Err) {
		t.Errorf("error %v, expected %v", again, failed.Err)
	}
	err = failed.Err
	if err == nil || !strings.HasPrefix(err.Error(), "mumax: Launch store: CUDA_ERROR_ILLEGAL_ADDRESS (700): ") || strings.Contains(err.Error(), "BLOCKING") {
		t.Errorf("error %v", err)
	}
}
