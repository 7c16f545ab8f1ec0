package cuda

import (
	"math"

	"gzpt/kernels"
)

// Tensor cores take 16 bytes at a time, and an image of 3 channels has no such pieces. Convolutions of few channels therefore
// copy the image first, once for all windows: padding becomes zeros, and a pixel as many terms as make windows begin at multiples
// of 16 bytes. What a window reads of a row is then one stretch: a convolution with the same rows of taps, one column of them and
// many channels.

// packing is how the images and the filters of a convolution are packed.
type packing struct {
	rows, columns int // of a packed image, in pixels of it
	pad           int
	pixel         int // terms of a pixel
	run           int // terms that a window reads of a row
	filters       int // terms of a row of packed filters, those behind run 0
	terms         int // of a row of an image
}

// packed says whether a convolution is done on packed images, and how: by its shape alone, as the bits follow from it.
func (d *Device) packed(y, x, w kernels.Tensor, c kernels.Conv) (p packing, ok bool) {
	k := d.kernelsFor(x.Type())
	vector := k.vector
	if k.pack == "" || c.Groups != 1 || c.Dilation != 1 && w.Dim(2) > 1 || w.Dim(3)%vector == 0 {
		return p, false
	}
	p.rows = (y.Dim(1)-1)*c.Stride + (w.Dim(1)-1)*c.Dilation + 1
	p.columns = (y.Dim(2)-1)*c.Stride + w.Dim(2)
	p.pad = c.Pad
	p.pixel = multiple(w.Dim(3), packedTerms)
	for p.pixel*c.Stride%vector != 0 {
		p.pixel += packedTerms
	}
	p.run = w.Dim(2) * p.pixel
	p.filters = multiple(p.run, vector)
	p.terms = multiple(p.columns*p.pixel, vector)
	return p, x.Dim(0)*p.rows*p.terms <= math.MaxInt32
}

// packedTerms is what a thread of pack_* makes: a pixel has so many terms, or a multiple.
const packedTerms = 4

// multiple is n rounded up to a multiple of by.
func multiple(n, by int) int { return divideUp(n, by) * by }

// imageNumbers and filterNumbers are how many float64 of scratch memory packed images and filters take, whole sectors of 32 bytes.
func (p packing) imageNumbers(x kernels.Tensor) int {
	return 4 * divideUp(x.Dim(0)*p.rows*p.terms*x.Type().Size(), 32)
}

func (p packing) filterNumbers(w kernels.Tensor) int {
	return 4 * divideUp(w.Dim(0)*w.Dim(1)*p.filters*w.Type().Size(), 32)
}

// pack packs images, or filters as images without padding, into rows of terms.
func (d *Device) pack(op string, to scratch, x kernels.Tensor, pixel, pad, rows, terms int) {
	quads := terms / packedTerms
	a := d.list(word(uint64(to)), word(address(x)), size(x.Dim(1)), size(x.Dim(2)), size(x.Dim(3)), size(pad))
	a = dividing(a, rows, quads, pixel/packedTerms)
	d.each(op, d.kernelsFor(x.Type()).pack, x.Dim(0)*rows*quads, a...)
}

// image is packed images of x in scratch memory, as kernels read them.
func (p packing) image(images scratch, x kernels.Tensor, c kernels.Conv) image {
	return image{uint64(images), x.Dim(0), p.rows, p.terms, c.Stride * p.pixel}
}

// gatherPacked is gatherForward on packed images, which it packs into scratch memory.
func (d *Device) gatherPacked(op string, y, x, w kernels.Tensor, c kernels.Conv, p packing, moments, images scratch) {
	filters := images.from(p.imageNumbers(x))
	d.pack(op, images, x, p.pixel, p.pad, p.rows, p.terms)
	d.pack(op, filters, w, p.pixel, 0, w.Dim(1), p.filters)
	d.gather(op, gather{
		out: y, in: p.image(images, x, c), filters: uint64(filters), moments: moments, elements: x.Type(),
		rows:    axis{count: y.Dim(1), step: c.Stride, taps: w.Dim(1), tap: c.Dilation, outStep: 1, tapStep: 1},
		columns: axis{count: y.Dim(2), taps: 1, outStep: 1, tapStep: 1},
		groups:  1, cg: p.filters, ng: w.Dim(0), run: p.run,
	})
}
