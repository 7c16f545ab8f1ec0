//go:build cuda

package simdriver

// This file is the functions of the CUDA driver for graphs. It takes no more changes of a node than the manual promises.

import "C"

import (
	"slices"
	"unsafe"

	"gzpt/cuda/internal/driver"
)

// graph is nodes, each behind the one before. Handles of nodes are good for as long as that of the graph.
type graph struct{ nodes []*node }

type node struct {
	graph  *graph
	number int
	work   driver.Work
}

// executable is a graph that was made ready, with the parameters that its nodes have there.
type executable struct {
	of   *graph
	work []driver.Work
}

// The parameters of nodes, as C lays them out.
type (
	kernelParameters struct {
		function              uintptr
		grid, block           [3]uint32
		shared                uint32
		parameters, extra     *unsafe.Pointer
		otherFunction, within uintptr
	}
	side struct {
		x, y, z, level uintptr
		memory         uint32
		host           unsafe.Pointer
		device         uint64
		array, none    uintptr
		pitch, height  uintptr
	}
	copyParameters struct {
		from, to             side
		width, height, depth uintptr
	}
	fillParameters struct {
		to            uint64
		pitch         uintptr
		value, size   uint32
		width, height uintptr
	}
)

const hostMemory, deviceMemory = 1, 2

func (p *kernelParameters) work() (driver.Work, int) {
	f, ok := object[function](p.function)
	if !ok || p.extra != nil {
		return driver.Work{}, invalidHandle
	}
	launch := driver.Launch{Function: f.Function, Shared: int(p.shared), Arguments: f.block(p.parameters)}
	for i := range 3 {
		launch.Grid[i], launch.Block[i] = int(p.grid[i]), int(p.block[i])
	}
	return driver.Work{Launch: launch}, success
}

func (p *copyParameters) work() (w driver.Work, result int) {
	if p.width == 0 || p.height != 1 || p.depth != 1 || p.from.x != 0 || p.to.x != 0 {
		return w, invalidValue
	}
	w = driver.Work{To: driver.Pointer(p.to.device), From: driver.Pointer(p.from.device)}
	host := p.from.host
	switch {
	case p.from.memory == hostMemory && p.to.memory == deviceMemory:
		w.Kind = driver.CopyIn
	case p.from.memory == deviceMemory && p.to.memory == hostMemory:
		w.Kind, host = driver.CopyOut, p.to.host
	case p.from.memory == deviceMemory && p.to.memory == deviceMemory:
		w.Kind, w.Bytes = driver.Copy, int(p.width)
		return w, success
	default:
		return w, invalidValue
	}
	if m := lib.pinnedAt(uintptr(host)); m == nil || m.gone || uintptr(host)+p.width > m.at+uintptr(m.bytes) {
		return w, invalidValue
	}
	w.Host = unsafe.Slice((*byte)(host), int(p.width))
	return w, success
}

func (p *fillParameters) work() (driver.Work, int) {
	if p.width == 0 || p.height != 1 || p.size != 4 {
		return driver.Work{}, invalidValue
	}
	return driver.Work{Kind: driver.Fill, To: driver.Pointer(p.to), Value: p.value, Words: int(p.width)}, success
}

//export cuGraphCreate
func cuGraphCreate(made *C.size_t, flags C.uint) C.int {
	return C.int(inContext("cuGraphCreate", func() int {
		*made = C.size_t(lib.add(&graph{}))
		return success
	}))
}

