package formats

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

// format is one kind of file. A reader of a new kind registers itself from its own file.
type format struct {
	name string
	// about says in a line where such files come from.
	about string
	// sniff reports whether a file that begins with head, its first few kilobytes, is of this kind.
	sniff func(head []byte) bool
	// loose, if not nil, recognises files that hold too little to be claimed unasked: only where the format is named, or a
	// manifest names the file.
	loose func(head []byte) bool
	// read adds the file's recordings to s.set.
	read func(s *source) error
	// list, if not nil, is the gaze files of a data set's folder, subfolders included, or none where the folder is not laid
	// out as this kind. A format without it has its files in the folder itself.
	list func(dir string, o ReadOptions) ([]string, error)
	// perImage says that what a file means for an image depends on the image's name, source.image.
	perImage bool
	// extensions are the endings of the files, in lower case, where others than .csv, .tsv and .txt.
	extensions []string
}

var formats []format

func registerFormat(f format) {
	formats = append(formats, f)
	slices.SortFunc(formats, func(a, b format) int { return strings.Compare(a.name, b.name) })
}

// Formats is the names of all file formats, sorted.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// About says in a line where the files of a format come from, "" for a name that is none.
func About(name string) string {
	for _, f := range formats {
		if f.name == name {
			return f.about
		}
	}
	return ""
}

// ReadOptions says how files are read.
type ReadOptions struct {
	// Format is the name of a format; "" and "auto" recognise it by the file's beginning.
	Format string
	// Unit is the unit of positions, "px" or "norm", for tables that do not declare it themselves.
	Unit string
	// Samples takes the samples of a file, or of a data set's folder, that has both samples and the tracker's own
	// fixations, for a detector of package fixations to work on; otherwise such a file gives its fixations.
	Samples bool
	// Columns says which columns of a table are read, by role, for gaze that no format knows; see [ParseColumns].
	Columns Columns
	// AllowOutside lets a manifest name gaze outside its folder; otherwise what a name leads to, links resolved, must lie below it.
	AllowOutside bool
	// SkipBad lists what is wrong in Set.Skips and goes on; otherwise the first such thing is an error.
	SkipBad bool
	// Rate is how many samples a second a file has that gives no times; 0 means [DefaultRate]. Set.Notes says where it was
	// used.
	Rate float64
	// ImageFrom is the name of the variable of a trial, or of the column, that names its image, for files in which nothing
	// says which does: EyeLink's trial variables, Data Viewer's columns, those of BIDS's events, Gazepoint's.
	ImageFrom string
	// ShownHeight is how many pixels high the images were shown, for logs of positions on a resized image that do not say
	// it; 0 takes it from the program's config.json near the log, or its default. Set.Notes says which.
	ShownHeight float64
}

// DefaultRate is the rate of the Tobii 4C in samples a second, the tracker of the logs that give no times.
const DefaultRate = 90

// Set is the recordings of one or more files.
type Set struct {
	// Formats is the format of each file read, Files their names.
	Formats, Files []string
	Recordings     []gaze.Recording
	// Items is the rows of a manifest, nil where there is none.
	Items []Item
	// Dropped counts the fixations and samples that are left out of Recordings, or that are samples without a position.
	Dropped gaze.Dropped
	// Skips is what SkipBad left out.
	Skips []gaze.Problem
	// Notes is what reading had to assume where the files are silent, and what a data set itself marks as not to be used.
	Notes []string

	assumed map[string]string // file -> what it was taken for, where that may be wrong
	clipped tally             // the positions that clip has looked at
	noted   map[string]bool   // the kinds of notes of which one is enough
}

// noteFirst adds the first note of a kind.
func (set *Set) noteFirst(kind, format string, a ...any) {
	if !set.noted[kind] {
		if set.noted == nil {
			set.noted = map[string]bool{}
		}
		set.noted[kind] = true
		set.note(format, a...)
	}
}

// note adds a note, once.
func (set *Set) note(format string, a ...any) {
	if text := fmt.Sprintf(format, a...); !slices.Contains(set.Notes, text) {
		set.Notes = append(set.Notes, text)
	}
}

