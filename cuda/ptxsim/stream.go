package ptxsim

// This file does the work of streams, at once.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/machine"
	"gzpt/cuda/ptxsim/internal/tensor"
)

type stream struct {
	device *Device
	gone   bool
}

type event struct {
	device   *Device
	recorded time.Time
	gone     bool
}

var errDestroyed = errors.New("ptxsim: it has been destroyed")

// NewStream makes a stream.
func (d *Device) NewStream() (driver.Stream, error) { return &stream{device: d}, d.err() }

// NewEvent makes an event.
func (d *Device) NewEvent() (driver.Event, error) { return &event{device: d}, d.err() }

// NewGraph makes a graph, which does its work as the stream does it.
func (d *Device) NewGraph(work []driver.Work) (driver.Graph, error) {
	return driver.NewOneByOne(work), d.err()
}

// issue does work now.
func (s *stream) issue(what string, work func() error) error {
	if s.gone {
		return errDestroyed
	}
	return s.device.do(what, work)
}

func (s *stream) CopyIn(to driver.Pointer, from []byte) error {
	return s.issue("CopyIn", func() error { return s.device.global.Write(uint64(to), from) })
}

func (s *stream) CopyOut(to []byte, from driver.Pointer) error {
	return s.issue("CopyOut", func() error { return s.device.global.Read(to, uint64(from)) })
}

func (s *stream) Copy(to, from driver.Pointer, bytes int) error {
	return s.issue("Copy", func() error { return s.device.global.Copy(uint64(to), uint64(from), bytes) })
}

func (s *stream) Fill(to driver.Pointer, value uint32, words int) error {
	return s.issue("Fill", func() error { return s.device.global.Fill(uint64(to), value, words) })
}

// Launch runs a kernel. A fault stays the device's error.
func (s *stream) Launch(l driver.Launch) error {
	f, ours := l.Function.(*function)
	if !ours || f.module.device != s.device {
		panic("ptxsim: Launch: function of another device")
	}
	arguments := append([]byte(nil), l.Arguments...)
	run := &machine.Launch{Program: f.program, Grid: l.Grid, Block: l.Block, Cluster: l.Cluster, Shared: l.Shared, Arguments: arguments}
	return s.issue("Launch", func() error {
		if l.Shared < 0 || l.Shared > f.dynamic {
			return fmt.Errorf("%s: %d bytes of dynamic shared memory, expected 0 to %d", f.Name(), l.Shared, f.dynamic)
		}
		if err := run.Check(f.program.SharedBytes + f.dynamic); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		return s.device.launch(run)
	})
}

// launch runs a kernel that is sound from outside.
func (d *Device) launch(run *machine.Launch) error {
	key := ""
	if d.options.Sample > 0 {
		key = d.likeness(run)
		if known := d.options.Known[key]; known != nil {
			d.observe(known)
			return nil
		}
	}
	d.launches++
	profile, err := run.Run(d.global, d.launches, machine.Settings{
		Seed: d.options.Seed, Workers: d.options.Workers, Instructions: d.options.BlockInstructions, IgnoreRaces: d.options.IgnoreRaces,
		Sample: d.options.Sample, Output: d.options.Output, Profile: key != "" || d.options.Observe != nil,
	})
	if err != nil {
		d.failed = err
		return err
	}
	if key != "" {
		d.options.Known[key] = profile
	}
	d.observe(profile)
	return nil
}

func (d *Device) observe(p *Profile) {
	if d.options.Observe != nil {
		d.options.Observe(p)
	}
}

// likeness is what launches have in common that do the same on memory without contents: all but which allocations the
// addresses among their arguments, those of tensor maps included, lie in. That an argument is an address, not 0, is part of it:
// kernels leave out operands that are null.
func (d *Device) likeness(run *machine.Launch) string {
	arguments := append([]byte(nil), run.Arguments...)
	for at := 0; at+8 <= len(arguments); at += 8 {
		if tensor.Named(arguments[at:]) {
			tensor.Forget(arguments[at:])
		}
		value := binary.LittleEndian.Uint64(arguments[at:])
		if d.global.Holds(value) {
			binary.LittleEndian.PutUint64(arguments[at:], anAddress|value%pointerAlignment)
		}
	}
	return fmt.Sprint(run.Program.Name, run.Grid, run.Block, run.Cluster, run.Shared, arguments)
}

// pointerAlignment is the alignment of allocations, below which kernels may tell addresses apart.
const pointerAlignment = 256

// anAddress marks the place of an address in a likeness; no argument of a kernel is as large.
const anAddress = 1 << 63

func (s *stream) Record(e driver.Event) error {
	mark, ours := e.(*event)
	if !ours || mark.device != s.device {
		panic("ptxsim: Record: event of another device")
	}
	return s.issue("Record", func() error {
		if mark.gone {
			return errDestroyed
		}
		mark.recorded = time.Now()
		return nil
	})
}

// Wait has nothing to wait for: work is done when it is issued.
func (s *stream) Wait(driver.Event) error { return s.issue("Wait", func() error { return nil }) }

func (s *stream) Synchronize() error { return s.device.err() }

func (s *stream) Destroy() error {
	if s.gone {
		return errDestroyed
	}
	s.gone = true
	return nil
}

func (e *event) Synchronize() error { return e.device.err() }

func (e *event) Since(earlier driver.Event) (time.Duration, error) {
	other, ours := earlier.(*event)
	if !ours || other.device != e.device {
		panic("ptxsim: Since: event of another device")
	}
	if e.recorded.IsZero() || other.recorded.IsZero() {
		return 0, errors.New("ptxsim: Since: an event has not been recorded")
	}
	return e.recorded.Sub(other.recorded), e.device.err()
}

func (e *event) Destroy() error {
	if e.gone {
		return errDestroyed
	}
	e.gone = true
	return nil
}
