package formats

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"gzpt/gaze"
	"gzpt/kernels/input"
	"gzpt/kernels/names"
	"gzpt/kernels/plain"
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
// Only image must be there; other columns (patient, age, ...) are left to others. gaze is a file of any format, relative to the
// manifest; it may hold one image's recordings or many's. reader takes only that reader's recordings, or names the
// reader of a file that does not. An image with several gaze files has several rows, which differ in gaze or reader
// alone. Where the column gaze is absent or empty throughout, the gaze files beside the manifest are read.
type Item struct {
	Image, Label, Split string
	File                string
	Line                int
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
	m := &manifest{source: s, table: t, listed: map[string]int{}, lines: map[[3]string]int{}, files: map[string]*gazeFile{}}
	if err := s.rows(t, m.collect); err != nil {
		return err
	}
	images := make([]names.Image, len(m.rows))
	for i, r := range m.rows {
		images[i].Name = r.item.Image
	}
	m.index = names.New(images)
	for i := range m.rows {
		if err := m.add(i); err != nil {
			if err := s.pass(err); err != nil {
				return err
			}
		}
	}
	if len(s.set.Items) == 0 && len(s.skips) == 0 {
		if err := s.pass(gaze.Problem{File: s.file, Reason: "no item after the header"}); err != nil {
			return err
		}
	}
	if len(m.files) == 0 {
		return m.beside()
	}
	m.unclaimed()
	return nil
}

// manifest is an items.csv being read.
type manifest struct {
	source *source
	table  *table
	rows   []manifestRow
	index  *names.Index         // of the images of rows
	listed map[string]int       // image -> item
	lines  map[[3]string]int    // image, gaze, reader -> line
	files  map[string]*gazeFile // those read so far
}

// manifestRow is a row with where its gaze and reader are told.
type manifestRow struct {
	item         Item
	gaze, reader string
	column       int // of gaze, in the line
}

// at is a problem with the column gaze of a row.
func (r manifestRow) at(expected string) gaze.Problem {
	return gaze.Problem{File: r.item.File, Line: r.item.Line, Column: r.column, Reason: fmt.Sprintf("gaze is %s, expected %s", plain.Quote(r.gaze), expected)}
}

// gazeFile is a gaze file with its recordings by the row that their image's name means first.
type gazeFile struct {
	*Set
	of        map[int][]named
	unnamed   []named // recordings that name no image
	strangers []int   // recordings whose name means no image of the manifest, or several
}

// named is a recording of a gaze file with the name by which it is of an image.
type named struct {
	recording int
	name      string
}

// collect keeps the present row.
func (m *manifest) collect() error {
	t := m.table
	item := Item{Image: t.text("image"), Label: t.text("label"), Split: t.text("split"), File: t.file, Line: t.line()}
	if item.Image == "" {
		return t.at("image", "the name of an image")
	}
	row := manifestRow{item: item, gaze: t.text("gaze"), reader: t.text("reader")}
	if row.gaze != "" {
		row.column = t.at("gaze", "").Column
	}
	m.rows = append(m.rows, row)
	return nil
}

// add adds a row: an item, unless the image is listed already, and its recordings.
func (m *manifest) add(i int) error {
	r := m.rows[i]
	item, image := r.item, names.Clean(r.item.Image)
	problem := func(format string, args ...any) error {
		return gaze.Problem{File: item.File, Line: item.Line, Reason: fmt.Sprintf("image %q is listed already on line "+format, append([]any{item.Image}, args...)...)}
	}
	row := [3]string{image, r.gaze, r.reader}
	if line, ok := m.lines[row]; ok {
		return problem("%d", line)
	}
	if i, ok := m.listed[image]; ok {
		if first := m.source.set.Items[i]; r.gaze == "" || first.Label != item.Label || first.Split != item.Split {
			return problem("%d; a further row must have the same label and split and another gaze file or reader", first.Line)
		}
	}
	if r.gaze != "" {
		if err := m.claim(i); err != nil {
			return err
		}
	}
	if _, ok := m.listed[image]; !ok {
		m.listed[image] = len(m.source.set.Items)
		m.source.set.Items = append(m.source.set.Items, item)
	}
	m.lines[row] = item.Line
	return nil
}

