package torchfile

import (
	"archive/zip"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const zipMagic = "PK\x03\x04"

// archive is a zip archive of torch.save: in one folder data.pkl, data/KEY for each storage, and byteorder.
type archive struct {
	r       io.ReaderAt
	size    int64
	folder  string // with its slash
	members map[string]*zip.File
}

func openZip(r io.ReaderAt, size int64) (*File, any, error) {
	a, err := newArchive(r, size)
	if err != nil {
		return nil, nil, err
	}
	f := &File{r: r, form: "zip"}
	if f.order, err = a.order(); err != nil {
		return nil, nil, err
	}
	begin, n, err := a.place("data.pkl", maxPickle)
	if err != nil {
		return nil, nil, err
	}
	known := storageTable{}
	root, err := unpickle(newInput(r, begin, n), func(id any) (any, error) { return known.storage(id) })
	if err != nil {
		return nil, nil, err
	}
	return f, root, a.locate(known)
}

func newArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is unpacked
		return nil, fmt.Errorf("the zip archive is truncated or damaged: %w", err)
	}
	a := &archive{r: r, size: size, members: map[string]*zip.File{}}
	for _, member := range z.File {
		if _, ok := a.members[member.Name]; ok {
			return nil, fmt.Errorf("the zip archive has two members %.100q", member.Name)
		}
		a.members[member.Name] = member
		folder, ok := strings.CutSuffix(member.Name, "data.pkl")
		if !ok || strings.Count(folder, "/") != 1 || !strings.HasSuffix(folder, "/") {
			continue
		}
		if a.folder != "" {
			return nil, fmt.Errorf("the zip archive has two pickles, in %.100q and %.100q", a.folder, folder)
		}
		a.folder = folder
	}
	if a.folder == "" {
		return nil, errors.New("a zip archive without FOLDER/data.pkl, expected one of torch.save")
	}
	if _, ok := a.members[a.folder+"constants.pkl"]; ok {
		return nil, errors.New("a TorchScript archive, expected a dictionary of tensors: save model.state_dict() with torch.save")
	}
	return a, nil
}

// place is where a member of at most limit bytes lies in the file.
func (a *archive) place(name string, limit int64) (begin, size int64, err error) {
	member, ok := a.members[a.folder+name]
	if !ok {
		return 0, 0, fmt.Errorf("the zip archive has no member %.100q", a.folder+name)
	}
	size = int64(member.UncompressedSize64)
	switch {
	case member.Method != zip.Store || member.CompressedSize64 != member.UncompressedSize64:
		return 0, 0, fmt.Errorf("member %.100q is compressed, expected it stored as torch.save does", member.Name)
	case size < 0 || size > limit:
		return 0, 0, fmt.Errorf("member %.100q of %d bytes, expected at most %d", member.Name, member.UncompressedSize64, limit)
	}
	if begin, err = member.DataOffset(); err != nil {
		return 0, 0, fmt.Errorf("member %.100q: %w", member.Name, err)
	}
	if begin < 0 || begin > a.size-size {
		return 0, 0, fmt.Errorf("member %.100q of %d bytes at byte %d reaches beyond the file of %d", member.Name, size, begin, a.size)
	}
	return begin, size, nil
}

// order is that of the bytes of numbers; archives from before it was written down are little-endian.
func (a *archive) order() (binary.ByteOrder, error) {
	const longest = 16
	if _, ok := a.members[a.folder+"byteorder"]; !ok {
		return binary.LittleEndian, nil
	}
	begin, size, err := a.place("byteorder", longest)
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if _, err := a.r.ReadAt(b, begin); err != nil && size > 0 {
		return nil, fmt.Errorf("byteorder: %w", err)
	}
	switch string(b) {
	case "little":
		return binary.LittleEndian, nil
	case "big":
		return binary.BigEndian, nil
	}
	return nil, fmt.Errorf("byteorder %q, expected little or big", b)
}

// locate finds the members of the storages, which must have their sizes and places of their own.
func (a *archive) locate(known storageTable) error {
	var ordered []*storage
	for _, s := range known {
		begin, size, err := a.place("data/"+s.key, a.size)
		if err != nil {
			return err
		}
		if size != s.bytes() {
			return fmt.Errorf("storage %.50q has %d bytes, expected %d: %d elements of type %s", s.key, size, s.bytes(), s.elements, s.kind)
		}
		s.offset = begin
		ordered = append(ordered, s)
	}
	slices.SortFunc(ordered, func(a, b *storage) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.bytes(), b.bytes()), cmp.Compare(a.key, b.key))
	})
	for i := 1; i < len(ordered); i++ {
		if a, b := ordered[i-1], ordered[i]; a.offset+a.bytes() > b.offset {
			return fmt.Errorf("the storages %.50q and %.50q overlap", a.key, b.key)
		}
	}
	return nil
}
