package cuda

import (
	"fmt"
	"math/bits"

	"gzpt/kernels"
)

// Convolutions in tiles, on tensor cores or in exact float32. All shapes go through them, also groups and dilations; depthwise ones
// fill one column of a tile. A forward pass and each phase of a data gradient are one launch of a kernel that gathers pixels by the taps of filters.
// Which kernel takes a call follows from its shape and, for operands at odd addresses or with odd channels, from where they
// lie; the bits are the same from all of them, because the order of each sum is.

// convolutionKernels are the kernels for a type of numbers, by the pixels and channels, or channels and terms, of their tiles; vector is
// how many numbers are 16 bytes, moments says that those of the forward pass make them too.
type convolutionKernels struct {
	vector                                       int
	moments                                      bool
	pack                                         string // "" where images are not packed
	transpose                                    instance
	gatherNarrow, gather128x64, gather128x128    instance
	weightsNarrow, weights64x128, weights128x128 instance
	gatherPacked, weightsPacked                  instance
}

// threads is those of a block with a tile, of which a warp has 64 x 32 exact sums, or 64 x 64 of tensor cores.
func (k *convolutionKernels) threads(m, n int) int {
	if k == &f32Kernels {
		return 32 * m / 64 * n / 32
	}
	return 32 * m / 64 * n / 64
}

func convolutionKernelsOf(number string, vector int, moments bool, pack, transpose string) convolutionKernels {
	named := func(kernel string) instance { return instance{kernel: fmt.Sprintf(kernel, number)} }
	return convolutionKernels{
		vector, moments, pack, instance{kernel: transpose},
		named("convolve_%s_narrow"), named("convolve_%s_128x64"), named("convolve_%s_128x128"),
		named("convolve_weights_%s_narrow"), named("convolve_weights_%s_64x128"), named("convolve_weights_%s_128x128"),
		named("convolve_%s_packed"), named("convolve_weights_%s_packed"),
	}
}

var (
	f32Kernels  = convolutionKernelsOf("f32", 4, false, "", "transpose_f32")
	tf32Kernels = convolutionKernelsOf("tf32", 4, true, "pack_tf32", "transpose_f32")
	bf16Kernels = convolutionKernelsOf("bf16", 8, true, "pack_bf16", "transpose_bf16")
)

// kernelsFor are those for a type of tensors.
func (d *Device) kernelsFor(t kernels.Type) *convolutionKernels {
	switch {
	case t == kernels.BFloat16:
		return &bf16Kernels
	case d.settings.Products == TF32:
		return &tf32Kernels
	}
	return &f32Kernels
}

// word is an argument of 64 bits: an address in scratch memory, two numbers of 32 bits.
func word(bits uint64) argument { return argument{bits: bits} }

// reciprocal is what kernels divide numbers below 2^31 by n with: they double a number, take the upper half of its product with the
// lower word, and shift it by the upper word.
func reciprocal(n int) uint64 {
	if n == 0 {
		return 0
	}
	shift := bits.Len(uint(n - 1))
	factor := (uint64(1)<<(31+shift))/uint64(n) + 1
	return factor | uint64(shift)<<32
}

// dividing is arguments with sizes, each with its reciprocal.
func dividing(a []argument, sizes ...int) []argument {
	for _, n := range sizes {
		a = append(a, size(n), word(reciprocal(n)))
	}
	return a
}

// aligned says whether a kernel can copy 16 bytes at a time from and to an address.
func aligned(address uint64) bool { return address%16 == 0 }

func address(t kernels.Tensor) uint64 { return uint64(t.Address()) }

func divideUp(n, by int) int { return (n + by - 1) / by }

// axis is one side of a grid of pixels: where their windows begin and how the taps lie.
type axis struct {
	count int // of pixels
	first int // where the window of pixel 0 begins, in the image that is read
	step  int // from one window to the next
	taps  int
	tap   int // from one tap to the next
	// Pixel i is pixel outFirst + i*outStep of the image that is written.
	outFirst, outStep int
	// Tap j is tap tapFirst + j*tapStep of the filters.
	tapFirst, tapStep int
}

// forward is the windows of a convolution along an axis.
func forward(count, taps int, c kernels.Conv) axis {
	return axis{count: count, first: -c.Pad, step: c.Stride, taps: taps, tap: c.Dilation, outStep: 1, tapStep: 1}
}

// phases is how many phases an axis of size in has: its pixels by what they leave when divided by the stride.
func phases(in int, c kernels.Conv) int { return min(c.Stride, in) }

