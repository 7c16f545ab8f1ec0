package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gzpt/cmd/gzpt-train/internal/words"
	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
	"gzpt/nn/pretrain/dataset"
)

// recordingSettings says where the gaze lies and how it is read.
type recordingSettings struct {
	format, unit, columns, image  string
	resolution, screen, placement string
	detector                      string
	without                       string
	rate, shownHeight             float64
}

const recordingsGroup = "Recordings"

func (s *recordingSettings) addFlags(f *flags, path *string) {
	var names []string
	for _, d := range fixations.Detectors() {
		names = append(names, d.Name)
	}
	g := f.group(recordingsGroup)
	f.path(g, path, "gaze-files", "file or folder of gaze, where it lies elsewhere than the images: `PATH` (default: --data)")
	f.choice(g, &s.format, "format", append([]string{"auto"}, formats.Formats()...), "`FORMAT` of the gaze files")
	g.StringVar(&s.columns, "gaze-map", "", "columns of a table that no format knows: `MAP` as in x=FPOGX@norm,y=FPOGY@norm,t=TIME@ms,image=MEDIA, with duration=... for "+
		"fixations and without for samples")
	g.StringVar(&s.image, "gaze-image", "", "`NAME` of the trial variable or column that names a recording's image, where the file does not say which does")
	f.choice(g, &s.unit, "unit", []string{"declared", "px", "norm"}, "`UNIT` of positions where a gaze table does not declare it")
	g.StringVar(&s.screen, "screen", "", "size of the tracker's screen in pixels, where the file does not say: `WxH`")
	g.StringVar(&s.placement, "placement", "", "where on the screen an image was shown: `PLACE` is fit (the default), centre, fill or x,y,w,h, and then @x,y,w,h where only "+
		"that part of the image was")
	g.StringVar(&s.resolution, "px-per-degree", "", "pixels in a degree of visual angle, where the file does not say: `X[,Y]`")
	g.Float64Var(&s.rate, "gaze-rate", formats.DefaultRate, "samples a second of files without times (MicEye, OAI): `HZ`")
	g.Float64Var(&s.shownHeight, "shown-height", 0, "height in pixels at which such a file's images were shown: `H` (0: as the file's settings say, or 800)")
	g.StringVar(&s.detector, "fixations", "auto", "`DETECTOR` that finds fixations in samples ("+strings.Join(names, ", ")+"), with parameters as in "+
		"idt:dispersion=1.5; auto leaves a tracker's own fixations as they are, any other takes the samples")
	f.choice(g, &s.without, "without-gaze", []string{string(dataset.Plain), string(dataset.Skip), string(dataset.Error)},
		"an image without gaze is alike to none, left out, or stops the run: `WHAT`")
}

// resolve checks the flags and says what they mean.
func (s *recordingSettings) resolve(g *dataset.Gaze) (err error) {
	if g.Read, err = s.readOptions(); err != nil {
		return err
	}
	if g.Align, err = s.alignOptions(); err != nil {
		return err
	}
	if _, err := fixations.ResolveDetector(s.detector); err != nil {
		var names []string
		for _, d := range fixations.Detectors() {
			names = append(names, d.Name)
		}
		name, _, _ := strings.Cut(s.detector, ":")
		if slices.Contains(names, name) { // a parameter is wrong
			return usagef("--fixations: %w", err)
		}
		return usagef("--fixations: %w%s", err, words.DidYouMean(name, append(names, "auto")))
	}
	g.Detector, g.Without = s.detector, dataset.Without(s.without)
	return nil
}

// tellBare says how many images have no gaze and what becomes of them.
func (s *recordingSettings) tellBare(e *environment, set *dataset.Set) {
	n := len(set.Bare)
	if n == 0 {
		return
	}
	total, fate := len(set.Items()), "are alike to none: --without-gaze skip leaves them out"
	if dataset.Without(s.without) == dataset.Skip {
		total, fate = total+n, "are left out"
	}
	e.console.Warn(fmt.Sprintf("%d of %d images have no gaze and %s; the first is %q", n, total, fate, set.Bare[0]))
}

// named says which flag an error belongs to.
func (s *recordingSettings) named(err error) error {
	if errors.Is(err, dataset.ErrDetector) {
		return fmt.Errorf("--fixations %s: %w", s.detector, err)
	}
	return err
}

func (s *recordingSettings) readOptions() (formats.ReadOptions, error) {
	o := formats.ReadOptions{Format: s.format, Rate: s.rate, ImageFrom: s.image, ShownHeight: s.shownHeight}
	if s.unit != "declared" {
		o.Unit = s.unit
	}
	var err error
	if o.Columns, err = formats.ParseColumns(s.columns); err != nil {
		return o, usagef("--gaze-map: %w", err)
	}
	return o, nil
}

func (s *recordingSettings) alignOptions() (formats.AlignOptions, error) {
	var o formats.AlignOptions
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
			return o, usagef("--screen %q: expected WIDTHxHEIGHT in pixels, each above 0 and at most %g", s.screen, mostPixels)
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
			return o, usagef("--px-per-degree %q: expected one number above 0, or two with a comma, at most %g", s.resolution, mostPixels)
		}
	}
	return o, nil
}

// mostPixels bounds the sides of a screen, and the pixels in a degree.
const mostPixels = 100_000.0

// positive is a number of pixels.
func positive(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v > 0 && v <= mostPixels) {
		return 0, fmt.Errorf("%q, expected a number above 0", text)
	}
	return v, nil
}