// Load reads the recordings of a file, or of all files of a folder (not of its subfolders) that hold gaze. A folder with
// an items.csv is read through that manifest, see [Item]. What no eye does, taken together, is an error that says what was
// assumed: a middle fixation above 10 s or below 10 ms, samples more than a second apart, nine of ten positions off the images.
func Load(path string, o ReadOptions) (*Set, error) {
	if o.Format == "auto" {
		o.Format = ""
	}
	if o.Format != "" && !slices.Contains(Formats(), o.Format) {
		return nil, fmt.Errorf("gaze format %q, expected auto, %s", o.Format, strings.Join(Formats(), ", "))
	}
	if o.Unit != "" && o.Unit != "px" && o.Unit != "norm" {
		return nil, fmt.Errorf("gaze unit %q, expected px or norm", o.Unit)
	}
	if !finite(o.Rate) || o.Rate < 0 || !finite(o.ShownHeight) || o.ShownHeight < 0 || o.ShownHeight > maxFrame {
		return nil, fmt.Errorf("gaze at %g samples a second on images %g pixels high, expected positive numbers", o.Rate, o.ShownHeight)
	}
	if err := o.mapping(); err != nil {
		return nil, err
	}
	set := &Set{}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		err = set.addFolder(path, o)
	default:
		err = set.addFile(path, o)
	}
	if err == nil {
		err = cmp.Or(set.clipped.allOff(""), set.implausible())
	}
	if err != nil {
		return nil, err
	}
	set.noteEmpty()
	set.noteShowings(o)
	return set, nil
}

// noteEmpty says how many recordings there are that hold no position at all.
func (set *Set) noteEmpty() {
	n := 0
	for _, r := range set.Recordings {
		if empty(r) {
			n++
		}
	}
	if n > 0 {
		set.note("%d of %d recordings are empty: the reader saw the image, and no gaze on it was recorded", n, len(set.Recordings))
	}
}

// empty reports whether a recording holds no position at all.
func empty(r gaze.Recording) bool {
	found := func(s gaze.Sample) bool { return !s.Lost() }
	return r.Map == nil && len(r.Fixations) == 0 && !slices.ContainsFunc(r.Samples, found)
}

const manifestName = "items.csv"

// ErrNoGaze says that no file of a folder holds gaze.
var ErrNoGaze = errors.New("no gaze file found")

func (set *Set) addFolder(dir string, o ReadOptions) error {
	manifest := filepath.Join(dir, manifestName)
	if _, err := os.Stat(manifest); err == nil && (o.Format == "" || o.Format == "manifest") {
		o.Format = "manifest"
		return set.addFile(manifest, o)
	}
	o = o.mapped()
	if done, err := set.addDataset(dir, o); done || err != nil {
		return err
	}
	files, err := gazeFiles(dir, o)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: %w, expected %s or a file of the format %s", dir, ErrNoGaze, manifestName, cmp.Or(o.Format, strings.Join(Formats(), ", ")))
	}
	for _, file := range files {
		if err := set.addFile(file, o); err != nil {
			return err
		}
	}
	return nil
}

