package kernels

// Scope is a device that remembers what was allocated through it, so that one call gives all of it back: what a trainer,
// an encoder or a relation takes from the device that it was handed. Its operations are the device's.
type Scope struct {
	Device
	tensors []Tensor
	buffers [][]float32
}

// NewScope is a scope in which nothing has been allocated.
func NewScope(dev Device) *Scope { return &Scope{Device: dev} }

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
	for i, v := range s.tensors {
		if v.memory == t.memory {
			s.tensors = append(s.tensors[:i], s.tensors[i+1:]...)
			break
		}
	}
	s.Device.Free(t)
}

// Close gives back all that was allocated through the scope, the last first. The device stays open.
func (s *Scope) Close() {
	for i := len(s.tensors) - 1; i >= 0; i-- {
		s.Device.Free(s.tensors[i])
	}
	for _, b := range s.buffers {
		s.Device.FreeBuffer(b)
	}
	s.tensors, s.buffers = nil, nil
}
