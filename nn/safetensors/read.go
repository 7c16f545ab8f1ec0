package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"gzpt/nn/tensorfile"
)

// File is an open safetensors file whose header has been checked.
type File struct {
	r          io.ReaderAt
	header     []byte
	data, size int64 // where the elements begin and end
	metadata   map[string]string
	tensors    []tensorfile.Info
	places     []place
	index      map[string]int
}

var _ tensorfile.File = (*File)(nil)

// place is where the elements of a tensor lie: bytes from the end of the header.
type place struct {
	tensor     int
	begin, end int64
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
	f := &File{r: r, header: header, data: 8 + int64(n), size: size, index: map[string]int{}}
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
			if err := d.Decode(&f.metadata); err != nil {
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
	if e.DType.Size() == 0 {
		return fmt.Errorf("safetensors: tensor %q: elements of type %q, which is not known", name, e.DType)
	}
	if e.Shape == nil || len(e.Offsets) != 2 {
		return fmt.Errorf("safetensors: tensor %q: expected a shape and two data_offsets", name)
	}
	bytes, ok := tensorfile.Bytes(e.DType, e.Shape)
	begin, end := e.Offsets[0], e.Offsets[1]
	if !ok || begin < 0 || end < begin || end-begin != bytes {
		return fmt.Errorf("safetensors: tensor %q: %s of shape %v does not fill the bytes %d to %d", name, e.DType, e.Shape, begin, end)
	}
	f.index[name] = len(f.tensors)
	f.places = append(f.places, place{len(f.tensors), begin, end})
	f.tensors = append(f.tensors, tensorfile.Info{Name: name, Type: e.DType, Shape: e.Shape})
	return nil
}

// checkPlaces demands that the tensors cover the bytes behind the header exactly once.
func (f *File) checkPlaces(size int64) error {
	ordered := slices.Clone(f.places)
	slices.SortStableFunc(ordered, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var end int64
	for _, p := range ordered {
		name := f.tensors[p.tensor].Name
		if p.begin < end {
			return fmt.Errorf("safetensors: tensor %q overlaps another: it begins at byte %d, the one before ends at %d", name, p.begin, end)
		}
		if p.begin > end {
			return fmt.Errorf("safetensors: a gap of %d bytes before tensor %q", p.begin-end, name)
		}
		end = p.end
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
func (f *File) Tensors() []tensorfile.Info { return f.tensors }

// Lookup is the place of a tensor in Tensors by name.
func (f *File) Lookup(name string) (i int, ok bool) {
	i, ok = f.index[name]
	return i, ok
}

// Floats reads the elements of Tensors()[i], a floating-point tensor, as float32.
func (f *File) Floats(i int) ([]float32, error) { return read(f, i, tensorfile.Type.Floats) }

// Ints reads the elements of Tensors()[i], an int64 tensor.
func (f *File) Ints(i int) ([]int64, error) { return read(f, i, tensorfile.Type.Ints) }

func read[E any](f *File, i int, decode func(tensorfile.Type, []byte, binary.ByteOrder) ([]E, error)) ([]E, error) {
	t, p := f.tensors[i], f.places[i]
	b := make([]byte, p.end-p.begin)
	if len(b) > 0 { // ReadAt may answer io.EOF for nothing at the end of the file
		if _, err := f.r.ReadAt(b, f.data+p.begin); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
	}
	v, err := decode(t.Type, b, binary.LittleEndian)
	if err != nil {
		return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
	}
	return v, nil
}
