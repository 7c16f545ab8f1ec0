package data

import (
	"gzpt/kernels"
	"gzpt/nn/data/picture"
)

// Source gives the pixels of a list of items. Its methods may be called by several goroutines at once.
type Source interface {
	// Items is the list; it must not be changed.
	Items() []Item
	// Size is the width and height of item i's image as it is stored, in pixels: the frame of its gaze coordinates.
	Size(i int) (width, height int)
	// Side and Channels are the shape of Pixels: [Side,Side,Channels].
	Side() int
	Channels() int
	// Pixels writes item i, squashed to a square, into dst [Side*Side*Channels] as fractions of full scale. It allocates
	// nothing once every goroutine has called it.
	Pixels(dst []float32, i int) error
	// Image decodes item i as it is stored.
	Image(i int) (*picture.Image, error)
}

// Checksum is that of the pixels of item i of a source that knows it, as a [Cache] does, and otherwise "".
func Checksum(s Source, i int) string {
	if c, ok := s.(interface{ Checksum(i int) string }); ok {
		return c.Checksum(i)
	}
	return ""
}

// StoredSource is a source that has the values of its items as they are stored, for devices that make views themselves.
type StoredSource interface {
	Source
	// Bits is those of a value, 8 or 16, for all items: an item of 8 bits among others of 16 has its values in 16. It is 0 for a
	// source behind which there is one without stored values.
	Bits() int
	// Words writes the values of item i, squashed to a square, into dst [kernels.Views.Row(Channels)], and returns their window. It
	// allocates nothing once every goroutine has called it.
	Words(dst []int32, i int) (picture.Window, error)
}

// Stored is the source as one that has stored values, nil where it is none.
func Stored(s Source) StoredSource {
	if stored, ok := s.(StoredSource); ok && stored.Bits() > 0 {
		return stored
	}
	return nil
}

// Bits is those of the stored values of a source, 0 where it has none.
func Bits(s Source) int {
	if stored := Stored(s); stored != nil {
		return stored.Bits()
	}
	return 0
}

// pack packs stored values of some bits, little-endian, as values of wanted bits, which are no fewer.
func pack(words []int32, block []byte, bits, wanted int) {
	if bits == wanted {
		kernels.PackBytes(words, block)
		return
	}
	for i := range words {
		pair := block[:min(2, len(block))]
		block = block[len(pair):]
		words[i] = 0
		for k, v := range pair {
			words[i] |= int32(v) << (16 * k)
		}
	}
}

// Side is the side in pixels of the squares that a source holds for views of the given size: 8/7 of it, rounded up, 256
// for 224. The margin keeps detail in random crops.
func Side(imageSize int) int { return (imageSize*8 + 6) / 7 }

// subset is some of a source's items.
type subset struct {
	Source
	items []Item
	from  []int // the items' indices in the source
}

// Subset is the items of a source with the given indices, in their order.
func Subset(s Source, indices []int) Source {
	x := &subset{Source: s, from: indices}
	for _, i := range indices {
		x.items = append(x.items, s.Items()[i])
	}
	return x
}

func (x *subset) Items() []Item { return x.items }

func (x *subset) Size(i int) (width, height int) { return x.Source.Size(x.from[i]) }

func (x *subset) Pixels(dst []float32, i int) error { return x.Source.Pixels(dst, x.from[i]) }

func (x *subset) Image(i int) (*picture.Image, error) { return x.Source.Image(x.from[i]) }

// Checksum is that of the item in the source.
func (x *subset) Checksum(i int) string { return Checksum(x.Source, x.from[i]) }

// Bits is that of the source.
func (x *subset) Bits() int { return Bits(x.Source) }

// Words is that of the item in the source.
func (x *subset) Words(dst []int32, i int) (picture.Window, error) {
	return Stored(x.Source).Words(dst, x.from[i])
}
