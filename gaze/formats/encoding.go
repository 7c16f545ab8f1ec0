package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// decode gives a text file's bytes as UTF-8 without a byte-order mark. The mark tells UTF-16 of either byte order, which
// Tobii Pro Lab writes; without one the file is UTF-8 already. Of a file that ends within a UTF-16 unit it gives what is
// whole, and an error.
func decode(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\ufeff")), nil
	}
	data = data[2:]
	text := make([]byte, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if i+3 < len(data) {
				low = rune(order.Uint16(data[i+2:]))
			}
			// Half a pair becomes the replacement character, and what follows it is read on its own.
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 2
			}
		}
		text = utf8.AppendRune(text, r)
	}
	if len(data)%2 != 0 {
		return text, errors.New("the file ends within a character of UTF-16, expected an even number of bytes")
	}
	return text, nil
}
