package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gzpt/kernels/input"
)

// array is what a header says.
type array struct {
	dims []int
	kind kind
}

// kind is an element type: how many bytes, and how to turn them into float32.
type kind struct {
	size  int
	value func(b []byte) float32
}

// kinds are the element types that are read, by NumPy's name without the byte-order mark; multi-byte ones come in
// little-endian order ("<f4") and, since NumPy writes the machine's own, also as "=".
var kinds = map[string]kind{
	"f4": {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"f8": {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"i1": {1, func(b []byte) float32 { return float32(int8(b[0])) }},
	"i2": {2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) }},
	"i4": {4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) }},
	"i8": {8, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},
	"u1": {1, func(b []byte) float32 { return float32(b[0]) }},
	"u2": {2, func(b []byte) float32 { return float32(binary.LittleEndian.Uint16(b)) }},
	"u4": {4, func(b []byte) float32 { return float32(binary.LittleEndian.Uint32(b)) }},
	"u8": {8, func(b []byte) float32 { return float32(binary.LittleEndian.Uint64(b)) }},
	"b1": {1, func(b []byte) float32 { return float32(min(b[0], 1)) }},
}

var (
	errForeign = errors.New("not a .npy file: it does not begin with \\x93NUMPY")
	errShort   = errors.New("the header is cut short")
)

func readHeader(r io.Reader) (array, error) {
	var fixed [8]byte
	if err := input.ReadFull(r, fixed[:], errForeign); err != nil {
		return array{}, err
	}
	if string(fixed[:6]) != magic {
		return array{}, errForeign
	}
	var length int
	switch major := fixed[6]; major {
	case 1:
		var b [2]byte
		if err := input.ReadFull(r, b[:], errShort); err != nil {
			return array{}, err
		}
		length = int(binary.LittleEndian.Uint16(b[:]))
	case 2, 3:
		var b [4]byte
		if err := input.ReadFull(r, b[:], errShort); err != nil {
			return array{}, err
		}
		length = int(min(binary.LittleEndian.Uint32(b[:]), maxHeader+1))
	default:
		return array{}, fmt.Errorf("format version %d, expected 1 to 3", major)
	}
	if length > maxHeader {
		return array{}, fmt.Errorf("the header is longer than %d bytes", maxHeader)
	}
	text := make([]byte, length)
	if err := input.ReadFull(r, text, errShort); err != nil {
		return array{}, err
	}
	return parseHeader(string(text))
}

// parseHeader reads the Python dictionary of a header: three keys in any order.
func parseHeader(text string) (array, error) {
	var h array
	s := strings.TrimSpace(text)
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
		return h, errors.New("the header is not a dictionary")
	}
	s = strings.TrimSpace(s[1 : len(s)-1])
	seen := map[string]bool{}
	for s != "" {
		key, rest, ok := quoted(s)
		rest = strings.TrimSpace(rest)
		if !ok || !strings.HasPrefix(rest, ":") || seen[key] {
			return h, errors.New("the header is not a dictionary of descr, fortran_order and shape")
		}
		seen[key] = true
		var err error
		if s, err = h.set(key, strings.TrimSpace(rest[1:])); err != nil {
			return h, err
		}
		s = strings.TrimSpace(s)
		if s != "" && s[0] != ',' {
			return h, errors.New("the header is not a dictionary of descr, fortran_order and shape")
		}
		s = strings.TrimSpace(strings.TrimPrefix(s, ","))
	}
	if len(seen) != 3 {
		return h, errors.New("the header lacks descr, fortran_order or shape")
	}
	return h, nil
}

// set takes the value of a key from the front of s and returns the rest.
func (h *array) set(key, s string) (rest string, err error) {
	switch key {
	case "descr":
		name, rest, ok := quoted(s)
		if !ok {
			return "", errors.New("the element type is not a plain one; expected for example '<f4'")
		}
		k, ok := kinds[strings.TrimLeft(name, "<=|")]
		if !ok {
			return "", fmt.Errorf("element type %q, expected little-endian float32, float64, an integer or bool", name)
		}
		h.kind = k
		return rest, nil
	case "fortran_order":
		if rest, ok := strings.CutPrefix(s, "False"); ok {
			return rest, nil
		}
		return "", errors.New("the file is not row-major; save it with numpy.ascontiguousarray")
	case "shape":
		end := strings.IndexByte(s, ')')
		if !strings.HasPrefix(s, "(") || end < 0 {
			return "", errors.New("the shape is not a tuple")
		}
		h.dims, err = parseShape(s[1:end])
		return s[end+1:], err
	}
	return "", fmt.Errorf("unknown key %q in the header", key)
}

func parseShape(s string) ([]int, error) {
	dims := []int{}
	for s = strings.TrimSpace(s); s != ""; {
		var word string
		word, s, _ = strings.Cut(s, ",")
		d, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(word), "L"))
		if err != nil || d < 0 || len(dims) == 32 {
			return nil, fmt.Errorf("bad dimension %q in the shape", word)
		}
		dims = append(dims, d)
		s = strings.TrimSpace(s)
	}
	return dims, nil
}

// quoted takes a Python string literal without escapes from the front of s.
func quoted(s string) (word, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", "", false
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", "", false
	}
	return s[1 : 1+end], s[2+end:], true
}

// readElements reads n elements. The result grows with what has really been read, so a header that promises more than
// the file holds costs no memory.
func readElements(r io.Reader, n int, k kind) ([]float32, error) {
	data := make([]float32, 0, min(n, chunk))
	buffer := make([]byte, k.size*min(n, chunk))
	for len(data) < n {
		part := buffer[:k.size*min(chunk, n-len(data))]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, fmt.Errorf("the file ends within the %d elements that its header promises: %w", n, err)
		}
		for ; len(part) > 0; part = part[k.size:] {
			data = append(data, k.value(part))
		}
	}
	return data, nil
}
