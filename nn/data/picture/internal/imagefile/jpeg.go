package imagefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"sync"
)

// The markers of JPEG (ITU-T T.81, table B.1) that matter here.
const (
	startOfImage  = 0xd8
	startOfScan   = 0xda
	baselineFrame = 0xc0
	extendedFrame = 0xc1
	huffmanTables = 0xc4
	application1  = 0xe1
	application14 = 0xee
)

// jpegHead is what stands before the first scan of a JPEG file.
type jpegHead struct {
	exif       []byte
	frame      byte // the marker of the frame, 0 where there is none
	components int
	tables     map[byte]bool // Huffman tables by class and number
	adobe      bool
}

// readJPEG reads the head of a JPEG file, as far as it can be read.
func readJPEG(r io.Reader) jpegHead {
	h := jpegHead{tables: map[byte]bool{}}
	b := bufio.NewReader(r)
	var start [2]byte
	if _, err := io.ReadFull(b, start[:]); err != nil || start != [2]byte{0xff, startOfImage} {
		return h
	}
	for {
		marker, segment, err := nextSegment(b)
		if err != nil || marker == startOfScan {
			return h
		}
		h.take(marker, segment)
	}
}

// nextSegment is the next marker with what belongs to it.
func nextSegment(b *bufio.Reader) (marker byte, segment []byte, err error) {
	for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
		_, err = b.ReadSlice(0xff)
	}
	if err != nil {
		return 0, nil, err
	}
	for marker = 0xff; marker == 0xff; { // markers may be filled up with 0xff
		if marker, err = b.ReadByte(); err != nil {
			return 0, nil, err
		}
	}
	if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= startOfImage {
		return marker, nil, nil
	}
	var size [2]byte
	if _, err := io.ReadFull(b, size[:]); err != nil {
		return 0, nil, err
	}
	segment = make([]byte, max(int(binary.BigEndian.Uint16(size[:]))-2, 0))
	_, err = io.ReadFull(b, segment)
	return marker, segment, err
}

func (h *jpegHead) take(marker byte, segment []byte) {
	switch {
	case marker == huffmanTables:
		for len(segment) > 16 {
			h.tables[segment[0]] = true
			size := 17
			for _, n := range segment[1:17] {
				size += int(n)
			}
			segment = segment[min(size, len(segment)):]
		}
	case marker == application1 && h.exif == nil && bytes.HasPrefix(segment, exifPrefix):
		h.exif = segment
	case marker == application14 && bytes.HasPrefix(segment, []byte("Adobe")):
		h.adobe = true
	case marker >= baselineFrame && marker <= 0xcf && marker != 0xc8 && marker != 0xcc && len(segment) >= 6: // a frame of some kind
		h.frame, h.components = marker, int(segment[5])
	}
}

// MendJPEG is a JPEG file with what its writer left out because every reader knows it: the Huffman tables of ITU-T T.81,
// annex K.3, which frames of Motion JPEG from capture cards lack, and the marker that says that four components are ink as
// Adobe writes it, which libjpeg and Pillow assume. Another file comes as it is.
func MendJPEG(r io.ReadSeeker) (io.Reader, error) {
	h := readJPEG(r)
	var missing []byte
	if h.components == 4 && !h.adobe {
		missing = append(missing, 0xff, application14, 0, 14)
		missing = append(missing, "Adobe\x00\x64\x00\x00\x00\x00\x00"...) // version 100, no flags, no transform
	}
	if h.frame == baselineFrame || h.frame == extendedFrame {
		for _, table := range []byte{0x00, 0x01, 0x10, 0x11} {
			if !h.tables[table] { // a table that the file has takes the place of this one
				missing = append(missing, standardTables()...)
				break
			}
		}
	}
	if missing == nil {
		_, err := r.Seek(0, io.SeekStart)
		return r, err
	}
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader([]byte{0xff, startOfImage}), bytes.NewReader(missing), r), nil
}

// standardTables is the segment with the Huffman tables of annex K.3: those that the standard library writes.
var standardTables = sync.OnceValue(func() []byte {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420), nil); err != nil {
		panic("imagefile: standardTables: " + err.Error()) // writing to memory does not fail
	}
	b := bufio.NewReader(&file)
	var tables []byte
	for {
		marker, segment, err := nextSegment(b)
		if err != nil || marker == startOfScan {
			return tables
		}
		if marker == huffmanTables {
			tables = append(tables, 0xff, huffmanTables)
			tables = binary.BigEndian.AppendUint16(tables, uint16(len(segment)+2))
			tables = append(tables, segment...)
		}
	}
})
