package cuda

import (
	"encoding/binary"
	"math"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// Transfers convert on the host, so that a value is rounded once, and copy bytes: devices are little-endian.

// Write copies host values into dst, converting to its type. src may be used again when it returns; if it lies in a buffer of
// NewBuffer, after the next Read, ReadFloat64 or Sync, because the device copies it by itself.
func (d *Device) Write(dst kernels.Tensor, src []float32) {
	d.check.Transfer("Write", dst, len(src))
	if data := bytesIn(&d.memory, src); data != nil && dst.Type() == kernels.Float32 {
		d.copyIn("Write", dst, data)
		return
	}
	write(d, "Write", dst, src)
}

// copyIn copies bytes, which stay as they are until somebody waits.
func (d *Device) copyIn(op string, dst kernels.Tensor, data []byte) {
	d.do(op, driver.Work{Kind: driver.CopyIn, To: driver.Pointer(dst.Address()), Host: data})
}

// WriteFloat64 is Write from float64, rounding once.
func (d *Device) WriteFloat64(dst kernels.Tensor, src []float64) {
	d.check.Transfer("WriteFloat64", dst, len(src))
	write(d, "WriteFloat64", dst, src)
}

// WriteInt32 is Write into a tensor of type Int32, from a buffer too.
func (d *Device) WriteInt32(dst kernels.Tensor, src []int32) {
	d.check.Transfer("WriteInt32", dst, len(src))
	if data := bytesIn(&d.memory, src); data != nil {
		d.copyIn("WriteInt32", dst, data)
		return
	}
	write(d, "WriteInt32", dst, src)
}

// write stages the bytes of the values and copies them.
func write[E float32 | float64 | int32](d *Device, op string, dst kernels.Tensor, src []E) {
	if len(src) == 0 || d.err != nil {
		return
	}
	data := d.stage(op, dst.Bytes())[:0]
	for _, v := range src {
		switch dst.Type() {
		case kernels.Float32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		case kernels.Float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(v)))
		case kernels.BFloat16:
			data = binary.LittleEndian.AppendUint16(data, kernels.ToBFloat16(float64(v)))
		case kernels.Int32:
			data = binary.LittleEndian.AppendUint32(data, uint32(int32(v)))
		}
	}
	d.copyIn(op, dst, data)
}

// staging is host memory that copies may read or fill until somebody waits, after which it is used again: transfers that come in the
// order of those before the last wait take none.
type staging struct {
	blocks [][]byte
	taken  int // of blocks
}

// mostKept is the greatest block in bytes that is used again: greater ones are of weights and data sets, which are copied once.
const mostKept = 1 << 20

// stage is host memory until the next wait. What it holds is undefined.
func (d *Device) stage(op string, bytes int) []byte {
	if d.recording.on && d.err == nil {
		return d.stageForGraph(op, bytes)
	}
	return d.staging.take(bytes)
}

// next is the block that nobody has taken since the last wait.
func (s *staging) next() *[]byte {
	if s.taken == len(s.blocks) {
		s.blocks = append(s.blocks, nil)
	}
	s.taken++
	return &s.blocks[s.taken-1]
}

// take is memory of at least so many bytes.
func (s *staging) take(bytes int) []byte {
	b := s.next()
	if cap(*b) < bytes {
		*b = make([]byte, bytes)
	}
	return (*b)[:bytes]
}

// reuse says that no copy is under way.
func (s *staging) reuse() {
	for i, b := range s.blocks[:s.taken] {
		if cap(b) > mostKept {
			s.blocks[i] = nil
		}
	}
	s.taken = 0
}

// Read waits for the operations issued so far and copies src to the host, converting to float32.
func (d *Device) Read(dst []float32, src kernels.Tensor) error {
	d.check.Transfer("Read", src, len(dst))
	return read(d, "Read", dst, src)
}

// ReadFloat64 is Read into float64.
func (d *Device) ReadFloat64(dst []float64, src kernels.Tensor) error {
	d.check.Transfer("ReadFloat64", src, len(dst))
	return read(d, "ReadFloat64", dst, src)
}

// read fills dst after all that can fail.
func read[E float32 | float64](d *Device, op string, dst []E, src kernels.Tensor) error {
	data := d.stage(op, src.Bytes())
	if len(data) > 0 {
		d.do(op, driver.Work{Kind: driver.CopyOut, Host: data, From: driver.Pointer(src.Address())})
	}
	if err := d.wait(op); err != nil {
		return err
	}
	for i := range dst {
		switch src.Type() {
		case kernels.Float32:
			dst[i] = E(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		case kernels.Float64:
			dst[i] = E(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		case kernels.BFloat16:
			dst[i] = E(kernels.FromBFloat16(binary.LittleEndian.Uint16(data[2*i:])))
		case kernels.Int32:
			dst[i] = E(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	}
	return nil
}
