package formats

import (
	"fmt"
	"slices"
	"strings"

	"gzpt/gaze"
)

// naming finds the images that recordings name, and notes what it had to guess.
type naming struct {
	set    *Set
	lookup lookup
	images []Image
	bases  []int // the images in the order of their base names, once a name was not found
}

// find is the image of a recording.
func (n *naming) find(r gaze.Recording) (int, error) {
	if i, err := n.candidate(r); i >= 0 || err != nil {
		return i, err
	}
	name, what := r.Image, fmt.Sprintf("gaze for image %q", r.Image)
	if name == "" {
		name = base(r.File)
		what = fmt.Sprintf("gaze for an image that only the file's name, %q, tells", name)
	}
	problem := func(reason string) (int, error) {
		return 0, gaze.Problem{File: r.File, Line: r.Line, Reason: what + reason}
	}
	i, ok := n.lookup.named(name)
	if ok && i < 0 {
		return problem(", which fits several images; expected a name with its folder")
	} else if ok {
		if r.Image != "" {
			n.set.noteNumber(name, n.images[i].Name)
		}
		return i, nil
	}
	begin := n.beginning(name)
	switch len(begin) {
	case 0:
		return problem(", which is not among the images")
	case 1:
		n.set.noteFirst("cut off", "names of images are cut off in the gaze files: %q is taken for %q, the only image that begins so", name, n.images[begin[0]].Name)
		return begin[0], nil
	}
	return problem(fmt.Sprintf(", which is not among the images; %d of them begin so, as %q and %q", len(begin), n.images[begin[0]].Name, n.images[begin[1]].Name))
}

// named is the image of a name, -1 where several fit it.
func (l lookup) named(name string) (int, bool) {
	for k, key := range nameKeys {
		if i, ok := l[k][key(name)]; ok {
			return i, true
		}
	}
	return 0, false
}

// candidate is the image that one of the candidates for a recording's image names, less the last of them, which has to be
// sought only where no other is an image; -1 where there is none.
func (n *naming) candidate(r gaze.Recording) (int, error) {
	found, by := -1, ""
	for _, name := range r.Candidates[:max(len(r.Candidates)-1, 0)] {
		i, ok := n.lookup.named(name)
		switch {
		case !ok || i == found:
		case i < 0 || found >= 0:
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
