//go:build cuda

package mumax

// This file makes graphs node by node, each behind the one before, rather than by capturing a stream: so every node is known,
// and its parameters can be set later.

/*
#include <cuda.h>

// A node is added to graph behind the node after, NULL for the first, where executable is NULL; otherwise its parameters are set there.

static CUresult kernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, CUgraphExec executable, CUfunction function,
	unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX, unsigned int blockY, unsigned int blockZ,
	unsigned int shared, char *arguments, const size_t *offsets, size_t count) {
	void *list[count + 1];
	for (size_t i = 0; i < count; i++)
		list[i] = arguments + offsets[i];
	CUDA_KERNEL_NODE_PARAMS p = {.func = function, .gridDimX = gridX, .gridDimY = gridY, .gridDimZ = gridZ, .blockDimX = blockX,
		.blockDimY = blockY, .blockDimZ = blockZ, .sharedMemBytes = shared, .kernelParams = list};
	return executable ? cuGraphExecKernelNodeSetParams(executable, *node, &p) : cuGraphAddKernelNode(node, graph, after, after != NULL, &p);
}

// A copy from or to the device is one from or to the host where toHost or fromHost is not NULL.
static CUresult copyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, CUgraphExec executable, CUcontext context,
	void *toHost, CUdeviceptr to, const void *fromHost, CUdeviceptr from, size_t bytes) {
	CUDA_MEMCPY3D p = {.srcMemoryType = fromHost ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE, .srcHost = fromHost, .srcDevice = from,
		.dstMemoryType = toHost ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE, .dstHost = toHost, .dstDevice = to,
		.WidthInBytes = bytes, .Height = 1, .Depth = 1};
	return executable ? cuGraphExecMemcpyNodeSetParams(executable, *node, &p, context)
	                  : cuGraphAddMemcpyNode(node, graph, after, after != NULL, &p, context);
}

static CUresult fillNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, CUgraphExec executable, CUcontext context,
	CUdeviceptr to, unsigned int value, size_t words) {
	CUDA_MEMSET_NODE_PARAMS p = {.dst = to, .value = value, .elementSize = 4, .width = words, .height = 1};
	return executable ? cuGraphExecMemsetNodeSetParams(executable, *node, &p, context)
	                  : cuGraphAddMemsetNode(node, graph, after, after != NULL, &p, context);
}
*/
import "C"

import (
	"errors"
	"unsafe"

	"gzpt/cuda/internal/driver"
)

type graph struct {
	device *Device
	work   []driver.Work // what it was made of, without arguments and host memory
	last   string        // its last kernel
	gone   bool

	// What follows belongs to the thread.
	nodes      []C.CUgraphNode
	handle     C.CUgraph // which the nodes belong to
	executable C.CUgraphExec
}

