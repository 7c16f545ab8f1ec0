package imagefile

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"strings"
	"testing"
)

// tiffFile is a TIFF file of one directory of short values, little-endian.
func tiffFile(entries ...[2]uint16) []byte {
	b := []byte{'I', 'I', '*', 0, 8, 0, 0, 0, byte(len(entries)), 0}
	for _, e := range entries {
		b = append(b, byte(e[0]), byte(e[0]>>8), 3, 0, 1, 0, 0, 0, byte(e[1]), byte(e[1]>>8), 0, 0)
	}
	return append(b, 0, 0, 0, 0)
}

func TestTIFFTags(t *testing.T) {
	plain := TIFF{Orientation: 1, Compression: 1, FillOrder: 1}
	for _, c := range []struct {
		name string
		file []byte
		want TIFF
	}{
		{"all", tiffFile([2]uint16{259, 4}, [2]uint16{262, 1}, [2]uint16{266, 2}, [2]uint16{274, 6}), TIFF{6, 4, 1, 2}},
		{"none", tiffFile(), plain},
		{"an orientation that means nothing", tiffFile([2]uint16{274, 9}), plain},
		{"orientation 0", tiffFile([2]uint16{274, 0}), plain},
		{"a directory that is not there", []byte("II*\x00\xff\xff\xff\xff"), plain},
		{"cut off", tiffFile([2]uint16{274, 6})[:20], plain},
		{"not TIFF", []byte("II+\x00\x08\x00\x00\x00"), plain},
		{"big-endian", []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00"), TIFF{Orientation: 8, Compression: 1, FillOrder: 1}},
		{"a long value", []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x03"), TIFF{Orientation: 3, Compression: 1, FillOrder: 1}},
		{"two values", []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x02\x00\x08\x00\x08"), plain},
	} {
		if got := ReadTIFF(bytes.NewReader(c.file)); got != c.want {
			t.Errorf("%s: %+v, expected %+v", c.name, got, c.want)
		}
	}
}

// TestMendJPEG: a file that lacks nothing comes as it is; one that has a part of the tables gets the others before them.
func TestMendJPEG(t *testing.T) {
	var whole bytes.Buffer
	if err := jpeg.Encode(&whole, image.NewGray(image.Rect(0, 0, 9, 9)), nil); err != nil {
		t.Fatal(err)
	}
	mended := func(file []byte) []byte {
		r, err := MendJPEG(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var colour bytes.Buffer
	if err := jpeg.Encode(&colour, image.NewYCbCr(image.Rect(0, 0, 9, 9), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	if got := mended(colour.Bytes()); !bytes.Equal(got, colour.Bytes()) {
		t.Error("a whole file is changed")
	}
	// The grey file has the two tables of its one component alone; the decoder takes it with those of colour, too.
	if got := mended(whole.Bytes()); len(got) != whole.Len()+len(standardTables()) {
		t.Errorf("%d bytes became %d", whole.Len(), len(got))
	} else if _, err := jpeg.Decode(bytes.NewReader(got)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "\xff", "\xff\xd8", "\xff\xd8\xff\xc0\x00", "text"} {
		if got := mended([]byte(text)); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestPNMErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"P5", "unexpected EOF"},
		{"P5 2 x 255 ", "not a header of PGM or PPM"},
		{"P5 2 2 0 ", "2 x 2 pixels up to 0"},
		{"P5 2 2 65536 ", "up to 65536"},
		{"P5 0 2 255 ", "0 x 2 pixels"},
		{"P5 99999999999 2 255 ", "not a header"},
		{"P5 2 2 255 abc", "unexpected EOF"},
		{"P5 1 1 15 \x10", "a value of 16, expected at most 15"},
		{"P2 1 1 15 16", "a value of 16, expected at most 15"},
		{"P3 1 1 255 1 2", "unexpected EOF"},
		{"P2 1 1 255 -1", "not a header"},
		{"P4 1 1 0", "not a header"},
	} {
		if _, err := decodePNM(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, expected %q", c.text, err, c.want)
		}
	}
}

// FuzzHead: whatever the bytes, the orientation is one that there is, and mending JPEG leaves what it began with.
func FuzzHead(f *testing.F) {
	f.Add(tiffFile([2]uint16{274, 6}))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x0aExif\x00\x00II\xff\xc4\x00\x02\xff\xda"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x04eXIfII*\x00"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, format := range []string{"jpeg", "png", "webp", "tiff", "bmp"} {
			if o := Orientation(format, bytes.NewReader(content)); o < 1 || o > 8 {
				t.Fatalf("%s: orientation %d", format, o)
			}
		}
		r, err := MendJPEG(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		mended, err := io.ReadAll(r)
		if err != nil || !bytes.HasSuffix(mended, content[min(2, len(content)):]) {
			t.Fatalf("%d bytes became %d, %v", len(content), len(mended), err)
		}
	})
}

// FuzzPNM: whatever the bytes, they are refused or give an image of the size that the header says.
func FuzzPNM(f *testing.F) {
	f.Add([]byte("P5 2 1 255 ab"))
	f.Add([]byte("P6\n# c\n1 1\n4095\nabcdef"))
	f.Add([]byte("P2 2 1 9 1 9"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := decodePNMConfig(bytes.NewReader(content))
		if err != nil || c.Width > 1000 || c.Height > 1000 {
			return
		}
		m, err := decodePNM(bytes.NewReader(content))
		if err == nil && (m.Bounds().Dx() != c.Width || m.Bounds().Dy() != c.Height || m.ColorModel() != c.ColorModel) {
			t.Fatalf("an image of %v, header %+v", m.Bounds(), c)
		}
	})
}
