package ptxsim

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/driver/drivertest"
)

// scaling is the kernels that every driver is tested with, of which scale has shared memory of its own here.
var scaling = strings.Replace(drivertest.Source, ".reg .pred %p;", ".reg .pred %p; .shared .align 8 .b8 s[24];", 1)

// must stops the tests on an error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDriver runs the suite that every driver passes.
func TestDriver(t *testing.T) {
	drivertest.Run(t, func(testing.TB) driver.Device { return Open(Options{MemoryBytes: 1 << 30}) })
}

// TestAttributes holds what the interpreter knows of a function, which is not all that a GPU does.
func TestAttributes(t *testing.T) {
	d := Open(Options{MemoryBytes: 1 << 20})
	f := must(must(d.Load("scale.ptx", scaling)).Function("scale"))
	if got, want := f.Attributes(), (driver.FunctionAttributes{
		SharedBytes: 24, MaxThreadsPerBlock: 64, ArgumentBytes: 16, ArgumentOffsets: []int{0}, DynamicSharedBytes: usualShared - 24, Target: 80,
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("attributes %+v, expected %+v", got, want)
	}
	must(d.Alloc(12))
	free, total, err := d.Memory()
	check(t, err)
	if total != 1<<20 || free != total-16 {
		t.Errorf("%d of %d bytes free, expected all but 4 of the variable and 12", free, total)
	}
}

// TestDriverErrors holds what a driver refuses to its text. None of these makes the device fail.
func TestDriverErrors(t *testing.T) {
	d := Open(Options{MemoryBytes: 1 << 20, Target: 80})
	stream := must(d.NewStream())
	module := must(d.Load("scale.ptx", scaling))
	f := must(module.Function("scale"))
	p := must(d.Alloc(16))
	gone := must(d.Alloc(16))
	check(t, d.Free(gone))
	block := make([]byte, 16)
	launch := func(grid, threads [3]int, shared int, arguments []byte) error {
		return stream.Launch(driver.Launch{Function: f, Grid: grid, Block: threads, Shared: shared, Arguments: arguments})
	}
	second := func(_ any, err error) error { return err }
	for _, test := range []struct {
		err  error
		want string
	}{
		{second(d.Alloc(0)), "ptxsim: Alloc: 0 bytes asked for, expected at least 1"},
		{second(d.Alloc(1 << 21)), "ptxsim: Alloc: out of memory: 2097152 bytes asked for"},
		{d.Free(gone), "which is free already"},
		{d.Free(p + 4), "which is no allocation"},
		{stream.CopyIn(p+8, block), "end outside the allocation of 16 bytes"},
		{stream.CopyOut(block, gone), "lies in memory that was freed"},
		{stream.Fill(64, 0, 1), "lies in no allocation"},
		{stream.Copy(p, gone, 16), "lies in memory that was freed"},
		{second(d.Load("a.ptx", "nonsense")), `ptxsim: Load: a.ptx:1: expected .version`},
		{second(d.Load("a.ptx", strings.Replace(scaling, "sm_80", "sm_90", 1))), "target sm_90, and the device is sm_80"},
		{second(module.Function("half")), "scale.ptx has no entry half"},
		{launch(line(1), line(65), 0, block), "expected at most 64 threads"},
		{launch(line(0), line(1), 0, block), "expected at least 1 everywhere"},
		{launch(line(1), line(1), 50000, block), "bytes of dynamic shared memory, expected 0 to 49128"},
		{launch(line(1), line(1), 0, block[:12]), "12 bytes of arguments, expected 16"},
		{launch([3]int{1, 1 << 16, 1}, line(1), 0, block), "expected below 2^31, 2^16 and 2^16"},
		{f.SetDynamicShared(1 << 20), "expected 0 to 166888"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, expected %q", test.err, test.want)
		}
	}
	check(t, f.SetDynamicShared(100<<10))
	check(t, launch(line(1), line(1), 100<<10, block))
	check(t, d.Synchronize())
}

// TestFaultStays demands that after a fault every call fails with it, and that it says where.
func TestFaultStays(t *testing.T) {
	d := Open(Options{})
	stream := must(d.NewStream())
	f := must(must(d.Load("scale.ptx", scaling)).Function("scale"))
	p := must(d.Alloc(12))
	check(t, stream.Fill(p, 0, 3))
	err := stream.Launch(driver.Launch{Function: f, Grid: line(1), Block: line(32), Arguments: encode(t, []uint64{uint64(p), 4})})
	const want = "ptxsim: Launch: scale, scale.ptx:20, ld.global.u32, block (0,0,0), thread (3,0,0): out of bounds: "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Fatalf("error %v, expected %s...", err, want)
	}
	for _, err := range []error{d.Synchronize(), stream.Synchronize(), stream.Fill(p, 0, 1), d.Free(p)} {
		var fault *Fault
		if !errors.As(err, &fault) || fault.Thread != [3]int{3, 0, 0} {
			t.Errorf("error %v, expected the fault of thread 3", err)
		}
	}
}

func TestOccupancy(t *testing.T) {
	for _, test := range []struct{ target, threads, registers, shared, want int }{
		{90, 256, 32, 0, 8}, {90, 256, 128, 0, 2}, {90, 128, 255, 0, 2}, {90, 1024, 64, 0, 1}, {90, 32, 16, 0, 32},
		{80, 256, 0, 48 << 10, 3}, {90, 256, 0, 48 << 10, 4}, {90, 128, 0, 227 << 10, 1}, {80, 128, 0, 163 << 10, 1}, {90, 33, 40, 0, 24},
	} {
		if got := Occupancy(test.target, test.threads, test.registers, test.shared); got != test.want {
			t.Errorf("Occupancy(%d, %d, %d, %d) = %d, expected %d", test.target, test.threads, test.registers, test.shared, got, test.want)
		}
	}
}
