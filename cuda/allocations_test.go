package cuda

import (
	"fmt"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// recorder is a driver that has memory, and counts launches instead of making them: the interpreter takes host memory for each.
type recorder struct {
	driver.Device
	launches map[string]int // by kernel
}

type recorded struct {
	driver.Function
	name string
}

type recordedModule struct{ driver.Module }

type recordingStream struct {
	driver.Stream
	device *recorder
}

func newRecorder() *recorder {
	return &recorder{ptxsim.Open(ptxsim.Options{}), make(map[string]int, 256)}
}

func (r *recorder) Load(string, string) (driver.Module, error) { return recordedModule{}, nil }

func (r recorded) Name() string { return r.name }

func (recorded) SetDynamicShared(int) error { return nil }

func (recordedModule) Function(name string) (driver.Function, error) {
	return recorded{name: name}, nil
}

func (r *recorder) NewStream() (driver.Stream, error) {
	s, err := r.Device.NewStream()
	return &recordingStream{s, r}, err
}

func (s *recordingStream) Launch(l driver.Launch) error {
	s.device.launches[l.Function.(recorded).name]++
	return nil
}

func (s *recordingStream) CopyIn(to driver.Pointer, from []byte) error { return nil }

func (s *recordingStream) CopyOut([]byte, driver.Pointer) error { return nil }

func (s *recordingStream) Copy(to, from driver.Pointer, bytes int) error { return nil }

func (s *recordingStream) Fill(to driver.Pointer, value uint32, words int) error { return nil }

func (s *recordingStream) Synchronize() error { return nil }

// TestOperationsAllocateNothing: no operation takes host memory once it has seen its shape, whatever its types and products.
func TestOperationsAllocateNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("every call of the suite, on one goroutine; run without -short")
	}
	for _, products := range []Products{Float32, TF32} {
		t.Run(products.String(), func(t *testing.T) {
			r := newRecorder()
			kerneltest.Suite{Open: func(tb testing.TB) kernels.Device {
				dev, err := Open(r, Settings{Products: products})
				if err != nil {
					tb.Fatal(err)
				}
				dev.leastTurned = 0
				dev.wideBlocks = 1 // so that few pixels reach all kernels
				return dev
			}}.CheckAllocations(t)
			of := map[Products]string{Float32: "product", TF32: "product_wgmma_128x128"}
			for _, kernel := range []string{of[products], "relu", "relu_half", "relu_wide", "contrast_rows", "convolve_bf16_128x64", "convolve_weights_bf16_narrow", "lars"} {
				if r.launches[kernel] == 0 {
					t.Errorf("no launch of %s", kernel)
				}
			}
			number := map[Products]string{Float32: "f32", TF32: "tf32"}[products]
			for _, kernel := range []string{"convolve_%s_128x64", "convolve_%s_narrow", "convolve_weights_%s_64x128", "convolve_weights_%s_narrow"} {
				if kernel = fmt.Sprintf(kernel, number); r.launches[kernel] == 0 {
					t.Errorf("no launch of %s", kernel)
				}
			}
		})
	}
}

// TestTransfersAllocateNothing: transfers of the sizes of those before the last wait take no host memory.
func TestTransfersAllocateNothing(t *testing.T) {
	dev, err := Open(newRecorder(), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	x, y := dev.New(kernels.Float32, 3), dev.New(kernels.Int32, 2)
	from, indices, got := []float32{1, 2, 3}, []int32{4, 5}, make([]float32, 3)
	step := func() {
		dev.Write(x, from)
		dev.WriteInt32(y, indices)
		if err := dev.Read(got, x); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(2, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
	large := make([]float32, mostKept)
	dev.Write(dev.New(kernels.Float32, len(large)), large)
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	for _, b := range dev.staging.blocks {
		if len(b) > mostKept {
			t.Errorf("%d bytes of host memory are kept, expected at most %d", len(b), mostKept)
		}
	}
}
