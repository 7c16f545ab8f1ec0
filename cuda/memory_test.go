package cuda

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
)

// copies remembers from where a stream copies, and fails to take host memory where it is told to.
type copies struct {
	driver.Device
	from  []*byte
	taken int
	err   error
}

type copying struct {
	driver.Stream
	device *copies
}

func (c *copies) NewStream() (driver.Stream, error) {
	s, err := c.Device.NewStream()
	return &copying{s, c}, err
}

func (s *copying) CopyIn(to driver.Pointer, from []byte) error {
	s.device.from = append(s.device.from, &from[0])
	return s.Stream.CopyIn(to, from)
}

func (c *copies) AllocHost(bytes int) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	c.taken++
	return c.Device.AllocHost(bytes)
}

func (c *copies) FreeHost(b []byte) error {
	c.taken--
	return c.Device.FreeHost(b)
}

// TestBuffers: what lies in a buffer goes to the device from there, without a copy on the host, and other memory is copied
// aside. Buffers are the driver's and are given back to it.
func TestBuffers(t *testing.T) {
	c := &copies{Device: ptxsim.Open(ptxsim.Options{})}
	dev, err := Open(c, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	x, wide := dev.New(kernels.Float32, 4), dev.New(kernels.Float64, 4)
	first, second, none := dev.NewBuffer(8), dev.NewBuffer(4), dev.NewBuffer(0)
	if c.taken != 2 || len(none) != 0 {
		t.Errorf("%d buffers of the driver, expected 2", c.taken)
	}
	for i := range first {
		first[i] = float32(i)
	}
	within := func(b []float32) *byte { return (*byte)(unsafe.Pointer(&b[0])) }
	for _, test := range []struct {
		name   string
		src    []float32
		dst    kernels.Tensor
		direct bool
	}{
		{"buffer", second, x, true}, {"end of a buffer", first[4:], x, true}, {"other memory", make([]float32, 4), x, false}, {"other type", second, wide, false},
	} {
		c.from = nil
		dev.Write(test.dst, test.src)
		if len(c.from) != 1 || (c.from[0] == within(test.src)) != test.direct {
			t.Errorf("%s: copied from the memory itself %v, expected %v", test.name, !test.direct, test.direct)
		}
	}
	c.from = nil
	whole := dev.New(kernels.Int32, 4)
	dev.WriteInt32(whole, kernels.Int32s(second))
	dev.WriteInt32(whole, make([]int32, 4))
	if len(c.from) != 2 || c.from[0] != within(second) {
		t.Error("int32 numbers in a buffer are not copied from there")
	}
	dev.Write(x, first[4:])
	got := make([]float32, 4)
	if err := dev.Read(got, x); err != nil || got[0] != 4 || got[3] != 7 {
		t.Errorf("read %v, error %v, expected 4 to 7", got, err)
	}
	dev.FreeBuffer(first)
	dev.FreeBuffer(none)
	if dev.Sync() != nil || c.taken != 1 {
		t.Errorf("%d buffers of the driver, expected 1", c.taken)
	}
	c.err = errors.New("no more")
	third := dev.NewBuffer(3)
	if err := dev.Sync(); len(third) != 3 || err == nil || !strings.Contains(err.Error(), "cuda/float32: NewBuffer: no more") {
		t.Errorf("%d floats, error %v", len(third), err)
	}
	if fourth := dev.NewBuffer(2); len(fourth) != 2 {
		t.Errorf("a device that failed gives %d floats, expected 2", len(fourth))
	}
	dev.FreeBuffer(third)
	dev.FreeBuffer(second)
}

// late copies to the device when somebody waits, and no earlier.
type late struct {
	driver.Device
}

type lateStream struct {
	driver.Stream
	pending []func() error
}

func (l late) NewStream() (driver.Stream, error) {
	s, err := l.Device.NewStream()
	return &lateStream{Stream: s}, err
}

func (s *lateStream) CopyIn(to driver.Pointer, from []byte) error {
	s.pending = append(s.pending, func() error { return s.Stream.CopyIn(to, from) })
	return nil
}

func (s *lateStream) CopyOut(to []byte, from driver.Pointer) error {
	s.pending = append(s.pending, func() error { return s.Stream.CopyOut(to, from) })
	return nil
}

func (s *lateStream) Synchronize() error {
	for _, copy := range s.pending {
		if err := copy(); err != nil {
			return err
		}
	}
	s.pending = nil
	return s.Stream.Synchronize()
}

// TestStagedMemory: host memory that a copy has still to read is not used for another.
func TestStagedMemory(t *testing.T) {
	dev, err := Open(late{ptxsim.Open(ptxsim.Options{})}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	x, y := dev.New(kernels.Float32, 2), dev.New(kernels.Float32, 2)
	for round := range 3 {
		first := float32(10 * round)
		dev.Write(x, []float32{first, first + 1})
		dev.Write(y, []float32{first + 2, first + 3})
		got := make([]float32, 2)
		for i, tensor := range []kernels.Tensor{x, y} {
			want := first + float32(2*i)
			if err := dev.Read(got, tensor); err != nil || got[0] != want || got[1] != want+1 {
				t.Errorf("round %d: read %v, error %v, expected %v and %v", round, got, err, want, want+1)
			}
		}
	}
}