// addNode adds a node behind the last one.
func addNode(name string, made *C.size_t, handle C.size_t, after *C.size_t, count C.size_t, work func() (driver.Work, int)) C.int {
	return C.int(inContext(name, func() int {
		g, ok := object[*graph](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		if n := len(g.nodes); n == 0 && count != 0 || n > 0 && (count != 1 || g.nodes[n-1] != lib.objects[uintptr(*after)]) {
			return invalidValue // a chain is all that the tests need
		}
		w, result := work()
		if result == success {
			g.nodes = append(g.nodes, &node{g, len(g.nodes), w})
			*made = C.size_t(lib.add(g.nodes[len(g.nodes)-1]))
		}
		return result
	}))
}

//export cuGraphAddKernelNode_v2
func cuGraphAddKernelNode_v2(made *C.size_t, handle C.size_t, after *C.size_t, count C.size_t, p unsafe.Pointer) C.int {
	return addNode("cuGraphAddKernelNode_v2", made, handle, after, count, (*kernelParameters)(p).work)
}

//export cuGraphAddMemcpyNode
func cuGraphAddMemcpyNode(made *C.size_t, handle C.size_t, after *C.size_t, count C.size_t, p unsafe.Pointer, context C.size_t) C.int {
	return addNode("cuGraphAddMemcpyNode", made, handle, after, count, (*copyParameters)(p).work)
}

//export cuGraphAddMemsetNode
func cuGraphAddMemsetNode(made *C.size_t, handle C.size_t, after *C.size_t, count C.size_t, p unsafe.Pointer, context C.size_t) C.int {
	return addNode("cuGraphAddMemsetNode", made, handle, after, count, (*fillParameters)(p).work)
}

// setNode sets what a node does in an executable graph, from the next launch on.
func setNode(name string, handle, of C.size_t, work func() (driver.Work, int)) C.int {
	return C.int(inContext(name, func() int {
		e, made := object[*executable](uintptr(handle))
		n, known := object[*node](uintptr(of))
		if !made || !known || n.graph != e.of {
			return invalidHandle
		}
		w, result := work()
		if result != success {
			return result
		}
		if !w.Alike(&e.work[n.number]) {
			return invalidValue
		}
		e.work[n.number] = w
		return success
	}))
}

//export cuGraphExecKernelNodeSetParams_v2
func cuGraphExecKernelNodeSetParams_v2(handle, node C.size_t, p unsafe.Pointer) C.int {
	return setNode("cuGraphExecKernelNodeSetParams_v2", handle, node, (*kernelParameters)(p).work)
}

//export cuGraphExecMemcpyNodeSetParams
func cuGraphExecMemcpyNodeSetParams(handle, node C.size_t, p unsafe.Pointer, context C.size_t) C.int {
	return setNode("cuGraphExecMemcpyNodeSetParams", handle, node, (*copyParameters)(p).work)
}

//export cuGraphExecMemsetNodeSetParams
func cuGraphExecMemsetNodeSetParams(handle, node C.size_t, p unsafe.Pointer, context C.size_t) C.int {
	return setNode("cuGraphExecMemsetNodeSetParams", handle, node, (*fillParameters)(p).work)
}

//export cuGraphInstantiateWithFlags
func cuGraphInstantiateWithFlags(made *C.size_t, handle C.size_t, flags C.ulonglong) C.int {
	return C.int(inContext("cuGraphInstantiateWithFlags", func() int {
		g, ok := object[*graph](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		e := &executable{of: g}
		for _, n := range g.nodes {
			e.work = append(e.work, n.work)
		}
		*made = C.size_t(lib.add(e))
		return success
	}))
}

//export cuGraphDestroy
func cuGraphDestroy(handle C.size_t) C.int {
	return C.int(inContext("cuGraphDestroy", func() int {
		g, ok := object[*graph](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		for at, o := range lib.objects {
			if n, is := o.(*node); is && n.graph == g {
				delete(lib.objects, at)
			}
		}
		delete(lib.objects, uintptr(handle))
		return success
	}))
}

//export cuGraphLaunch
func cuGraphLaunch(handle, on C.size_t) C.int {
	return onStream("cuGraphLaunch", on, func(s *stream) int {
		e, ok := object[*executable](uintptr(handle))
		if !ok {
			return invalidHandle
		}
		for _, w := range slices.Clone(e.work) {
			s.issue(func() error { return w.On(s.runs) })
		}
		return success
	})
}

//export cuGraphExecDestroy
func cuGraphExecDestroy(handle C.size_t) C.int {
	return C.int(inContext("cuGraphExecDestroy", func() int {
		if _, ok := object[*executable](uintptr(handle)); !ok {
			return invalidHandle
		}
		delete(lib.objects, uintptr(handle))
		return success
	}))
}
