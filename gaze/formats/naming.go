package formats

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/names"
)

// naming finds the images that recordings name, and notes what it had to guess.
type naming struct {
	set    *Set
	index  *names.Index
	images []Image
	seen   map[shown]string
	bases  []int // the images in the order of their base names, once a name was not found
}

// find is the image of a recording.
func (n *naming) find(r gaze.Recording) (int, error) {
	if i, err := n.candidate(r); i >= 0 || err != nil {
		return i, err
	}
	name, what := r.Image, fmt.Sprintf("gaze for image %q", r.Image)
	i, err := n.index.FindElsewhere(name)
	if name == "" {
		name = base(r.File)
		what = fmt.Sprintf("gaze for an image that only the file's name, %q, tells", name)
		if i, err = n.index.Find(name); err != nil {
			i, err = n.index.Find(strings.TrimSuffix(name, filepath.Ext(name)))
		}
	}
	problem := func(format string, args ...any) (int, error) {
		return 0, gaze.Problem{File: r.File, Line: r.Line, Reason: what + fmt.Sprintf(format, args...)}
	}
	if err == nil {
		if r.Image != "" {
			n.set.noteNumber(name, n.images[i].Name)
		}
		return i, n.oneName(r, i)
	}
	if names.IsAmbiguous(err) {
		return problem(", which %v", err)
	}
	begin := n.beginning(name)
	switch len(begin) {
	case 0:
		return problem(", which %v", err)
	case 1:
		n.set.noteFirst("cut off", "names of images are cut off in the gaze files: %q is taken for %q, the only image that begins so", name, n.images[begin[0]].Name)
		return begin[0], nil
	}
	return problem(", which is not among the images; %d of them begin so, as %q and %q", len(begin), n.images[begin[0]].Name, n.images[begin[1]].Name)
}

// shown is an image by one file.
type shown struct {
	file  string
	image int
}

// oneName refuses a file in which two names with different folders mean one image: they are two images elsewhere.
func (n *naming) oneName(r gaze.Recording, i int) error {
	if r.Image == "" {
		return nil
	}
	name, key := names.Clean(r.Image), shown{r.File, i}
	first, ok := n.seen[key]
	if !ok {
		n.seen[key] = name
	} else if path.Dir(first) != path.Dir(name) && !names.Same(first, name) {
		return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q, which means %q, as %q does; expected images in folders that tell both apart",
			r.Image, n.images[i].Name, first)}
	}
	return nil
}

// candidate is the image that one of the candidates for a recording's image names, less the last of them, which has to be
// sought only where no other is an image; -1 where there is none.
func (n *naming) candidate(r gaze.Recording) (int, error) {
	found, by := -1, ""
	for _, name := range r.Candidates[:max(len(r.Candidates)-1, 0)] {
		i, err := n.index.FindElsewhere(name)
		switch {
		case names.IsMissing(err) || err == nil && i == found:
		case err != nil || found >= 0:
			return 0, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("a trial whose image may be %q or %q, both of which are among the images; expected one, or the name of the variable that tells it", by, name)}
		default:
			found, by = i, name
		}
	}
	if found >= 0 {
		n.set.noteNumber(by, n.images[found].Name)
	}
	return found, nil
}

// noteNumber says that a bare number was taken for the name of an image.
func (set *Set) noteNumber(name, image string) {
	if name != "" && strings.Trim(name, "0123456789") == "" && name != base(image) {
		set.noteFirst("number", "numbers are taken for names of images, as %s for %q: name the column or the variable that tells the image if they are not", name, image)
	}
}

// leastBeginning is how much of a name there must be: a short one begins many.
const leastBeginning = 8

// beginning is the images whose names begin as a name that was cut off does, at most three.
func (n *naming) beginning(name string) []int {
	name = base(name)
	if len(name) < leastBeginning {
		return nil
	}
	if n.bases == nil {
		n.bases = make([]int, len(n.images))
		for i := range n.bases {
			n.bases[i] = i
		}
		slices.SortFunc(n.bases, func(a, b int) int { return strings.Compare(base(n.images[a].Name), base(n.images[b].Name)) })
	}
	at, _ := slices.BinarySearchFunc(n.bases, name, func(i int, name string) int { return strings.Compare(base(n.images[i].Name), name) })
	end := at
	for end < len(n.bases) && end < at+3 && strings.HasPrefix(base(n.images[n.bases[end]].Name), name) {
		end++
	}
	return n.bases[at:end]
}

// base is the name without folders, of either kind of path.
func base(name string) string {
	return name[strings.LastIndexAny(name, `/\`)+1:]
}
