package formats

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"

	"gzpt/gaze"
	"gzpt/kernels/names"
)

// Image is an image of the data set that recordings are sought for.
type Image struct {
	// Name is its path relative to the folder of images, or whatever the gaze files call it.
	Name string
	// Path is its file, "" where it is not known: gaze may name folders above Name.
	Path string
	// Width and Height are the stored image's size in pixels, 0 where unknown.
	Width, Height int
	// File and Line say where the image is listed.
	File string
	Line int
}

// AlignOptions says how recordings are brought onto images.
type AlignOptions struct {
	// SkipBad lists what is wrong and goes on; otherwise the first such thing is an error.
	SkipBad bool
	// KeepBare keeps the place of an image without gaze, with no recording; otherwise it is wrong.
	KeepBare bool
	// Placement is where the images were shown, for recordings of a screen.
	Placement Placement
	// ScreenWidth and ScreenHeight are the size of the screen in pixels, for recordings of a screen whose file does not
	// say; 0 where it is not known.
	ScreenWidth, ScreenHeight float64
	// Resolution is the pixels per degree of visual angle in the frame that was recorded (the screen, for recordings of a
	// screen), for files that do not say.
	Resolution gaze.Resolution
}

// Align sorts the recordings to the images: perItem[i] is those of images[i], in the order of the files, in a frame of
// the image's shape. Names mean images as package names says of those given elsewhere; where a file names no image, its own name
// does, with or without what follows its last dot. A name that was cut off fits the one image that begins so. A recording of
// a screen is mapped to the image by where the file says it was, or by o.Placement; fixations that fall off the image are
// then dropped and counted, samples stay. Set.Notes says which names were guessed, what contradicts the options,
// and whether all positions are in one corner.
//
// Gaze without an image, an image without gaze, an empty recording, an image that is listed twice, a recording whose frame
// is of another shape than its image, a screen of unknown size: each is an error that says where, or with SkipBad an entry
// of skips. A skipped image without gaze keeps its place, with no recording. Nine of ten positions off their images are an
// error in either case.
func (set *Set) Align(images []Image, o AlignOptions) (perItem [][]gaze.Recording, skips []gaze.Problem, err error) {
	c := problems{skipBad: o.SkipBad}
	index, err := c.index(images)
	if err != nil {
		return nil, nil, err
	}
	set.clipped = tally{}
	named := naming{set: set, index: index, images: images, seen: map[shown]string{}}
	perItem = make([][]gaze.Recording, len(images))
	for _, r := range set.Recordings {
		i, err := named.find(r)
		if err == nil {
			r.Image = cmp.Or(r.Image, images[i].Name)
			if empty(r) {
				err = gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("image %q, reader %q: an empty recording, without fixations or samples", r.Image, r.Reader)}
			} else {
				r, err = set.fit(r, images[i], o)
			}
		}
		if err == nil {
			perItem[i] = append(perItem[i], r)
		} else if err := c.pass(err); err != nil {
			return nil, nil, err
		}
	}
	if err := set.clipped.allOff(o.assumed()); err != nil {
		return nil, nil, err
	}
	set.noteCorner(perItem)
	for i, image := range images {
		if len(perItem[i]) > 0 || o.KeepBare {
			continue
		}
		if err := c.pass(gaze.Problem{File: image.File, Line: image.Line, Reason: fmt.Sprintf("image %q has no gaze", image.Name)}); err != nil {
			return nil, nil, err
		}
	}
	return perItem, c.skips, nil
}

// index is the images by name; one that is listed twice is a problem.
func (c *problems) index(images []Image) (*names.Index, error) {
	named := make([]names.Image, len(images))
	for i, image := range images {
		named[i] = names.Image{Name: image.Name, Path: image.Path}
	}
	index := names.New(named)
	for i, image := range images {
		if first := index.First(i); first != i {
			if err := c.pass(gaze.Problem{File: image.File, Line: image.Line, Reason: fmt.Sprintf("image %q is listed already on line %d", image.Name, images[first].Line)}); err != nil {
				return nil, err
			}
		}
	}
	return index, nil
}

// maxShear is how much the shape (width over height) of a recording's frame may differ from its image's: room for sizes
// that were rounded, not for a rotated or cropped image.
const maxShear = 0.1