// addDataset reads a folder that is laid out as a data set of one of the formats, and reports whether it is.
func (set *Set) addDataset(dir string, o ReadOptions) (bool, error) {
	for _, f := range formats {
		if f.list == nil || o.Format != "" && o.Format != f.name {
			continue
		}
		files, err := f.list(dir, o)
		if err != nil {
			return false, err
		}
		if len(files) == 0 {
			continue
		}
		o.Format = f.name
		for _, file := range files {
			if err := set.addFile(file, o); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, nil
}

// gazeFiles is the files of a folder that look like the named format, or like any but a manifest.
func gazeFiles(dir string, o ReadOptions) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		candidates := byExtension(e.Name(), o.Format)
		if len(candidates) == 0 {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		found, err := recognise(path)
		if err == nil && o.Format != "" && len(found) == 0 {
			found, err = recogniseLoosely(path)
		}
		if err != nil {
			return nil, err
		}
		if o.Columns != nil && o.Columns.in(path) {
			files = append(files, path)
			continue
		}
		if slices.ContainsFunc(found, func(f format) bool { return slices.Contains(candidates, f.name) }) {
			files = append(files, path)
		}
	}
	return files, nil
}

// byExtension is the formats, or of them the named one, whose files end as this one does. A manifest must be named.
func byExtension(file, name string) []string {
	var found []string
	for _, f := range formats {
		extensions := f.extensions
		if extensions == nil {
			extensions = []string{".csv", ".tsv", ".txt"}
		}
		if (f.name == name || name == "" && f.name != "manifest") &&
			slices.ContainsFunc(extensions, func(e string) bool { return strings.HasSuffix(strings.ToLower(file), e) }) {
			found = append(found, f.name)
		}
	}
	return found
}

// headSize is how much of a file's beginning tells its format.
const headSize = 8 << 10

// recognise is the formats that a file's beginning fits.
func recognise(path string) ([]format, error) {
	return matching(path, func(f format, head []byte) bool { return f.sniff(head) })
}

// recogniseLoosely is the formats that may be meant where a file is named as one of gaze.
func recogniseLoosely(path string) ([]format, error) {
	return matching(path, func(f format, head []byte) bool { return f.loose != nil && f.loose(head) })
}

// matching is the formats for which a file's beginning passes a test.
func matching(path string, fits func(f format, head []byte) bool) ([]format, error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var found []format
	for _, candidate := range formats {
		if fits(candidate, head[:n]) {
			found = append(found, candidate)
		}
	}
	return found, nil
}

// Recognise is the names of the formats that a file's beginning fits.
func Recognise(path string) ([]string, error) {
	found, err := recognise(path)
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = f.name
	}
	return names, err
}

// pick is the format to read a file with.
func pick(path, name string) (format, error) {
	if name != "" {
		return formats[slices.Index(Formats(), name)], nil
	}
	found, err := recognise(path)
	if err != nil {
		return format{}, err
	}
	return one(path, found)
}

// pickNamed is the format to read a file with that a manifest names.
func pickNamed(path, name string) (format, error) {
	if name != "" {
		return pick(path, name)
	}
	found, err := recognise(path)
	if err == nil && len(found) == 0 {
		found, err = recogniseLoosely(path)
	}
	if err != nil {
		return format{}, err
	}
	return one(path, found)
}

// one is the only format of those that fit a file.
func one(path string, found []format) (format, error) {
	switch len(found) {
	case 0:
		if info, err := os.Stat(path); err == nil && info.Size() == 0 {
			return format{}, gaze.Problem{File: path, Reason: "the file is empty, expected gaze"}
		}
		return format{}, gaze.Problem{File: path, Reason: "the header fits no known gaze format: " + strings.Join(Formats(), ", ")}
	case 1:
		return found[0], nil
	}
	return format{}, gaze.Problem{File: path, Reason: fmt.Sprintf("the header fits %s and %s; name the format", found[0].name, found[1].name)}
}

// addFile reads one file into the set.
func (set *Set) addFile(path string, o ReadOptions) error { return set.addFileFor(path, "", o) }

// addFileFor reads one file into the set, for an image that a manifest names, "" where none does.
func (set *Set) addFileFor(path, image string, o ReadOptions) error {
	f, err := pick(path, o.mapped().Format)
	if err != nil {
		return err
	}
	file, err := input.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	s := &source{file: path, image: image, reader: file, options: o, set: set, problems: problems{skipBad: o.SkipBad}}
	if err := f.read(s); err != nil {
		return err
	}
	set.Formats = append(set.Formats, f.name)
	set.Files = append(set.Files, path)
	set.Skips = append(set.Skips, s.skips...)
	return nil
}

// source is a file being read.
type source struct {
	problems
	file    string
	image   string // for formats with perImage
	reader  io.Reader
	options ReadOptions
	set     *Set
}

// rows calls each for every row of a table; a Problem that each or the table returns leaves out the row.
func (s *source) rows(t *table, each func() error) error {
	for {
		err := t.next()
		if err == io.EOF {
			return nil
		}
		if t.failed != nil {
			return s.pass(err)
		}
		if err == nil {
			err = each()
		}
		if err := s.pass(err); err != nil {
			return err
		}
	}
}
