package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Info is where a tensor lies in a file and what it is.
type Info struct {
	Name       string
	DType      DType
	Shape      []int
	begin, end int64 // bytes of the elements, from the end of the header
}

// Len is the number of elements.
func (t Info) Len() int { return int((t.end - t.begin) / t.DType.size()) }

// File is an open safetensors file whose header has been checked.
type File struct {
	r       io.ReaderAt
	data    int64 // where the elements begin
	tensors []Info
	index   map[string]int
}

// Open reads and checks the header of a file of size bytes. An error says what is wrong: a file that is too short or of
// another format, a header that is not the JSON of this format, a type that this package does not read, a shape that does
// not fit the place, or places that overlap, leave a gap or reach beyond the end of the file.
func Open(r io.ReaderAt, size int64) (*File, error) {
	var b [8]byte
	if size < 8 {
		return nil, fmt.Errorf("safetensors: %d bytes: too short to be a safetensors file", size)
	}
	if _, err := r.ReadAt(b[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: length of the header: %w", err)
	}
	n := binary.LittleEndian.Uint64(b[:])
	if n < 2 || n > maxHeader {
		return nil, fmt.Errorf("safetensors: not a safetensors file: it would have a header of %d bytes, expected 2 to %d", n, maxHeader)
	}
	if int64(n) > size-8 {
		return nil, fmt.Errorf("safetensors: truncated: a header of %d bytes in a file of %d", n, size)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	f := &File{r: r, data: 8 + int64(n), index: map[string]int{}}
	if err := f.parse(header); err != nil {
		return nil, err
	}
	return f, f.checkPlaces(size - f.data)
}

// parse reads the entries of the header one by one, because a JSON object read at once would hide a repeated name.
func (f *File) parse(header []byte) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("safetensors: not a safetensors file: the header is not a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("safetensors: header: %w", err)
		}
		name, _ := key.(string) // the decoder lets nothing but strings be keys
		if name == metadataKey {
			var metadata map[string]string
			if err := d.Decode(&metadata); err != nil {
				return fmt.Errorf("safetensors: header: %s: %w", metadataKey, err)
			}
			continue
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("safetensors: header: tensor %q: %w", name, err)
		}
		if err := f.add(name, e); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("safetensors: header: %w", err)
	}
	if rest, err := io.ReadAll(d.Buffered()); err != nil || len(bytes.TrimRight(rest, " ")) > 0 {
		return fmt.Errorf("safetensors: header: text behind the JSON object")
	}
	return nil
}

func (f *File) add(name string, e entry) error {
	if _, ok := f.index[name]; ok {
		return fmt.Errorf("safetensors: header: tensor %q occurs twice", name)
	}
	size := e.DType.size()
	if size == 0 {
		return fmt.Errorf("safetensors: tensor %q: elements of type %q, expected %s or %s", name, e.DType, Float32, Int64)
	}
	if e.Shape == nil || len(e.Offsets) != 2 {
		return fmt.Errorf("safetensors: tensor %q: expected a shape and two data_offsets", name)
	}
	bytes, ok := size, true
	for _, d := range e.Shape {
		if d < 0 || d > 0 && bytes > math.MaxInt64/int64(d) {
			ok = false
			break
		}
		bytes *= int64(d)
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if !ok || begin < 0 || end < begin || end-begin != bytes {
		return fmt.Errorf("safetensors: tensor %q: %s of shape %v does not fill the bytes %d to %d", name, e.DType, e.Shape, begin, end)
	}
	f.index[name] = len(f.tensors)
	f.tensors = append(f.tensors, Info{name, e.DType, e.Shape, begin, end})
	return nil
}

// checkPlaces demands that the tensors cover the bytes behind the header exactly once.
func (f *File) checkPlaces(size int64) error {
	ordered := slices.Clone(f.tensors)
	slices.SortStableFunc(ordered, func(a, b Info) int {
		if a.begin != b.begin {
			return int(max(min(a.begin-b.begin, 1), -1))
		}
		return int(max(min(a.end-b.end, 1), -1))
	})
	var end int64
	for _, t := range ordered {
		if t.begin < end {
			return fmt.Errorf("safetensors: tensor %q overlaps another: it begins at byte %d, the one before ends at %d", t.Name, t.begin, end)
		}
		if t.begin > end {
			return fmt.Errorf("safetensors: a gap of %d bytes before tensor %q", t.begin-end, t.Name)
		}
		end = t.end
	}
	if end > size {
		return fmt.Errorf("safetensors: truncated: the tensors need %d bytes, the file holds %d", end, size)
	}
	if end < size {
		return fmt.Errorf("safetensors: %d bytes behind the last tensor", size-end)
	}
	return nil
}

// Tensors is every tensor in the order of the header.
func (f *File) Tensors() []Info { return f.tensors }

// Lookup finds a tensor by name.
func (f *File) Lookup(name string) (Info, bool) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, false
	}
	return f.tensors[i], true
}

// Floats reads the elements of a float32 tensor of this file.
func (f *File) Floats(t Info) ([]float32, error) {
	b, err := f.bytes(t, Float32)
	if err != nil {
		return nil, err
	}
	v := make([]float32, t.Len())
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v, nil
}

// Ints reads the elements of an int64 tensor of this file.
func (f *File) Ints(t Info) ([]int64, error) {
	b, err := f.bytes(t, Int64)
	if err != nil {
		return nil, err
	}
	v := make([]int64, t.Len())
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v, nil
}

func (f *File) bytes(t Info, want DType) ([]byte, error) {
	if t.DType != want {
		return nil, fmt.Errorf("safetensors: tensor %q: elements of type %s, expected %s", t.Name, t.DType, want)
	}
	b := make([]byte, t.end-t.begin)
	if len(b) == 0 {
		return b, nil // ReadAt may answer io.EOF for nothing at the end of the file
	}
	if _, err := f.r.ReadAt(b, f.data+t.begin); err != nil {
		return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
	}
	return b, nil
}
