package data

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/nn/data/picture"
	"gzpt/nn/rundir"
)

// Passed counts what lies in a folder and is no item.
type Passed struct {
	// Files is by extension in lower case, without those of tables and texts.
	Files map[string]int
	// Links is links to folders, Runs run directories, Excluded images that Exclude leaves out, and Beside images that lie
	// beside the folder images and not in it.
	Links, Runs, Excluded, Beside int
}

// Unasked reports whether something is passed over that nobody has asked to be.
func (p Passed) Unasked() bool { return len(p.Files)+p.Links+p.Beside > 0 }

// String is the counts in a line, "" where there are none.
func (p Passed) String() string {
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	total, kinds := 0, []string{}
	for _, extension := range slices.Sorted(maps.Keys(p.Files)) {
		total += p.Files[extension]
		name := extension
		if name == "" {
			name = "without an extension"
		}
		kinds = append(kinds, fmt.Sprintf("%s %d", name, p.Files[extension]))
	}
	of := " (" + strings.Join(kinds, ", ") + ")"
	count(total, "file"+of, "files"+of)
	count(p.Links, "linked folder", "linked folders")
	count(p.Beside, "image beside the folder images", "images beside the folder images")
	count(p.Runs, "run directory", "run directories")
	count(p.Excluded, "excluded image", "excluded images")
	return strings.Join(parts, ", ")
}

// clause is what is passed over, for an error that nothing is left.
func (p Passed) clause() string {
	if text := p.String(); text != "" {
		return "; passed over: " + text
	}
	return ""
}

// noPictures is the extensions of files that nobody takes for a picture: tables, texts, gaze and what programs leave.
var noPictures = map[string]bool{".csv": true, ".tsv": true, ".txt": true, ".json": true, ".jsonl": true, ".xml": true, ".html": true, ".md": true,
	".xls": true, ".xlsx": true, ".asc": true, ".edf": true, ".log": true, ".npy": true, ".npz": true, ".py": true, ".yaml": true, ".yml": true,
	".pdf": true, ".safetensors": true, ".pth": true, ".pt": true}

// walk lists the image files below the root and counts what it passes over.
func (l *lister) walk() error {
	root := l.root()
	err := l.each(root, func(name string, d fs.DirEntry) {
		extension := strings.ToLower(path.Ext(name))
		inner := extension
		if extension == ".gz" { // what is compressed counts
			inner = strings.ToLower(path.Ext(strings.TrimSuffix(name, path.Ext(name))))
			extension = inner + extension
		}
		switch {
		case l.excluded(name):
			if picture.Is(name) {
				l.leave(name)
			}
		case linkedFolder(filepath.Join(root, name), d):
			l.passed.Links++
		case picture.Is(name):
			l.items = append(l.items, Item{Name: name, Path: filepath.Join(root, name)})
		case !noPictures[inner]:
			if l.passed.Files == nil {
				l.passed.Files = map[string]int{}
			}
			l.passed.Files[extension]++
		}
	})
	if err != nil || root == l.folder {
		return err
	}
	return l.each(l.folder, func(name string, _ fs.DirEntry) {
		if picture.Is(name) && !strings.HasPrefix(name, imagesName+"/") && !l.excluded(name) {
			l.passed.Beside++
		}
	})
}

// each calls visit for every file below a folder whose name does not begin with a dot, by its path below the folder with
// slashes. Folders that are hidden so and run directories are left out.
func (l *lister) each(folder string, visit func(name string, d fs.DirEntry)) error {
	resolved, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return err
	}
	return filepath.WalkDir(resolved, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == resolved:
			return nil
		case strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if rundir.Is(path) {
				l.passed.Runs++
				return fs.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(resolved, path)
		if err == nil {
			visit(filepath.ToSlash(name), d)
		}
		return err
	})
}

func linkedFolder(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// excluded reports whether a pattern fits an image's name: the whole of it if the pattern has a slash, otherwise the
// file or one of its folders. The patterns have been checked.
func (l *lister) excluded(name string) bool {
	for _, pattern := range l.options.Exclude {
		parts := []string{name}
		if !strings.Contains(pattern, "/") {
			parts = strings.Split(name, "/")
		}
		for _, part := range parts {
			if fits, _ := path.Match(pattern, part); fits {
				return true
			}
		}
	}
	return false
}

// leave leaves out an image.
func (l *lister) leave(name string) {
	l.left = append(l.left, Item{Name: name})
	l.passed.Excluded++
}

// CheckPatterns says which pattern [path.Match] does not take.
func CheckPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return fmt.Errorf("pattern %q, expected a name with *, ? and [a-z] for what may differ", pattern)
		}
	}
	return nil
}
