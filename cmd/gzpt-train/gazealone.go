package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"gzpt/gaze"
	"gzpt/gaze/formats"
	"gzpt/gaze/relation"
	"gzpt/kernels/names"
	"gzpt/nn/data"
)

// named is items whose images are not at hand.
type named []data.Item

var _ data.Source = named(nil)

func (n named) Items() []data.Item { return n }

func (n named) Size(int) (width, height int) { return 0, 0 } // unknown

func (n named) Side() int { return 0 }

func (n named) Channels() int { return 0 }

func (n named) Pixels([]float32, int) error { return data.ErrNoImage }

func (n named) Image(int) (*data.Image, error) { return nil, data.ErrNoImage }

// onPhantoms reports whether the items are made up: no flag names any.
func (s *relateSettings) onPhantoms() bool {
	return s.data.path == "" && s.data.gaze.path == "" && s.gaze.relation == ""
}

// validate is that of the data settings, but without --data there may be gaze, or a relation, alone.
func (s *relateSettings) validate() error {
	d := s.data
	if d.path == "" && !s.onPhantoms() {
		d.path = cmp.Or(d.gaze.path, s.gaze.relation)
	}
	return cmp.Or(d.validate(), d.gaze.resolve())
}

// load reads the items: images with their gaze, gaze alone, or the rows of a relation alone.
func (s *relateSettings) load(ctx context.Context, e *environment) (*dataset, error) {
	alone, err := s.withoutImages()
	if err != nil {
		return nil, err
	}
	if !alone {
		return s.data.load(ctx, e, s.network.seed, s.gaze.needsGaze() || s.data.gaze.path != "", s.run.workers)
	}
	d := &dataset{close: func() error { return nil }}
	if s.data.path == "" && s.data.gaze.path == "" {
		names, err := relation.ReadNames(s.gaze.names)
		if err == nil {
			err = s.data.name(d, names)
		}
		if err != nil {
			return nil, err
		}
	} else if err := s.data.readAlone(d); err != nil {
		return nil, err
	}
	d.tellSkips(e)
	return d, nil
}

// withoutImages reports whether there is no image to read: --data names none, a file of gaze, or a folder without one.
func (s *relateSettings) withoutImages() (bool, error) {
	if s.data.path == "" {
		return !s.onPhantoms(), nil
	}
	info, err := os.Stat(s.data.path)
	if err != nil {
		return false, err
	}
	if info.IsDir() {
		_, err := data.List(s.data.path, data.ListOptions{})
		return errors.Is(err, data.ErrNoImage), nil // any other error comes back when the images are read
	}
	kinds, err := formats.Recognise(s.data.path)
	return err == nil && len(kinds) > 0 && !slices.Contains(kinds, "manifest"), err
}

// readAlone reads gaze whose images are not at hand; the items are its images in order of first appearance.
func (s *dataSettings) readAlone(d *dataset) error {
	set, err := s.readGaze(d)
	if err != nil {
		return err
	}
	var images []string
	known := map[string]bool{}
	for _, r := range set.Recordings {
		switch {
		case r.Image == "":
			return gaze.Problem{File: r.File, Line: r.Line, Reason: "a recording that names no image, expected one, or the images in --data"}
		case r.Width == 0:
			return gaze.Problem{File: r.File, Line: r.Line, Reason: fmt.Sprintf("gaze for image %q in pixels of an unknown frame, expected columns width and height, or the images in --data", r.Image)}
		case !known[names.Clean(r.Image)]:
			known[names.Clean(r.Image)] = true
			images = append(images, r.Image)
		}
	}
	if err := s.name(d, images); err != nil {
		return err
	}
	return s.alignGaze(d, set)
}

// name makes items of names, with labels, splits and groups.
func (s *dataSettings) name(d *dataset, images []string) error {
	items, err := s.listed(d, func(o data.ListOptions) (*data.Listing, error) { return data.Named(s.folder(), images, o) })
	if err != nil {
		return err
	}
	d.source = named(items)
	return nil
}