// phase is the pixels of a phase, which are read through the same taps, by neighbouring output pixels. With h the pixel and r the
// tap, the output pixel is (h + pad - r*dilation) / stride.
func phase(number, in, taps int, c kernels.Conv) axis {
	a := axis{count: divideUp(in-number, c.Stride), step: 1, outFirst: number, outStep: c.Stride}
	for r := range taps {
		if (number+c.Pad-r*c.Dilation)%c.Stride != 0 {
			continue
		}
		if a.taps++; a.taps == 1 {
			a.tapFirst = r
			a.first = (number + c.Pad - r*c.Dilation) / c.Stride
		} else if a.taps == 2 {
			a.tapStep = r - a.tapFirst
			a.tap = -a.tapStep * c.Dilation / c.Stride
		}
	}
	return a
}

// taps is where those of a gather lie among all that filters have.
type taps struct {
	all, first  int
	row, column int // from one tap to the next
}

// allTaps are those of filters that have no others.
func allTaps(rows, columns axis) taps { return taps{rows.taps * columns.taps, 0, columns.taps, 1} }

// image is what a gathering kernel reads: [images, rows, columns, channels], or packed rows of `columns` terms, `channels` from one
// window to the next.
type image struct {
	address                         uint64
	images, rows, columns, channels int
}

func imageOf(t kernels.Tensor) image {
	return image{address(t), t.Dim(0), t.Dim(1), t.Dim(2), t.Dim(3)}
}

// gather is a launch of the kernels of convolution_gather_*.ptx.
type gather struct {
	out      kernels.Tensor // [N,OH,OW,groups*ng]
	in       image          // [N,H,W,groups*cg]
	filters  uint64         // address of [groups*ng, taps, cg], or where turned of [cg, taps, ng]
	taps     taps           // but of packed images
	turned   bool           // only where seesWindows
	moments  scratch        // 0 where no moments are wanted
	room     scratch        // copyRoom of the operands
	rows     axis
	columns  axis
	groups   int
	cg, ng   int // channels of a group that are read and written
	add      bool
	elements kernels.Type
	run      int // of a packed image, 0 for others: the terms that a window reads of a row
}

// Channels of the tiles of the gathering kernels, and pixels of all of them and of a part of moments.
const (
	tilePixels    = 128
	wideChannels  = 128
	narrowTile    = 64
	momentsPixels = 64
)

// wideBlocks is the fewest blocks that the wide tile is used for: fewer leave multiprocessors idle that narrower ones would use.
const wideBlocks = 132

func (d *Device) gather(op string, g gather) {
	k := d.kernelsFor(g.elements)
	pixels := g.rows.count * g.columns.count
	rows := g.in.images * pixels
	if rows == 0 || g.ng == 0 {
		return
	}
	if d.seesWindows(g) {
		d.gatherAligned(op, g)
		return
	}
	wide := aligned(address(g.out)) && g.ng%k.vector == 0
	kernel, channels, threads := k.gather128x64, narrowTile, k.threads(tilePixels, narrowTile)
	switch {
	case g.run > 0:
		kernel = k.gatherPacked
	case !wide || !aligned(g.in.address) || !aligned(g.filters) || g.cg%k.vector != 0:
		kernel, threads = k.gatherNarrow, 128
	case g.ng > narrowTile && g.groups*divideUp(rows, tilePixels)*divideUp(g.ng, wideChannels) >= d.wideBlocks:
		kernel, channels, threads = k.gather128x128, wideChannels, k.threads(tilePixels, wideChannels)
	}
	tilesM, tilesN := divideUp(rows, tilePixels), divideUp(g.ng, channels)
	a := d.list(at(g.out), word(g.in.address), word(g.filters), word(uint64(g.moments)),
		size(g.in.rows), size(g.in.columns), size(g.in.channels), size(g.out.Dim(1)), size(g.out.Dim(2)), size(g.out.Dim(3)))
	a = dividing(a, pixels, g.columns.count)
	a = append(a, size(g.rows.step), size(tapOf(g.rows, g.columns)), size(g.rows.first), size(g.columns.first),
		size(g.rows.outStep), size(g.rows.outFirst), size(g.columns.outFirst))
	a = dividing(a, g.columns.taps, g.cg)
	a = append(a, size(g.rows.taps*g.columns.taps*g.cg), size(g.ng))
	a = dividing(a, tilesM, tilesN)
	a = append(a, size(rows), size(divideUp(rows, momentsPixels)), flag(g.add), flag(wide))
	if g.run > 0 {
		a = append(a, size(g.run))
	}
	d.launch(op, kernel, g.groups*tilesM*tilesN, threads, a...)
}

// tapOf is the distance of taps, the same along both axes where both have more than one.
func tapOf(rows, columns axis) int {
	if rows.taps > 1 {
		return rows.tap
	}
	return columns.tap
}

