package machine

// This file loads modules: it places their variables and compiles entries when they are asked for.

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// Module is PTX whose variables lie in memory.
type Module struct {
	Tree *syntax.Module
	File string

	global    *Global // of those with variables
	variables map[*syntax.Variable]uint64
	compiling sync.Mutex
	programs  map[string]*Program
}

// shared are the modules without variables of their own, by file and text: they are the same on every device, and a process that
// opens many devices loads the same kernels again and again.
var shared = struct {
	sync.Mutex
	modules map[[2]string]*Module
}{modules: map[[2]string]*Module{}}

// mostShared is how many modules are kept; at one more all are forgotten.
const mostShared = 256

// Load parses PTX and places its global and constant variables.
func Load(file, text string, global *Global) (*Module, error) {
	shared.Lock()
	m := shared.modules[[2]string{file, text}]
	shared.Unlock()
	if m != nil {
		return m, nil
	}
	m, err := load(file, text, global)
	if err != nil || len(m.variables) > 0 {
		return m, err
	}
	m.global = nil // the memory of the first device need not stay
	shared.Lock()
	defer shared.Unlock()
	if len(shared.modules) == mostShared {
		clear(shared.modules)
	}
	shared.modules[[2]string{file, text}] = m
	return m, nil
}

func load(file, text string, global *Global) (*Module, error) {
	tree, err := syntax.Parse(file, text)
	if err != nil {
		return nil, err
	}
	m := &Module{Tree: tree, File: file, global: global, variables: map[*syntax.Variable]uint64{}, programs: map[string]*Program{}}
	placed := m.placeable()
	for _, v := range placed {
		if v.Extern {
			return nil, fmt.Errorf("%s:%d: external variable %s has no definition", file, v.Line, v.Name)
		}
		if m.variables[v], err = global.Alloc(max(1, v.Bytes)); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", file, v.Line, v.Name, err)
		}
	}
	for _, v := range placed {
		m.initialise(v)
	}
	return m, nil
}

// placeable are the variables in global memory, those inside functions too.
func (m *Module) placeable() (list []*syntax.Variable) {
	collect := func(variables []*syntax.Variable) {
		for _, v := range variables {
			if v.Space == "global" || v.Space == "const" {
				list = append(list, v)
			}
		}
	}
	collect(m.Tree.Variables)
	for _, f := range m.Tree.Functions {
		collect(f.Locals)
	}
	return list
}

// initialise writes a variable's initial bytes; the rest of it is zero.
func (m *Module) initialise(v *syntax.Variable) {
	data := make([]byte, max(1, v.Bytes))
	copy(data, v.Initial)
	for _, p := range v.Pointers {
		var bits [8]byte
		binary.LittleEndian.PutUint64(bits[:], m.addressOf(p))
		copy(data[p.At:], bits[:p.Bytes])
	}
	a := m.global.find(m.variables[v])
	copy(a.data, data)
	a.setInit(0, len(data))
	a.readOnly = v.Space == "const"
}

func (m *Module) addressOf(p syntax.Pointer) uint64 {
	if f, is := p.Symbol.(*syntax.Function); is {
		return functionWindow + uint64(slices.Index(m.Tree.Functions, f))
	}
	return m.variables[p.Symbol.(*syntax.Variable)] + uint64(p.Addend)
}

// Unload frees the variables.
func (m *Module) Unload() error {
	for _, v := range m.placeable() {
		if err := m.global.Free(m.variables[v]); err != nil {
			return err
		}
	}
	return nil
}

// Variable finds a variable of the module by name.
func (m *Module) Variable(name string) (address uint64, bytes int, err error) {
	for v, address := range m.variables {
		if v.Name == name && v.Owner == nil {
			return address, v.Bytes, nil
		}
	}
	return 0, 0, fmt.Errorf("%s has no variable %s", m.File, name)
}

// Program compiles an entry.
func (m *Module) Program(name string) (*Program, error) {
	m.compiling.Lock()
	defer m.compiling.Unlock()
	if p := m.programs[name]; p != nil {
		return p, nil
	}
	for _, f := range m.Tree.Functions {
		if f.Name == name && f.Entry {
			p, err := compile(m, f)
			if err == nil {
				m.programs[name] = p
			}
			return p, err
		}
	}
	return nil, fmt.Errorf("%s has no entry %s", m.File, name)
}

// CompileAll compiles every entry, to see whether the machine has all their instructions.
func (m *Module) CompileAll() error {
	for _, f := range m.Tree.Functions {
		if f.Entry {
			if _, err := m.Program(f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
