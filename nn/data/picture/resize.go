package picture

import "math"

// Resize is the image at another size, antialiased: every new pixel is the average of the old ones under a triangle
// around its centre, whose half-width is one new pixel, or one old pixel where the image grows.
//
//	t(z) = max(0, 1 - |z|),   s = old/new,   r = max(s, 1),   c_x = (x + 0.5) s
//	new[x] = sum_k t((k + 0.5 - c_x) / r) old[k] / sum_k t((k + 0.5 - c_x) / r)
//
// columns first, then rows. It is what Pillow calls BILINEAR and torchvision's Resize does to a PIL image: values are
// rounded after either direction, with weights in units of 2^-22, and 8-bit results are equal to Pillow's bit for bit.
// (From version 13 on Pillow takes the rows first where an image loses more than twice as many rows as columns; there
// values may differ by 1.)
func (m *Image) Resize(width, height int) *Image {
	if width < 1 || height < 1 {
		panic("picture: Resize: the new size is at least 1 x 1")
	}
	dst := New(width, height, m.Channels, m.Bits())
	dst.Orientation, dst.Window = m.Orientation, m.Window
	if m.Pix16 != nil {
		resize(dst.Pix16, m.Pix16, m, width, height, 65535)
	} else {
		resize(dst.Pix8, m.Pix8, m, width, height, 255)
	}
	return dst
}

func resize[T depth](dst, src []T, m *Image, width, height int, full int64) {
	if width != m.Width {
		across := src
		src = dst
		if height != m.Height {
			src = make([]T, width*m.Height*m.Channels)
		}
		resizeAcross(src, across, m.Channels, m.Width, triangle(m.Width, width), full)
	}
	switch {
	case height != m.Height:
		resizeDown(dst, src, width*m.Channels, triangle(m.Height, height), full)
	case width == m.Width:
		copy(dst, src)
	}
}

// precision is the number of bits of a weight behind the point.
const precision = 22

// taps is the old pixels that make up a new one: from first on, with weights that sum to about 1.
type taps struct {
	first   int
	weights []int32
}

// triangle is the taps of every new pixel.
func triangle(from, to int) []taps {
	scale := float64(from) / float64(to)
	reach := max(scale, 1)
	all := make([]taps, to)
	weights := make([]float64, 0, 2*int(math.Ceil(reach))+1)
	for x := range all {
		centre := (float64(x) + 0.5) * scale
		first := max(int(centre-reach+0.5), 0)
		end := min(int(centre+reach+0.5), from)
		weights = weights[:end-first]
		sum := 0.0
		for k := range weights {
			z := math.Abs((float64(first+k) - centre + 0.5) * (1 / reach))
			weights[k] = max(1-z, 0)
			sum += weights[k]
		}
		t := taps{first, make([]int32, len(weights))}
		for k, w := range weights {
			t.weights[k] = int32(math.Floor(w/sum*(1<<precision) + 0.5))
		}
		all[x] = t
	}
	return all
}

// resizeAcross changes the width of rows of width pixels.
func resizeAcross[T depth](dst, src []T, channels, width int, all []taps, full int64) {
	for len(src) > 0 {
		row := src[:width*channels]
		for x, t := range all {
			if channels == 1 {
				sum := int64(1) << (precision - 1)
				for k, v := range row[t.first : t.first+len(t.weights)] {
					sum += int64(t.weights[k]) * int64(v)
				}
				dst[x] = rounded[T](sum, full)
				continue
			}
			r, g, b := int64(1)<<(precision-1), int64(1)<<(precision-1), int64(1)<<(precision-1)
			pixels := row[3*t.first : 3*(t.first+len(t.weights))]
			for _, w := range t.weights {
				p := pixels[:3]
				r += int64(w) * int64(p[0])
				g += int64(w) * int64(p[1])
				b += int64(w) * int64(p[2])
				pixels = pixels[3:]
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = rounded[T](r, full), rounded[T](g, full), rounded[T](b, full)
		}
		src, dst = src[width*channels:], dst[len(all)*channels:]
	}
}

// resizeDown changes the number of rows of n values.
func resizeDown[T depth](dst, src []T, n int, all []taps, full int64) {
	sums := make([]int64, n)
	for y, t := range all {
		for i := range sums {
			sums[i] = 1 << (precision - 1)
		}
		for k, w := range t.weights {
			for i, v := range src[(t.first+k)*n : (t.first+k+1)*n] {
				sums[i] += int64(w) * int64(v)
			}
		}
		for i, s := range sums {
			dst[y*n+i] = rounded[T](s, full)
		}
	}
}

func rounded[T depth](sum, full int64) T { return T(min(max(sum>>precision, 0), full)) }
