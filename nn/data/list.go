package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/kernels/input"
	"gzpt/kernels/names"
	"gzpt/kernels/plain"
	"gzpt/nn/data/picture"
	"gzpt/nn/rundir"
)

// ListOptions says where labels and splits come from.
type ListOptions struct {
	// Labels is "FILE:COLUMN": a table with a column image and the column that holds the labels. FILE is sought in the
	// folder of the data set, then in the working directory. An image that the table does not name has no label. [ByFolders]
	// takes the folder of an image for its label.
	Labels string
	// Split and Group name further columns of that table, or of items.csv where Labels is "". Where they are "" and
	// there is an items.csv, its own count; [NoColumn] leaves them out.
	Split, Group string
	// ImageColumn is the column of names in tables, "" for image.
	ImageColumn string
	// Exclude is patterns of [path.Match] for images to leave out, by whole name or, without a slash, by file or folder.
	Exclude []string
	// AllowOutside lets a manifest name images outside its folder; otherwise what a name leads to, links resolved, must lie
	// below it.
	AllowOutside bool
	// SkipBad lists what is wrong in Listing.Skips and goes on; otherwise the first such thing is an error.
	SkipBad bool
}

// Listing is the items of a data set, in the order of its manifest or by name.
type Listing struct {
	Items []Item
	// Skips is what SkipBad left out.
	Skips []Problem
	// Excluded is the images that Exclude leaves out: tables may name them. They have a name alone.
	Excluded []Item
	// Passed is what lies in the folder and is no item.
	Passed Passed
	// Notes is what was taken from elsewhere than was asked.
	Notes []string
}

const (
	// ByFolders, as the labels, takes the first folder of each image's name for its label: malignant/7.png is
	// malignant. Where all first folders are words of a split, they are that, and the second is the label:
	// train/malignant/7.png.
	ByFolders = "folders"
	// NoColumn, as the column of split or groups, means that there are none.
	NoColumn = "none"
)

const (
	manifestName = "items.csv"
	imagesName   = "images"
	imageColumn  = "image"
)

// ErrNoFolder says that where a data set was to be there is nothing.
var ErrNoFolder = errors.New("expected a folder of images or a manifest")

// List finds the images of a data set. root is a folder, or a manifest.
//
// A manifest, or a file items.csv in the folder, lists the items: a table with a column image, a path relative to it or to
// the folder images beside it, and if there are any the columns label, split and group; other columns are left to
// others. An image that has several gaze files or readers has several rows, which differ in nothing else that is known
// here. Without a manifest every image file in the folder and its subfolders is an item, or in the subfolder images where
// there is one. Names that begin with a dot are passed over, links to folders not followed, and run directories are no data.
//
// A missing image, a name that is listed twice, a label for an image that is not there or fits several: each is an error
// that names file and line, or with SkipBad an entry of Skips. Images are not opened.
func List(root string, o ListOptions) (*Listing, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("%w, %w", err, ErrNoFolder)
	}
	folder, manifest := root, filepath.Join(root, manifestName)
	if !info.IsDir() {
		if picture.Is(root) {
			return nil, fmt.Errorf("%s: an image, expected a folder of images or a manifest", root)
		}
		folder, manifest = filepath.Dir(root), root
	}
	if err := CheckPatterns(o.Exclude); err != nil {
		return nil, err
	}
	if info.IsDir() && rundir.Is(root) {
		return nil, fmt.Errorf("%s: a run directory, expected a folder of images or a manifest", root)
	}
	l := &lister{problems: problems{skipBad: o.SkipBad}, folder: folder, options: o}
	if _, err := os.Stat(manifest); err == nil {
		if err := l.readManifest(manifest); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	} else if err := l.walk(); err != nil {
		return nil, err
	} else if len(l.items) == 0 {
		return nil, fmt.Errorf("%s: %w, expected %s files%s", root, ErrNoImage, picture.Readable, l.passed.clause())
	} else if column := cmp.Or(columnOf(o.Split), columnOf(o.Group)); (o.Labels == "" || o.Labels == ByFolders) && column != "" {
		reason := fmt.Sprintf("no %s to read the column %q from, expected one or a table of labels", manifestName, column)
		return nil, Problem{File: folder, Reason: reason, Err: MissingColumn{column, reason}}
	}
	if err := l.label(); err != nil {
		return nil, err
	}
	if len(l.items) == 0 {
		return nil, fmt.Errorf("%s: %w, expected %s files%s", root, ErrNoImage, picture.Readable, reasons(l.skips))
	}
	return &Listing{Items: l.items, Skips: l.skips, Excluded: l.left, Passed: l.passed, Notes: l.notes}, nil
}