// NewGraph makes a graph. With CUDA_LAUNCH_BLOCKING=1 it is a list that streams do one by one.
func (d *Device) NewGraph(work []driver.Work) (driver.Graph, error) {
	if d.blocking {
		return driver.NewOneByOne(work), d.err()
	}
	g := &graph{device: d, work: make([]driver.Work, len(work)), nodes: make([]C.CUgraphNode, len(work))}
	for n := range work {
		w := &work[n]
		if err := d.refuses(w); err != nil {
			return nil, &driver.WorkError{Number: n, Err: err}
		}
		g.work[n] = driver.Work{Kind: w.Kind, Launch: driver.Launch{Function: w.Function}, Words: w.Words}
		if w.Kind == driver.Kernel {
			g.last = w.Function.Name()
		}
	}
	err := d.do("NewGraph", func() error {
		check(C.cuGraphCreate(&g.handle, 0))
		return nil
	})
	for n := range work {
		if err == nil {
			err = g.put(n, &work[n])
		}
	}
	if err == nil {
		err = d.do("NewGraph", func() error {
			check(C.cuGraphInstantiateWithFlags(&g.executable, g.handle, 0))
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// put leaves work to the thread, which adds its node, or sets the parameters once the graph can be launched.
func (g *graph) put(n int, w *driver.Work) error {
	return g.device.leave(request{call: inGraph(w), graph: g, node: n, issued: *w})
}

// inGraph is what errors call work in a graph.
func inGraph(w *driver.Work) string {
	if w.Kind == driver.Kernel {
		return w.Function.(*function).graphCall
	}
	return [...]string{"Launch in a graph", "CopyIn in a graph", "CopyOut in a graph", "Copy in a graph", "Fill in a graph"}[w.Kind]
}

func (g *graph) Set(n int, w *driver.Work) error {
	if g.gone {
		return g.device.refuse(inGraph(w), errDestroyed)
	}
	err := g.device.refuses(w)
	if err == nil && !w.Alike(&g.work[n]) {
		err = g.device.refuse(inGraph(w), driver.ErrNotAlike)
	}
	if err != nil {
		return &driver.WorkError{Number: n, Err: err}
	}
	return g.put(n, w)
}

var errHostMemory = errors.New("a graph copies from and to memory of AllocHost alone")

// add adds a node, or sets its parameters.
func (g *graph) add(n int, w *driver.Work) {
	node, context := &g.nodes[n], C.CUcontext(handle(g.device.context))
	var after *C.CUgraphNode
	if n > 0 {
		after = &g.nodes[n-1]
	}
	host := unsafe.Pointer(unsafe.SliceData(w.Host))
	if len(w.Host) > 0 && !g.device.took(host) {
		panic(errHostMemory)
	}
	switch w.Kind {
	case driver.Kernel:
		f := w.Function.(*function)
		check(C.kernelNode(node, g.handle, after, g.executable, toFunction(f.handle), C.uint(w.Grid[0]), C.uint(w.Grid[1]), C.uint(w.Grid[2]),
			C.uint(w.Block[0]), C.uint(w.Block[1]), C.uint(w.Block[2]), C.uint(w.Shared), (*C.char)(unsafe.Pointer(unsafe.SliceData(w.Arguments))),
			(*C.size_t)(unsafe.SliceData(f.offsets)), C.size_t(len(f.offsets))))
	case driver.CopyIn:
		check(C.copyNode(node, g.handle, after, g.executable, context, nil, C.CUdeviceptr(w.To), host, 0, C.size_t(len(w.Host))))
	case driver.CopyOut:
		check(C.copyNode(node, g.handle, after, g.executable, context, host, 0, nil, C.CUdeviceptr(w.From), C.size_t(len(w.Host))))
	case driver.Copy:
		check(C.copyNode(node, g.handle, after, g.executable, context, nil, C.CUdeviceptr(w.To), nil, C.CUdeviceptr(w.From), C.size_t(w.Bytes)))
	case driver.Fill:
		check(C.fillNode(node, g.handle, after, g.executable, context, C.CUdeviceptr(w.To), C.uint(w.Value), C.size_t(w.Words)))
	}
}

func (g *graph) Launch(on driver.Stream) error {
	s, ours := on.(*stream)
	if !ours || s.device != g.device {
		panic("mumax: Launch: stream of another device")
	}
	if g.gone || s.gone {
		return g.device.refuse("Launch of a graph", errDestroyed)
	}
	return g.device.leave(request{call: "Launch of a graph", graph: g, stream: s})
}

// launch has a stream do the work. Where nobody knows which kernel fails, errors tell the last one, as of kernels that were launched one by one.
func (g *graph) launch(s *stream) {
	check(C.cuGraphLaunch(g.executable, toStream(s.handle)))
	g.device.launched = g.last
}

func (g *graph) Destroy() error {
	if g.gone {
		return g.device.refuse("Destroy", errDestroyed)
	}
	g.gone = true
	return g.device.do("Destroy", func() error {
		check(C.cuGraphExecDestroy(g.executable))
		check(C.cuGraphDestroy(g.handle))
		return nil
	})
}
