package torchfile

import (
	"errors"
	"fmt"
	"math"

	"gzpt/nn/tensorfile"
)

// storageTable is the storages that a pickle refers to, by key.
type storageTable map[string]*storage

// storage is that of a persistent identifier, ("storage", class, key, device, elements), in the legacy form with a sixth
// value that says where in another storage it lies, None since long ago.
func (known storageTable) storage(id any) (*storage, error) {
	v, _ := id.(tuple)
	if len(v) == 6 && v[5] == nil {
		v = v[:5]
	}
	if len(v) == 6 {
		return nil, errors.New("a storage that is a view of another, expected one of its own: save again with a PyTorch after 0.4")
	}
	if len(v) != 5 || v[0] != any("storage") {
		return nil, errors.New("an identifier of something else than a storage")
	}
	kind, okKind := v[1].(tensorfile.Type)
	key, okKey := v[2].(string)
	elements, okElements := v[4].(int64)
	if !okKind || !okKey || !okElements {
		return nil, errors.New("a storage without type, key or number of elements")
	}
	if elements < 0 || elements > math.MaxInt64/kind.Size() {
		return nil, fmt.Errorf("storage %.50q of %d elements", key, elements)
	}
	s, ok := known[key]
	if !ok {
		s = &storage{key: key, kind: kind, elements: elements}
		known[key] = s
	}
	if s.kind != kind || s.elements != elements {
		return nil, fmt.Errorf("storage %.50q is %d elements of type %s and %d of type %s", key, s.elements, s.kind, elements, kind)
	}
	return s, nil
}
