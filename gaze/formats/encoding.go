package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// decode gives a text file's bytes as UTF-8 without a byte-order mark. The mark tells UTF-16 of either byte order, which
// Tobii Pro Lab writes; without one the file is UTF-8, or what [repaired] makes of it. Of a file that ends within a UTF-16
// unit it gives what is whole, and an error.
func decode(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return repaired(bytes.TrimPrefix(data, []byte("\ufeff"))), nil
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

// windows is the characters of the bytes 0x80 to 0x9F in Windows-1252; five of them are none.
const windows = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"

var windowsRunes = []rune(windows)

// repaired is a text with every byte that is no UTF-8 taken for a character of Windows-1252, of which Latin-1 is the larger
// part: what programs of a European Windows write into names.
func repaired(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			if r = rune(text[0]); r < 0xA0 {
				r = windowsRunes[r-0x80]
			}
		}
		out, text = utf8.AppendRune(out, r), text[n:]
	}
	return slices.Clip(out)
}
