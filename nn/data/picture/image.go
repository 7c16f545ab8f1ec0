// Package picture decodes image files to the values that they store, as Pillow and torchvision see them, and resizes
// and turns them.
package picture

import "encoding/binary"

// Window is the stored values that are 0 and 1 as fractions; what lies beyond them is clipped. The zero Window is the full
// scale of the image's bits, which clips nothing.
type Window struct{ Low, High int }

// Fraction is a stored value as a fraction of the window.
func (w Window) Fraction(v int) float32 {
	if w.High <= w.Low {
		return 0 // an image of one value
	}
	return float32(min(max(v, w.Low), w.High)-w.Low) / float32(w.High-w.Low)
}

// Image is decoded pixels as the file stores them.
type Image struct {
	Width, Height int
	// Channels is 1 (grey) or 3 (red, green, blue).
	Channels int
	// Pix8 [Height*Width*Channels] holds the values of an image of 8 bits, Pix16 those of one of 16 bits; the other is nil.
	Pix8  []uint8
	Pix16 []uint16
	// Orientation is how the file says that the image is to be turned before it is seen, 2 to 8 as EXIF has it, or at most 1
	// where it is not. The pixels are as they are stored; see [Image.Upright].
	Orientation int
	// Window is the values that become 0 and 1.
	Window Window
}

// depth is the type of a channel's value as it is stored.
type depth interface{ uint8 | uint16 }

// New makes an image of 8 or 16 bits.
func New(width, height, channels, bits int) *Image {
	m := &Image{Width: width, Height: height, Channels: channels}
	if bits == 16 {
		m.Pix16 = make([]uint16, width*height*channels)
	} else {
		m.Pix8 = make([]uint8, width*height*channels)
	}
	return m
}

// Bits is 8 or 16.
func (m *Image) Bits() int {
	if m.Pix16 != nil {
		return 16
	}
	return 8
}

// Grey is the image with one channel: itself, or 0.299 R + 0.587 G + 0.114 B rounded to a whole value, for 8 bits exactly
// Pillow's convert("L").
func (m *Image) Grey() *Image {
	if m.Channels == 1 {
		return m
	}
	g := New(m.Width, m.Height, 1, m.Bits())
	g.Orientation, g.Window = m.Orientation, m.Window
	if m.Pix16 != nil {
		grey(g.Pix16, m.Pix16)
	} else {
		grey(g.Pix8, m.Pix8)
	}
	return g
}

// grey sums with weights in units of 1/65536, which add up to 1: a grey pixel keeps its value.
func grey[T depth](dst, rgb []T) {
	for i := range dst {
		p := rgb[3*i : 3*i+3]
		dst[i] = T((19595*uint64(p[0]) + 38470*uint64(p[1]) + 7471*uint64(p[2]) + 1<<15) >> 16)
	}
}

// Fraction is a stored value as a fraction of the window.
func (m *Image) Fraction(i int) float32 {
	w := m.scale()
	if m.Pix16 != nil {
		return w.Fraction(int(m.Pix16[i]))
	}
	return w.Fraction(int(m.Pix8[i]))
}

// scale is the window, the full scale where none is set.
func (m *Image) scale() Window { return m.Window.Or(m.Bits()) }

// Or is the window, the full scale of some bits where it is zero.
func (w Window) Or(bits int) Window {
	if w == (Window{}) {
		return Window{0, 1<<bits - 1}
	}
	return w
}

// Fractions writes stored values [pixels*from] as fractions of the window to dst [pixels*to]; channels are equal, or one is
// repeated three times.
func (m *Image) Fractions(dst []float32, channels int) {
	if m.Pix16 != nil {
		fractions(dst, m.Pix16, m.Channels, channels, m.scale())
	} else {
		fractions(dst, m.Pix8, m.Channels, channels, m.scale())
	}
}

func fractions[T depth](dst []float32, src []T, from, to int, w Window) {
	if from == to {
		for i, v := range src {
			dst[i] = w.Fraction(int(v))
		}
		return
	}
	for i, v := range src {
		f := w.Fraction(int(v))
		dst[3*i], dst[3*i+1], dst[3*i+2] = f, f, f
	}
}

// Square is the image with the given channels at most, squashed to side x side pixels.
func (m *Image) Square(side, channels int) *Image {
	if channels == 1 {
		m = m.Grey()
	}
	return m.Resize(side, side)
}

// Bytes is the values as a cache stores them, 16 bits little-endian, one channel repeated where three are wanted.
func (m *Image) Bytes(channels int) []byte {
	repeat := channels / m.Channels
	block := make([]byte, 0, len(m.Pix8)*repeat+2*len(m.Pix16)*repeat)
	for _, v := range m.Pix8 {
		for range repeat {
			block = append(block, v)
		}
	}
	for _, v := range m.Pix16 {
		for range repeat {
			block = binary.LittleEndian.AppendUint16(block, v)
		}
	}
	return block
}
