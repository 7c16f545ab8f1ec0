package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/kernels/names"
)

// ListOptions says where labels and splits come from.
type ListOptions struct {
	// Labels is "FILE:COLUMN": a table with a column image and the column that holds the labels. FILE is sought in the
	// folder of the data set, then in the working directory. An image that the table does not name has no label.
	Labels string
	// Split and Group name further columns of that table, or of items.csv where Labels is "".
	Split, Group string
	// SkipBad lists what is wrong in Listing.Skips and goes on; otherwise the first such thing is an error.
	SkipBad bool
}

// Listing is the items of a data set, in the order of its manifest or by name.
type Listing struct {
	Items []Item
	// Skips is what SkipBad left out.
	Skips []Problem
}

const (
	manifestName = "items.csv"
	imagesName   = "images"
	imageColumn  = "image"
)

// List finds the images of a data set. root is a folder, or a manifest.
//
// A manifest, or a file items.csv in the folder, lists the items: a table with a column image, a path relative to it or to
// the folder images beside it, and if there are any the columns label, split and group; other columns are left to
// others. An image that has several gaze files or readers has several rows, which differ in nothing else that is known
// here. Without a manifest every JPEG, PNG, TIFF, BMP or WebP file in the folder and its subfolders is an item, or in the
// subfolder images where there is one. Names that begin with a dot are passed over, and links to folders not followed.
//
// A missing image, a name that is listed twice, a label for an image that is not there or fits several: each is an error
// that names file and line, or with SkipBad an entry of Skips. Images are not opened.
func List(root string, o ListOptions) (*Listing, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	folder, manifest := root, filepath.Join(root, manifestName)
	if !info.IsDir() {
		if extensions[strings.ToLower(filepath.Ext(root))] {
			return nil, fmt.Errorf("%s: an image, expected a folder of images or a manifest", root)
		}
		folder, manifest = filepath.Dir(root), root
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
		return nil, fmt.Errorf("%s: %w, expected JPEG, PNG, TIFF, BMP or WebP files", root, ErrNoImage)
	} else if o.Labels == "" && o.Split+o.Group != "" {
		return nil, fmt.Errorf("%s: no %s to read the column %q from, expected one or a table of labels", folder, manifestName, o.Split+o.Group)
	}
	if o.Labels != "" {
		if err := l.readLabels(); err != nil {
			return nil, err
		}
	}
	if len(l.items) == 0 {
		return nil, fmt.Errorf("%s: %w, expected JPEG, PNG, TIFF, BMP or WebP files%s", root, ErrNoImage, reasons(l.skips))
	}
	return &Listing{Items: l.items, Skips: l.skips}, nil
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
	switch {
	case o.Labels != "":
		if err := l.readLabels(); err != nil {
			return nil, err
		}
	case o.Split+o.Group != "":
		return nil, fmt.Errorf("no table to read the column %q from, expected one of labels", o.Split+o.Group)
	}
	return &Listing{Items: l.items, Skips: l.skips}, nil
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

// walk lists the image files below the root.
func (l *lister) walk() error {
	root := l.root()
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return err
	}
	return filepath.WalkDir(resolved, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != resolved && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !extensions[strings.ToLower(filepath.Ext(path))] {
			return nil
		}
		name, err := filepath.Rel(resolved, path)
		if err != nil {
			return err
		}
		l.items = append(l.items, Item{Name: filepath.ToSlash(name), Path: filepath.Join(root, name)})
		return nil
	})
}

// rows calls each for every row of a table that has the needed columns; a Problem leaves out the row.
func (l *lister) rows(file string, each func(t *table) error, need ...string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	t, err := newTable(file, content)
	if err != nil {
		return err
	}
	if err := t.need(append(need, imageColumn)...); err != nil {
		return err
	}
	for {
		err := t.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && t.text(imageColumn) == "" {
			err = t.problem("no name in the column image")
		}
		if err == nil {
			err = each(t)
		}
		if err := l.pass(err); err != nil {
			return err
		}
	}
}

// readManifest lists the rows of a manifest.
func (l *lister) readManifest(file string) error {
	split, group := "split", "group"
	var need []string
	if l.options.Labels == "" { // otherwise the columns are those of the labels
		need = []string{l.options.Split, l.options.Group}
		split, group = cmp.Or(l.options.Split, split), cmp.Or(l.options.Group, group)
	}
	first := map[string]int{}   // image -> item
	files := map[string]Item{}  // path -> the item that it was first
	rows := map[[3]string]int{} // image, gaze, reader -> line
	refused := map[string]bool{}
	return l.rows(file, func(t *table) error {
		item := Item{Name: t.text(imageColumn), Label: t.text("label"), Split: t.text(split), Group: t.text(group), File: file, Line: t.line()}
		name := names.Clean(item.Name)
		row := [3]string{name, t.text("gaze"), t.text("reader")}
		if line, ok := rows[row]; ok {
			return item.problem(fmt.Errorf("listed already on line %d", line))
		}
		rows[row] = item.Line
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
			return c, nil
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
	return files.images[i].Path, nil
}

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
		images := all.named()
		l.found = &imageFiles{images, names.New(images)}
	}
	return l.found, nil
}

// named is the items for the index of names.
func (l *lister) named() []names.Image {
	images := make([]names.Image, len(l.items))
	for i, item := range l.items {
		images[i] = names.Image{Name: item.Name, Path: item.Path}
	}
	return images
}

// readLabels gives the items their labels, splits and groups from a table of their own.
func (l *lister) readLabels() error {
	i := strings.LastIndexByte(l.options.Labels, ':')
	if i < 1 || i == len(l.options.Labels)-1 {
		return fmt.Errorf("labels %q, expected FILE:COLUMN", l.options.Labels)
	}
	column := l.options.Labels[i+1:]
	file, err := l.labelsFile(l.options.Labels[:i])
	if err != nil {
		return err
	}
	index := names.New(l.named())
	lines := make([]int, len(l.items))
	for i := range l.items {
		l.items[i].Label, l.items[i].Split, l.items[i].Group = "", "", ""
	}
	return l.rows(file, func(t *table) error {
		name := t.text(imageColumn)
		i, err := index.Find(name)
		if err != nil {
			return Problem{File: file, Line: t.line(), Reason: fmt.Sprintf("image %q %v; images of %s", name, err, l.root())}
		}
		if lines[i] > 0 {
			return Problem{File: file, Line: t.line(), Reason: fmt.Sprintf("image %q is listed already on line %d", name, lines[i])}
		}
		lines[i] = t.line()
		item := &l.items[i]
		item.Label, item.Split, item.Group = t.text(column), t.text(l.options.Split), t.text(l.options.Group)
		if item.File == "" {
			item.File, item.Line = file, t.line()
		}
		return nil
	}, column, l.options.Split, l.options.Group)
}

func (l *lister) labelsFile(name string) (string, error) {
	inside := filepath.Join(l.folder, name)
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
