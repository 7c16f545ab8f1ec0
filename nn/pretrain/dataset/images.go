package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gzpt/nn/data"
)

// ErrNoCache says that the system has no folder for caches of its own.
var ErrNoCache = errors.New("no cache folder")

// Folder is where the tables of the data set are sought.
func (s Settings) Folder() string {
	path := cmp.Or(s.Path, s.Gaze.Path)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return filepath.Dir(path)
	}
	return path
}

// LabelSource says where the labels come from.
func (s Settings) LabelSource() string {
	switch {
	case s.Path == "" && s.Gaze.Path == "" && s.Labels == "":
		return "phantoms"
	case s.Labels == "":
		return "items.csv:label"
	}
	return s.Labels
}

// listed is the items of a list with labels, splits and groups.
func (d *Set) listed(s Settings, list func(data.ListOptions) (*data.Listing, error)) ([]data.Item, error) {
	file, column, splitHasFile := data.CutColumn(s.Folder(), s.Split)
	o := data.ListOptions{Labels: s.Labels, Split: s.Split, Group: s.Group, ImageColumn: s.ImageColumn, Exclude: s.Exclude, AllowOutside: s.AllowOutside, SkipBad: s.SkipBad}
	if splitHasFile {
		o.Split = data.NoColumn
	}
	listing, err := list(o)
	if missing := new(data.MissingColumn); errors.As(err, missing) && missing.Column == s.Split && column != "" {
		return nil, fmt.Errorf("%w; nor is there a file %s with a column %q", err, file, column)
	} else if err != nil {
		return nil, err
	}
	for _, p := range listing.Skips {
		d.skip(p)
	}
	d.excluded, d.Passed, d.Remarks = listing.Excluded, listing.Passed, listing.Notes
	if !splitHasFile {
		return listing.Items, nil
	}
	// A table of its own for the split is read as if its words were labels.
	o = data.ListOptions{Labels: file + ":" + column, ImageColumn: s.ImageColumn, Exclude: s.Exclude, AllowOutside: s.AllowOutside, SkipBad: s.SkipBad}
	words, err := list(o)
	if err != nil {
		return nil, err
	}
	split := map[string]string{}
	for _, item := range words.Items {
		split[item.Name] = item.Label
	}
	for i := range listing.Items {
		listing.Items[i].Split = split[listing.Items[i].Name]
	}
	return listing.Items, nil
}

// CacheFolder is the folder for decoded images: the one that is named, or that of the user.
func CacheFolder(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCache, err)
	}
	return filepath.Join(base, "gzpt"), nil
}

// NoCache in the place of a folder keeps decoded images in memory alone.
const NoCache = "none"

// openImages decodes the images, or opens the cache of a former run.
func (d *Set) openImages(ctx context.Context, s Settings, items []data.Item) (err error) {
	folder := ""
	if s.Cache != NoCache {
		if folder, err = CacheFolder(s.Cache); err != nil {
			return err
		}
	}
	cache, err := data.OpenCache(ctx, items, data.CacheOptions{
		Folder: folder, ImageSize: s.ImageSize, Channels: s.Channels, Upright: s.Upright, Window: s.Window, Workers: s.Workers, InFlight: s.InFlight,
		SkipBad: s.SkipBad, Progress: s.Progress,
	})
	if err != nil {
		return err
	}
	d.Stored = storedOf(cache, folder)
	for _, p := range cache.Skipped() {
		d.skip(p)
	}
	d.Source, d.close = cache, cache.Close
	return nil
}
