package cuda

import (
	"fmt"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/ring"
	"gzpt/kernels"
)

// Convolutions by the kernels for sm_90a: tensor maps bring windows of pixels and filters to shared memory, warpgroups multiply them.
// They take one group of channels that are whole instructions deep, from aligned addresses; the bits are those of the portable
// kernels, because the order of each sum is, but for operands of float32 that lie in the middle of two tf32 numbers.

// windowKernel is a kernel of convolution_wgmma_*.ptx: the pixels and channels of its tile, the stages of its ring, its warpgroups, how
// many blocks of it a multiprocessor holds, and in how many parts blocks that have them in common bring pixels and filters.
type windowKernel struct {
	instance
	pixels, channels, stages, groups, blocks int
	pixelParts, filterParts                  int
}

// brought is the pixels and filters that a block brings.
func (k windowKernel) brought() int { return k.pixels/k.pixelParts + k.channels/k.filterParts }

const (
	windowRowBytes   = 128 // of a stage
	warpgroupFilters = 64
	// startClocks is what a block takes before its first product and after its last one, about, with nothing else on its multiprocessor: the
	// latency of memory and the store of its tile.
	startClocks = 4000
	// productsAClock is what a multiprocessor multiplies in bfloat16, by the published rate.
	productsAClock = 1890
	// secondBytes is what the second cache gives all multiprocessors in a clock, about.
	secondBytes = 5120
)

// shared is the bytes of dynamic shared memory.
func (k windowKernel) shared() int {
	return ring.Ring{M: k.pixels, N: k.channels, Stages: k.stages}.Bytes()
}

// threads is those of a block: its warpgroups and the warp that brings stages.
func (k windowKernel) threads() int { return 128*k.groups + warpThreads }

// stageClocks is what a stage takes a multiprocessor: products, or the bytes of shared memory that copies write and the warpgroups read, 128 a
// clock.
func (k windowKernel) stageClocks() int {
	products := k.pixels * k.channels * windowRowBytes / 2 / productsAClock
	read := k.groups*warpgroupFilters + k.pixels*k.channels/warpgroupFilters
	return max(products, k.pixels+k.channels+read)
}

// windowWork is the clocks of so many blocks of a kernel: of the busiest multiprocessor, or of the second cache, through which each stage
// comes; and the start and end of each block, which others may hide.
func (d *Device) windowWork(k windowKernel, blocks, stages int) int {
	busiest, brought := divideUp(blocks, d.wideBlocks), windowRowBytes*k.brought()
	return busiest*startClocks/k.blocks + max(busiest*stages*k.stageClocks(), blocks*stages*brought/d.secondBytes)
}

// windowKernelsOf are those for the numbers that tensor cores multiply, the largest tiles first.
func windowKernelsOf(number string) []windowKernel {
	named := func(pixels, channels, stages, blocks int) windowKernel {
		return windowKernel{instance{kernel: fmt.Sprintf("convolve_wgmma_%s_%dx%d", number, pixels, channels)}, pixels, channels, stages, 2, blocks, 1, 1}
	}
	pixels := func(k windowKernel) windowKernel {
		k.kernel, k.pixelParts = k.kernel+"_pair_pixels", 2
		return k
	}
	filters := func(k windowKernel) windowKernel {
		k.kernel, k.filterParts = k.kernel+"_pair_filters", 2
		return k
	}
	large, middle := named(256, 128, 4, 1), named(192, 128, 5, 1)
	return []windowKernel{pixels(large), filters(large), large, named(512, 64, 3, 1), pixels(middle), middle, named(128, 128, 3, 2), named(256, 64, 2, 2)}
}

var tf32Windows, bf16Windows, turnedWindows = windowKernelsOf("tf32"), windowKernelsOf("bf16"), windowKernelsOf("turned_bf16")

// windowKernels are those for a gather.
func (g gather) windowKernels() []windowKernel {
	switch {
	case g.turned:
		return turnedWindows
	case g.elements == kernels.BFloat16:
		return bf16Windows
	}
	return tf32Windows
}

