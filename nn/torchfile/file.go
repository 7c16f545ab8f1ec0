package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"gzpt/nn/tensorfile"
)

// File is an open file of torch.save whose pickle and places have been checked.
type File struct {
	r       io.ReaderAt
	form    string
	order   binary.ByteOrder
	tensors []tensorfile.Info
	views   []*tensor // of tensors
}

var _ tensorfile.File = (*File)(nil)

// Recognise reports whether a file that begins with head is for Open: a zip archive, or a pickle.
func Recognise(head []byte) bool {
	return len(head) >= 4 && string(head[:4]) == zipMagic || len(head) >= 2 && head[0] == opProto && head[1] <= maxProtocol
}

// Open reads the pickle of a file of size bytes, in either form, and checks what it says against the file. An error says
// what is wrong.
//
// Dictionaries and lists may be nested: the name of a tensor is the keys on the way to it, joined by dots, so that
// {"state_dict": {"conv1.weight": ...}, "epoch": 3} holds state_dict.conv1.weight. Values that are no tensors are passed
// over.
func Open(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, min(size, 4))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	open := openLegacy
	switch {
	case !Recognise(head):
		return nil, errors.New("torchfile: neither a zip archive nor a pickle, expected a file of torch.save")
	case head[0] != opProto:
		open = openZip
	}
	f, root, err := open(r, size)
	if err == nil {
		err = (&walker{file: f, seen: map[string]bool{}}).walk("", root, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	return f, nil
}

// Form is "zip" or "legacy".
func (f *File) Form() string { return f.form }

// Bounds of what a file holds: how deep dictionaries and lists lie in each other, how many tensors there are, and the
// bytes of the name of one.
const (
	maxDepth   = 32
	maxTensors = 1 << 16
	maxPath    = 1 << 10
)

// walker lists the tensors of a pickle's value.
type walker struct {
	file   *File
	seen   map[string]bool
	visits int
}

func (w *walker) walk(name string, v any, depth int) error {
	w.visits++ // a value may be part of many others
	switch {
	case w.visits > maxInstructions:
		return fmt.Errorf("more than %d values", maxInstructions)
	case depth > maxDepth:
		return fmt.Errorf("values nested deeper than %d", maxDepth)
	case len(name) > maxPath:
		return fmt.Errorf("a key of %d bytes, expected at most %d: %.50q", len(name), maxPath, name)
	}
	switch v := v.(type) {
	case *tensor:
		return w.add(name, v)
	case *dict:
		for _, e := range v.entries {
			if err := w.walk(join(name, key(e.key)), e.value, depth+1); err != nil {
				return err
			}
		}
	case *list:
		return w.walk(name, tuple(v.items), depth)
	case tuple:
		for i, item := range v {
			if err := w.walk(join(name, strconv.Itoa(i)), item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) add(name string, t *tensor) error {
	if w.seen[name] {
		return fmt.Errorf("tensor %q occurs twice", name)
	}
	if len(w.seen) == maxTensors {
		return fmt.Errorf("more than %d tensors", maxTensors)
	}
	w.seen[name] = true
	w.file.views = append(w.file.views, t)
	w.file.tensors = append(w.file.tensors, tensorfile.Info{Name: name, Type: t.storage.kind, Shape: t.shape})
	return nil
}

// key is the key of a dictionary as part of a name.
func key(k any) string {
	switch k := k.(type) {
	case string:
		return k
	case int64:
		return strconv.FormatInt(k, 10)
	}
	return describe(k)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

// Tensors is every tensor in the order of the pickle.
func (f *File) Tensors() []tensorfile.Info { return f.tensors }

// Floats reads the elements of Tensors()[i], a floating-point tensor, as float32.
func (f *File) Floats(i int) ([]float32, error) { return read(f, i, tensorfile.Type.Floats) }

// Ints reads the elements of Tensors()[i], an int64 tensor.
func (f *File) Ints(i int) ([]int64, error) { return read(f, i, tensorfile.Type.Ints) }

func read[E any](f *File, i int, decode func(tensorfile.Type, []byte, binary.ByteOrder) ([]E, error)) ([]E, error) {
	b, err := f.bytes(i)
	var v []E
	if err == nil {
		v, err = decode(f.tensors[i].Type, b, f.order)
	}
	if err != nil {
		return nil, fmt.Errorf("torchfile: tensor %q: %w", f.tensors[i].Name, err)
	}
	return v, nil
}

// bytes is the elements of tensor i, row-major. A tensor with more elements than its storage has, such as an expanded one,
// could be of any size in a small file: it is not read.
func (f *File) bytes(i int) ([]byte, error) {
	t, n := f.views[i], int64(f.tensors[i].Len())
	if n == 0 {
		return nil, nil
	}
	if n > t.storage.elements {
		return nil, fmt.Errorf("%d elements share the %d of their storage, expected each its own", n, t.storage.elements)
	}
	span := int64(1)
	for k, d := range t.shape {
		span += int64(d-1) * t.strides[k]
	}
	size := t.storage.kind.Size()
	b := make([]byte, span*size)
	if _, err := f.r.ReadAt(b, t.storage.offset+t.offset*size); err != nil {
		return nil, err
	}
	if t.contiguous() {
		return b, nil
	}
	return t.gather(b, n*size), nil
}

// contiguous reports whether the elements lie row-major without gaps.
func (t *tensor) contiguous() bool {
	next := int64(1)
	for k := len(t.shape) - 1; k >= 0; k-- {
		if t.shape[k] != 1 && t.strides[k] != next {
			return false
		}
		next *= int64(t.shape[k])
	}
	return true
}

// gather copies the elements of a tensor, n bytes, out of the stretch of its storage that they lie in.
func (t *tensor) gather(b []byte, n int64) []byte {
	size := t.storage.kind.Size()
	out := make([]byte, 0, n)
	at, index := int64(0), make([]int, len(t.shape))
	for int64(len(out)) < n {
		out = append(out, b[at*size:(at+1)*size]...)
		for k := len(index) - 1; k >= 0; k-- {
			index[k]++
			at += t.strides[k]
			if index[k] < t.shape[k] {
				break
			}
			at -= int64(t.shape[k]) * t.strides[k]
			index[k] = 0
		}
	}
	return out
}
