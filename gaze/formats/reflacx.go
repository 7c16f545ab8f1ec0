package formats

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	registerFormat(format{
		name:  "reflacx",
		about: "REFLACX, dictated chest X-rays: fixations.csv, gaze.csv",
		sniff: sniffREFLACX, read: readREFLACX, list: listREFLACX,
	})
}

// sniffREFLACX recognises the tables of REFLACX (Bigolin Lanfredi et al., Scientific Data 2022): radiologists who dictate
// reports of chest X-rays that they zoom and pan. main_data/ID/fixations.csv, and gaze_data/ID/gaze.csv with
// timestamp_sample for the first two columns:
//
//	timestamp_start_fixation,timestamp_end_fixation,x_position,y_position,pupil_area_normalized,
//	angular_resolution_x_pixels_per_degree,angular_resolution_y_pixels_per_degree,window_width,window_level,
//	xmin_shown_from_image,ymin_shown_from_image,xmax_shown_from_image,ymax_shown_from_image,
//	xmin_in_screen_coordinates,ymin_in_screen_coordinates,xmax_in_screen_coordinates,ymax_in_screen_coordinates
//
// Times are seconds since the dictation began, positions pixels of the image, beside which they go on; the resolution is
// that under the zoom. What lies outside the part of the image then shown is a look at something else on the screen, and
// counted as off the image. ID is a reading, one radiologist on one image, and stands for the reader: the data set
// does not say which readings are one person's.
//
// The image and its size are in main_data/metadata_phase_N.csv,
//
//	id,split,eye_tracking_data_discarded,image,dicom_id,subject_id,image_size_x,image_size_y,...
//
// A data set's folder is read by these tables, less the readings marked as discarded.
func sniffREFLACX(head []byte) bool {
	h := header(head)
	return h["x_position"] && h["xmin_shown_from_image"] || h["eye_tracking_data_discarded"] && h["dicom_id"]
}

// reading is a row of the metadata.
type reading struct {
	id, image     string
	width, height float64
	discarded     bool
	place         place
}

// listREFLACX is the metadata of a folder, or of main_data in it.
func listREFLACX(dir string, _ ReadOptions) ([]string, error) {
	for _, folder := range []string{dir, filepath.Join(dir, "main_data")} {
		files, err := filesIn(folder, isReflacxMetadata)
		if err != nil || len(files) > 0 {
			return files, err
		}
	}
	return nil, nil
}

func isReflacxMetadata(name string) bool {
	ok, _ := filepath.Match("metadata_phase_*.csv", strings.ToLower(name))
	return ok
}

func readREFLACX(s *source) error {
	t, err := openTable(s.file, s.reader)
	if err != nil {
		return err
	}
	if t.has("eye_tracking_data_discarded") {
		return s.reflacxPhase(t)
	}
	r, err := s.reflacxReading()
	if err != nil {
		return s.pass(err)
	}
	if r.discarded {
		s.set.note("reflacx: reading %s is marked as discarded in the metadata, but was named", r.id)
	}
	return s.reflacxTable(t, r)
}

// reflacxPhase reads all readings of a table of metadata.
func (s *source) reflacxPhase(t *table) error {
	discarded, found := 0, 0
	err := s.reflacxMetadata(t, "", func(r reading) error {
		found++
		if r.discarded {
			discarded++
			return nil
		}
		return s.reflacxFile(r)
	})
	if err != nil {
		return err
	}
	if discarded > 0 {
		s.set.note("%s marks the gaze of %d readings as discarded; they are left out", filepath.Base(s.file), discarded)
	}
	if found == 0 && len(s.skips) == 0 {
		return s.pass(gaze.Problem{File: s.file, Reason: "no reading after the header"})
	}
	return nil
}

