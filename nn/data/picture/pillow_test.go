package picture

import (
	"bytes"
	"encoding/binary"
	"testing"

	"gzpt/nn/data/picture/picturetest"
)

// furthest is the greatest difference between two lists of values of equal length.
func furthest[T depth](t *testing.T, got, want []T) int {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, expected %d", len(got), len(want))
	}
	most := 0
	for i := range got {
		most = max(most, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
	}
	return most
}

func uint16s(b []byte) []uint16 {
	v := make([]uint16, len(b)/2)
	for i := range v {
		v[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return v
}

func TestPixelsAreThosePillowSees(t *testing.T) {
	for _, c := range picturetest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			m, err := Decode(bytes.NewReader(c.File))
			if err != nil {
				t.Fatal(err)
			}
			m = m.Upright()
			if m.Width != c.Width || m.Height != c.Height || m.Bits() != c.Bits {
				t.Fatalf("%d x %d pixels of %d bits, expected %d x %d of %d", m.Width, m.Height, m.Bits(), c.Width, c.Height, c.Bits)
			}
			if c.Bits == 16 {
				if d := furthest(t, m.Pix16, uint16s(c.Pixels)); d > 0 {
					t.Errorf("values differ by up to %d of 65535", d)
				}
				return
			}
			got := m.Pix8
			if m.Channels < c.Channels { // a palette or alpha channel may be all grey
				t.Fatalf("%d channels, expected %d", m.Channels, c.Channels)
			} else if m.Channels > c.Channels {
				got = m.Grey().Pix8
			}
			if d := furthest(t, got, c.Pixels); d > c.Tolerance {
				t.Errorf("values differ by up to %d of 255, expected at most %d", d, c.Tolerance)
			} else {
				t.Logf("values differ by up to %d", d)
			}
			if c.Grey != nil {
				if d := furthest(t, m.Grey().Pix8, c.Grey); d > 0 {
					t.Errorf("as grey, values differ by up to %d", d)
				}
			}
		})
	}
}

func TestResizeIsPillows(t *testing.T) {
	for _, c := range picturetest.Cases(t) {
		for _, r := range c.Resized {
			m, err := Decode(bytes.NewReader(c.File))
			if err != nil {
				t.Fatal(err)
			}
			if d := furthest(t, m.Resize(r.Width, r.Height).Pix8, r.Pixels); d > 0 {
				t.Errorf("%s resized to %d x %d: values differ by up to %d", c.Name, r.Width, r.Height, d)
			}
		}
	}
}