// gatherForward is y = convolution of x, and the moments of y where these are wanted, which its kernel makes in parts of 64 pixels.
func (d *Device) gatherForward(op string, y, moments, x, w kernels.Tensor, c kernels.Conv) {
	if y.Len() == 0 {
		return
	}
	rows, channels := y.Rows(), y.Channels()
	parts, partial := divideUp(rows, momentsPixels), 0
	if moments.Rank() > 0 {
		partial = d.scratchOfParts(parts, channels)
	}
	p, isPacked := d.packed(y, x, w, c)
	var packedNumbers int
	if isPacked {
		packedNumbers = p.imageNumbers(x) + p.filterNumbers(w)
	}
	used := (packedNumbers + partial + 1) / 2 * 2
	images := d.scratch(op, used+d.copyRoom(y, x, w))
	ofMoments := scratch(0)
	if partial > 0 {
		ofMoments = images.from(packedNumbers)
	}
	if isPacked {
		d.gatherPacked(op, y, x, w, c, p, ofMoments, images)
	} else {
		rows, columns := forward(y.Dim(1), w.Dim(1), c), forward(y.Dim(2), w.Dim(2), c)
		d.gather(op, gather{
			out: y, in: imageOf(x), filters: address(w), taps: allTaps(rows, columns), moments: ofMoments, room: images.from(used), elements: x.Type(),
			rows: rows, columns: columns, groups: c.Groups, cg: w.Dim(3), ng: w.Dim(0) / c.Groups,
		})
	}
	if partial > 0 {
		d.mergeMoments(op, moments, ofMoments, rows, momentsPixels, parts)
	}
}

// gatherData is the data gradient: phase by phase of the pixels, with the filters of the phase turned.
func (d *Device) gatherData(op string, dx, dy, w kernels.Tensor, c kernels.Conv, add bool) {
	rows, columns := phases(dx.Dim(1), c), phases(dx.Dim(2), c)
	kg, cg := w.Dim(0)/c.Groups, w.Dim(3)
	used := 2*divideUp(w.Bytes(), 16) + 2*rows*columns
	next := d.scratch(op, used+d.copyRoom(dx, dy))
	room := next.from(used)
	for i := range rows {
		r := phase(i, dx.Dim(1), w.Dim(1), c)
		for j := range columns {
			s := phase(j, dx.Dim(2), w.Dim(2), c)
			if r.taps*s.taps == 0 && add {
				continue
			}
			g := gather{
				out: dx, in: imageOf(dy), filters: address(w), turned: true, room: room, elements: dy.Type(), rows: r, columns: s, groups: c.Groups, cg: kg, ng: cg, add: add,
				taps: taps{w.Dim(1) * w.Dim(2), r.tapFirst*w.Dim(2) + s.tapFirst, r.tapStep * w.Dim(2), s.tapStep},
			}
			if dy.Type() != kernels.BFloat16 || !d.seesWindows(g) {
				g.filters, g.turned, g.taps = uint64(next), false, allTaps(r, s)
				d.turnFilters(op, g, w, c.Groups)
				next = next.from(2 * divideUp(g.taps.all*c.Groups*cg*kg*w.Type().Size(), 16))
			}
			d.gather(op, g)
		}
	}
}

// turnFilters makes the filters of a phase, whose input and output channels change places.
func (d *Device) turnFilters(op string, g gather, w kernels.Tensor, groups int) {
	if g.taps.all == 0 {
		return
	}
	r, s, tilesC, tilesK := g.rows, g.columns, divideUp(g.ng, 32), divideUp(g.cg, 32)
	d.launch(op, d.kernelsFor(w.Type()).transpose, groups*g.taps.all*tilesC*tilesK, 256,
		word(g.filters), at(w), size(w.Dim(1)), size(w.Dim(2)), size(r.tapFirst), size(s.tapFirst), size(max(r.tapStep, s.tapStep)),
		size(r.taps), size(s.taps), size(g.ng), size(g.cg), size(tilesC), size(tilesK))
}

const (
	// weightBlocks is how many blocks the weight gradient is cut into where the pixels allow it: two waves of two blocks on each of
	// so many multiprocessors.
	weightBlocks          = 4 * weightMultiprocessors
	weightMultiprocessors = 132
	// leastPixels is the fewest pixels of a part.
	leastPixels = 256
	// stagePixels is what the parts come in multiples of.
	stagePixels = 32
)