// open reads a gaze file once, or once for every image where the format wants it.
func (m *manifest) open(name, image string) (*gazeFile, error) {
	perImage := name + "\x00" + image
	for _, key := range []string{name, perImage} {
		if file, ok := m.files[key]; ok {
			return file, nil
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(m.source.file), filepath.FromSlash(name))
	}
	o := m.source.options
	if folder := filepath.Dir(m.source.file); !o.AllowOutside && !input.Inside(folder, path) {
		return nil, fmt.Errorf("%s %w, %s", path, ErrOutside, folder)
	}
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
	m.files[key] = m.sort(set)
	total := m.source.set
	total.Files, total.Formats = append(total.Files, set.Files...), append(total.Formats, set.Formats...)
	total.Dropped.Add(set.Dropped)
	total.clipped.add(set.clipped)
	maps.Copy(total.assumptions(), set.assumed)
	total.Skips = append(total.Skips, set.Skips...)
	for _, note := range set.Notes {
		total.note("%s", note)
	}
	return m.files[key], nil
}

// ErrOutside says that a manifest names a file that lies elsewhere.
var ErrOutside = errors.New("lies outside the manifest's folder")

// outside is the problem of a row that names such a file.
type outside struct{ gaze.Problem }

func (o outside) Unwrap() []error { return []error{o.Problem, ErrOutside} }

// sort finds the rows that the recordings of a gaze file are of.
func (m *manifest) sort(set *Set) *gazeFile {
	f := &gazeFile{Set: set, of: map[int][]named{}}
	for k, r := range set.Recordings {
		if r.Image == "" {
			f.unnamed = append(f.unnamed, named{recording: k})
			continue
		}
		var rows []int // a recording with several candidates for its image may be of several
		for _, name := range slices.Concat(r.Candidates, []string{r.Image}) {
			if i, err := m.index.FindElsewhere(name); err == nil && !slices.Contains(rows, i) {
				rows = append(rows, i)
				f.of[i] = append(f.of[i], named{k, name})
			}
		}
		if rows == nil {
			f.strangers = append(f.strangers, k)
		}
	}
	return f
}

// claim takes the recordings of a row, and of a reader if one is named, from its gaze file.
func (m *manifest) claim(i int) error {
	row := m.rows[i]
	file, err := m.open(row.gaze, row.item.Image)
	if errors.Is(err, ErrOutside) {
		return outside{row.at(fmt.Sprintf("a gaze file (%v)", err))}
	} else if err != nil {
		return row.at(fmt.Sprintf("a readable gaze file (%v)", err))
	}
	own := slices.Concat(file.of[m.index.First(i)], file.unnamed)
	slices.SortFunc(own, func(a, b named) int { return a.recording - b.recording })
	found := 0
	for _, n := range own {
		r := file.Recordings[n.recording]
		if row.reader != "" && r.Reader != "" && r.Reader != row.reader {
			continue
		}
		m.source.set.noteNumber(n.name, row.item.Image)
		r.Image, r.Candidates = row.item.Image, nil
		if r.Reader == "" {
			r.Reader = row.reader
		}
		m.source.set.Recordings = append(m.source.set.Recordings, r)
		found++
	}
	if found > 0 {
		return nil
	}
	for _, k := range file.strangers {
		r := file.Recordings[k]
		if _, err := m.index.Find(r.Image); names.IsAmbiguous(err) {
			return row.at(fmt.Sprintf("a file with a recording of image %q; image %q on line %d of it %v", row.item.Image, r.Image, r.Line, err))
		}
	}
	return row.at(fmt.Sprintf("a file with a recording of image %q, reader %q", row.item.Image, row.reader))
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

// unclaimed adds the recordings whose image is no row's, for Align to report as gaze without an image.
func (m *manifest) unclaimed() {
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		file := m.files[name]
		for _, k := range file.strangers {
			m.source.set.Recordings = append(m.source.set.Recordings, file.Recordings[k])
		}
	}
}
