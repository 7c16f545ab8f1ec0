package formats

import (
	"fmt"
	"math"

	"gzpt/gaze"
)

// Image is an image of the data set that recordings are sought for.
type Image struct {
	// Name is its path relative to the folder of images, or whatever the gaze files call it.
	Name string
	// Width and Height are the stored image's size in pixels, 0 where unknown.
	Width, Height int
	// File and Line say where the image is listed.
	File string
	Line int
}

// Align sorts the recordings to the images: perItem[i] is those of images[i], in the order of the files. Names are
// compared whole, then without folders, then without extension, and must fit one image only.
//
// Gaze without an image, an image without gaze, an image that is listed twice, a recording whose frame is of another
// shape than its image: each is an error that says where, or with skipBad an entry of skips. A skipped image without
// gaze keeps its place, with no recording.
func (set *Set) Align(images []Image, skipBad bool) (perItem [][]gaze.Recording, skips []gaze.Problem, err error) {
	c := problems{skipBad: skipBad}
	lookup, err := c.index(images)
	if err != nil {
		return nil, nil, err
	}
	perItem = make([][]gaze.Recording, len(images))
	for _, r := range set.Recordings {
		i, err := lookup.find(r)
		if err == nil {
			r, err = set.fit(r, images[i])
		}
		if err == nil {
			perItem[i] = append(perItem[i], r)
		} else if err := c.pass(err); err != nil {
			return nil, nil, err
		}
	}
	for i, image := range images {
		if len(perItem[i]) > 0 {
			continue
		}
		if err := c.pass(gaze.Problem{File: image.File, Line: image.Line, Reason: fmt.Sprintf("image %q has no gaze", image.Name)}); err != nil {
			return nil, nil, err
		}
	}
	return perItem, c.skips, nil
}

// lookup finds images by name, one map for each of nameKeys; -1 stands for several images.
type lookup []map[string]int

func (c *problems) index(images []Image) (lookup, error) {
	l := make(lookup, len(nameKeys))
	for k, key := range nameKeys {
		l[k] = map[string]int{}
		for i, image := range images {
			name := key(image.Name)
			first, ok := l[k][name]
			switch {
			case !ok:
				l[k][name] = i
			case k > 0:
				l[k][name] = -1
			default:
				if err := c.pass(gaze.Problem{File: image.File, Line: image.Line, Reason: fmt.Sprintf("image %q is listed already on line %d", image.Name, images[first].Line)}); err != nil {
					return nil, err
				}
			}
		}
	}
	return l, nil
}

func (l lookup) find(r gaze.Recording) (int, error) {
	for k, key := range nameKeys {
		i, ok := l[k][key(r.Image)]
		switch {
		case ok && i < 0:
			return 0, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q, which fits several images; expected a name with its folder", r.Image)}
		case ok:
			return i, nil
		}
	}
	return 0, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q, which is not among the images", r.Image)}
}

// maxShear is how much the shape (width over height) of a recording's frame may differ from its image's: room for sizes
// that were rounded, not for a rotated or cropped image.
const maxShear = 0.1

// fit gives a recording the frame of its image where the file has none, and compares the shapes where both are known.
func (set *Set) fit(r gaze.Recording, image Image) (gaze.Recording, error) {
	width, height := float64(image.Width), float64(image.Height)
	known := image.Width > 0 && image.Height > 0
	switch {
	case r.Width == 0 && !known:
		return r, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q in pixels of an unknown frame; expected columns width and height", r.Image)}
	case r.Width == 0:
		if r.Height > 0 { // shown that many pixels high, in the image's own shape, which a program rounds down
			width, height = max(1, math.Floor(r.Height*width/height)), r.Height
		}
		r.Width, r.Height = width, height
		r.Fixations = append([]gaze.Fixation(nil), r.Fixations...)
		return r, set.clip(&r)
	case !known:
		return r, nil
	case r.Width == 1 && r.Height == 1:
		return r.Scaled(width, height), nil
	case math.Abs(math.Log(r.Width*height/(r.Height*width))) > maxShear:
		return r, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q in a frame of %g x %g, but the image is %d x %d: another shape",
			r.Image, r.Width, r.Height, image.Width, image.Height)}
	}
	return r, nil
}
