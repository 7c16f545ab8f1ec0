package cuda

import (
	"math"

	"gzpt/kernels"
)

// packing is a convolution of few channels as one that tensor cores take 16 bytes at a time: squares of stride x stride pixels are
// its pixels. The zero packing is none.
type packing struct {
	images, height, width int // of the packed image, in squares
	channels              int // of a square, whole vectors of 16 bytes
	filters               int
	taps                  [2]int
	before                int // squares that the first window begins before the image
	skip                  int // rows and columns of the first tap before the window
	bytes                 int // of an element
}

// packingOf is what is packed of an image that has fewer channels than 16 bytes hold; the shape alone decides, so that the bits do not
// depend on addresses.
func packingOf(x, w kernels.Tensor, c kernels.Conv) packing {
	vector := kernelsFor(x.Type()).vector
	if c.Groups != 1 || c.Dilation != 1 || x.Dim(3) >= vector {
		return packing{}
	}
	before := divideUp(c.Pad, c.Stride)
	p := packing{
		images: x.Dim(0), height: divideUp(x.Dim(1), c.Stride), width: divideUp(x.Dim(2), c.Stride),
		channels: divideUp(c.Stride*c.Stride*x.Dim(3), vector) * vector, filters: w.Dim(0),
		before: before, skip: before*c.Stride - c.Pad, bytes: x.Type().Size(),
	}
	for i := range p.taps {
		p.taps[i] = divideUp(w.Dim(1+i)+p.skip, c.Stride)
	}
	if p.imageBytes() > p.bytes*math.MaxInt32 { // more than the kernels can count
		return packing{}
	}
	return p
}

func (p packing) imageBytes() int  { return p.images * p.height * p.width * p.channels * p.bytes }
func (p packing) filterBytes() int { return p.elements() * p.bytes }

// scratch is the float64 numbers that the packed image and filters take, whole vectors of both.
func (p packing) scratch() int { return (p.imageBytes() + p.filterBytes()) / 8 }

// axis is the windows of count output pixels.
func (p packing) axis(count, taps int) axis {
	return axis{count: count, first: -p.before, step: 1, taps: taps, tap: 1, outStep: 1, tapStep: 1}
}

// elements is those of the packed filters.
func (p packing) elements() int { return p.filters * p.taps[0] * p.taps[1] * p.channels }

// packImage packs x at the beginning of room.
func (d *Device) packImage(op string, p packing, x kernels.Tensor, c kernels.Conv, room scratch) image {
	packed := image{uint64(room), p.images, p.height, p.width, p.channels}
	d.each(op, "pack_image", p.images*p.height*p.width, word(packed.address), at(x), size(x.Dim(1)), size(x.Dim(2)), size(x.Dim(3)),
		size(c.Stride), size(p.height), size(p.width), size(p.channels))
	return packed
}

// layout is arguments with those of filters [K,R,S,C] and of their place among the packed ones.
func (p packing) layout(a []argument, w kernels.Tensor, c kernels.Conv) []argument {
	return append(a, size(w.Dim(1)), size(w.Dim(2)), size(w.Dim(3)), size(c.Stride), size(p.skip), size(p.taps[0]), size(p.taps[1]), size(p.channels))
}

// packFilters packs w in room, behind the image.
func (d *Device) packFilters(op string, p packing, w kernels.Tensor, c kernels.Conv, room scratch) (address uint64) {
	address = uint64(room) + uint64(p.imageBytes())
	d.each(op, "pack_filters", p.elements(), p.layout(d.list(word(address), at(w)), w, c)...)
	return address
}

// mergePacked adds the parts of a weight gradient, which are packed, to dw.
func (d *Device) mergePacked(op string, p packing, dw kernels.Tensor, partial argument, count int, c kernels.Conv) {
	d.each(op, "merge_packed", dw.Len(), p.layout(d.list(at(dw), partial, size(count), size(p.elements())), dw, c)...)
}
