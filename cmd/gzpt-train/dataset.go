package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/names"
	"gzpt/nn/data"
)

// dataSettings says what the items are and how large their views.
type dataSettings struct {
	path                          string
	gaze                          recordingSettings
	labels, split, group, cache   string
	skipBad                       bool
	imageSize, channels, phantoms int
}

const dataGroup = "Data"

func (s *dataSettings) addFlags(f *flags) {
	g := f.group(dataGroup)
	f.path(g, &s.path, "data", "folder of images and gaze, or a manifest: `DIR`; without it, images are phantoms")
	g.StringVar(&s.labels, "labels", "", "labels to judge by, in DIR or elsewhere: `FILE:COLUMN`; only --gaze labels trains on them")
	g.StringVar(&s.split, "split", "", "`COLUMN`, or FILE:COLUMN, with train, val or test; training leaves val and test out")
	g.StringVar(&s.group, "group", "", "`COLUMN` of the patient, who is in one part of the split alone")
	g.IntVar(&s.imageSize, "image-size", 224, "side of the square views in pixels: `N` (phantoms: 32)")
	g.IntVar(&s.channels, "channels", 3, "channels of the views: `N`, 3 for colour, 1 for grey")
	g.BoolVar(&s.skipBad, "skip-bad", false, "list and leave out bad images and bad gaze instead of stopping")
	f.path(g, &s.cache, "cache", "folder for decoded images: `DIR` (default: the user's cache folder)")
	g.IntVar(&s.phantoms, "phantoms", 1000, "number of phantoms: `N`")
}

// anchor makes tables that lie outside the data's folder absolute, so that a run can be continued from another folder.
func (s *dataSettings) anchor() {
	for _, spec := range []*string{&s.labels, &s.split} {
		file, column, hasFile := cutColumn(*spec)
		if !hasFile || filepath.IsAbs(file) {
			continue
		}
		if folder := s.folder(); folder != "" {
			if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
				continue
			}
		}
		if _, err := os.Stat(file); err != nil {
			continue // nowhere, or a run is continued that knows where
		}
		if absolute, err := filepath.Abs(file); err == nil {
			*spec = absolute + ":" + column
		}
	}
}

// folder is where the tables of the data set are sought.
func (s *dataSettings) folder() string {
	path := cmp.Or(s.path, s.gaze.path)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return filepath.Dir(path)
	}
	return path
}

// labelSource says where the labels come from.
func (s *dataSettings) labelSource() string {
	switch {
	case s.path == "" && s.gaze.path == "" && s.labels == "":
		return "phantoms"
	case s.labels == "":
		return "items.csv:label"
	}
	return s.labels
}

// validate finds what no other package would report in terms of flags.
func (s *dataSettings) validate() error {
	switch {
	case s.imageSize < 8 || s.imageSize > data.MaxSide/4:
		return usagef("--image-size %d: expected 8 to %d", s.imageSize, data.MaxSide/4)
	case s.channels != 1 && s.channels != 3:
		return usagef("--channels %d: expected 1 or 3", s.channels)
	case s.labels != "" && !columnOf(s.labels):
		return usagef("--labels %s: expected FILE:COLUMN", s.labels)
	case s.path == "" && s.phantoms < 16:
		return usagef("--phantoms %d: expected at least 16", s.phantoms)
	case s.path == "" && cmp.Or(s.labels, s.split, s.group, s.gaze.path) != "":
		return usagef("--labels, --split, --group and --gaze-files are for --data; phantoms have their own")
	}
	return nil
}

// dataset is the items of a run with their pixels and, once it is read, their gaze.
type dataset struct {
	source data.Source
	// recordings is the gaze of each item; nil where it was not asked for.
	recordings [][]gaze.Recording
	// files is where they come from, dropped what was left out of them.
	files   []gazeFile
	dropped gaze.Dropped
	// detector says what found the fixations.
	detector string
	skips    []string
	notes    []string // what reading the gaze had to assume
	close    func() error
}

// gazeFile is a file that was read.
type gazeFile struct {
	File   string `json:"file"`
	Format string `json:"format"`
}

func (d *dataset) items() []data.Item { return d.source.Items() }

