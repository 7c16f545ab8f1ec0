package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
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
	o.SkipBad, o.Samples = s.SkipBad, s.Gaze.detector() != ownFixations
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
	o.SkipBad = s.SkipBad
	images := make([]formats.Image, len(d.Items()))
	for i, item := range d.Items() {
		images[i] = formats.Image{Name: item.Name, Path: item.Path, File: cmp.Or(item.File, item.Path), Line: item.Line}
		images[i].Width, images[i].Height = d.Size(i)
	}
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
		d.skip(fmt.Errorf("left out of the gaze: %s", d.Dropped))
	}
	d.Notes = set.Notes
	d.Recordings, d.Detector = withoutSamples(recordings), detectorText(report)
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
