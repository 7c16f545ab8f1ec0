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
	device    *Device
	gone      bool
	capturing bool
	arguments [mostAhead + 2][]byte // of the launches that may wait for the thread, in turn
	launches  int

	// What follows belongs to the thread.
	handle   cu.Stream
	capture  *runtime.Pinner // holds the Go memory that a graph in the making copies from and to; nil outside a capture
	slots    []uint64        // arguments of the launch at hand
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

// issue leaves work to a stream that is there.
func (s *stream) issue(call string, work func()) error {
	if s.gone {
		return s.device.refuse(call, errDestroyed)
	}
	return s.device.later(call, work)
}

// refuse is the error of a call that is not made. It is not the device's.
func (d *Device) refuse(call string, why error) error {
	if err := d.err(); err != nil {
		return err
	}
	return fmt.Errorf("mumax: %s: %w", call, why)
}

// keep holds Go memory for a graph, which C reads and writes when it is launched.
func (s *stream) keep(b []byte) {
	if _, pinned := s.device.host[unsafe.SliceData(b)]; s.capture != nil && !pinned {
		s.capture.Pin(unsafe.SliceData(b))
	}
}

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

// Launch leaves a kernel to the thread. It allocates nothing.
func (s *stream) Launch(l driver.Launch) error {
	f, ours := l.Function.(*function)
	if !ours || f.module.device != s.device {
		panic("mumax: Launch: function of another device")
	}
	if s.gone {
		return s.device.refuse(f.launchCall, errDestroyed)
	}
	if err := f.refuse(l); err != nil {
		return s.device.refuse(f.launchCall, err)
	}
	if s.device.blocking && !s.capturing {
		return s.launchAndWait(f, l)
	}
	if err := s.device.err(); err != nil {
		return err
	}
	// When this place was last used, so many requests ago that all before the last two have been taken, its launch was made.
	mine := &s.arguments[s.launches%len(s.arguments)]
	s.launches++
	*mine = append((*mine)[:0], l.Arguments...)
	l.Arguments = *mine
	s.device.work <- request{call: f.launchCall, stream: s, launch: l}
	return nil
}

// launchAndWait is Launch for somebody who looks for the kernel that fails.
func (s *stream) launchAndWait(f *function, l driver.Launch) error {
	return s.device.do(f.launchCall, func() error {
		s.run(&l)
		s.device.launched = "" // the error names it already
		s.handle.Synchronize()
		return nil
	})
}

// run makes a launch.
func (s *stream) run(l *driver.Launch) {
	f := l.Function.(*function)
	s.pack(f.parameters, l.Arguments)
	cu.LaunchKernel(f.handle, l.Grid[0], l.Grid[1], l.Grid[2], l.Block[0], l.Block[1], l.Block[2], l.Shared, s.handle, s.pointers)
	s.device.launched = f.name
}

// refuse checks what CUDA cannot, or would answer with a bare number.
func (f *function) refuse(l driver.Launch) error {
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
	if mark.gone {
		return s.device.refuse("Record", errDestroyed)
	}
	return s.issue("Record", func() { recordEvent(mark.handle, s.handle) })
}

// Wait holds later work back until an event.
func (s *stream) Wait(e driver.Event) error {
	mark := s.event(e, "Wait")
	if mark.gone {
		return s.device.refuse("Wait", errDestroyed)
	}
	return s.issue("Wait", func() { waitEvent(s.handle, mark.handle) })
}

func (s *stream) BeginCapture() error {
	if s.capturing {
		return s.device.refuse("BeginCapture", errors.New("the stream is capturing"))
	}
	err := s.issue("BeginCapture", func() {
		beginCapture(s.handle)
		s.capture = &runtime.Pinner{}
	})
	s.capturing = err == nil
	return err
}

func (s *stream) EndCapture() (driver.Graph, error) {
	if !s.capturing {
		return nil, s.device.refuse("EndCapture", errors.New("the stream is not capturing"))
	}
	s.capturing = false
	g := &graph{device: s.device}
	err := s.device.do("EndCapture", func() error {
		g.host, s.capture = s.capture, nil
		g.handle = endCapture(s.handle)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

func (s *stream) Synchronize() error {
	if s.gone {
		return s.device.refuse("Synchronize", errDestroyed)
	}
	return s.device.do("Synchronize", func() error {
		s.handle.Synchronize()
		s.device.launched = ""
		return nil
	})
}

func (s *stream) Destroy() error {
	if s.gone {
		return s.device.refuse("Destroy", errDestroyed)
	}
	s.gone = true
	return s.device.do("Destroy", func() error {
		s.handle.Destroy()
		if s.capture != nil {
			s.capture.Unpin()
		}
		return nil
	})
}

func (g *graph) Launch(on driver.Stream) error {
	s, ours := on.(*stream)
	if !ours || s.device != g.device {
		panic("mumax: Launch: stream of another device")
	}
	if g.gone {
		return g.device.refuse("Launch of a graph", errDestroyed)
	}
	return s.issue("Launch of a graph", func() {
		launchGraph(g.handle, s.handle)
		g.device.launched = "one of a graph"
	})
}

func (g *graph) Destroy() error {
	if g.gone {
		return g.device.refuse("Destroy", errDestroyed)
	}
	g.gone = true
	return g.device.do("Destroy", func() error {
		destroyGraph(g.handle)
		g.host.Unpin()
		return nil
	})
}

func (e *event) Synchronize() error {
	if e.gone {
		return e.device.refuse("Synchronize", errDestroyed)
	}
	return e.device.do("Synchronize", func() error {
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
	if e.gone || other.gone {
		return 0, e.device.refuse("Since", errDestroyed)
	}
	err = e.device.do("Since", func() error {
		between = elapsed(other.handle, e.handle)
		return nil
	})
	return between, err
}

func (e *event) Destroy() error {
	if e.gone {
		return e.device.refuse("Destroy", errDestroyed)
	}
	e.gone = true
	return e.device.do("Destroy", func() error {
		destroyEvent(e.handle)
		return nil
	})
}
