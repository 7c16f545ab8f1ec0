package picture

// Upright is the image as its tag of orientation says that it is to be seen, with first row and column at top and left.
func (m *Image) Upright() *Image {
	if m.Orientation <= 1 {
		return m
	}
	width, height := m.Width, m.Height
	if m.Orientation >= 5 { // rows become columns
		width, height = height, width
	}
	dst := New(width, height, m.Channels, m.Bits())
	dst.Window = m.Window
	if m.Pix16 != nil {
		turn(dst.Pix16, m.Pix16, m, width)
	} else {
		turn(dst.Pix8, m.Pix8, m, width)
	}
	return dst
}

// turn moves the pixels of m to where its orientation says; width is that of the result.
func turn[T depth](dst, src []T, m *Image, width int) {
	right, bottom, n := m.Width-1, m.Height-1, m.Channels
	for i := range m.Width * m.Height {
		x, y := i%width, i/width
		if m.Orientation >= 5 {
			x, y = y, x
		}
		switch m.Orientation {
		case 2, 8:
			x = right - x
		case 3, 7:
			x, y = right-x, bottom-y
		case 4, 6:
			y = bottom - y
		}
		from := n * (y*m.Width + x)
		copy(dst[n*i:n*(i+1)], src[from:from+n])
	}
}
