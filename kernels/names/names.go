// Package names finds the image that a name means. Tables of labels, gaze files, manifests and relations name images in
// many ways: with the folders of another machine or none, with backslashes, in another Unicode form, with another
// extension or none. One rule for all of them lives here, and takes the same time for a name whatever the number of images.
package names

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// Image is an image that names are sought among.
type Image struct {
	// Name is what the data set calls it, with folders that are part of the name.
	Name string
	// Path is its file, "" where that is not known. The folders above the name may be part of what it is called elsewhere.
	Path string
}

// Index finds images by name. It is built once and not changed, so several goroutines may ask it.
type Index struct {
	images []Image
	flat   bool           // no image has a folder in its name
	whole  map[string]int // the first image of a clean name
	exact  *tree          // with extensions
	stems  func() *tree   // without known extensions: made for the first name that needs it
}

// New makes the index of the images. Of images with one name the first is found; First tells them apart.
func New(images []Image) *Index {
	x := &Index{images: images, flat: true, whole: make(map[string]int, len(images)), exact: newTree(len(images))}
	for i, image := range images {
		name := Clean(image.Name)
		if _, ok := x.whole[name]; !ok {
			p := parts(name)
			x.whole[name] = i
			x.exact.add(i, p)
			x.flat = x.flat && len(p) == 1
		}
	}
	x.stems = sync.OnceValue(func() *tree {
		t := newTree(len(images))
		for i, image := range images {
			if x.First(i) == i {
				t.add(i, stemmed(parts(Clean(image.Name))))
			}
		}
		return t
	})
	return x
}

// First is the first image whose clean name is that of image i: i, if no other before it has its name.
func (x *Index) First(i int) int { return x.whole[Clean(x.images[i].Name)] }

// Find is the image that a name means. The strictest form wins:
//
//  1. the whole name;
//  2. the name as the end of an image's path, b.png or a/b.png for x/a/b.png, or an image's path, with at least one folder,
//     as the end of the name: /data/x/a/b.png. The folders above an image's name, where its file is known, count;
//  3. both without regard to a known extension of either, so that b and b.dcm mean x/a/b.png.
//
// Slashes are those of either system, and names are compared in Unicode's form NFC, extensions without regard to case. What
// follows a dot and is no extension of an image belongs to the name. The error, a *Missing or an *Ambiguous, reads on after
// "image NAME": a name that fits no image, or has a folder that none has, or that fits several as well.
func (x *Index) Find(name string) (int, error) {
	i, _, err := x.find(name)
	return i, err
}

// FindElsewhere is Find for the name that another computer gave to its file, such as a tracker or other code: its folders
// are of no account where no image of the data set has one, so that folders tell nothing apart.
func (x *Index) FindElsewhere(name string) (int, error) {
	i, err := x.Find(name)
	if IsMissing(err) && x.flat {
		return x.Find(path.Base(Clean(name)))
	}
	return i, err
}

// find is Find, and counts the parts of names that were looked up.
func (x *Index) find(name string) (i, lookups int, err error) {
	name = Clean(name)
	if i, ok := x.whole[name]; ok {
		return i, 1, nil
	}
	p, t := parts(name), x.exact
	missing := &Missing{}
	for k := range 2 {
		if k == 1 {
			p, t = stemmed(p), x.stems()
		}
		walked := t.walk(p)
		lookups += len(walked) + 1
		switch fits := x.fits(t, walked, p); {
		case fits.count == 1:
			return int(fits.first[0]), lookups, nil
		case fits.count > 1:
			return 0, lookups, x.ambiguous(fits)
		case len(walked) > 0:
			missing.Near = x.images[t.nodes[walked[0]].below.first[0]].Name
		}
	}
	return 0, lookups, missing
}

// fits is the images that the parts of a name mean, of those on the nodes that they led to.
func (x *Index) fits(t *tree, walked []int32, p []string) group {
	var whole, end group // images whose path has all parts of the name, and the one that is the longest end of it
	if len(walked) == len(p) {
		last := &t.nodes[walked[len(p)-1]]
		if last.ends.count > 0 {
			return last.ends
		}
		whole = last.below
	}
	for d := min(len(walked), len(p)-1); d > 0; d-- {
		ends := t.nodes[walked[d-1]].ends
		if ends.count == 0 {
			continue
		}
		above := x.above(int(ends.first[0]), d, p[d:])
		switch {
		case d+above == len(p):
			whole = whole.join(ends)
		case end.count == 0 && d-1+above > 0:
			end = ends
		}
	}
	if whole.count > 0 {
		return whole
	}
	return end
}

