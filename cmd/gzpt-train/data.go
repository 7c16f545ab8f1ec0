package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gzpt/nn/data"
	"gzpt/nn/pretrain/dataset"
)

// dataSettings says what the items are and how large their views.
type dataSettings struct {
	dataset.Settings
	gaze recordingSettings
}

const dataGroup = "Data"

func (s *dataSettings) addFlags(f *flags) {
	g := f.group(dataGroup)
	f.path(g, &s.Path, "data", "folder of images and gaze, or a manifest: `DIR`; without it, images are phantoms")
	g.StringVar(&s.Labels, "labels", "", "labels to judge by, in DIR or elsewhere: `FILE:COLUMN`; only --gaze labels trains on them")
	g.StringVar(&s.Split, "split", "", "`COLUMN`, or FILE:COLUMN, with train, val or test; training leaves val and test out")
	g.StringVar(&s.Group, "group", "", "`COLUMN` of the patient, who is in one part of the split alone")
	g.IntVar(&s.ImageSize, "image-size", 224, "side of the square views in pixels: `N` (phantoms: 32)")
	g.IntVar(&s.Channels, "channels", 3, "channels of the views: `N`, 3 for colour, 1 for grey")
	g.BoolVar(&s.SkipBad, "skip-bad", false, "list and leave out bad images and bad gaze instead of stopping")
	f.path(g, &s.Cache, "cache", "folder for decoded images: `DIR` (default: the user's cache folder)")
	g.IntVar(&s.Phantoms, "phantoms", 1000, "number of phantoms: `N`")
}

// anchor makes tables that lie outside the data's folder absolute, so that a run can be continued from another folder.
func (s *dataSettings) anchor() {
	for _, spec := range []*string{&s.Labels, &s.Split} {
		file, column, hasFile := dataset.CutColumn(*spec)
		if !hasFile || filepath.IsAbs(file) {
			continue
		}
		if folder := s.Folder(); folder != "" {
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

// validate finds what no package would report in terms of flags.
func (s *dataSettings) validate() error {
	switch {
	case s.ImageSize < 8 || s.ImageSize > data.MaxSide/4:
		return usagef("--image-size %d: expected 8 to %d", s.ImageSize, data.MaxSide/4)
	case s.Channels != 1 && s.Channels != 3:
		return usagef("--channels %d: expected 1 or 3", s.Channels)
	case s.Labels != "" && !columnOf(s.Labels):
		return usagef("--labels %s: expected FILE:COLUMN", s.Labels)
	case s.Path == "" && s.Phantoms < 16:
		return usagef("--phantoms %d: expected at least 16", s.Phantoms)
	case s.Path == "" && cmp.Or(s.Labels, s.Split, s.Group, s.Gaze.Path) != "":
		return usagef("--labels, --split, --group and --gaze-files are for --data; phantoms have their own")
	}
	return nil
}

// columnOf reports whether a text is FILE:COLUMN.
func columnOf(s string) bool {
	file, column, hasFile := dataset.CutColumn(s)
	return hasFile && file != "" && column != ""
}

// load opens the items and, if asked for, their gaze, and tells what was found.
func (s *dataSettings) load(ctx context.Context, e *environment, seed uint64, withGaze bool, workers int) (*dataset.Set, error) {
	if withGaze {
		if err := s.gaze.resolve(&s.Gaze); err != nil {
			return nil, err
		}
	}
	s.Seed, s.Workers, s.Progress = seed, workers, e.progress("images decoded")
	set, err := dataset.Open(ctx, s.Settings)
	if err != nil {
		return nil, err
	}
	if set.Decoded != "" {
		e.console.Info("images decoded", "images", len(set.Items()), "cache", set.Cache, "because", set.Decoded)
	}
	if withGaze {
		if err := set.ReadGaze(s.Settings); err != nil {
			set.Close()
			return nil, s.gaze.named(err)
		}
		for _, note := range set.Notes {
			e.console.Info("gaze: " + note)
		}
	}
	tellSkips(e, set)
	return set, nil
}

func tellSkips(e *environment, set *dataset.Set) {
	if len(set.Skips) > 0 {
		e.console.Warn("input left out", "count", len(set.Skips))
	}
	for _, text := range set.Skips {
		e.console.Warn("left out: " + text)
	}
}

// progress shows how much of something is done.
func (e *environment) progress(what string) func(done, total int) {
	return func(done, total int) {
		e.console.Progress(float64(done)/float64(total), fmt.Sprintf("%s %d/%d", what, done, total))
	}
}
