package data

// Image is decoded pixels as the file stores them.
type Image struct {
	Width, Height int
	// Channels is 1 (grey) or 3 (red, green, blue).
	Channels int
	// Pix8 [Height*Width*Channels] holds the values of an image of 8 bits, Pix16 those of one of 16 bits; the other is nil.
	Pix8  []uint8
	Pix16 []uint16
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

// fractions writes stored values [pixels*from] as fractions of full scale to dst [pixels*to]; channels are equal, or one
// is repeated three times.
func (m *Image) fractions(dst []float32, channels int) {
	if m.Pix16 != nil {
		fractions(dst, m.Pix16, m.Channels, channels, 65535)
	} else {
		fractions(dst, m.Pix8, m.Channels, channels, 255)
	}
}

func fractions[T depth](dst []float32, src []T, from, to int, full float32) {
	if from == to {
		for i, v := range src {
			dst[i] = float32(v) / full
		}
		return
	}
	for i, v := range src {
		f := float32(v) / full
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