// Limits of tensor maps of images.
const (
	mostStep   = 8
	leastEdge  = -128
	mostEdge   = 127
	mostOffset = 255
)

// window is how a tensor map sees an axis of n pixels: where the window of the first pixel begins, its first tap or its last; where the last
// one's does, counted from the last pixel of the axis; and what the first tap adds to that.
func (a axis) window(n int) (first, last, move int) {
	span := (a.taps - 1) * a.tap
	first = a.first + min(span, 0)
	return first, first + (a.count-1)*a.step - (n - 1), max(-span, 0)
}

// inMap reports whether a tensor map can see an axis of n pixels so. It sees no axis without pixels, as gradients have where a kernel
// does not fit its images.
func (a axis) inMap(n int) bool {
	first, last, move := a.window(n)
	reach := max(move, (a.taps-1)*a.tap)
	return n > 0 && a.count > 0 && a.taps > 0 && a.step <= mostStep && first >= leastEdge && first <= mostEdge && last >= leastEdge && last <= mostEdge && reach <= mostOffset
}

// seesWindows reports whether the kernels for sm_90a take a gather. Bfloat16 at odd addresses is left to the portable kernels, which give the
// same bits; float32 is copied, as the rounding of ties would tell where it lies.
func (d *Device) seesWindows(g gather) bool {
	vector := 16 / g.elements.Size()
	return d.hasHopper() && (g.elements == kernels.BFloat16 || d.settings.Products == TF32) && g.run == 0 && g.groups == 1 && g.cg%(2*vector) == 0 && g.ng%vector == 0 &&
		g.rows.inMap(g.in.rows) && g.columns.inMap(g.in.columns) &&
		(g.elements == kernels.Float32 || aligned(g.in.address) && aligned(address(g.out)) && aligned(g.filters))
}

// copyRoom is the scratch memory, in float64, for copies of those of the tensors that are float32 and not aligned.
func (d *Device) copyRoom(tensors ...kernels.Tensor) (room int) {
	if !d.hasHopper() || d.settings.Products != TF32 {
		return 0
	}
	for _, x := range tensors {
		if x.Type() == kernels.Float32 && !aligned(address(x)) {
			room += 2 * divideUp(x.Bytes(), 16)
		}
	}
	return room
}

// alignedAt is the address of bytes, or of room for them, which it takes, where theirs is not aligned.
func alignedAt(at uint64, bytes int, room *scratch) (address uint64) {
	if aligned(at) {
		return at
	}
	address = uint64(*room)
	*room = room.from(2 * divideUp(bytes, 16))
	return address
}

// imagesMapping is images [n,h,w,c], of which windows remain to be told, exchanged in shared memory as wgmma reads rows of 128 bytes.
func imagesMapping(typ kernels.Type, at uint64, n, h, w, c int) mapping {
	pitch := typ.Size() * c
	return mapping{
		typ: typ, at: at, rank: 4, swizzle: driver.Swizzle128,
		sizes: [5]int{c, w, h, n}, strides: [4]int{pitch, pitch * w, pitch * w * h},
	}
}

// gatherAligned is gatherWindows for operands at any address.
func (d *Device) gatherAligned(op string, g gather) {
	room := g.room
	inBytes := g.in.images * g.in.rows * g.in.columns * g.in.channels * g.elements.Size()
	filterBytes := g.taps.all * g.cg * g.ng * g.elements.Size()
	out := alignedAt(address(g.out), g.out.Bytes(), &room)
	in := alignedAt(g.in.address, inBytes, &room)
	filters := alignedAt(g.filters, filterBytes, &room)
	d.move(op, in, g.in.address, inBytes)
	d.move(op, filters, g.filters, filterBytes)
	d.move(op, out, address(g.out), g.out.Bytes()) // what is added to, and the other phases
	d.gatherWindows(op, g, out, in, filters)
	d.move(op, address(g.out), out, g.out.Bytes())
}

