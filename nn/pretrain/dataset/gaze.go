package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
	"gzpt/kernels/names"
	"gzpt/nn/data"
)

// ErrDetector says that a detector cannot find the fixations of the samples.
var ErrDetector = errors.New("finding fixations")

// ReadGaze reads the gaze on the items. Phantoms have theirs.
func (d *Set) ReadGaze(s Settings) error {
	if s.Path == "" {
		return nil
	}
	set, err := d.readGaze(s)
	if err != nil {
		return err
	}
	return d.alignGaze(s, set)
}

// ownFixations leaves a tracker's own fixations as they are.
const ownFixations = "auto"

func (g Gaze) detector() string { return cmp.Or(g.Detector, ownFixations) }

// readGaze reads the gaze files of the data set.
func (d *Set) readGaze(s Settings) (*formats.Set, error) {
	o := s.Gaze.Read
	o.SkipBad, o.AllowOutside, o.Samples = s.SkipBad, s.AllowOutside, s.Gaze.detector() != ownFixations
	set, err := formats.Load(cmp.Or(s.Gaze.Path, s.Path), o)
	if err != nil {
		return nil, err
	}
	for i, file := range set.Files {
		d.Files = append(d.Files, File{file, set.Formats[i]})
	}
	return set, nil
}

// alignGaze brings the recordings into the order of the items and finds the fixations of those that are samples.
func (d *Set) alignGaze(s Settings, set *formats.Set) error {
	o := s.Gaze.Align
	o.SkipBad, o.KeepBare = s.SkipBad, true
	images := make([]formats.Image, len(d.Items()))
	for i, item := range d.Items() {
		images[i] = formats.Image{Name: item.Name, Path: item.Path, File: cmp.Or(item.File, item.Path), Line: item.Line}
		images[i].Width, images[i].Height = d.Size(i)
	}
	d.leaveExcluded(set)
	recordings, skips, err := set.Align(images, o)
	if err != nil {
		return err
	}
	recordings, report, err := fixations.DetectAll(recordings, s.Gaze.detector())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDetector, err)
	}
	for _, p := range append(set.Skips, skips...) {
		d.skip(p)
	}
	d.Dropped = set.Dropped
	d.Dropped.Add(report.Dropped)
	if d.Dropped.Any() {
		d.skip(fmt.Errorf("of the gaze %s", d.Dropped))
	}
	d.Notes = set.Notes
	d.Recordings, d.Detector = withoutSamples(recordings), detectorText(report)
	return d.bare(s)
}

// leaveExcluded leaves out the recordings of images that are left out.
func (d *Set) leaveExcluded(set *formats.Set) {
	if len(d.excluded) == 0 {
		return
	}
	var images []names.Image
	for _, item := range slices.Concat(d.Items(), d.excluded) {
		images = append(images, names.Image{Name: item.Name, Path: item.Path})
	}
	index := names.New(images)
	set.Recordings = slices.DeleteFunc(set.Recordings, func(r gaze.Recording) bool {
		i, err := index.FindElsewhere(r.Image)
		if r.Image == "" {
			file := filepath.Base(r.File)
			if i, err = index.Find(file); err != nil {
				i, err = index.Find(strings.TrimSuffix(file, filepath.Ext(file)))
			}
		}
		return err == nil && i >= len(d.Items())
	})
}

var (
	// ErrNoGaze says that no image has any gaze.
	ErrNoGaze = errors.New("no image has gaze")
	// ErrBare says that an image has no gaze where that is to be an error.
	ErrBare = errors.New("has no gaze")
)

// bare names the images without gaze, and leaves them out if they are to be.
func (d *Set) bare(s Settings) error {
	var with []int
	d.Bare = nil
	for i, item := range d.Items() {
		if len(d.Recordings[i]) > 0 {
			with = append(with, i)
		} else {
			d.Bare = append(d.Bare, item.Name)
		}
	}
	switch {
	case len(with) == 0:
		return fmt.Errorf("%s: %w", cmp.Or(s.Gaze.Path, s.Path), ErrNoGaze)
	case len(d.Bare) == 0 || s.Gaze.Without == Plain || s.Gaze.Without == "":
		return nil
	case s.Gaze.Without == Error:
		return fmt.Errorf("image %q %w; %d of %d have none", d.Bare[0], ErrBare, len(d.Bare), len(d.Items()))
	}
	d.Source = data.Subset(d.Source, with)
	recordings := make([][]gaze.Recording, len(with))
	for k, i := range with {
		recordings[k] = d.Recordings[i]
	}
	d.Recordings = recordings
	return nil
}

// withoutSamples lets go of what nothing needs once the fixations are found.
func withoutSamples(recordings [][]gaze.Recording) [][]gaze.Recording {
	for _, readers := range recordings {
		for i := range readers {
			readers[i].Samples = nil
		}
	}
	return recordings
}

// detectorText says what found the fixations.
func detectorText(r fixations.Report) string {
	var parts []string
	if r.Kept > 0 {
		parts = append(parts, fmt.Sprintf("as the files have them (%d recordings)", r.Kept))
	}
	for _, text := range slices.Sorted(maps.Keys(r.Used)) {
		parts = append(parts, fmt.Sprintf("%s (%d recordings)", text, r.Used[text]))
	}
	return strings.Join(parts, ", ")
}
