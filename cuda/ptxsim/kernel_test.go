package ptxsim

import (
	"bytes"
	"encoding/binary"
	"testing"

	"gzpt/cuda/internal/driver"
)

// rig runs kernels of a module on values of the host.
type rig struct {
	t      testing.TB
	device *Device
	stream driver.Stream
	module driver.Module
}

func newRig(t testing.TB, options Options, name, ptx string) *rig {
	t.Helper()
	r := &rig{t: t, device: Open(options)}
	var err error
	if r.stream, err = r.device.NewStream(); err != nil {
		t.Fatal(err)
	}
	if r.module, err = r.device.Load(name, ptx); err != nil {
		t.Fatal(err)
	}
	return r
}

// in puts a slice of numbers on the device.
func (r *rig) in(values any) driver.Pointer {
	r.t.Helper()
	data := encode(r.t, values)
	p, err := r.device.Alloc(len(data))
	if err == nil {
		err = r.stream.CopyIn(p, data)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// room takes memory that nobody has written.
func (r *rig) room(bytes int) driver.Pointer {
	r.t.Helper()
	p, err := r.device.Alloc(bytes)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// out reads numbers into the slice.
func (r *rig) out(values any, from driver.Pointer) {
	r.t.Helper()
	data := make([]byte, binary.Size(values))
	err := r.stream.CopyOut(data, from)
	if err == nil {
		err = binary.Read(bytes.NewReader(data), binary.LittleEndian, values)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func encode(t testing.TB, values any) []byte {
	t.Helper()
	var data bytes.Buffer
	if err := binary.Write(&data, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// pack lays arguments out as a C structure has them.
func pack(t testing.TB, offsets []int, values ...any) []byte {
	t.Helper()
	if len(values) != len(offsets) {
		t.Fatalf("%d arguments, expected %d", len(values), len(offsets))
	}
	var block []byte
	for n, value := range values {
		block = append(block, make([]byte, offsets[n]-len(block))...)
		block = append(block, encode(t, value)...)
	}
	return block
}

// try launches a kernel.
func (r *rig) try(name string, grid, block [3]int, shared int, arguments ...any) error {
	r.t.Helper()
	return r.tryClusters(name, grid, block, [3]int{}, shared, arguments...)
}

// tryClusters launches one in clusters whose size the launch says.
func (r *rig) tryClusters(name string, grid, block, cluster [3]int, shared int, arguments ...any) error {
	r.t.Helper()
	f, err := r.module.Function(name)
	if err != nil {
		return err
	}
	return r.stream.Launch(driver.Launch{
		Function: f, Grid: grid, Block: block, Cluster: cluster, Shared: shared, Arguments: pack(r.t, f.Attributes().ArgumentOffsets, arguments...),
	})
}

func (r *rig) launch(name string, grid, block [3]int, shared int, arguments ...any) {
	r.t.Helper()
	if err := r.try(name, grid, block, shared, arguments...); err != nil {
		r.t.Fatal(err)
	}
}

// line is a grid or block of one dimension.
func line(n int) [3]int { return [3]int{n, 1, 1} }
