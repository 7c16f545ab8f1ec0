// Package dataset brings together what a run trains on: images with their labels and splits, and the gaze on each of them.
package dataset

import (
	"context"

	"gzpt/nn/data"
)

// Open opens the images of a data set, or makes phantoms with their gaze. ReadGaze adds that of images.
func Open(ctx context.Context, s Settings) (*Set, error) {
	if s.Path == "" {
		return phantoms(ctx, s)
	}
	d := &Set{}
	items, err := d.listed(s, func(o data.ListOptions) (*data.Listing, error) { return data.List(s.Path, o) })
	if err != nil {
		return nil, err
	}
	if err := d.openImages(ctx, s, items); err != nil {
		return nil, err
	}
	return d, nil
}