// ErrNoImage says that a folder holds no image.
var ErrNoImage = errors.New("no image")

// Named is the items of a data set whose images are not at hand, by their names, with the labels, splits and groups of a
// table: o.Labels, sought in folder first. No file but the table is looked at.
func Named(folder string, names []string, o ListOptions) (*Listing, error) {
	l := &lister{problems: problems{skipBad: o.SkipBad}, folder: folder, options: o}
	for _, name := range names {
		l.items = append(l.items, Item{Name: name})
	}
	if column := cmp.Or(columnOf(o.Split), columnOf(o.Group)); column != "" && (o.Labels == "" || o.Labels == ByFolders) {
		return nil, MissingColumn{column, fmt.Sprintf("no table to read the column %q from, expected one of labels", column)}
	}
	if err := l.label(); err != nil {
		return nil, err
	}
	return &Listing{Items: l.items, Skips: l.skips, Notes: l.notes}, nil
}

// columnOf is the column that an option names, "" for none.
func columnOf(option string) string {
	if option == NoColumn {
		return ""
	}
	return option
}

// reasons is the first of what was skipped, for an error that nothing is left.
func reasons(skips []Problem) string {
	if len(skips) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d skipped, the first: %v", len(skips), skips[0])
}

// lister is a data set being listed.
type lister struct {
	problems
	folder  string
	options ListOptions
	items   []Item
	left    []Item // by the options
	passed  Passed
	notes   []string
	found   *imageFiles // what files lists
}

// root is the folder that images are sought in.
func (l *lister) root() string {
	images := filepath.Join(l.folder, imagesName)
	if info, err := os.Stat(images); err == nil && info.IsDir() {
		return images
	}
	return l.folder
}

// rows calls each for every row of a table that has the needed columns; a Problem leaves out the row.
func (l *lister) rows(file string, each func(t *table) error, need ...string) error {
	content, err := input.ReadFile(file, input.Table/8)
	if err != nil {
		return err
	}
	t, err := newTable(file, content)
	if err != nil {
		return err
	}
	t.image = imageColumn
	if c := l.options.ImageColumn; c != "" && (filepath.Base(file) != manifestName || t.has(c)) {
		t.image = c
	}
	if err := t.need(t.image); err != nil {
		var p Problem
		if errors.As(err, &p) {
			p.Err = ErrImageColumn
			return p
		}
		return err
	}
	if err := t.need(need...); err != nil {
		return err
	}
	for row := 0; ; row++ {
		err := t.next()
		if err == io.EOF {
			return nil
		}
		if row == maxRows {
			return fmt.Errorf("%s: more than %d rows, expected a row for an image and a reader", file, maxRows)
		}
		if err == nil && t.name() == "" {
			err = t.problem("no name in the column " + t.image)
		}
		if err == nil {
			err = each(t)
		}
		if err := l.pass(err); err != nil {
			return err
		}
	}
}

// maxRows bounds the rows of a manifest and of a table of labels.
const maxRows = 1 << 21