// images is the items for a matcher of names.
func (d *dataset) images() []names.Image {
	images := make([]names.Image, len(d.items()))
	for i, item := range d.items() {
		images[i] = names.Image{Name: item.Name, Path: item.Path}
	}
	return images
}

// anyLabels is the label of each item, nil where none has one.
func (d *dataset) anyLabels() []string {
	labels, any := make([]string, len(d.items())), false
	for i, item := range d.items() {
		labels[i] = item.Label
		any = any || item.Label != ""
	}
	if !any {
		return nil
	}
	return labels
}

// skip records what was left out, once, however many readers of the same table say so.
func (d *dataset) skip(problem error) {
	if text := problem.Error(); !slices.Contains(d.skips, text) {
		d.skips = append(d.skips, text)
	}
}

// load opens the items and, if asked for, their gaze.
func (s *dataSettings) load(ctx context.Context, e *environment, seed uint64, withGaze bool, workers int) (*dataset, error) {
	if s.path == "" {
		return s.makePhantoms(ctx, seed, workers)
	}
	d := &dataset{}
	items, err := s.list(d)
	if err != nil {
		return nil, err
	}
	if err := s.openImages(ctx, e, d, items, workers); err != nil {
		return nil, err
	}
	if withGaze {
		set, err := s.readGaze(d)
		if err != nil {
			return nil, err
		}
		if err := s.alignGaze(d, set); err != nil {
			return nil, err
		}
		for _, note := range d.notes {
			e.console.Info("gaze: " + note)
		}
	}
	d.tellSkips(e)
	return d, nil
}

func (d *dataset) tellSkips(e *environment) {
	if len(d.skips) > 0 {
		e.console.Warn("input left out", "count", len(d.skips))
	}
	for _, text := range d.skips {
		e.console.Warn("left out: " + text)
	}
}

// list is the images with labels, splits and groups.
func (s *dataSettings) list(d *dataset) ([]data.Item, error) {
	return s.listed(d, func(o data.ListOptions) (*data.Listing, error) { return data.List(s.path, o) })
}

// listed is the items of a list with labels, splits and groups.
func (s *dataSettings) listed(d *dataset, list func(data.ListOptions) (*data.Listing, error)) ([]data.Item, error) {
	file, column, splitHasFile := cutColumn(s.split)
	o := data.ListOptions{Labels: s.labels, Split: s.split, Group: s.group, SkipBad: s.skipBad}
	if splitHasFile {
		o.Split = ""
	}
	listing, err := list(o)
	if err != nil {
		return nil, err
	}
	for _, p := range listing.Skips {
		d.skip(p)
	}
	if !splitHasFile {
		return listing.Items, nil
	}
	// A table of its own for the split is read as if its words were labels.
	words, err := list(data.ListOptions{Labels: file + ":" + column, SkipBad: s.skipBad})
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

// columnOf reports whether a text is FILE:COLUMN.
func columnOf(s string) bool {
	file, column, hasFile := cutColumn(s)
	return hasFile && file != "" && column != ""
}

// cutColumn splits FILE:COLUMN; a word without a colon is a column alone.
func cutColumn(s string) (file, column string, hasFile bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// openImages decodes the images, or opens the cache of a former run.
func (s *dataSettings) openImages(ctx context.Context, e *environment, d *dataset, items []data.Item, workers int) error {
	folder := s.cache
	if folder == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("no cache folder: %w; --cache DIR names one", err)
		}
		folder = filepath.Join(base, "gzpt")
	}
	cache, err := data.OpenCache(ctx, items, data.CacheOptions{
		Folder: folder, ImageSize: s.imageSize, Channels: s.channels, Workers: workers, SkipBad: s.skipBad,
		Progress: func(done, total int) {
			e.console.Progress(float64(done)/float64(total), fmt.Sprintf("images decoded %d/%d", done, total))
		},
	})
	if err != nil {
		return err
	}
	if why := cache.Rebuilt(); why != "" {
		e.console.Info("images decoded", "images", len(cache.Items()), "cache", folder, "because", why)
	}
	for _, p := range cache.Skipped() {
		d.skip(p)
	}
	d.source, d.close = cache, cache.Close
	return nil
}