// above is how many of the folders, the innermost first, lie above the d parts of an image's name in its file's path.
func (x *Index) above(image, d int, folders []string) int {
	file := x.images[image].Path
	if file == "" || len(folders) == 0 {
		return 0
	}
	shared := func() (n int, all bool) {
		p := parts(Clean(file))
		for n < len(folders) && d+n < len(p) && p[d+n] == folders[n] {
			n++
		}
		return n, d+n >= len(p)
	}
	n, all := shared()
	if all && !filepath.IsAbs(file) { // the folders above that in which the program runs
		if absolute, err := filepath.Abs(file); err == nil {
			file = absolute
			n, _ = shared()
		}
	}
	return n
}

// Clean is the form in which names are compared whole: slashes, without what leads nowhere, in Unicode's form NFC.
func Clean(name string) string {
	return path.Clean(strings.ReplaceAll(norm.NFC.String(name), `\`, "/"))
}

// parts is the parts of a clean name, the last first, with its extension in lower case. What leads up or to a root or a
// drive is no part.
func parts(name string) []string {
	p := make([]string, 0, 1+strings.Count(name, "/"))
	for more := true; more; {
		slash := strings.LastIndexByte(name, '/')
		part := name[slash+1:]
		if more = slash >= 0; more {
			name = name[:slash]
		}
		drive := !more && len(part) == 2 && part[1] == ':'
		if part != "" && part != ".." && !drive {
			p = append(p, part)
		}
	}
	if len(p) == 0 {
		return []string{""}
	}
	stem := Stem(p[0])
	p[0] = stem + strings.ToLower(p[0][len(stem):])
	return p
}

// stemmed is the parts without the extension.
func stemmed(parts []string) []string {
	parts[0] = Stem(parts[0])
	return parts
}

// extensions are those of files of images; what else follows a dot belongs to the name, such as the numbers of a DICOM UID.
var extensions = map[string]bool{}

func init() {
	for _, e := range strings.Fields(`.png .jpg .jpeg .jpe .jfif .jp2 .tif .tiff .bmp .dib .webp .gif .pbm .pgm .ppm .pnm .heic .avif
		.dcm .dicom .ima .nii .nii.gz .mha .mhd .nrrd`) {
		extensions[e] = true
	}
}

// Stem is a name without the extension of an image, if it has one that is known and not all of its last part.
func Stem(name string) string {
	extension := path.Ext(name)
	if strings.EqualFold(extension, ".gz") {
		extension = name[len(name)-len(extension)-len(path.Ext(strings.TrimSuffix(name, extension))):]
	}
	stem := name[:len(name)-len(extension)]
	if !extensions[strings.ToLower(extension)] || stem == "" || strings.HasSuffix(stem, "/") {
		return name
	}
	return stem
}

// Same reports whether either name means the other's image.
func Same(a, b string) bool {
	_, there := New([]Image{{Name: b}}).Find(a)
	_, back := New([]Image{{Name: a}}).Find(b)
	return there == nil || back == nil
}

// Missing is the error of a name that means no image.
type Missing struct {
	// Near is an image whose name without folders is the same, "" for none.
	Near string
}

func (e *Missing) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("is not among the images; %q lies in another folder", e.Near)
	}
	return "is not among the images"
}

// Ambiguous is the error of a name that means several images.
type Ambiguous struct {
	// Candidates are the first few of them, Count is how many there are.
	Candidates []string
	Count      int
}

func (e *Ambiguous) Error() string {
	text := strings.Join(e.Candidates, ", ")
	if more := e.Count - len(e.Candidates); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return "fits several images; expected a name with its folder, for one of " + text
}

// IsMissing and IsAmbiguous report whether an error of Find is of the one kind or the other.
func IsMissing(err error) bool {
	_, ok := errors.AsType[*Missing](err)
	return ok
}

func IsAmbiguous(err error) bool {
	_, ok := errors.AsType[*Ambiguous](err)
	return ok
}

func (x *Index) ambiguous(fits group) *Ambiguous {
	e := &Ambiguous{Count: int(fits.count)}
	for _, i := range fits.first[:min(len(fits.first), e.Count)] {
		e.Candidates = append(e.Candidates, x.images[i].Name)
	}
	return e
}