// readManifest lists the rows of a manifest.
func (l *lister) readManifest(file string) error {
	split, group := "split", "group"
	var need []string
	if l.options.Labels == "" || l.options.Labels == ByFolders { // otherwise the columns are those of the labels
		need = []string{columnOf(l.options.Split), columnOf(l.options.Group)}
		split, group = columnOf(cmp.Or(l.options.Split, split)), columnOf(cmp.Or(l.options.Group, group))
	}
	first := map[string]int{}   // image -> item
	files := map[string]Item{}  // path -> the item that it was first
	rows := map[[3]string]int{} // image, gaze, reader -> line
	refused := map[string]bool{}
	left := map[string]bool{}
	return l.rows(file, func(t *table) error {
		item := Item{Name: t.name(), Label: t.word("label"), Split: t.word(split), Group: t.word(group), File: file, Line: t.line()}
		name := names.Clean(item.Name)
		row := [3]string{name, t.text("gaze"), t.text("reader")}
		if line, ok := rows[row]; ok {
			return item.problem(fmt.Errorf("listed already on line %d", line))
		}
		rows[row] = item.Line
		if l.excluded(name) {
			if !left[name] {
				left[name] = true
				l.leave(item.Name)
			}
			return nil
		}
		if refused[name] {
			return nil // a further reader of an image that is listed as lost
		}
		if i, ok := first[name]; ok {
			if a := l.items[i]; a.Label != item.Label || a.Split != item.Split || a.Group != item.Group {
				return item.problem(fmt.Errorf("listed already on line %d with another label, split or group", a.Line))
			}
			return nil
		}
		var err error
		if item.Path, err = l.locate(item.Name); err != nil {
			refused[name] = true
			return item.problem(err)
		}
		if a, ok := files[item.Path]; ok {
			refused[name] = true
			return item.problem(fmt.Errorf("the file of %q on line %d", a.Name, a.Line))
		}
		files[item.Path] = item
		first[name] = len(l.items)
		l.items = append(l.items, item)
		return nil
	}, need...)
}

// locate is the file of an image that a manifest names: where the name leads, or else the image of the folder that it
// means.
func (l *lister) locate(name string) (string, error) {
	path := filepath.FromSlash(names.Clean(name))
	candidates := slices.Compact([]string{
		filepath.Join(l.folder, filepath.FromSlash(name)), filepath.Join(l.folder, path), filepath.Join(l.folder, imagesName, path),
	})
	if filepath.IsAbs(path) {
		candidates = []string{path}
	}
	for _, c := range candidates {
		if info, err := os.Stat(c); err == nil && info.Mode().IsRegular() {
			return l.below(c)
		}
	}
	files, err := l.files()
	if err != nil {
		return "", err
	}
	i, err := files.index.Find(name)
	if names.IsMissing(err) {
		return "", fmt.Errorf("no such file, expected %s", strings.Join(candidates, " or "))
	}
	if err != nil {
		return "", err
	}
	return l.below(files.images[i].Path)
}

// below is a path that a manifest leads to, if it may.
func (l *lister) below(path string) (string, error) {
	if !l.options.AllowOutside && !input.Inside(l.folder, path) {
		return "", fmt.Errorf("%w, %s", ErrOutside, l.folder)
	}
	return path, nil
}

// ErrOutside says that a manifest names a file that lies elsewhere.
var ErrOutside = errors.New("lies outside the manifest's folder")

// imageFiles is the image files of a folder, by name.
type imageFiles struct {
	images []names.Image
	index  *names.Index
}

// files lists the image files of the folder, once.
func (l *lister) files() (*imageFiles, error) {
	if l.found == nil {
		all := &lister{folder: l.folder}
		if err := all.walk(); err != nil {
			return nil, err
		}
		images := named(all.items)
		l.found = &imageFiles{images, names.New(images)}
	}
	return l.found, nil
}

// named is items for the index of names.
func named(items []Item) []names.Image {
	images := make([]names.Image, len(items))
	for i, item := range items {
		images[i] = names.Image{Name: item.Name, Path: item.Path}
	}
	return images
}