// tiles is how many tiles pixels and channels are cut into: of pixels as many as blocks come in clusters.
func (k windowKernel) tiles(pixels, channels int) (tilesM, tilesN int) {
	return multiple(divideUp(pixels, k.pixels), k.filterParts), divideUp(channels, k.channels)
}

// windowKernelFor is the kernel with the least work, of equals the one with the largest tile.
func (d *Device) windowKernelFor(g gather, pixels, stages int) (chosen windowKernel) {
	least := 0
	for _, k := range g.windowKernels() {
		tilesM, tilesN := k.tiles(pixels, g.ng)
		if tilesN%k.pixelParts != 0 || k.filterParts > 1 && tilesN > 1 {
			continue
		}
		blocks := tilesM * tilesN
		if work := d.windowWork(k, blocks, stages); least == 0 || work < least {
			chosen, least = k, work
		}
	}
	return chosen
}

// gatherWindows is gather by the kernels for sm_90a, of operands at aligned addresses.
func (d *Device) gatherWindows(op string, g gather, out, in, filtersAt uint64) {
	pixels := g.rows.count * g.columns.count
	rows := g.in.images * pixels
	elementBytes, depth, taps := g.elements.Size(), windowRowBytes/g.elements.Size(), g.rows.taps*g.columns.taps
	stages := taps * divideUp(g.cg, depth)
	k := d.windowKernelFor(g, rows, stages)
	h0, lastH, tapH := g.rows.window(g.in.rows)
	w0, lastW, tapW := g.columns.window(g.in.columns)
	windows := imagesMapping(g.elements, in, g.in.images, g.in.rows, g.in.columns, g.cg)
	windows.steps, windows.lower, windows.upper = [5]int{1, g.columns.step, g.rows.step, 1}, [3]int{w0, h0}, [3]int{lastW, lastH}
	windows.channels, windows.pixels = depth, k.pixels/k.pixelParts
	filters := mapping{typ: g.elements, at: filtersAt, rank: 3, swizzle: driver.Swizzle128}
	filters.sizes, filters.box = [5]int{g.cg, g.taps.all, g.ng}, [5]int{depth, 1, k.channels / k.filterParts}
	if g.turned {
		filters.sizes, filters.box = [5]int{g.ng, g.taps.all, g.cg}, [5]int{warpgroupFilters, 1, depth}
	}
	pitch := elementBytes * filters.sizes[0]
	filters.strides = [4]int{pitch, pitch * g.taps.all}
	tilesM, tilesN := k.tiles(rows, g.ng)
	a := d.list(word(uint64(g.moments)), size(g.out.Dim(3)))
	a = dividing(a, pixels, g.columns.count)
	a = append(a, size(g.rows.step), size(h0), size(w0), size(tapH), size(tapW), size(tapOf(g.rows, g.columns)), size(g.columns.taps),
		size(g.taps.first), size(g.taps.row), size(g.taps.column), size(g.cg), size(stages), size(g.ng))
	a = dividing(a, tilesN)
	a = append(a, size(rows), size(divideUp(rows, momentsPixels)), flag(g.add))
	maps := []driver.TensorMap{d.tensorMap(op, windows), d.tensorMap(op, filters), d.tensorMap(op, g.outMapping(out, k.pixels))}
	d.launchMapped(op, k.instance, tilesM*tilesN, k.threads(), k.shared(), maps, a...)
}

// outMapping is the pixels that a gather makes of an image, so many of them a tile, which in a phase of a strided gradient are not
// side by side.
func (g gather) outMapping(out uint64, pixels int) mapping {
	pixel := g.out.Dim(3) * g.elements.Size()
	row := pixel * g.out.Dim(2)
	return mapping{
		typ: g.elements, exact: true, at: out + uint64(row*g.rows.outFirst+pixel*g.columns.outFirst), rank: 4, swizzle: driver.Swizzle128,
		sizes: [5]int{g.ng, g.columns.count, g.rows.count, g.in.images}, strides: [4]int{pixel * g.columns.outStep, row * g.rows.outStep, row * g.out.Dim(1)},
		channels: windowRowBytes / g.elements.Size(), pixels: pixels,
	}
}
