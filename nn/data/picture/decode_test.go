package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/nn/data/picture/picturetest"
)

// encode is a PNG file.
func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSixteenBitsAreNeverClipped(t *testing.T) {
	values := []uint16{0, 1, 127, 128, 255, 256, 257, 4095, 32767, 32768, 65280, 65534, 65535}
	grey := image.NewGray16(image.Rect(0, 0, len(values), 1))
	opaque := image.NewRGBA64(image.Rect(0, 0, len(values), 1))
	faint := image.NewNRGBA64(image.Rect(0, 0, len(values), 1))
	for x, v := range values {
		grey.SetGray16(x, 0, color.Gray16{Y: v})
		opaque.SetRGBA64(x, 0, color.RGBA64{R: v, G: 65535 - v, B: v / 2, A: 65535})
		faint.SetNRGBA64(x, 0, color.NRGBA64{R: v, G: 65535 - v, B: v / 2, A: uint16(x)}) // even where nothing shows
	}
	for _, c := range []struct {
		name     string
		image    image.Image
		channels int
	}{{"grey", grey, 1}, {"colour", opaque, 3}, {"alpha", faint, 3}} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Decode(bytes.NewReader(encode(t, c.image)))
			if err != nil {
				t.Fatal(err)
			}
			if m.Bits() != 16 || m.Channels != c.channels {
				t.Fatalf("%d bits, %d channels", m.Bits(), m.Channels)
			}
			got := make([]float32, len(values)*c.channels)
			m.Fractions(got, c.channels)
			for x, v := range values {
				want := []uint16{v, 65535 - v, v / 2}[:c.channels]
				for k, w := range want {
					if stored, f := m.Pix16[x*c.channels+k], got[x*c.channels+k]; stored != w || f != float32(w)/65535 {
						t.Errorf("value %d of pixel %d is %d and %v of full scale, expected %d", k, x, stored, f, w)
					}
				}
			}
		})
	}
}

// TestChromaRowsAreInterpolatedLikeColumns: 4:4:0 is 4:2:2 turned by a diagonal, which no encoder at hand writes.
func TestChromaRowsAreInterpolatedLikeColumns(t *testing.T) {
	const w, h = 11, 7
	across := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio422)
	down := image.NewYCbCr(image.Rect(0, 0, h, w), image.YCbCrSubsampleRatio440)
	for y := range h {
		for x := range w {
			v := uint8(37*x + 101*y)
			across.Y[across.YOffset(x, y)], down.Y[down.YOffset(y, x)] = v, v
			v = uint8(53*(x/2)*(x/2+1)/2 + 77*y) // steps of every remainder by 4
			across.Cb[across.COffset(x, y)], down.Cb[down.COffset(y, x)] = v, v
			across.Cr[across.COffset(x, y)], down.Cr[down.COffset(y, x)] = ^v, ^v
		}
	}
	a, d := unpackYCbCr(across, false), unpackYCbCr(down, false)
	for y := range h {
		for x := range w {
			p, q := a.Pix8[3*(y*w+x):][:3], d.Pix8[3*(x*h+y):][:3]
			if !bytes.Equal(p, q) {
				t.Fatalf("pixel (%d,%d) is %v across and %v down", x, y, p, q)
			}
		}
	}
}

// TestRepeatedChroma: ratios without interpolation give what the image package gives, but for rounding.
func TestRepeatedChroma(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		for _, size := range [][2]int{{1, 1}, {4, 2}, {13, 9}} {
			m := image.NewYCbCr(image.Rect(0, 0, size[0], size[1]), ratio)
			for _, plane := range [][]uint8{m.Y, m.Cb, m.Cr} {
				for i := range plane {
					plane[i] = uint8(41*i + 90)
				}
			}
			got := unpackYCbCr(m, false)
			want := unpackColour(m)
			if d := furthest(t, got.Pix8, want.Pix8); d > 1 {
				t.Errorf("%v, %v: values differ by up to %d", ratio, size, d)
			}
		}
	}
}

// pngHeader is a PNG file of 8 bits grey that claims a size and has no pixels.
func pngHeader(width, height uint32) []byte {
	chunk := func(kind string, content []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
		b = append(append(b, kind...), content...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, 8, 0, 0, 0, 0)), chunk("IDAT", nil), chunk("IEND", nil))
}

// bmpHeader is a BMP file of 24 bits that claims a size and has no pixels.
func bmpHeader(width, height uint32) []byte {
	b := make([]byte, 54)
	copy(b, "BM")
	le := binary.LittleEndian
	le.PutUint32(b[10:], 54)
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], width)
	le.PutUint32(b[22:], height)
	le.PutUint16(b[26:], 1)
	le.PutUint16(b[28:], 24)
	return b
}

// packedBMP is a BMP file of some bits a pixel and a palette of greys, in which pixel (x, y) has the grey 3x+5y.
func packedBMP(width, height, bits int) []byte {
	greys := 1 << bits
	b := bmpHeader(uint32(width), uint32(height))
	binary.LittleEndian.PutUint32(b[10:], uint32(54+4*greys))
	binary.LittleEndian.PutUint16(b[28:], uint16(bits))
	for i := range greys {
		v := byte(i * 255 / (greys - 1))
		b = append(b, v, v, v, 0)
	}
	for y := height - 1; y >= 0; y-- {
		row := make([]byte, (width*bits+31)/32*4)
		for x := range width {
			row[x*bits/8] |= byte((3*x+5*y)%greys) << (8 - bits - x*bits%8)
		}
		b = append(b, row...)
	}
	return b
}

