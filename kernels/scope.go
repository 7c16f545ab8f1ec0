package kernels

import (
	"slices"
	"unsafe"
)

// Scope is a device that remembers what was allocated through it, so that one call gives all of it back: what a trainer,
// an encoder or a relation takes from the device that it was handed. Its operations are the device's.
type Scope struct {
	Device
	tensors []Tensor
	buffers [][]float32
}

// NewScope is a scope in which nothing has been allocated.
func NewScope(dev Device) *Scope { return &Scope{Device: dev} }

var _ Recorder = (*Scope)(nil)

// Record has the device record, if it can.
func (s *Scope) Record() { Record(s.Device) }

// Issue has the device begin what it has recorded.
func (s *Scope) Issue() { Issue(s.Device) }

// Stop ends the recording of the device.
func (s *Scope) Stop() { Stop(s.Device) }

// New allocates through the device and remembers it.
func (s *Scope) New(t Type, dims ...int) Tensor {
	v := s.Device.New(t, dims...)
	s.tensors = append(s.tensors, v)
	return v
}

// NewBuffer allocates through the device and remembers it.
func (s *Scope) NewBuffer(n int) []float32 {
	b := s.Device.NewBuffer(n)
	s.buffers = append(s.buffers, b)
	return b
}

// Free gives one tensor back before the others.
func (s *Scope) Free(t Tensor) {
	s.tensors = slices.DeleteFunc(s.tensors, func(v Tensor) bool { return v.memory == t.memory })
	s.Device.Free(t)
}

// FreeBuffer gives one buffer back before the others.
func (s *Scope) FreeBuffer(b []float32) {
	s.buffers = slices.DeleteFunc(s.buffers, func(v []float32) bool { return unsafe.SliceData(v) == unsafe.SliceData(b) })
	s.Device.FreeBuffer(b)
}

// Close gives back all that was allocated through the scope, the last first. The device stays open.
func (s *Scope) Close() {
	for _, t := range slices.Backward(s.tensors) {
		s.Device.Free(t)
	}
	for _, b := range slices.Backward(s.buffers) {
		s.Device.FreeBuffer(b)
	}
	s.tensors, s.buffers = nil, nil
}
