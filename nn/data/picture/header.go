package picture

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

// Header is what a file says of its image before it is decoded.
type Header struct {
	// Format is the name that package image has for it.
	Format        string
	Width, Height int
	// Bytes is what decoding takes at most: the pixels as the decoder makes them, and as they are kept.
	Bytes int64
}

// ReadHeader reads the header of an image. Sizes beyond [MaxSide], [MaxPixels] and [MaxBytes] are refused, and those that
// a file so small cannot hold.
func ReadHeader(r io.ReadSeeker) (Header, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Header{}, err
	}
	config, format, err := decodeConfig(r)
	if err != nil {
		return Header{}, undecodable(err)
	}
	h := Header{Format: format, Width: config.Width, Height: config.Height}
	if h.Width < 1 || h.Height < 1 || h.Width > MaxSide || h.Height > MaxSide || h.Width > MaxPixels/h.Height {
		return h, fmt.Errorf("%s image of %d x %d pixels, expected 1 x 1 to %d million pixels and sides up to %d",
			format, h.Width, h.Height, MaxPixels/1_000_000, MaxSide)
	}
	pixels := int64(h.Width) * int64(h.Height)
	h.Bytes = pixels * bytesPerPixel(config.ColorModel)
	if h.Bytes > MaxBytes {
		return h, fmt.Errorf("%s image of %d x %d pixels, which take %d million bytes, expected at most %d", format, h.Width, h.Height,
			h.Bytes/1_000_000, MaxBytes/1_000_000)
	}
	if most := (size + slackBytes) * densest(format, config.ColorModel); pixels > most {
		return h, fmt.Errorf("%s image of %d x %d pixels in a file of %d bytes: truncated, expected at least %d", format, h.Width, h.Height, size, pixels/densest(format, config.ColorModel))
	}
	return h, nil
}

// decodeConfig is image.DecodeConfig. TIFF is read without a buffer, which takes as much memory as the file's offsets say.
func decodeConfig(r io.ReadSeeker) (image.Config, string, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil && err != io.ErrUnexpectedEOF {
		return image.Config{}, "", err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return image.Config{}, "", err
	}
	if m := string(magic[:]); m == "II*\x00" || m == "MM\x00*" {
		config, err := tiff.DecodeConfig(r)
		return config, "tiff", err
	}
	return image.DecodeConfig(bufio.NewReader(r))
}

// bytesPerPixel is what a pixel takes in the decoder and in an Image.
func bytesPerPixel(m color.Model) int64 {
	if isPalette(m) { // which cannot be compared
		return 1 + 3
	}
	switch m {
	case color.GrayModel:
		return 1 + 1
	case color.Gray16Model:
		return 2 + 2
	case color.YCbCrModel:
		return 3 + 3
	case color.RGBAModel, color.NRGBAModel, color.CMYKModel, color.NYCbCrAModel:
		return 4 + 3
	}
	return 8 + 6
}

// slackBytes is added to the size of a file, so that the least of them passes.
const slackBytes = 64

// densest is the most pixels that a byte of a file can hold. Deflate unfolds to 1032 bytes at most; of JPEG every block of 64
// pixels takes a bit. What TIFF and WebP pack their runs into takes less.
func densest(format string, m color.Model) int64 {
	const deflate = 1032
	switch format {
	case "bmp":
		if isPalette(m) {
			return 8 // of one bit
		}
		return 1
	case "pnm":
		return 1
	case "png":
		switch {
		case isPalette(m), m == color.GrayModel:
			return 8 * deflate // of one bit
		case m == color.Gray16Model:
			return deflate / 2
		case m == color.RGBA64Model || m == color.NRGBA64Model:
			return deflate / 6
		}
		return deflate / 3
	case "jpeg":
		return 8 * 64
	}
	return 1 << 19
}

func isPalette(m color.Model) bool {
	_, palette := m.(color.Palette)
	return palette
}