// readLabels gives the items their labels, splits and groups from a table of their own.
func (l *lister) readLabels() error {
	name, column, _ := CutColumn(l.folder, l.options.Labels)
	if name == "" || column == "" {
		return fmt.Errorf("labels %q, expected FILE:COLUMN or "+ByFolders, l.options.Labels)
	}
	file, err := tableFile(l.folder, name)
	if err != nil {
		return err
	}
	index := names.New(named(slices.Concat(l.items, l.left)))
	lines := make([]int, len(l.items))
	l.forget()
	return l.rows(file, func(t *table) error {
		name := t.name()
		i, err := index.Find(name)
		if names.IsMissing(err) && plain.Restored(name) != name { // in items.csv of a run
			i, err = index.Find(plain.Restored(name))
		}
		if err != nil {
			reason := fmt.Sprintf("image %q %v", name, err)
			if root := l.root(); root != "" { // otherwise images are names alone
				reason += "; images of " + root
			}
			return Problem{File: file, Line: t.line(), Reason: reason}
		}
		if i >= len(l.items) {
			return nil // an image that is left out
		}
		if lines[i] > 0 {
			return Problem{File: file, Line: t.line(), Reason: fmt.Sprintf("image %q is listed already on line %d", name, lines[i])}
		}
		lines[i] = t.line()
		item := &l.items[i]
		item.Label = t.word(column)
		if c := columnOf(l.options.Split); c != "" {
			item.Split = t.word(c)
		}
		if c := columnOf(l.options.Group); c != "" {
			item.Group = t.word(c)
		}
		if item.File == "" {
			item.File, item.Line = file, t.line()
		}
		return nil
	}, column, columnOf(l.options.Split), columnOf(l.options.Group))
}

// ErrImageColumn says that a table has no column of images' names.
var ErrImageColumn = errors.New("no column of images' names")

// label gives the items the labels that the options name; without any they keep those of the manifest.
func (l *lister) label() error {
	switch l.options.Labels {
	case "":
		return nil
	case ByFolders:
		return l.labelByFolders()
	}
	return l.readLabels()
}

// forget takes from the items what a table of labels is to say: their labels, and their split and groups where the
// options name columns for them. Otherwise those of the manifest are kept, with a note.
func (l *lister) forget() {
	kept := map[string]bool{}
	for i := range l.items {
		item := &l.items[i]
		item.Label = ""
		if l.options.Split != "" {
			item.Split = ""
		} else if item.Split != "" {
			kept["the split"] = true
		}
		if l.options.Group != "" {
			item.Group = ""
		} else if item.Group != "" {
			kept["the groups"] = true
		}
	}
	for _, what := range slices.Sorted(maps.Keys(kept)) {
		l.notes = append(l.notes, what+" of "+manifestName+" kept beside other labels")
	}
}

// labelByFolders takes the labels, and where the first folders say so the split, from the names of folders.
func (l *lister) labelByFolders() error {
	splits, any := len(l.items) > 0, false
	for _, item := range l.items {
		top, _, inFolder := strings.Cut(strings.ReplaceAll(item.Name, `\`, "/"), "/")
		part, ok := SplitWord(top)
		splits, any = splits && inFolder && ok && part != "", any || inFolder
	}
	if !any {
		return fmt.Errorf("%s: no image lies in a folder of its class", l.root())
	}
	for i := range l.items {
		item := &l.items[i]
		parts := strings.Split(strings.ReplaceAll(item.Name, `\`, "/"), "/")
		parts = parts[:len(parts)-1]
		if splits {
			if l.options.Split == "" {
				item.Split, _ = SplitWord(parts[0])
			}
			parts = parts[1:]
		}
		if item.Label = ""; len(parts) > 0 {
			item.Label = parts[0]
		}
	}
	if splits && l.options.Split == "" {
		l.notes = append(l.notes, "the split is that of the first folders: train, val, test")
	}
	return nil
}

// CutColumn splits FILE:COLUMN at the last colon that stands behind a file, so that names of columns may have colons. Where none
// does, found is false and the cut is at the first. A file is sought in the folder of the data set, then in the working directory.
func CutColumn(folder, text string) (file, column string, found bool) {
	for i := len(text) - 1; i > 0; i-- {
		if text[i] != ':' {
			continue
		}
		if path, err := tableFile(folder, text[:i]); err == nil {
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return text[:i], text[i+1:], true
			}
		}
	}
	drive := filepath.VolumeName(text)
	file, column, _ = strings.Cut(text[len(drive):], ":")
	return drive + file, column, false
}

// tableFile is where a table lies that is sought in a folder, then in the working directory.
func tableFile(folder, name string) (string, error) {
	inside := filepath.Join(folder, name)
	if !filepath.IsAbs(name) {
		if _, err := os.Stat(inside); err == nil {
			return inside, nil
		}
	}
	if _, err := os.Stat(name); err != nil {
		return "", fmt.Errorf("labels: expected %s or %s: %w", inside, name, err)
	}
	return name, nil
}
