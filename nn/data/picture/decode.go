package picture

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // the formats that Decode knows
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"gzpt/kernels/input"
	"gzpt/nn/data/picture/internal/imagefile"
)

const (
	// MaxSide, MaxPixels and MaxBytes bound an image before it is decoded, so that a small file cannot fill the memory.
	MaxSide   = 1 << 16
	MaxPixels = 1 << 26
	// MaxBytes is of the pixels as they are decoded, and as they are kept.
	MaxBytes = 1 << 29
)

// extensions are those of the files that are taken for images.
var extensions = map[string]bool{".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".png": true, ".tif": true, ".tiff": true, ".bmp": true,
	".webp": true, ".pgm": true, ".ppm": true}

// Readable is the formats that Decode knows, for errors.
const Readable = "JPEG, PNG, TIFF, BMP, WebP, PGM or PPM"

// Is reports whether a file's name is that of an image.
func Is(name string) bool { return extensions[strings.ToLower(filepath.Ext(name))] }

// DecodeFile decodes an image file as [Decode] does. The error names the file.
func DecodeFile(path string) (*Image, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// maxFile bounds the bytes of an image's file: what its pixels may take, twice.
const maxFile = 2 * MaxBytes

// Open opens a regular file that is not empty, and no larger than an image's can be.
func Open(path string) (*os.File, error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.Size() == 0:
		err = fmt.Errorf("%s: an empty file, expected an image", path)
	case info.Size() > maxFile:
		err = fmt.Errorf("%s: a file of %s, expected an image of at most %s", path, input.Bytes(info.Size()), input.Bytes(maxFile))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Decode decodes a JPEG, PNG, TIFF, BMP, WebP, PGM or PPM image. Sizes beyond [MaxSide] and [MaxPixels] are refused
// before anything is decoded.
//
// An 8-bit PNG decodes to the values that it stores. The colour of a JPEG is interpolated between the chroma samples the
// way libjpeg does by default, so that pixels are those that Pillow and torchvision see, but for rounding. A TIFF image is
// turned as its tag says, as libtiff and Pillow do; of other formats the tag is left to [Image.Upright]. A PGM or PPM image
// whose greatest value is not 255 or 65535 is scaled to that.
func Decode(r io.ReadSeeker) (*Image, error) {
	h, err := ReadHeader(r)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	pixels, err := decodePixels(r, h.Format)
	if err != nil {
		return nil, fmt.Errorf("%s image: %w", h.Format, undecodable(err))
	}
	if b := pixels.Bounds(); b.Dx() != h.Width || b.Dy() != h.Height {
		return nil, fmt.Errorf("%s image of %d x %d pixels whose header says %d x %d", h.Format, b.Dx(), b.Dy(), h.Width, h.Height)
	}
	m := unpack(pixels, h.Format == "webp")
	if m.Orientation = imagefile.Orientation(h.Format, r); h.Format == "tiff" {
		m = m.Upright()
	}
	return m, nil
}

// decodePixels decodes the pixels of a file of a known format, at whose beginning r stands.
func decodePixels(r io.ReadSeeker, format string) (image.Image, error) {
	switch format {
	case "jpeg":
		mended, err := imagefile.MendJPEG(r)
		if err != nil {
			return nil, err
		}
		m, _, err := image.Decode(bufio.NewReader(mended))
		return m, err
	case "tiff":
		return decodeTIFF(r)
	}
	m, _, err := image.Decode(bufio.NewReader(r))
	return m, err
}

// decodeTIFF decodes a TIFF file with the polarity that libtiff gives to facsimile: white runs are bits of 0, whatever the
// photometric interpretation makes of those. Package tiff takes them for 1 unless 0 is white.
func decodeTIFF(r io.ReadSeeker) (image.Image, error) {
	tags := imagefile.ReadTIFF(r)
	if tags.FillOrder != 1 && !tags.Facsimile() {
		return nil, fmt.Errorf("fill order %d, expected 1", tags.FillOrder)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	m, err := tiff.Decode(r) // without a buffer, which takes as much memory as the file's offsets say
	if err != nil || !tags.Facsimile() || tags.Photometric == imagefile.WhiteIsZero {
		return m, err
	}
	switch m := m.(type) {
	case *image.Gray:
		for i, v := range m.Pix {
			m.Pix[i] = ^v
		}
	case *image.Paletted:
		for i, v := range m.Pix {
			m.Pix[i] = v ^ 1
		}
	}
	return m, nil
}

// undecodable says what was expected of a file of no known format.
func undecodable(err error) error {
	switch {
	case errors.Is(err, image.ErrFormat):
		return errors.New("not an image that can be decoded, expected " + Readable)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// unpack copies an image of the standard library, whose pixels may have any layout, without its alpha channel.
func unpack(m image.Image, webp bool) *Image {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.Gray:
		dst := New(b.Dx(), b.Dy(), 1, 8)
		for y := range dst.Height {
			copy(dst.Pix8[y*dst.Width:(y+1)*dst.Width], m.Pix[y*m.Stride:])
		}
		return dst
	case *image.Gray16:
		dst := New(b.Dx(), b.Dy(), 1, 16)
		for y := range dst.Height {
			row := m.Pix[y*m.Stride:]
			for x := range dst.Width {
				dst.Pix16[y*dst.Width+x] = uint16(row[2*x])<<8 | uint16(row[2*x+1])
			}
		}
		return dst
	case *image.YCbCr:
		return unpackYCbCr(m, webp)
	case *image.NYCbCrA:
		return unpackYCbCr(&m.YCbCr, webp)
	case *image.NRGBA:
		return unpackNRGBA(m)
	}
	return unpackColour(m)
}

func bits16(m color.Model) bool {
	return m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Alpha16Model
}

func unpackNRGBA(m *image.NRGBA) *Image {
	b := m.Bounds()
	dst := New(b.Dx(), b.Dy(), 3, 8)
	for y := range dst.Height {
		row := m.Pix[y*m.Stride:]
		out := dst.Pix8[3*y*dst.Width : 3*(y+1)*dst.Width]
		for x := range dst.Width {
			copy(out[3*x:3*x+3], row[4*x:])
		}
	}
	return dst
}

// unpackColour takes any layout, pixel by pixel: palettes, premultiplied alpha, CMYK.
func unpackColour(m image.Image) *Image {
	b, depth := m.Bounds(), 8
	if bits16(m.ColorModel()) {
		depth = 16
	}
	dst := New(b.Dx(), b.Dy(), 3, depth)
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if depth == 16 {
				c := color.NRGBA64Model.Convert(m.At(x, y)).(color.NRGBA64)
				dst.Pix16[i], dst.Pix16[i+1], dst.Pix16[i+2] = c.R, c.G, c.B
			} else {
				c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
				dst.Pix8[i], dst.Pix8[i+1], dst.Pix8[i+2] = c.R, c.G, c.B
			}
			i += 3
		}
	}
	return dst
}