// fit brings a recording into the frame of its image: from a screen by the placement, from an unknown frame by taking it
// for the image's. Where the file has a frame of its own the shapes are compared, and it stays.
func (set *Set) fit(r gaze.Recording, image Image, o AlignOptions) (gaze.Recording, error) {
	if r.Screen {
		return set.place(r, image, o)
	}
	set.noteContradiction(r, o)
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
		r.Resolution = r.Resolution.Or(o.Resolution)
		r.Fixations = append([]gaze.Fixation(nil), r.Fixations...)
		return r, set.clip(&r)
	case r.Width == 1 && r.Height == 1 && known:
		r = r.Scaled(width, height)
	case known && math.Abs(math.Log(r.Width*height/(r.Height*width))) > maxShear:
		return r, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q in a frame of %g x %g, but the image is %d x %d: another shape",
			r.Image, r.Width, r.Height, image.Width, image.Height)}
	}
	if r.Width > 1 {
		r.Resolution = r.Resolution.Or(o.Resolution)
	}
	return r, nil
}

// place maps a recording of a screen to its image.
func (set *Set) place(r gaze.Recording, image Image, o AlignOptions) (gaze.Recording, error) {
	unknown := func(what string) (gaze.Recording, error) {
		return r, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q is on a screen, but the size of the %s in pixels is not known", r.Image, what)}
	}
	if r.Map != nil {
		return r, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("a heat map of the screen for image %q, expected one of the image", r.Image)}
	}
	if image.Width <= 0 || image.Height <= 0 {
		return unknown("image")
	}
	set.noteContradiction(r, o)
	if r.Place != nil {
		o.Placement = stated(*r.Place, image)
	}
	screen := o.ScreenWidth > 0 && o.ScreenHeight > 0
	switch {
	case r.Width == 0 && !screen && o.Placement.Screen.empty():
		return unknown("screen")
	case r.Width == 0 && screen:
		r.Width, r.Height = o.ScreenWidth, o.ScreenHeight
	case r.Width == 0: // a rectangle of it needs no size, which the image's stands for
		r.Width, r.Height = float64(image.Width), float64(image.Height)
	case r.Width == 1 && r.Height == 1 && screen:
		r = r.Scaled(o.ScreenWidth, o.ScreenHeight)
	case r.Width == 1 && r.Height == 1 && (o.Placement.How != "fill" || !o.Placement.Screen.empty() || o.Resolution.Known()):
		return unknown("screen") // only an image that is stretched needs no size of the screen
	}
	if r.Width > 1 {
		r.Resolution = r.Resolution.Or(o.Resolution)
	}
	r = o.Placement.onImage(r, float64(image.Width), float64(image.Height))
	return r, set.clip(&r)
}

// stated is the placement of an image in its own size where a file says it was, or over the whole screen.
func stated(p gaze.Place, image Image) Placement {
	if p.Fill {
		return Placement{How: "fill"}
	}
	screen := Rectangle{p.X, p.Y, float64(image.Width), float64(image.Height)}
	if p.Centre {
		screen.X, screen.Y = p.X-screen.Width/2, p.Y-screen.Height/2
	}
	return Placement{Screen: screen}
}

// noteContradiction says where a file and the options differ; the file is followed.
func (set *Set) noteContradiction(r gaze.Recording, o AlignOptions) {
	if r.Place != nil && o.Placement.given() {
		set.note("%s says where on the screen its images were: the placement %s is not used", filepath.Base(r.File), o.Placement)
	}
	if r.Screen && r.Width > 1 && o.ScreenWidth > 0 && (r.Width != o.ScreenWidth || r.Height != o.ScreenHeight) {
		set.note("%s says that its screen is %g x %g: the size %g x %g is not used", filepath.Base(r.File), r.Width, r.Height, o.ScreenWidth, o.ScreenHeight)
	}
}

// assumed is what the options say of screens, for errors.
func (o AlignOptions) assumed() string {
	text := ", with the placement " + o.Placement.String()
	if o.ScreenWidth > 0 {
		text += fmt.Sprintf(" on a screen of %g x %g where the files do not say", o.ScreenWidth, o.ScreenHeight)
	}
	return text
}
