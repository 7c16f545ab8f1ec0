package torchfile

import (
	"errors"
	"fmt"
	"math"

	"gzpt/nn/tensorfile"
)

// storage is a block of elements of one type in the file, which tensors are views of.
type storage struct {
	key      string
	kind     tensorfile.Type
	elements int64
	offset   int64 // of the first byte in the file, once it is known
}

func (s *storage) bytes() int64 { return s.elements * s.kind.Size() }

// tensor is a view of a storage.
type tensor struct {
	storage *storage
	offset  int64 // in elements
	shape   []int
	strides []int64 // in elements
}

// storages is the types of elements by the name of their class in torch.
var storages = map[string]tensorfile.Type{
	"HalfStorage": tensorfile.Float16, "BFloat16Storage": tensorfile.BFloat16, "FloatStorage": tensorfile.Float32, "DoubleStorage": tensorfile.Float64,
	"LongStorage": tensorfile.Int64, "IntStorage": tensorfile.Int32, "ShortStorage": tensorfile.Int16, "CharStorage": tensorfile.Int8,
	"ByteStorage": tensorfile.Uint8, "BoolStorage": tensorfile.Bool, "ComplexFloatStorage": tensorfile.Complex64,
}

// functions is what a pickle may call.
var functions = map[string]function{
	"collections.OrderedDict":                    orderedDict,
	"torch.Size":                                 size,
	"torch._utils._rebuild_tensor":               rebuildTensor,
	"torch._utils._rebuild_tensor_v2":            rebuildTensor,
	"torch._utils._rebuild_parameter":            rebuildParameter,
	"torch._utils._rebuild_parameter_with_state": rebuildParameter,
}

// global is what a name in a pickle stands for.
func global(module, name string) (any, error) {
	if kind, ok := storages[name]; ok && module == "torch" {
		return kind, nil
	}
	if f, ok := functions[module+"."+name]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("it names %.100q, which is not part of a dictionary of tensors; save model.state_dict() alone", module+"."+name)
}

// orderedDict makes a dictionary, empty or, as Python 2 wrote it, of a list of pairs.
func orderedDict(arguments tuple) (any, error) {
	d := &dict{}
	if len(arguments) == 0 {
		return d, nil
	}
	pairs, ok := arguments[0].(*list)
	if !ok || len(arguments) > 1 {
		return nil, fmt.Errorf("an OrderedDict of %s, expected a list of pairs", describe(arguments[0]))
	}
	for _, p := range pairs.items {
		var pair []any
		switch p := p.(type) {
		case tuple:
			pair = p
		case *list:
			pair = p.items
		}
		if len(pair) != 2 {
			return nil, errors.New("an OrderedDict of a list whose items are not pairs")
		}
		d.entries = append(d.entries, entry{pair[0], pair[1]})
	}
	return d, nil
}

// size makes the shape of a tensor that is a value of its own.
func size(arguments tuple) (any, error) {
	if len(arguments) == 1 {
		if shape, ok := arguments[0].(tuple); ok {
			return shape, nil
		}
	}
	return nil, errors.New("a torch.Size of something else than a tuple")
}

// rebuildParameter makes a parameter, which is a tensor with gradients.
func rebuildParameter(arguments tuple) (any, error) {
	if len(arguments) > 0 {
		if t, ok := arguments[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("a parameter of something else than a tensor")
}

// rebuildTensor makes a tensor of (storage, offset, shape, strides, ...); what follows is about gradients.
func rebuildTensor(arguments tuple) (any, error) {
	if len(arguments) < 4 {
		return nil, fmt.Errorf("a tensor of %d values, expected storage, offset, shape and strides", len(arguments))
	}
	s, okStorage := arguments[0].(*storage)
	offset, okOffset := arguments[1].(int64)
	shape, okShape := integers(arguments[2])
	strides, okStrides := integers(arguments[3])
	if !okStorage || !okOffset || !okShape || !okStrides || len(shape) != len(strides) {
		return nil, errors.New("a tensor of something else than storage, offset, shape and strides")
	}
	t := &tensor{storage: s, offset: offset, shape: make([]int, len(shape)), strides: strides}
	for i, d := range shape {
		if d > math.MaxInt {
			return nil, fmt.Errorf("a tensor of shape %v", shape)
		}
		t.shape[i] = int(d)
	}
	return t, t.check()
}

// maxDimensions is more than any weight has.
const maxDimensions = 16

// integers is a tuple, or list, of a few integers.
func integers(v any) ([]int64, bool) {
	items, ok := v.(tuple)
	if !ok || len(items) > maxDimensions {
		return nil, false
	}
	values := make([]int64, len(items))
	for i, item := range items {
		if values[i], ok = item.(int64); !ok {
			return nil, false
		}
	}
	return values, true
}

// check demands that every element lies in the storage.
func (t *tensor) check() error {
	s := t.storage
	if _, ok := tensorfile.Bytes(s.kind, t.shape); !ok {
		return fmt.Errorf("a tensor of shape %v", t.shape)
	}
	last, empty, ok := t.offset, false, t.offset >= 0 && t.offset <= s.elements
	for i, d := range t.shape {
		stride := t.strides[i]
		switch {
		case stride < 0:
			ok = false
		case d == 0:
			empty = true
		case d > 1 && stride > (math.MaxInt64-max(last, 0))/int64(d-1):
			ok = false
		default:
			last += int64(d-1) * stride
		}
		if !ok {
			break
		}
	}
	if !ok || !empty && last >= s.elements {
		return fmt.Errorf("a tensor of shape %v with strides %v from element %d on does not lie in its storage %.50q of %d elements",
			t.shape, t.strides, t.offset, s.key, s.elements)
	}
	return nil
}

// describe is the kind of a value, for messages.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, long:
		return "an integer"
	case float64:
		return "a float"
	case string:
		return "a string"
	case tuple:
		return fmt.Sprintf("a tuple of %d", len(v))
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *tensor:
		return "a tensor"
	case *storage, tensorfile.Type:
		return "a storage"
	}
	return "a function"
}
