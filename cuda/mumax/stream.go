//go:build cuda

package mumax

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
)

// slotBytes is what the package cu copies of every argument.
const slotBytes = 8

type stream struct {
	device *Device
	handle cu.Stream
	gone   bool

	// capture holds the Go memory that a graph in the making copies from and to; nil outside a capture.
	capture *runtime.Pinner

	next     driver.Launch // the launch at hand
	launch   func() error  // which does it
	slots    []uint64      // its arguments
	pointers []unsafe.Pointer
}

type event struct {
	device *Device
	handle eventHandle
	gone   bool
}

type graph struct {
	device *Device
	handle graphHandle
	host   *runtime.Pinner
	gone   bool
}

var errDestroyed = errors.New("it has been destroyed")

// NewStream makes a stream.
func (d *Device) NewStream() (driver.Stream, error) {
	s := &stream{device: d}
	s.launch = s.doLaunch
	err := d.do("NewStream", func() error {
		s.handle = newStream()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// NewEvent makes an event that takes the time.
func (d *Device) NewEvent() (driver.Event, error) {
	e := &event{device: d}
	err := d.do("NewEvent", func() error {
		e.handle = newEvent()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// issue makes a call on a stream that is there.
func (s *stream) issue(call string, work func()) error {
	return s.device.do(call, func() error {
		if s.gone {
			return errDestroyed
		}
		work()
		return nil
	})
}

// keep holds Go memory for a graph, which C reads and writes when it is launched.
func (s *stream) keep(b []byte) {
	if _, pinned := s.device.host[unsafe.SliceData(b)]; s.capture != nil && !pinned {
		s.capture.Pin(unsafe.SliceData(b))
	}
}

// CopyIn returns at once where from is memory of AllocHost. Else CUDA copies it aside first.
func (s *stream) CopyIn(to driver.Pointer, from []byte) error {
	if len(from) == 0 {
		return s.device.err()
	}
	return s.issue("CopyIn", func() {
		s.keep(from)
		cu.MemcpyHtoDAsync(cu.DevicePtr(to), unsafe.Pointer(unsafe.SliceData(from)), int64(len(from)), s.handle)
	})
}

func (s *stream) CopyOut(to []byte, from driver.Pointer) error {
	if len(to) == 0 {
		return s.device.err()
	}
	return s.issue("CopyOut", func() {
		s.keep(to)
		cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(to)), cu.DevicePtr(from), int64(len(to)), s.handle)
	})
}

func (s *stream) Copy(to, from driver.Pointer, bytes int) error {
	return s.issue("Copy", func() { cu.MemcpyDtoDAsync(cu.DevicePtr(to), cu.DevicePtr(from), int64(bytes), s.handle) })
}

func (s *stream) Fill(to driver.Pointer, value uint32, words int) error {
	return s.issue("Fill", func() { cu.MemsetD32Async(cu.DevicePtr(to), value, int64(words), s.handle) })
}

// Launch launches a kernel.
func (s *stream) Launch(l driver.Launch) error {
	f, ours := l.Function.(*function)
	if !ours || f.module.device != s.device {
		panic("mumax: Launch: function of another device")
	}
	s.next = l
	return s.device.do(f.launchCall, s.launch)
}

// doLaunch is the work of Launch, which is bound to the stream once, so that a launch allocates nothing.
func (s *stream) doLaunch() error {
	l := &s.next
	f := l.Function.(*function)
	if s.gone {
		return errDestroyed
	}
	if err := f.refuse(l); err != nil {
		return err
	}
	s.pack(f.parameters, l.Arguments)
	cu.LaunchKernel(f.handle, l.Grid[0], l.Grid[1], l.Grid[2], l.Block[0], l.Block[1], l.Block[2], l.Shared, s.handle, s.pointers)
	if s.device.blocking && s.capture == nil {
		s.handle.Synchronize()
		return nil
	}
	s.device.launched = f.name
	return nil
}

// refuse checks what CUDA cannot, or would answer with a bare number.
func (f *function) refuse(l *driver.Launch) error {
	if got, want := len(l.Arguments), f.attributes.ArgumentBytes; got != want {
		return fmt.Errorf("%d bytes of arguments, expected %d", got, want)
	}
	if min(l.Grid[0], l.Grid[1], l.Grid[2], l.Block[0], l.Block[1], l.Block[2]) < 1 {
		return fmt.Errorf("grid %v, block %v, expected at least 1 everywhere", l.Grid, l.Block)
	}
	if threads, most := l.Block[0]*l.Block[1]*l.Block[2], f.attributes.MaxThreadsPerBlock; threads > most {
		return fmt.Errorf("%d threads, expected at most %d threads", threads, most)
	}
	if l.Grid[0] >= 1<<31 || l.Grid[1] >= 1<<16 || l.Grid[2] >= 1<<16 {
		return fmt.Errorf("grid %v, expected below 2^31, 2^16 and 2^16", l.Grid)
	}
	if most := f.attributes.DynamicSharedBytes; l.Shared < 0 || l.Shared > most {
		return fmt.Errorf("%d bytes of dynamic shared memory, expected 0 to %d", l.Shared, most)
	}
	return nil
}

// pack lays the arguments out as the package cu passes them: 8 bytes each. It puts them one behind the other in memory and
// hands over their addresses, so that the only parameter of a kernel may have more bytes: they lie whole at the first address.
func (s *stream) pack(list []parameter, arguments []byte) {
	s.slots, s.pointers = s.slots[:0], s.pointers[:0]
	for _, p := range list {
		end := p.offset + p.bytes
		for from := p.offset; from < end; from += slotBytes {
			var slot [slotBytes]byte
			copy(slot[:], arguments[from:min(from+slotBytes, end)])
			s.slots = append(s.slots, binary.LittleEndian.Uint64(slot[:]))
		}
	}
	for i := range s.slots {
		s.pointers = append(s.pointers, unsafe.Pointer(&s.slots[i]))
	}
}

func (s *stream) event(e driver.Event, op string) *event {
	mark, ours := e.(*event)
	if !ours || mark.device != s.device {
		panic("mumax: " + op + ": event of another device")
	}
	return mark
}

// Record marks the work so far.
func (s *stream) Record(e driver.Event) error {
	mark := s.event(e, "Record")
	return s.device.do("Record", func() error {
		if s.gone || mark.gone {
			return errDestroyed
		}
		recordEvent(mark.handle, s.handle)
		return nil
	})
}

// Wait holds later work back until an event.
func (s *stream) Wait(e driver.Event) error {
	mark := s.event(e, "Wait")
	return s.device.do("Wait", func() error {
		if s.gone || mark.gone {
			return errDestroyed
		}
		waitEvent(s.handle, mark.handle)
		return nil
	})
}

func (s *stream) BeginCapture() error {
	return s.device.do("BeginCapture", func() error {
		if s.gone {
			return errDestroyed
		}
		if s.capture != nil {
			return errors.New("the stream is capturing")
		}
		beginCapture(s.handle)
		s.capture = &runtime.Pinner{}
		return nil
	})
}

func (s *stream) EndCapture() (driver.Graph, error) {
	g := &graph{device: s.device}
	err := s.device.do("EndCapture", func() error {
		if s.capture == nil {
			return errors.New("the stream is not capturing")
		}
		g.host, s.capture = s.capture, nil
		g.handle = endCapture(s.handle)
		return nil
	})
	if err != nil {
		if g.host != nil {
			g.host.Unpin()
		}
		return nil, err
	}
	return g, nil
}

func (s *stream) Synchronize() error {
	return s.issue("Synchronize", func() {
		s.handle.Synchronize()
		s.device.launched = ""
	})
}

func (s *stream) Destroy() error {
	return s.issue("Destroy", func() {
		s.gone = true
		s.handle.Destroy()
		if s.capture != nil {
			s.capture.Unpin()
		}
	})
}

func (g *graph) Launch(on driver.Stream) error {
	s, ours := on.(*stream)
	if !ours || s.device != g.device {
		panic("mumax: Launch: stream of another device")
	}
	return g.device.do("Launch of a graph", func() error {
		if g.gone || s.gone {
			return errDestroyed
		}
		launchGraph(g.handle, s.handle)
		g.device.launched = "one of a graph"
		return nil
	})
}

func (g *graph) Destroy() error {
	return g.device.do("Destroy", func() error {
		if g.gone {
			return errDestroyed
		}
		g.gone = true
		destroyGraph(g.handle)
		g.host.Unpin()
		return nil
	})
}

func (e *event) Synchronize() error {
	return e.device.do("Synchronize", func() error {
		if e.gone {
			return errDestroyed
		}
		synchronizeEvent(e.handle)
		return nil
	})
}

// Since is what CUDA measures between two events, in steps of about half a microsecond.
func (e *event) Since(earlier driver.Event) (between time.Duration, err error) {
	other, ours := earlier.(*event)
	if !ours || other.device != e.device {
		panic("mumax: Since: event of another device")
	}
	err = e.device.do("Since", func() error {
		if e.gone || other.gone {
			return errDestroyed
		}
		between = elapsed(other.handle, e.handle)
		return nil
	})
	return between, err
}

func (e *event) Destroy() error {
	return e.device.do("Destroy", func() error {
		if e.gone {
			return errDestroyed
		}
		e.gone = true
		destroyEvent(e.handle)
		return nil
	})
}
