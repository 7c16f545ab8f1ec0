package picture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/kernels/augment/augmenttest"
)

// noiseImage is an image of random values from 0 to full scale.
func noiseImage(width, height, channels, bits int) *Image {
	r := rand.New(rand.NewPCG(uint64(width), uint64(height*channels*bits)))
	m := New(width, height, channels, bits)
	for i := range m.Pix8 {
		m.Pix8[i] = uint8(r.Uint32())
	}
	for i := range m.Pix16 {
		m.Pix16[i] = uint16(r.Uint32())
	}
	return m
}

// value is a stored value.
func (m *Image) value(x, y, c int) float64 {
	i := (y*m.Width+x)*m.Channels + c
	if m.Pix16 != nil {
		return float64(m.Pix16[i])
	}
	return float64(m.Pix8[i])
}

var resizings = [][4]int{ // width, height, new width, new height
	{1, 1, 1, 1}, {1, 1, 9, 4}, {9, 4, 1, 1}, {1, 12, 5, 5}, {12, 1, 5, 5}, {2, 2, 3, 3}, {3, 3, 2, 2},
	{31, 17, 31, 17}, {31, 17, 31, 5}, {31, 17, 5, 17}, {31, 17, 32, 18}, {31, 17, 30, 16}, {31, 17, 64, 64},
	{100, 3, 7, 40}, {257, 129, 16, 16}, {64, 64, 32, 32}, {33, 33, 32, 32},
}

// TestResizeIsTheFormula: values are rounded twice, so that results are within 1 of the formula in float64, and on average
// much closer.
func TestResizeIsTheFormula(t *testing.T) {
	for _, c := range resizings {
		for _, channels := range []int{1, 3} {
			for _, bits := range []int{8, 16} {
				t.Run(fmt.Sprintf("%dx%dx%d of %d bits to %dx%d", c[0], c[1], channels, bits, c[2], c[3]), func(t *testing.T) {
					m := noiseImage(c[0], c[1], channels, bits)
					got := m.Resize(c[2], c[3])
					if got.Width != c[2] || got.Height != c[3] || got.Channels != channels || got.Bits() != bits {
						t.Fatalf("%d x %d x %d of %d bits", got.Width, got.Height, got.Channels, got.Bits())
					}
					for y := range c[3] {
						rows := augmenttest.Weights(y, c[3], m.Height, 0, float64(m.Height))
						for x := range c[2] {
							columns := augmenttest.Weights(x, c[2], m.Width, 0, float64(m.Width))
							for k := range channels {
								want := augmenttest.Average(columns, rows, func(x, y int) float64 { return m.value(x, y, k) })
								if v := got.value(x, y, k); math.Abs(v-want) > 1.05 {
									t.Fatalf("value %d of pixel (%d,%d) is %v, expected %v", k, x, y, v, want)
								}
							}
						}
					}
				})
			}
		}
	}
}

func TestResizeKeepsEvenImages(t *testing.T) {
	for _, c := range resizings {
		for _, v := range []int{0, 1, 254, 255, 65534, 65535} {
			bits := 8
			if v > 255 {
				bits = 16
			}
			m := New(c[0], c[1], 1, bits)
			for i := range m.Pix8 {
				m.Pix8[i] = uint8(v)
			}
			for i := range m.Pix16 {
				m.Pix16[i] = uint16(v)
			}
			r := m.Resize(c[2], c[3])
			for y := range r.Height {
				for x := range r.Width {
					if got := r.value(x, y, 0); got != float64(v) {
						t.Fatalf("%v: an image of %d has %v at (%d,%d)", c, v, got, x, y)
					}
				}
			}
		}
	}
}

func TestResizeOfTheSameSizeIsACopy(t *testing.T) {
	m := noiseImage(5, 4, 3, 8)
	r := m.Resize(5, 4)
	if furthest(t, r.Pix8, m.Pix8) > 0 {
		t.Error("values differ")
	}
	r.Pix8[0]++
	if r.Pix8[0] == m.Pix8[0] {
		t.Error("the copy shares the values")
	}
	defer func() {
		if recover() == nil {
			t.Error("a size of 0 does not panic")
		}
	}()
	m.Resize(0, 4)
}
