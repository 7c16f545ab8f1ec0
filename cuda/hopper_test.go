package cuda

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// boxes copies a box of 32 x 8 of a matrix, which lies in dynamic shared memory, to out: as it lies there.
const boxes = `// For tests.
.version 8.0
.target sm_90a
.address_size 64
.extern .shared .align 1024 .b8 shared[];
.visible .entry box(.param .align 64 .b8 p[144])
{
	.reg .pred %p;
	.reg .b32 %t, %s, %row, %zero, %v;
	.reg .b64 %map, %out, %o, %state;
	mov.b64 %map, p;
	cvta.param.u64 %map, %map;
	ld.param.u64 %out, [p+128];
	ld.param.u32 %row, [p+136];
	mov.u32 %t, %tid.x;
	mov.u32 %s, shared;
	mov.u32 %zero, 0;
	setp.ne.u32 %p, %t, 0;
	@%p bra READY;
	mbarrier.init.shared::cta.b64 [%s+65536], 1;
	fence.mbarrier_init.release.cluster;
READY:
	bar.sync 0;
	@%p bra WAIT;
	mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%s+65536], 1024;
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%s], [%map, {%zero, %row}], [%s+65536];
WAIT:
	mbarrier.try_wait.parity.shared::cta.b64 %p, [%s+65536], 0;
	@!%p bra WAIT;
	mul.wide.u32 %o, %t, 4;
	add.u64 %out, %out, %o;
	mad.lo.u32 %s, %t, 4, %s;
	ld.shared.u32 %v, [%s];
	st.global.u32 [%out], %v;
	ret;
}
`

// openBoxes opens a device whose only kernel is that of boxes.
func openBoxes(t *testing.T, options ptxsim.Options, settings Settings) *Device {
	t.Helper()
	dev, err := open(ptxsim.Open(options), settings, []family{{name: "boxes.ptx", text: boxes}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Close)
	return dev
}

// TestHopper: families for sm_90a are there on its capability alone, unless the caller wants the portable ones, and are not compiled
// before they are called; their kernels get tensor maps and arguments in one parameter, and more than 48 KiB of shared memory; copies
// round float32 to tf32.
func TestHopper(t *testing.T) {
	box := instance{kernel: "box"}
	for _, test := range []struct {
		target   int
		settings Settings
		there    bool
	}{{80, Settings{}, false}, {90, Settings{}, true}, {100, Settings{}, false}, {90, Settings{Portable: true}, false}} {
		dev := openBoxes(t, ptxsim.Options{Target: test.target}, test.settings)
		if _, waits := dev.families[box]; waits != test.there || len(dev.functions) != 0 {
			t.Errorf("capability %d, %+v: known %t, %d functions", test.target, test.settings, waits, len(dev.functions))
		}
	}
	dev := openBoxes(t, ptxsim.Options{}, Settings{})
	const rows, columns, from = 11, 28, 5
	x, out := dev.New(kernels.Float32, rows, columns), dev.New(kernels.Float32, 8, 32)
	values := kerneltest.Fill("x", -1, 1, rows, columns)
	values[from*columns] = 1 + 0x1p-11 // to 1, which is even
	values[from*columns+1] = 1 + 3*0x1p-11
	kerneltest.Set(dev, x, values)
	for range 2 {
		m := dev.tensorMap("Test", matrixMapping(kernels.Float32, address(x), rows, columns, 4*columns, 8, 32))
		dev.launchMapped("Test", box, 1, 256, 65536+8, []driver.TensorMap{m}, at(out), size(from))
	}
	got := kerneltest.Get(dev, out)
	for i := range got {
		row, chunk := i/32, i%32/4^i/32 // as the swizzle has them
		column, want := 4*chunk+i%4, 0.
		if from+row < rows && column < columns {
			want = math.Float64frombits((math.Float64bits(float64(float32(values[(from+row)*columns+column]))) + 1<<41) &^ (1<<42 - 1))
		}
		if row == 0 && column == 0 {
			want = 1
		}
		if got[i] != want {
			t.Fatalf("row %d, column %d: %v, expected %v", row, column, got[i], want)
		}
	}
	if len(dev.maps) != 1 {
		t.Errorf("%d maps, expected one", len(dev.maps))
	}
	dev.tensorMap("Test", matrixMapping(kernels.Float32, address(x), rows, columns, 4*columns+4, 8, 32))
	if err := dev.Sync(); err == nil || !strings.HasPrefix(err.Error(), "cuda/float32: Test: tensor map: ") {
		t.Errorf("error %v of a stride that no map has", err)
	}
}

// TestMapsInGraphs: a recorded product by warpgroups, whose graph is launched again for other operands, takes their tensor maps.
func TestMapsInGraphs(t *testing.T) {
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	dev, err := open(ptxsim.Open(ptxsim.Options{}), Settings{Products: TF32}, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	var results []kernels.Tensor
	for n := range 4 {
		a, b, c := dev.New(kernels.Float32, 3, 8), dev.New(kernels.Float32, 5, 8), dev.New(kernels.Float32, 3, 5)
		dev.Fill(a, float64(n+1))
		dev.Fill(b, 2)
		dev.Record()
		dev.MatMul(c, a, b, kernels.Product{TransB: true})
		dev.Stop()
		results = append(results, c)
	}
	for n, c := range results {
		if got := kerneltest.Get(dev, c)[14]; got != float64(16*(n+1)) {
			t.Errorf("product %d is %v, expected %v", n, got, 16*(n+1))
		}
	}
}

// TestCopiesInGraphs: a recorded convolution of operands at odd addresses copies them after what is recorded before it, and its result
// back before what comes behind.
func TestCopiesInGraphs(t *testing.T) {
	dev := openWindows(t, ptxsim.Options{})
	defer dev.Close()
	odd := func(dims ...int) (block, x kernels.Tensor) {
		elements := 1
		for _, n := range dims {
			elements *= n
		}
		block = dev.New(kernels.Float32, elements+1)
		return block, block.Slice(1, dims...)
	}
	images, x := odd(2, 4, 4, 16)
	filters, w := odd(8, 1, 1, 16)
	_, y := odd(2, 4, 4, 8)
	twice := dev.New(kernels.Float32, 2, 4, 4, 8)
	for n := range 4 {
		dev.Record()
		dev.Fill(images, float64(n+1))
		dev.Fill(filters, 0.5)
		dev.Conv2D(y, x, w, kernels.Conv{Stride: 1})
		dev.Copy(twice, y)
		dev.Stop()
		for i, got := range kerneltest.Get(dev, twice) {
			if want := float64(8 * (n + 1)); got != want {
				t.Fatalf("element %d of result %d is %v, expected %v", i, n, got, want)
			}
		}
	}
}

// TestOneWayToTheStream: work goes to the stream through do alone, which notes it where operations are recorded. What another file
// issued by itself would come before all that is noted.
func TestOneWayToTheStream(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		allowed := file == "record.go" || file == "device.go" || strings.HasSuffix(file, "_test.go")
		if !allowed && bytes.Contains(text, []byte("d.stream")) {
			t.Errorf("%s uses the stream by itself", file)
		}
	}
}
