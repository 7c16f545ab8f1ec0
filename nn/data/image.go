package data

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

// newImage makes an image of 8 or 16 bits.
func newImage(width, height, channels, bits int) *Image {
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
	g := newImage(m.Width, m.Height, 1, m.Bits())
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
		return w.fraction(int(m.Pix16[i]))
	}
	return w.fraction(int(m.Pix8[i]))
}

// scale is the window, the full scale where none is set.
func (m *Image) scale() Window { return m.Window.or(m.Bits()) }

// or is the window, the full scale of some bits where it is zero.
func (w Window) or(bits int) Window {
	if w == (Window{}) {
		return Window{0, 1<<bits - 1}
	}
	return w
}

// fractions writes stored values [pixels*from] as fractions of the window to dst [pixels*to]; channels are equal, or one is
// repeated three times.
func (m *Image) fractions(dst []float32, channels int) {
	if m.Pix16 != nil {
		fractions(dst, m.Pix16, m.Channels, channels, m.scale())
	} else {
		fractions(dst, m.Pix8, m.Channels, channels, m.scale())
	}
}

func fractions[T depth](dst []float32, src []T, from, to int, w Window) {
	if from == to {
		for i, v := range src {
			dst[i] = w.fraction(int(v))
		}
		return
	}
	for i, v := range src {
		f := w.fraction(int(v))
		dst[3*i], dst[3*i+1], dst[3*i+2] = f, f, f
	}
}

// square is the image with the given channels at most, squashed to side x side pixels.
func (m *Image) square(side, channels int) *Image {
	if channels == 1 {
		m = m.Grey()
	}
	return m.Resize(side, side)
}
