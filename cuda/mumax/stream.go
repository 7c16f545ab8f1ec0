//go:build cuda

package mumax

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
)

// slotBytes is what the package cu copies of every argument.
const slotBytes = 8

type stream struct {
	device *Device
	gone   bool

	// What follows belongs to the thread.
	handle   cu.Stream
	slots    []uint64 // arguments of the launch at hand
	pointers []unsafe.Pointer
}

type event struct {
	device *Device
	handle eventHandle
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

// issue leaves work to a stream that is there. It allocates nothing.
func (s *stream) issue(w driver.Work) error {
	d := s.device
	call := w.Kind.String()
	if f, is := w.Function.(*function); is {
		call = f.launchCall
	}
	if s.gone {
		return d.refuse(call, errDestroyed)
	}
	if err := d.refuses(&w); err != nil {
		return err
	}
	if d.blocking && w.Kind == driver.Kernel {
		return s.launchAndWait(call, w)
	}
	return d.leave(request{call: call, stream: s, issued: w})
}

// mark leaves a call for an event to a stream that is there.
func (s *stream) mark(call string, work func()) error {
	if s.gone {
		return s.device.refuse(call, errDestroyed)
	}
	return s.device.leave(request{call: call, work: func() error { work(); return nil }})
}

// refuse is the error of a call that is not made. It is not the device's.
func (d *Device) refuse(call string, why error) error {
	if err := d.err(); err != nil {
		return err
	}
	return fmt.Errorf("mumax: %s: %w", call, why)
}

func (s *stream) CopyIn(to driver.Pointer, from []byte) error {
	if len(from) == 0 {
		return s.device.err()
	}
	return s.issue(driver.Work{Kind: driver.CopyIn, To: to, Host: from})
}

func (s *stream) CopyOut(to []byte, from driver.Pointer) error {
	if len(to) == 0 {
		return s.device.err()
	}
	return s.issue(driver.Work{Kind: driver.CopyOut, Host: to, From: from})
}

func (s *stream) Copy(to, from driver.Pointer, bytes int) error {
	return s.issue(driver.Work{Kind: driver.Copy, To: to, From: from, Bytes: bytes})
}

func (s *stream) Fill(to driver.Pointer, value uint32, words int) error {
	return s.issue(driver.Work{Kind: driver.Fill, To: to, Value: value, Words: words})
}

func (s *stream) Launch(l driver.Launch) error { return s.issue(driver.Work{Launch: l}) }

// launchAndWait is a launch for somebody who looks for the kernel that fails.
func (s *stream) launchAndWait(call string, w driver.Work) error {
	return s.device.do(call, func() error {
		s.run(&w)
		s.device.launched = "" // the error names it already
		s.handle.Synchronize()
		return nil
	})
}

// run does work.
func (s *stream) run(w *driver.Work) {
	host := unsafe.Pointer(unsafe.SliceData(w.Host))
	switch w.Kind {
	case driver.Kernel:
		f := w.Function.(*function)
		s.pack(f.parameters, w.Arguments)
		cu.LaunchKernel(f.handle, w.Grid[0], w.Grid[1], w.Grid[2], w.Block[0], w.Block[1], w.Block[2], w.Shared, s.handle, s.pointers)
		s.device.launched = f.name
	case driver.CopyIn:
		cu.MemcpyHtoDAsync(cu.DevicePtr(w.To), host, int64(len(w.Host)), s.handle)
	case driver.CopyOut:
		cu.MemcpyDtoHAsync(host, cu.DevicePtr(w.From), int64(len(w.Host)), s.handle)
	case driver.Copy:
		cu.MemcpyDtoDAsync(cu.DevicePtr(w.To), cu.DevicePtr(w.From), int64(w.Bytes), s.handle)
	case driver.Fill:
		cu.MemsetD32Async(cu.DevicePtr(w.To), w.Value, int64(w.Words), s.handle)
	}
}

// refuses is the error of a launch that CUDA would answer with a bare number, or not see.
func (d *Device) refuses(w *driver.Work) error {
	if w.Kind != driver.Kernel {
		return nil
	}
	f, ours := w.Function.(*function)
	if !ours || f.module.device != d {
		panic("mumax: Launch: function of another device")
	}
	if err := f.refuse(&w.Launch); err != nil {
		return d.refuse(f.launchCall, err)
	}
	return nil
}

// refuse is what is wrong with a launch.
func (f *function) refuse(l *driver.Launch) error {
	if got, want := len(l.Arguments), f.attributes.ArgumentBytes; got != want {
		return fmt.Errorf("%d bytes of arguments, expected %d", got, want)
	}
	if l.Cluster != [3]int{} { // it would take cuLaunchKernelEx, and an attribute of the nodes of graphs
		return fmt.Errorf("clusters of %v blocks, which this driver leaves to .reqnctapercluster of the kernel", l.Cluster)
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
	return s.mark("Record", func() { recordEvent(mark.handle, s.handle) })
}

// Wait holds later work back until an event.
func (s *stream) Wait(e driver.Event) error {
	mark := s.event(e, "Wait")
	if mark.gone {
		return s.device.refuse("Wait", errDestroyed)
	}
	return s.mark("Wait", func() { waitEvent(s.handle, mark.handle) })
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
