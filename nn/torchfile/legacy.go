package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A legacy file is four pickles (a magic number, the version of the format, what the machine was, the value), a fifth with
// the keys of the storages in the order of the file, and for each storage its number of elements, int64, and the
// elements. All is little-endian, also where the machine was not.
const (
	legacyMagic   = long("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
	legacyVersion = 1001
)

func openLegacy(r io.ReaderAt, size int64) (*File, any, error) {
	l := &legacy{r: r, size: size, known: storageTable{}}
	magic, err := l.pickle()
	if err != nil {
		return nil, nil, err
	}
	if magic != any(legacyMagic) {
		return nil, nil, errors.New("a pickle, but not one that torch.save wrote")
	}
	version, err := l.pickle()
	if err != nil {
		return nil, nil, err
	}
	if version != any(int64(legacyVersion)) {
		return nil, nil, fmt.Errorf("version %v of the legacy form, expected %d", version, legacyVersion)
	}
	if _, err := l.pickle(); err != nil { // the machine's sizes of C integers
		return nil, nil, err
	}
	root, err := l.pickle()
	if err != nil {
		return nil, nil, err
	}
	keys, err := l.pickle()
	if err != nil {
		return nil, nil, err
	}
	return &File{r: r, form: "legacy", order: binary.LittleEndian}, root, l.locate(keys)
}

// legacy is a file being read from front to back.
type legacy struct {
	r        io.ReaderAt
	at, size int64
	known    storageTable
}

// pickle reads the next pickle.
func (l *legacy) pickle() (any, error) {
	in := newInput(l.r, l.at, min(l.size-l.at, maxPickle))
	v, err := unpickle(in, func(id any) (any, error) { return l.known.storage(id) })
	if err != nil {
		return nil, fmt.Errorf("from byte %d on: %w", l.at, err)
	}
	l.at += in.at
	return v, nil
}

// locate walks through the storages.
func (l *legacy) locate(keys any) error {
	order, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("the keys of the storages are %s, expected a list", describe(keys))
	}
	if len(order.items) != len(l.known) {
		return fmt.Errorf("%d keys of storages, expected %d", len(order.items), len(l.known))
	}
	placed := map[string]bool{}
	for _, item := range order.items {
		key, _ := item.(string)
		s, ok := l.known[key]
		if !ok || placed[key] {
			return fmt.Errorf("storage %.50q comes twice or belongs to no tensor", key)
		}
		placed[key] = true
		var b [8]byte
		if l.size-l.at < int64(len(b)) {
			return fmt.Errorf("truncated before storage %.50q", key)
		}
		if _, err := l.r.ReadAt(b[:], l.at); err != nil {
			return err
		}
		l.at += int64(len(b))
		if n := binary.LittleEndian.Uint64(b[:]); n > math.MaxInt64 || int64(n) != s.elements {
			return fmt.Errorf("storage %.50q has %d elements, expected %d", key, n, s.elements)
		}
		if s.bytes() > l.size-l.at {
			return fmt.Errorf("truncated: storage %.50q of %d bytes begins at byte %d of %d", key, s.bytes(), l.at, l.size)
		}
		s.offset = l.at
		l.at += s.bytes()
	}
	if l.at < l.size {
		return fmt.Errorf("%d bytes behind the last storage", l.size-l.at)
	}
	return nil
}
