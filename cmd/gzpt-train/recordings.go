package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
)

// recordingSettings says where the gaze lies and how it is read.
type recordingSettings struct {
	path, format, unit, columns   string
	resolution, screen, placement string
	detector                      string
	rate, shownHeight             float64
}

func (s *recordingSettings) addFlags(f *flags) {
	var names []string
	for _, d := range fixations.Detectors() {
		names = append(names, d.Name)
	}
	g := f.group("Recordings")
	f.path(g, &s.path, "gaze-files", "file or folder of gaze, where it lies elsewhere than the images: `PATH` (default: --data)")
	f.choice(g, &s.format, "format", append([]string{"auto"}, formats.Formats()...), "`FORMAT` of the gaze files")
	g.StringVar(&s.columns, "gaze-map", "", "columns of a table that no format knows: `MAP` as in x=FPOGX@norm,y=FPOGY@norm,t=TIME@ms,image=MEDIA, with duration=... for "+
		"fixations and without for samples")
	f.choice(g, &s.unit, "unit", []string{"declared", "px", "norm"}, "`UNIT` of positions where a gaze table does not declare it")
	g.StringVar(&s.screen, "screen", "", "size of the tracker's screen in pixels, where the file does not say: `WxH`")
	g.StringVar(&s.placement, "placement", "fit", "where on the screen an image was shown: `PLACE` is fit, centre, fill or x,y,w,h, and then @x,y,w,h where only "+
		"that part of the image was")
	g.StringVar(&s.resolution, "px-per-degree", "", "pixels in a degree of visual angle, where the file does not say: `X[,Y]`")
	g.Float64Var(&s.rate, "gaze-rate", formats.DefaultRate, "samples a second of files without times (MicEye, OAI): `HZ`")
	g.Float64Var(&s.shownHeight, "shown-height", 0, "height in pixels at which such a file's images were shown: `H` (0: as the file's settings say, or 800)")
	g.StringVar(&s.detector, "fixations", "auto", "`DETECTOR` that finds fixations in samples ("+strings.Join(names, ", ")+"), with parameters as in "+
		"idt:dispersion=1.5; auto leaves a tracker's own fixations as they are, any other takes the samples")
}

// resolve checks the flags.
func (s *recordingSettings) resolve() error {
	if _, err := s.readOptions(false); err != nil {
		return err
	}
	if _, err := s.alignOptions(false); err != nil {
		return err
	}
	if _, err := fixations.ResolveDetector(s.detector); err != nil {
		return usagef("--fixations: %w", err)
	}
	return nil
}

func (s *recordingSettings) readOptions(skipBad bool) (formats.ReadOptions, error) {
	o := formats.ReadOptions{Format: s.format, SkipBad: skipBad, Samples: s.detector != "auto", Rate: s.rate, ShownHeight: s.shownHeight}
	if s.unit != "declared" {
		o.Unit = s.unit
	}
	var err error
	if o.Columns, err = formats.ParseColumns(s.columns); err != nil {
		return o, usagef("--gaze-map: %w", err)
	}
	return o, nil
}

func (s *recordingSettings) alignOptions(skipBad bool) (formats.AlignOptions, error) {
	o := formats.AlignOptions{SkipBad: skipBad}
	var err error
	if o.Placement, err = formats.ParsePlacement(s.placement); err != nil {
		return o, usagef("--placement: %w", err)
	}
	if s.screen != "" {
		width, height, _ := strings.Cut(s.screen, "x")
		if o.ScreenWidth, err = positive(width); err == nil {
			o.ScreenHeight, err = positive(height)
		}
		if err != nil {
			return o, usagef("--screen %q: expected WIDTHxHEIGHT in pixels", s.screen)
		}
	}
	if s.resolution != "" {
		x, y, both := strings.Cut(s.resolution, ",")
		if !both {
			y = x
		}
		if o.Resolution.X, err = positive(x); err == nil {
			o.Resolution.Y, err = positive(y)
		}
		if err != nil {
			return o, usagef("--px-per-degree %q: expected one number, or two with a comma", s.resolution)
		}
	}
	return o, nil
}

// positive is a number of pixels.
func positive(text string) (float64, error) {
	const most = 1e5
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v > 0 && v <= most) {
		return 0, fmt.Errorf("%q, expected a number above 0", text)
	}
	return v, nil
}

// readGaze reads the gaze files of the data set.
func (s *dataSettings) readGaze(d *dataset) (*formats.Set, error) {
	o, err := s.gaze.readOptions(s.skipBad)
	if err != nil {
		return nil, err
	}
	set, err := formats.Load(cmp.Or(s.gaze.path, s.path), o)
	if err != nil {
		return nil, err
	}
	for i, file := range set.Files {
		d.files = append(d.files, gazeFile{file, set.Formats[i]})
	}
	return set, nil
}

// alignGaze brings the recordings into the order of the items and finds the fixations of those that are samples.
func (s *dataSettings) alignGaze(d *dataset, set *formats.Set) error {
	o, err := s.gaze.alignOptions(s.skipBad)
	if err != nil {
		return err
	}
	images := make([]formats.Image, len(d.items()))
	for i, item := range d.items() {
		images[i] = formats.Image{Name: item.Name, Path: item.Path, File: cmp.Or(item.File, item.Path), Line: item.Line}
		images[i].Width, images[i].Height = d.source.Size(i)
	}
	recordings, skips, err := set.Align(images, o)
	if err != nil {
		return err
	}
	recordings, report, err := fixations.DetectAll(recordings, s.gaze.detector)
	if err != nil {
		return fmt.Errorf("--fixations %s: %w", s.gaze.detector, err)
	}
	for _, p := range append(set.Skips, skips...) {
		d.skip(p)
	}
	d.dropped = set.Dropped
	d.dropped.Add(report.Dropped)
	if d.dropped.Any() {
		d.skip(fmt.Errorf("left out of the gaze: %s", d.dropped))
	}
	d.notes = set.Notes
	d.recordings, d.detector = withoutSamples(recordings), detectorText(report)
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