// reflacxMetadata calls each for every reading, or for the one with an id.
func (s *source) reflacxMetadata(t *table, id string, each func(reading) error) error {
	if err := t.require("id", "eye_tracking_data_discarded", "image", "dicom_id", "image_size_x", "image_size_y"); err != nil {
		return err
	}
	return s.rows(t, func() (err error) {
		r := reading{id: t.text("id"), image: t.text("image"), place: t.place()}
		if id != "" && r.id != id {
			return nil
		}
		if r.id == "" || strings.ContainsAny(r.id, `/\`) || strings.Trim(r.id, ".") == "" {
			return t.at("id", "the name of a reading's folder")
		}
		if r.image == "" {
			r.image = t.text("dicom_id")
		}
		if r.image == "" {
			return t.at("image", "the name of an image")
		}
		switch strings.ToLower(t.text("eye_tracking_data_discarded")) {
		case "true", "1":
			r.discarded = true
		case "false", "0":
		default:
			return t.at("eye_tracking_data_discarded", "True or False")
		}
		if !r.discarded {
			if r.width, r.height, err = t.frame("image_size_x", "image_size_y"); err != nil {
				return err
			}
		}
		return each(r)
	})
}

// reflacxFile reads the fixations of a reading, or its samples if these are asked for or there are no fixations.
func (s *source) reflacxFile(r reading) error {
	folder := filepath.Dir(s.file)
	files := []string{filepath.Join(folder, r.id, "fixations.csv"), filepath.Join(folder, "..", "gaze_data", r.id, "gaze.csv")}
	if s.options.Samples {
		slices.Reverse(files)
		files = files[:1]
	}
	for _, path := range files {
		file, err := input.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		defer file.Close()
		inner := &source{problems: problems{skipBad: s.skipBad}, file: path, reader: file, options: s.options, set: s.set}
		t, err := openTable(path, file)
		if err == nil {
			err = inner.reflacxTable(t, r)
		}
		s.skips = append(s.skips, inner.skips...)
		return err
	}
	return r.place.problem(fmt.Sprintf("reading %q has no gaze, expected %s", r.id, strings.Join(files, " or ")))
}

// reflacxReading is the metadata of the file being read, which lies in a folder called after its reading.
func (s *source) reflacxReading() (reading, error) {
	folder, err := filepath.Abs(filepath.Dir(s.file))
	if err != nil {
		return reading{}, err
	}
	id, above := filepath.Base(folder), filepath.Dir(folder)
	for _, dir := range []string{above, filepath.Join(above, "..", "main_data")} {
		tables, err := filesIn(dir, isReflacxMetadata)
		if err != nil {
			return reading{}, err
		}
		for _, path := range tables {
			found, err := findReading(path, id)
			if err != nil || found.id != "" {
				return found, err
			}
		}
	}
	s.set.note("no metadata of reflacx near the table: images are called after the folders of the readings, and their sizes are not known")
	return reading{id: id, image: id}, nil
}

func findReading(path, id string) (found reading, err error) {
	file, err := input.Open(path)
	if err != nil {
		return found, err
	}
	defer file.Close()
	t, err := openTable(path, file)
	if err != nil {
		return found, err
	}
	s := &source{file: path}
	err = s.reflacxMetadata(t, id, func(r reading) error {
		found = r
		return nil
	})
	return found, err
}

// requireREFLACX wants the columns of fixations or of samples.
func requireREFLACX(t *table) error {
	times := []string{"timestamp_start_fixation", "timestamp_end_fixation"}
	if t.has("timestamp_sample") {
		times = []string{"timestamp_sample"}
	}
	return t.require(append(times, "x_position", "y_position", "angular_resolution_x_pixels_per_degree", "angular_resolution_y_pixels_per_degree",
		"xmin_shown_from_image", "ymin_shown_from_image", "xmax_shown_from_image", "ymax_shown_from_image")...)
}

// reflacxTable reads fixations or samples.
func (s *source) reflacxTable(t *table, r reading) error {
	if err := requireREFLACX(t); err != nil {
		return err
	}
	samples := t.has("timestamp_sample")
	c := collect(s)
	c.alone = &entry{image: r.image, reader: r.id, width: r.width, height: r.height}
	if err := s.rows(t, func() error { return c.reflacx(t, r, samples) }); err != nil {
		return err
	}
	return c.finish()
}

func (c *collector) reflacx(t *table, r reading, samples bool) (err error) {
	e := entry{image: r.image, reader: r.id, width: r.width, height: r.height}
	v, err := t.lookedAt()
	if err != nil {
		return err
	}
	if !math.IsNaN(v.X) {
		shown, err := t.shownPart()
		if err != nil {
			return err
		}
		if shown.hasArea() && !shown.within(v.X, v.Y) {
			v.X, v.Y = math.NaN(), math.NaN()
			e.reason = &c.source.set.Dropped.Outside
		}
	}
	if samples {
		if v.Time, err = t.instant("timestamp_sample", "a time in seconds"); err != nil {
			return err
		}
		e.sample = &v
		return c.add(t.place(), e)
	}
	start, err := t.instant("timestamp_start_fixation", "a time in seconds")
	if err != nil {
		return err
	}
	end, err := t.instant("timestamp_end_fixation", "a time in seconds")
	if err != nil {
		return err
	}
	if end < start {
		return t.at("timestamp_end_fixation", "a time no earlier than timestamp_start_fixation")
	}
	e.fixation = gaze.Fixation{X: v.X, Y: v.Y, Start: start, Duration: end - start, Resolution: v.Resolution}
	e.order = start
	return c.add(t.place(), e)
}

// lookedAt is the position and the resolution of a row, lost where either coordinate is missing.
func (t *table) lookedAt() (v gaze.Sample, err error) {
	for _, field := range []struct {
		column string
		value  *float64
	}{{"x_position", &v.X}, {"y_position", &v.Y}, {"angular_resolution_x_pixels_per_degree", &v.Resolution.X}, {"angular_resolution_y_pixels_per_degree", &v.Resolution.Y}} {
		if *field.value, err = t.position(field.column); err != nil {
			return v, err
		}
	}
	if v.Lost() {
		v.X, v.Y = math.NaN(), math.NaN()
	}
	if !v.Resolution.Known() {
		v.Resolution = gaze.Resolution{}
	}
	return v, nil
}

// shownPart is the part of the image on the screen, without an area where the row does not say; its sides are rounded to
// pixels, as the positions are, so that it is taken a little more than a pixel wider.
func (t *table) shownPart() (Rectangle, error) {
	var sides [4]float64
	for i, column := range []string{"xmin_shown_from_image", "ymin_shown_from_image", "xmax_shown_from_image", "ymax_shown_from_image"} {
		v, err := t.position(column)
		if err != nil {
			return Rectangle{}, err
		}
		sides[i] = v
	}
	const rounding = 1.5
	return between(sides[0]-rounding, sides[1]-rounding, sides[2]+rounding, sides[3]+rounding), nil
}
