package imagefile

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Stored is the orientation of a picture whose first row is its top and whose first column is its left.
const Stored = 1

const (
	orientationTag = 274
	maxExif        = 1 << 20
)

var exifPrefix = []byte("Exif\x00\x00")

// Orientation is the tag of orientation in a file of a format, as package image names it: 1 to 8 as TIFF and EXIF have it,
// [Stored] where there is none or one that means nothing.
func Orientation(format string, r io.ReadSeeker) int {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Stored
	}
	switch format {
	case "jpeg":
		return exifOrientation(readJPEG(r).exif)
	case "png":
		return exifOrientation(chunk(r, 8, binary.BigEndian, pngChunk))
	case "webp":
		return exifOrientation(chunk(r, 12, binary.LittleEndian, webpChunk))
	case "tiff":
		return ReadTIFF(r).Orientation
	}
	return Stored
}

// exifOrientation is the tag in a block of EXIF, which is a TIFF file without pixels.
func exifOrientation(exif []byte) int {
	return ReadTIFF(bytes.NewReader(bytes.TrimPrefix(exif, exifPrefix))).Orientation
}

// chunkForm is how a format writes the head of a chunk.
type chunkForm struct {
	exif          string // the name of the chunk with EXIF
	nameFirst     bool
	trailer, even int64 // bytes behind each chunk, and what its length is a multiple of
}

var (
	pngChunk  = chunkForm{exif: "eXIf", trailer: 4, even: 1}
	webpChunk = chunkForm{exif: "EXIF", nameFirst: true, even: 2}
)

// chunk is the content of the chunk with EXIF in a file of chunks that begin at an offset, nil where there is none.
func chunk(r io.ReadSeeker, offset int64, order binary.ByteOrder, form chunkForm) []byte {
	var head [8]byte
	for {
		if _, err := r.Seek(offset, io.SeekStart); err != nil {
			return nil
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil
		}
		name, size := head[4:], int64(order.Uint32(head[:4]))
		if form.nameFirst {
			name, size = head[:4], int64(order.Uint32(head[4:]))
		}
		if string(name) == form.exif {
			content, _ := io.ReadAll(io.LimitReader(r, min(size, maxExif)))
			return content
		}
		offset += 8 + (size+form.even-1)/form.even*form.even + form.trailer
	}
}
