package ptxsim

// This file loads modules and describes their functions.

import (
	"fmt"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/machine"
)

type module struct {
	device *Device
	name   string
	loaded *machine.Module
}

type function struct {
	module  *module
	program *machine.Program
	dynamic int // the most dynamic shared memory that a launch may ask for
}

// Load parses PTX and compiles all its entries, so that an instruction that the interpreter lacks shows at once.
func (d *Device) Load(name, ptx string) (made driver.Module, err error) {
	err = d.do("Load", func() error {
		loaded, err := machine.Load(name, ptx, d.global)
		if err != nil {
			return err
		}
		if target := loaded.Tree.Capability(); target > d.options.Target {
			return fmt.Errorf("%s: target %s, and the device is sm_%d", name, loaded.Tree.Target, d.options.Target)
		}
		made = &module{d, name, loaded}
		return loaded.CompileAll()
	})
	return made, err
}

func (m *module) Function(name string) (driver.Function, error) {
	var f *function
	err := m.device.do("Function", func() error {
		program, err := m.loaded.Program(name)
		if err == nil {
			f = &function{m, program, usualShared - program.SharedBytes}
		}
		return err
	})
	return f, err
}

func (m *module) Global(name string) (at driver.Pointer, bytes int, err error) {
	err = m.device.do("Global", func() error {
		address, size, err := m.loaded.Variable(name)
		at, bytes = driver.Pointer(address), size
		return err
	})
	return at, bytes, err
}

func (m *module) Unload() error { return m.device.do("Unload", m.loaded.Unload) }

func (f *function) Name() string { return f.program.Name }

func (f *function) Attributes() driver.FunctionAttributes {
	most := 1024
	if n := f.program.Function.MaxThreads; n[0] > 0 {
		most = n[0] * n[1] * n[2]
	}
	return driver.FunctionAttributes{
		SharedBytes: f.program.SharedBytes, LocalBytes: f.program.LocalBytes, MaxThreadsPerBlock: most, ArgumentBytes: f.program.ParamBytes,
		ArgumentOffsets: f.program.ParamOffsets, DynamicSharedBytes: f.dynamic, RequiredThreads: f.program.Function.NeedThreads,
		Target: f.module.loaded.Tree.Capability(),
	}
}

func (f *function) SetDynamicShared(bytes int) error {
	return f.module.device.do("SetDynamicShared", func() error {
		if most := limitsOf(f.module.device.options.Target).sharedMost - f.program.SharedBytes; bytes < 0 || bytes > most {
			return fmt.Errorf("%s: %d bytes, expected 0 to %d", f.Name(), bytes, most)
		}
		f.dynamic = bytes
		return nil
	})
}

// BlocksPerMultiprocessor knows no registers, which ptxas chooses; Occupancy takes them.
func (f *function) BlocksPerMultiprocessor(threads, shared int) (int, error) {
	return Occupancy(f.module.device.options.Target, threads, 0, f.program.SharedBytes+shared), nil
}
