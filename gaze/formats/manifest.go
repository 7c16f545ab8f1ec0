package formats

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "manifest",
		about: "items.csv: image and, if there are any, label, split, gaze (a file of any format) and reader",
		sniff: sniffManifest, read: readManifest,
	})
}

// Item is one row of a manifest, items.csv: an image with its label, its split, and where its gaze is.
//
//	image,label,split,gaze,reader
//
// Only image must be there; other columns (patient, age, ...) are kept. gaze is a file of any format, relative to the
// manifest; it may hold one image's recordings or many's. reader takes only that reader's recordings, or names the
// reader of a file that does not. An image with several gaze files has several rows, which differ in gaze or reader
// alone. Where the column gaze is absent or empty throughout, the gaze files beside the manifest are read.
type Item struct {
	Image, Label, Split string
	// Columns is the whole row by column name.
	Columns map[string]string
	File    string
	Line    int
}

// sniffManifest asks for a gaze column: a table of labels alone is no gaze file.
func sniffManifest(head []byte) bool {
	h := header(head)
	return h["image"] && h["gaze"]
}

func readManifest(s *source) error {
	t, err := openTable(s.file, s.reader, "image")
	if err != nil {
		return err
	}
	m := &manifest{source: s, table: t, index: map[string]int{}, rows: map[[3]string]int{}, files: map[string]*Set{}}
	if err := s.rows(t, m.add); err != nil {
		return err
	}
	if len(s.set.Items) == 0 && len(s.skips) == 0 {
		if err := s.pass(gaze.Problem{File: s.file, Reason: "no item after the header"}); err != nil {
			return err
		}
	}
	if len(m.files) == 0 {
		return m.beside()
	}
	return m.unclaimed()
}

// manifest is an items.csv being read.
type manifest struct {
	source *source
	table  *table
	index  map[string]int    // image -> item
	rows   map[[3]string]int // image, gaze, reader -> line
	files  map[string]*Set   // the gaze files read so far
}

// add adds the present row: an item, unless the image is listed already, and its recordings.
func (m *manifest) add() error {
	t := m.table
	item := Item{Image: t.text("image"), Label: t.text("label"), Split: t.text("split"), Columns: map[string]string{}, File: t.file, Line: t.line()}
	for _, name := range t.names {
		item.Columns[name] = t.text(name)
	}
	if item.Image == "" {
		return t.at("image", "the name of an image")
	}
	gaze, reader := t.text("gaze"), t.text("reader")
	row := [3]string{item.Image, gaze, reader}
	if line, ok := m.rows[row]; ok {
		return t.problem(fmt.Sprintf("image %q is listed already on line %d", item.Image, line))
	}
	if i, ok := m.index[item.Image]; ok {
		if first := m.source.set.Items[i]; gaze == "" || first.Label != item.Label || first.Split != item.Split {
			return t.problem(fmt.Sprintf("image %q is listed already on line %d; a further row must have the same label and split and another gaze file or reader",
				item.Image, first.Line))
		}
	}
	if gaze != "" {
		if err := m.claim(item, gaze, reader); err != nil {
			return err
		}
	}
	if _, ok := m.index[item.Image]; !ok {
		m.index[item.Image] = len(m.source.set.Items)
		m.source.set.Items = append(m.source.set.Items, item)
	}
	m.rows[row] = item.Line
	return nil
}

// open reads a gaze file once, or once for every image where the format wants it.
func (m *manifest) open(name, image string) (*Set, error) {
	perImage := name + "\x00" + image
	for _, key := range []string{name, perImage} {
		if set, ok := m.files[key]; ok {
			return set, nil
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(m.source.file), filepath.FromSlash(name))
	}
	o := m.source.options
	o.Format = ""
	f, err := pickNamed(path, o.mapped().Format)
	if err != nil {
		return nil, err
	}
	if f.name == "manifest" {
		return nil, gaze.Problem{File: path, Reason: "a manifest, expected a file of fixations"}
	}
	set := &Set{}
	o.Format = f.name
	key := name
	if !f.perImage {
		image = ""
	} else {
		key = perImage
	}
	if err := set.addFileFor(path, image, o); err != nil {
		return nil, err
	}
	m.files[key] = set
	total := m.source.set
	total.Files, total.Formats = append(total.Files, set.Files...), append(total.Formats, set.Formats...)
	total.Dropped.Add(set.Dropped)
	total.clipped.add(set.clipped)
	maps.Copy(total.assumptions(), set.assumed)
	total.Skips = append(total.Skips, set.Skips...)
	for _, note := range set.Notes {
		total.note("%s", note)
	}
	return set, nil
}

// claim takes the recordings of an item, and of a reader if one is named, from a gaze file.
func (m *manifest) claim(item Item, file, reader string) error {
	set, err := m.open(file, item.Image)
	if err != nil {
		return m.table.at("gaze", fmt.Sprintf("a readable gaze file (%v)", err))
	}
	found := 0
	for _, r := range set.Recordings {
		name, ok := names(r, item.Image)
		if !ok || reader != "" && r.Reader != "" && r.Reader != reader {
			continue
		}
		m.source.set.noteNumber(name, item.Image)
		r.Image, r.Candidates = item.Image, nil
		if r.Reader == "" {
			r.Reader = reader
		}
		m.source.set.Recordings = append(m.source.set.Recordings, r)
		found++
	}
	if found == 0 {
		return m.table.at("gaze", fmt.Sprintf("a file with a recording of image %q, reader %q", item.Image, reader))
	}
	return nil
}

// names reports whether a recording is of an image: by one of its candidates or its name, which it gives, or because it has
// none.
func names(r gaze.Recording, image string) (by string, ok bool) {
	for _, name := range slices.Concat(r.Candidates, []string{r.Image}) {
		if name == "" || sameImage(name, image) {
			return name, true
		}
	}
	return "", false
}

// sameImage compares names as Align does: whole, without folders, without extension.
func sameImage(a, b string) bool {
	for _, key := range nameKeys {
		if key(a) == key(b) {
			return true
		}
	}
	return false
}

// beside reads the gaze files in the manifest's folder.
func (m *manifest) beside() error {
	o := m.source.options
	o.Format = ""
	o = o.mapped()
	files, err := gazeFiles(filepath.Dir(m.source.file), o)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := m.source.set.addFile(file, o); err != nil {
			return err
		}
	}
	return nil
}

// unclaimed adds the recordings of images that no row names, for Align to report as gaze without an image.
func (m *manifest) unclaimed() error {
	names := make([]string, 0, len(m.files))
	for name := range m.files {
		names = append(names, name)
	}
	slices.Sort(names)
	claimed := map[string]bool{}
	for _, item := range m.source.set.Items {
		for _, key := range nameKeys {
			claimed[key(item.Image)] = true
		}
	}
	for _, name := range names {
		for _, r := range m.files[name].Recordings {
			listed := func(name string) bool {
				return slices.ContainsFunc(nameKeys, func(key func(string) string) bool { return claimed[key(name)] })
			}
			if r.Image != "" && !listed(r.Image) && !slices.ContainsFunc(r.Candidates, listed) {
				m.source.set.Recordings = append(m.source.set.Recordings, r)
			}
		}
	}
	return nil
}

// nameKeys are the forms of an image's name, strictest first.
var nameKeys = []func(string) string{
	func(name string) string { return filepath.ToSlash(filepath.Clean(name)) },
	base,
	func(name string) string { return strings.TrimSuffix(base(name), filepath.Ext(name)) },
}

// base is the name without folders, of either kind of path.
func base(name string) string {
	return name[strings.LastIndexAny(name, `/\`)+1:]
}
