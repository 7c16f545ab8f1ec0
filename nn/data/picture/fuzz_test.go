package picture

import (
	"bytes"
	"image"
	"testing"

	"gzpt/nn/data/picture/picturetest"
)

// fuzzFormat fuzzes the images of one format, whose files begin with one of the magics: whatever follows, the file is refused
// or gives an image of the size that its header says, which fits into the memory that was counted for it.
func fuzzFormat(f *testing.F, format string, magics ...string) {
	found := false
	for _, c := range picturetest.Cases(f) {
		if _, name, err := image.DecodeConfig(bytes.NewReader(c.File)); err == nil && name == format && len(c.File) < 1<<14 {
			found = true
			f.Add(c.File)
		}
	}
	if !found {
		f.Fatalf("no file of the format %s to begin with", format)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if !startsWithAny(content, magics) {
			t.Skip("another format, which has a target of its own")
		}
		r := bytes.NewReader(content)
		h, err := ReadHeader(r)
		if err != nil || h.Width*h.Height > 1<<20 {
			return
		}
		m, err := Decode(r)
		if err != nil {
			return
		}
		turned := m.Width == h.Height && m.Height == h.Width
		if h.Format != format || !(m.Width == h.Width && m.Height == h.Height || turned) || int64(len(m.Pix8)+2*len(m.Pix16)) > h.Bytes {
			t.Fatalf("%d x %d with %d and %d values, header %+v", m.Width, m.Height, len(m.Pix8), len(m.Pix16), h)
		}
		m.Upright().Square(3, 3)
	})
}

func startsWithAny(content []byte, magics []string) bool {
	for _, magic := range magics {
		if bytes.HasPrefix(content, []byte(magic)) {
			return true
		}
	}
	return false
}

func FuzzPNG(f *testing.F)  { fuzzFormat(f, "png", "\x89PNG\r\n\x1a\n") }
func FuzzJPEG(f *testing.F) { fuzzFormat(f, "jpeg", "\xff\xd8") }
func FuzzTIFF(f *testing.F) { fuzzFormat(f, "tiff", "II*\x00", "MM\x00*") }
func FuzzBMP(f *testing.F)  { fuzzFormat(f, "bmp", "BM") }
func FuzzWebP(f *testing.F) { fuzzFormat(f, "webp", "RIFF") }
func FuzzPNM(f *testing.F)  { fuzzFormat(f, "pnm", "P2", "P3", "P5", "P6") }