// TestPackedBMP: several pixels to a byte are no truncated file.
func TestPackedBMP(t *testing.T) {
	for _, bits := range []int{1, 2, 4, 8} {
		const width, height = 90, 70
		file := packedBMP(width, height, bits)
		m, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%d bits: %v", bits, err)
			continue
		}
		for i, v := range m.Grey().Pix8 {
			x, y, greys := i%width, i/width, 1<<bits
			if want := (3*x + 5*y) % greys * 255 / (greys - 1); int(v) != want {
				t.Fatalf("%d bits: pixel (%d, %d) is %d, expected %d", bits, x, y, v, want)
			}
		}
		if _, err := Decode(bytes.NewReader(file[:len(file)-8])); err == nil {
			t.Errorf("%d bits: a file that ends early is decoded", bits)
		}
	}
}

// TestWhatCannotBeDecoded: every bad file is an error that says what it is, and none fills the memory first.
func TestWhatCannotBeDecoded(t *testing.T) {
	good := encode(t, image.NewGray(image.Rect(0, 0, 100, 100)))
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "an empty file, expected an image"},
		{"text", []byte("image,label\n"), "not an image that can be decoded, expected " + Readable},
		{"cut off in the header", good[:20], "unexpected EOF"},
		{"cut off in the pixels", good[:len(good)-20], "unexpected EOF"},
		{"changed", slices.Concat(good[:50], []byte{^good[50]}, good[51:]), "png image: "},
		{"100000 x 100000", pngHeader(100000, 100000), "png image of 100000 x 100000 pixels, expected 1 x 1 to 67 million pixels and sides up to 65536"},
		{"wide", pngHeader(MaxSide+1, 1), "png image of 65537 x 1 pixels"},
		{"tall", pngHeader(1, MaxSide+1), "png image of 1 x 65537 pixels"},
		{"many", pngHeader(8193, 8192), "png image of 8193 x 8192 pixels"},
		{"no pixels", pngHeader(5, 5), "png image: "},
		{"large bmp", bmpHeader(60000, 60000), "bmp image of 60000 x 60000 pixels"},
		{"bmp without width", bmpHeader(0, 5), "bmp: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file.png")
			if err := os.WriteFile(path, c.content, 0o666); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeFile(path)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, expected %q and the path", err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%d bytes were allocated", used)
			}
		})
	}
	folder := filepath.Join(t.TempDir(), "a.png")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeFile(folder); err == nil || !strings.Contains(err.Error(), folder+": not a regular file") {
		t.Errorf("a folder gives error %v", err)
	}
	if _, err := DecodeFile(folder + "x"); !os.IsNotExist(err) {
		t.Errorf("a missing file gives error %v", err)
	}
}

func TestGreyKeepsGreyAndNeverOverflows(t *testing.T) {
	for v := 0; v < 1<<16; v += 13 {
		m := New(1, 1, 3, 16)
		m.Pix16[0], m.Pix16[1], m.Pix16[2] = uint16(v), uint16(v), uint16(v)
		if g := m.Grey().Pix16[0]; int(g) != v {
			t.Fatalf("grey %d becomes %d", v, g)
		}
	}
	m := New(1, 1, 3, 16)
	m.Pix16 = []uint16{65535, 65535, 65535}
	if g := m.Grey().Pix16[0]; g != 65535 {
		t.Errorf("white becomes %d", g)
	}
	m.Pix16 = []uint16{65535, 0, 20000}
	if g, want := m.Grey().Pix16[0], 0.299*65535+0.114*20000; math.Abs(float64(g)-want) > 1 {
		t.Errorf("grey is %d, expected %v", g, want)
	}
}

// FuzzDecode: whatever the bytes, they are refused or give an image whose parts fit together.
func FuzzDecode(f *testing.F) {
	for _, c := range picturetest.Cases(f) {
		f.Add(c.File)
	}
	f.Add(pngHeader(100000, 100000))
	f.Add(bmpHeader(60000, 60000))
	f.Fuzz(func(t *testing.T, content []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(content)); err == nil && config.Width*config.Height > 1<<20 && config.Width*config.Height <= MaxPixels {
			t.Skip("large images take the fuzzer's memory and find nothing else")
		}
		r := bytes.NewReader(content)
		m, err := Decode(r)
		if err != nil {
			return
		}
		values := m.Width * m.Height * m.Channels
		if m.Width < 1 || m.Height < 1 || m.Channels != 1 && m.Channels != 3 || len(m.Pix8)+len(m.Pix16) != values {
			t.Fatalf("%d x %d x %d with %d and %d values", m.Width, m.Height, m.Channels, len(m.Pix8), len(m.Pix16))
		}
		square := m.Square(5, 1)
		if square.Width != 5 || square.Channels != 1 || square.Bits() != m.Bits() {
			t.Fatalf("a square of %d with %d channels of %d bits", square.Width, square.Channels, square.Bits())
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(r)
		if err != nil || !slices.Equal(again.Pix8, m.Pix8) || !slices.Equal(again.Pix16, m.Pix16) {
			t.Fatalf("a second time the image is another, %v", err)
		}
	})
}