// weightParts cuts the pixels of a weight gradient by its shape into parts of share: into as many as weightBlocks wants, or down to half
// of them where the multiprocessor with the most blocks has a twentieth fewer pixels then.
func weightParts(pixels, tiles int) (count, share int) {
	blocks := func(parts int) int { return divideUp(parts*tiles, weightMultiprocessors) } // of that multiprocessor
	count = max(1, min(divideUp(weightBlocks, tiles), divideUp(pixels, leastPixels)))
	for parts, least := count-1, divideUp(count, 2); parts >= least; parts-- {
		if 20*blocks(parts)*count < 19*blocks(count)*parts {
			count = parts
		}
	}
	share = divideUp(divideUp(pixels, count), stagePixels) * stagePixels
	return divideUp(pixels, share), share
}

// gatherWeights is dw += the weight gradient: parts of the pixels in float32, merged in their order.
func (d *Device) gatherWeights(op string, dw, dy, x kernels.Tensor, c kernels.Conv) {
	k := d.kernelsFor(dy.Type())
	kg, pixels := dw.Dim(0)/c.Groups, dy.Rows()
	taps, cg := dw.Dim(2), dw.Dim(3) // of a row of filters, as the kernel sees it
	kernel, channels, threads := k.weights64x128, narrowTile, k.threads(narrowTile, wideChannels)
	if kg > narrowTile {
		kernel, channels, threads = k.weights128x128, wideChannels, k.threads(wideChannels, wideChannels)
	}
	p, isPacked := d.packed(dy, x, dw, c)
	wide := aligned(address(dy)) && kg%k.vector == 0
	images, pixel := 0, cg
	switch {
	case isPacked && wide:
		kernel, channels, threads = k.weightsPacked, narrowTile, k.threads(narrowTile, wideChannels)
		taps, cg, images, pixel = 1, p.filters, p.imageNumbers(x), p.pixel
	case !wide || !aligned(address(x)) || cg%k.vector != 0:
		kernel, channels, threads = k.weightsNarrow, narrowTile, 128
	}
	count, share := weightParts(pixels, weightTiles(dw, c))
	if d.seesWeights(dw, dy, x, c) {
		var windows weightsWindow
		if windows, count, share = d.weightsCut(dw, pixels); aligned(address(dy)) && aligned(address(x)) {
			d.weightsByWindows(op, windows, dw, dy, x, c, count, share)
			return
		}
	}
	depth := dw.Dim(1) * taps * cg
	room := d.scratch(op, images+divideUp(count*dw.Dim(0)*depth, 2))
	in, partial := imageOf(x), room.from(images)
	if images > 0 {
		d.pack(op, room, x, p.pixel, p.pad, p.rows, p.terms)
		in = p.image(room, x, c)
	}
	tilesM, tilesN := divideUp(kg, channels), divideUp(depth, wideChannels)
	a := d.list(word(uint64(partial)), at(dy), word(in.address), size(in.rows), size(in.columns), size(in.channels), size(dy.Dim(3)))
	a = dividing(a, dy.Dim(1)*dy.Dim(2), dy.Dim(2))
	a = append(a, size(c.Stride), size(c.Pad), size(c.Dilation))
	a = dividing(a, taps, cg)
	a = append(a, size(kg), size(depth))
	a = dividing(a, c.Groups, tilesM, tilesN)
	a = append(a, size(pixels), size(share))
	if images > 0 {
		a = append(a, size(p.run))
	}
	d.launch(op, kernel, count*c.Groups*tilesM*tilesN, threads, a...)
	d.mergeFilters(op, dw, partial, count, cg*taps, pixel)
}

// weightTiles is how many tiles the weight gradient is cut into beside its parts, by its shape alone.
func weightTiles(dw kernels.Tensor, c kernels.Conv) int {
	kg, channels := dw.Dim(0)/c.Groups, narrowTile
	if kg > narrowTile {
		channels = wideChannels
	}
	return c.Groups * divideUp(kg, channels) * divideUp(dw.Len()/dw.Dim(0), wideChannels)
}

// mostMergers is how many threads share the parts of a result, and leastMerged how many parts each has then at least.
const mostMergers, leastMerged = 32, 4

// mergeFilters adds count parts of a weight gradient to dw. In a part a row of filters has so many terms, and a pixel of it so many.
func (d *Device) mergeFilters(op string, dw kernels.Tensor, partial scratch, count, terms, pixel int) {
	row, channels := dw.Dim(2)*dw.Dim(3), dw.Dim(3)
	mergers := 1
	for mergers < mostMergers && mergers*2*leastMerged <= count {
		mergers *= 2
	}
	width := blockThreads / mergers
	a := d.list(at(dw), word(uint64(partial)), size(count), size(dw.Len()), size(dw.Dim(0)*dw.Dim(1)*terms))
	a = dividing(a, row, channels)
	a = append(a, size(terms), size(pixel), size(width))
	d.launch(op, instance{kernel: "merge_filters"}, divideUp(dw.Len(), width), blockThreads, a...)
}
