package imagefile

import (
	"encoding/binary"
	"io"
)

// The values of TIFF's tags that matter here.
const (
	compressionTag = 259
	photometricTag = 262
	fillOrderTag   = 266

	group3, group4 = 3, 4
	// WhiteIsZero is the photometric interpretation of bits of which 0 is white.
	WhiteIsZero = 0
)

// TIFF is what the first directory of a TIFF file says.
type TIFF struct {
	Orientation                         int
	Compression, Photometric, FillOrder int
}

// Facsimile reports whether the picture is compressed as CCITT's group 3 or 4, whose white runs are bits of 0.
func (t TIFF) Facsimile() bool { return t.Compression == group3 || t.Compression == group4 }

// ReadTIFF reads the tags of a TIFF file; what cannot be read has its default.
func ReadTIFF(r io.ReadSeeker) TIFF {
	t := TIFF{Orientation: Stored, Compression: 1, FillOrder: 1}
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return t
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return t
	}
	if _, err := r.Seek(int64(order.Uint32(head[4:])), io.SeekStart); err != nil {
		return t
	}
	var count [2]byte
	if _, err := io.ReadFull(r, count[:]); err != nil {
		return t
	}
	var entry [12]byte
	for range order.Uint16(count[:]) {
		if _, err := io.ReadFull(r, entry[:]); err != nil {
			return t
		}
		t.set(order, entry)
	}
	return t
}

// set takes an entry of the directory that is one whole number.
func (t *TIFF) set(order binary.ByteOrder, entry [12]byte) {
	const short, long = 3, 4
	if order.Uint32(entry[4:]) != 1 {
		return
	}
	var value int
	switch order.Uint16(entry[2:]) {
	case short:
		value = int(order.Uint16(entry[8:]))
	case long:
		value = int(order.Uint32(entry[8:]))
	default:
		return
	}
	switch order.Uint16(entry[:]) {
	case compressionTag:
		t.Compression = value
	case photometricTag:
		t.Photometric = value
	case fillOrderTag:
		t.FillOrder = value
	case orientationTag:
		if value >= 1 && value <= 8 {
			t.Orientation = value
		}
	}
}
