//go:build cuda

package mumax

import (
	"fmt"

	"github.com/mumax/3/cuda/cu"

	"gzpt/cuda/internal/driver"
)

type module struct {
	device *Device
	name   string
	handle cu.Module
}

type function struct {
	module     *module
	name       string
	handle     cu.Function
	attributes driver.FunctionAttributes
	parameters []parameter
	offsets    []cSize // of the parameters
	launchCall string  // what errors call a launch
	graphCall  string  // and one in a graph
}

// Load has the driver compile PTX for the GPU.
func (d *Device) Load(name, ptx string) (driver.Module, error) {
	var m *module
	err := d.do("Load "+name, func() error {
		handle, err := loadModule(ptx)
		m = &module{d, name, handle}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *module) Function(name string) (driver.Function, error) {
	f := &function{module: m, name: name, launchCall: "Launch " + name, graphCall: "Launch " + name + " in a graph"}
	err := m.device.do("Function "+name+" of "+m.name, func() error {
		f.handle = m.handle.GetFunction(name)
		f.parameters = parameters(f.handle)
		if n := len(f.parameters); n > 1 {
			for i, p := range f.parameters {
				if p.bytes > slotBytes {
					return fmt.Errorf("parameter %d of %d has %d bytes: the package cu passes 8, or more where it is the only one", i, n, p.bytes)
				}
			}
		}
		for _, p := range f.parameters {
			f.offsets = append(f.offsets, cSize(p.offset))
		}
		f.attributes = describe(f.handle, f.parameters)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func describe(f cu.Function, list []parameter) driver.FunctionAttributes {
	a := driver.FunctionAttributes{
		Registers:          f.GetAttribute(cu.FUNC_A_NUM_REGS),
		SharedBytes:        f.GetAttribute(cu.FUNC_A_SHARED_SIZE_BYTES),
		LocalBytes:         f.GetAttribute(cu.FUNC_A_LOCAL_SIZE_BYTES),
		MaxThreadsPerBlock: f.GetAttribute(cu.FUNC_A_MAX_THREADS_PER_BLOCK),
		DynamicSharedBytes: f.GetAttribute(mostDynamicShared),
		Target:             f.GetAttribute(cu.FUNC_A_PTX_VERSION),
	}
	for _, p := range list {
		a.ArgumentOffsets = append(a.ArgumentOffsets, p.offset)
		a.ArgumentBytes = p.offset + p.bytes
	}
	return a
}

func (m *module) Global(name string) (at driver.Pointer, bytes int, err error) {
	err = m.device.do("Global "+name+" of "+m.name, func() error {
		at, bytes = moduleGlobal(m.handle, name)
		return nil
	})
	return at, bytes, err
}

func (m *module) Unload() error {
	return m.device.do("Unload "+m.name, func() error {
		unloadModule(m.handle)
		return nil
	})
}

func (f *function) Name() string { return f.name }

func (f *function) Attributes() driver.FunctionAttributes { return f.attributes }

func (f *function) SetDynamicShared(bytes int) error {
	return f.module.device.do("SetDynamicShared of "+f.name, func() error {
		if most := f.module.device.Attribute(driver.SharedBytesPerBlockMost) - f.attributes.SharedBytes; bytes < 0 || bytes > most {
			return fmt.Errorf("%d bytes, expected 0 to %d", bytes, most)
		}
		setDynamicShared(f.handle, bytes)
		f.attributes.DynamicSharedBytes = bytes
		return nil
	})
}

func (f *function) BlocksPerMultiprocessor(threads, shared int) (blocks int, err error) {
	err = f.module.device.do("BlocksPerMultiprocessor of "+f.name, func() error {
		blocks = blocksPerMultiprocessor(f.handle, threads, shared)
		return nil
	})
	return blocks, err
}
