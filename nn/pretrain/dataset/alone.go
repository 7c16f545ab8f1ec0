package dataset

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"gzpt/gaze"
	"gzpt/gaze/formats"
	"gzpt/kernels/names"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

// named is items whose images are not at hand.
type named []data.Item

var _ data.Source = named(nil)

func (n named) Items() []data.Item { return n }

func (n named) Size(int) (width, height int) { return 0, 0 } // unknown

func (n named) Side() int { return 0 }

func (n named) Channels() int { return 0 }

func (n named) Pixels([]float32, int) error { return data.ErrNoImage }

func (n named) Image(int) (*picture.Image, error) { return nil, data.ErrNoImage }

// HasImages reports whether there are images at path: a folder with some, or a manifest, but not a file of gaze.
func HasImages(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	if info.IsDir() {
		_, err := data.List(path, data.ListOptions{})
		return !errors.Is(err, data.ErrNoImage), nil // any other error comes back when the images are read
	}
	kinds, err := formats.Recognise(path)
	return err != nil || len(kinds) == 0 || slices.Contains(kinds, "manifest"), err
}

// GazeAlone reads gaze whose images are not at hand; the items are its images in order of first appearance.
func GazeAlone(s Settings) (*Set, error) {
	d := &Set{}
	set, err := d.readGaze(s)
	if err != nil {
		return nil, err
	}
	var images []string
	known := map[string]bool{}
	for _, r := range set.Recordings {
		switch {
		case r.Image == "":
			return nil, gaze.Problem{File: r.File, Line: r.Line, Reason: "a recording that names no image, expected one, or the images"}
		case r.Width == 0:
			return nil, gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q in pixels of an unknown frame, expected columns width and height, or the images", r.Image)}
		case !known[names.Clean(r.Image)]:
			known[names.Clean(r.Image)] = true
			images = append(images, r.Image)
		}
	}
	if err := d.name(s, images); err != nil {
		return nil, err
	}
	if err := d.alignGaze(s, set); err != nil {
		return nil, err
	}
	return d, nil
}

// Named is items by name, with labels, splits and groups, without images and gaze.
func Named(s Settings, names []string) (*Set, error) {
	d := &Set{}
	if err := d.name(s, names); err != nil {
		return nil, err
	}
	return d, nil
}

// name makes items of names, with labels, splits and groups.
func (d *Set) name(s Settings, names []string) error {
	items, err := d.listed(s, func(o data.ListOptions) (*data.Listing, error) { return data.Named(s.Folder(), names, o) })
	if err != nil {
		return err
	}
	d.Source = named(items)
	return nil
}
